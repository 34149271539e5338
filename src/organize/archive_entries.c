/* SPDX-License-Identifier: MIT */
#include "organize/archive_entries.h"

#if ALICE_ARCHIVES

#include <errno.h>
#include <string.h>

#include "base/error.h"

enum {
    /* Media hardly shrink, sidecars to a tenth. What grows more is no collection. */
    MOST_TIMES = 200,
    RATIO_FROM = 64 * 1024 * 1024,
    TAR_END = 512 /* zeros that end one, at least */
};

static bool stops(const alice__archive_entries *u)
{
    return u->should_stop && u->should_stop(u->stop_ctx);
}

/* What keeps the rest of the archive from being read. */
static const char *why_damaged(const alice__archive_entries *u)
{
    return u->in.why ? u->in.why : "it is damaged or cut off";
}

static alice_status status_of(const alice__archive_entries *u)
{
    return u->in.bad ? alice__status_of_errno(-u->in.bad) : ALICE_E_DAMAGED;
}

static bool end_data(alice__archive_data *d, alice_status status, const char *why)
{
    d->status = status;
    d->why = why;
    return false;
}

bool alice__archive_block(alice__archive_entries *u, struct archive_entry *e,
                          alice__archive_data *d)
{
    la_int64_t at = 0;
    d->why = NULL;
    d->status = ALICE_OK;
    int got = u->lib->archive_read_data_block(u->a, &d->block, &d->n, &at);
    if (got == ARCHIVE_EOF) {
        if (!u->lib->archive_entry_size_is_set(e) || u->lib->archive_entry_size(e) <= d->end)
            return false;
        /* A sparse file that ends in a hole. */
        at = u->lib->archive_entry_size(e);
        d->n = 0;
    } else if (got != ARCHIVE_OK) {
        d->fatal = got == ARCHIVE_FATAL;
        return end_data(d, status_of(u), why_damaged(u));
    }
    if (at < d->end || d->n > INT64_MAX - (uint64_t)at)
        return end_data(d, ALICE_E_DAMAGED, "it is damaged");
    /* Holes as well: they cost no disk, but time to read. */
    u->made += (uint64_t)(at - d->end) + d->n;
    d->at = (uint64_t)at;
    d->hole = (uint64_t)(at - d->end);
    d->end = at + (la_int64_t)d->n;
    if (u->made > RATIO_FROM && u->made / MOST_TIMES > u->in.at) {
        d->fatal = true;
        return end_data(d, ALICE_E_DAMAGED,
                        "refused: the archive unpacks to more than 200 times its size");
    }
    return !stops(u) || end_data(d, ALICE_E_CANCELLED, "interrupted");
}

static la_ssize_t read_more(struct archive *a, void *ctx, const void **out)
{
    alice__archive_entries *u = ctx;
    size_t got = 0;
    (void)a;
    alice__archive_input_next(&u->in, out, &got);
    return u->in.why && got == 0 ? -1 : (la_ssize_t)got;
}

/* Why an entry's name leads nowhere; else it is in u->name, made plain. */
static const char *take_name(alice__archive_entries *u, const char *name)
{
    size_t used = 0;
    if (!name || !*name)
        return "it has no name that can be read";
    if (*name == '/')
        return "refused: its name is absolute";
    for (const char *p = name; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && memcmp(p, "..", 2) == 0)
            return "refused: its name leads out of the archive ('..')";
        if (n > 255 || used + n + 1 + ALICE__ARCHIVE_NAME_SPARE >= ALICE__PATH_MAX / 2)
            return "refused: its name is too long";
        if (n > 0 && !(n == 1 && *p == '.')) {
            if (used)
                u->name[used++] = '/';
            memcpy(u->name + used, p, n);
            used += n;
        }
        p += n + (p[n] == '/');
    }
    u->name[used] = 0;
    return used ? NULL : "it has no name that can be read";
}

/* Only what the library decodes in constant memory. */
static bool is_readable(const char *format)
{
    return !format || strncmp(format, "ZIP", 3) != 0 || strstr(format, "(deflation)") ||
           strstr(format, "(uncompressed)");
}

/* Why the entry is not taken; NULL: it is, or there is nothing in it to take. */
static const char *why_refused(alice__archive_entries *u, struct archive_entry *e,
                               const char *name, bool *fatal)
{
    const alice__archive_lib *lib = u->lib;
    const unsigned kind = lib->archive_entry_filetype(e);
    if (kind == AE_IFDIR)
        return lib->archive_entry_size_is_set(e) && lib->archive_entry_size(e) > 0
                   ? "refused: it is called a folder but has content"
                   : NULL;
    const char *why = take_name(u, name);
    if (!why && (lib->archive_entry_hardlink(e) || kind == AE_IFLNK))
        why = "refused: it is a link";
    if (!why && kind != AE_IFREG)
        why = "refused: it is no file (a device, a pipe)";
    if (!why && lib->archive_entry_is_data_encrypted(e))
        why = "it is encrypted";
    if (!why && !is_readable(lib->archive_format_name(u->a))) {
        /* The library would have to decode it to find the next one. */
        why = "refused: compressed in a way that takes much memory; the rest of the archive is "
              "not read";
        *fatal = true;
    }
    return why;
}

static alice_status take_entry(alice__archive_entries *u, struct archive_entry *e, bool *fatal)
{
    const alice__archive_lib *lib = u->lib;
    const char *name = lib->archive_entry_pathname_utf8(e);
    const int64_t at = lib->archive_read_header_position(u->a);
    if (!name)
        name = lib->archive_entry_pathname(e);
    alice__zip_file(&u->met, (uint64_t)at);
    const char *why = why_refused(u, e, name, fatal);
    if (why)
        u->refuse(u->ctx, name && *name ? name : "?", ALICE_E_UNSUPPORTED, why);
    else if (lib->archive_entry_filetype(e) != AE_IFDIR)
        return u->take(u->ctx, e, fatal);
    return ALICE_OK;
}

static bool is_format(const alice__archive_entries *u, const char *begin)
{
    const char *format = u->lib->archive_format_name(u->a);
    return format && strncmp(format, begin, strlen(begin)) == 0;
}

/* All entries were read: whether that is all of the archive. */
static void look_at_end(alice__archive_entries *u)
{
    const char *why = u->in.why;
    const void *block = NULL;
    size_t n = 0;
    /* What is packed has its checksum behind what the library wanted to see. */
    do {
        alice__archive_input_next(&u->in, &block, &n);
        why = u->in.why;
    } while (n > 0 && !stops(u));
    if (!why && u->met.count == 0)
        why = "there is no file in it";
    else if (!why && is_format(u, "ZIP") && !u->in.packed)
        why = alice__zip_compare(&u->in, &u->met, u->should_stop, u->stop_ctx);
    else if (!why && n == 0 && !is_format(u, "ZIP") && u->in.zeros < TAR_END)
        why = "the mark of its end is missing: it is cut off, or was not written to its end";
    if (why)
        u->refuse(u->ctx, "", status_of(u), why);
}

static bool set_up(const alice__archive_entries *u)
{
    const alice__archive_lib *lib = u->lib;
    return lib->archive_read_support_format_tar(u->a) == ARCHIVE_OK &&
           lib->archive_read_support_format_zip_streamable(u->a) == ARCHIVE_OK &&
           lib->archive_read_set_options(u->a, "tar:read_concatenated_archives") == ARCHIVE_OK;
}

static alice_status read_entries(alice__archive_entries *u)
{
    const alice__archive_lib *lib = u->lib;
    struct archive_entry *e = NULL;
    alice_status st = ALICE_OK;
    bool fatal = false, passed_over = false;
    int got = ARCHIVE_OK;
    while (st == ALICE_OK && !fatal && !u->enough) {
        got = lib->archive_read_next_header(u->a, &e);
        if (got == ARCHIVE_OK || got == ARCHIVE_WARN) {
            st = take_entry(u, e, &fatal);
        } else if (got == ARCHIVE_RETRY) {
            /* A block that is none was passed over; what is behind it may be whole. */
            if (!passed_over)
                u->refuse(u->ctx, "", ALICE_E_DAMAGED,
                          "it is damaged: some of it could not be read and was passed over");
            passed_over = true;
        } else {
            break;
        }
        if (st == ALICE_OK && stops(u))
            st = ALICE_E_CANCELLED;
    }
    if (st != ALICE_OK || fatal || u->enough)
        return st;
    if (got == ARCHIVE_EOF)
        look_at_end(u);
    else
        u->refuse(u->ctx, "", status_of(u),
                  u->in.why ? u->in.why
                            : "it is damaged or cut off: what is behind that was not read");
    return stops(u) ? ALICE_E_CANCELLED : ALICE_OK;
}

/* Neither a zip nor a tar, or nothing of it could be read. */
static void refuse_all(alice__archive_entries *u)
{
    if (u->in.why)
        u->refuse(u->ctx, "", status_of(u), u->in.why);
    else
        u->refuse(u->ctx, "", ALICE_E_UNSUPPORTED,
                  "it is no archive that is read here (zip, tar, tgz): unpack it, and organize "
                  "the folder");
}

alice_status alice__archive_entries_read(alice__archive_entries *u, const char *path)
{
    const alice__archive_lib *lib = u->lib;
    char real[ALICE__PATH_MAX];
    u->path = path;
    u->made = 0;
    u->met = (alice__zip_files){0};
    /* The caller's own link to an archive is followed. */
    int bad = alice__fs_real_path(path, real, sizeof real);
    if (bad) {
        u->refuse(u->ctx, "", alice__status_of_errno(-bad), strerror(-bad));
        return ALICE_OK;
    }
    alice_status st = alice__archive_input_open(&u->in, u->fs, &u->env, real);
    if (st == ALICE_OK && u->in.why) {
        refuse_all(u);
    } else if (st == ALICE_OK) {
        u->a = lib->archive_read_new();
        if (!u->a)
            st = ALICE_E_NOMEM;
        else if (!set_up(u))
            st = ALICE_E_UNSUPPORTED;
        else if (lib->archive_read_open(u->a, u, NULL, read_more, NULL) != ARCHIVE_OK)
            refuse_all(u);
        else
            st = read_entries(u);
        if (u->a)
            lib->archive_read_free(u->a);
        u->a = NULL;
    }
    alice__archive_input_close(&u->in);
    return st;
}

#endif
