/* SPDX-License-Identifier: MIT */
#include "organize/archive_entries.h"

#if ALICE_ARCHIVES

#include <errno.h>
#include <string.h>

#include "base/error.h"

enum {
    /* Media hardly shrink, sidecars to a tenth. What grows more is no collection. */
    MOST_TIMES = 200,
    RATIO_FROM = 64 * 1024 * 1024
};

static bool stops(const alice__archive_entries *u)
{
    return u->should_stop && u->should_stop(u->stop_ctx);
}

bool alice__archive_block(alice__archive_entries *u, alice__archive_data *d)
{
    la_int64_t at = 0;
    d->why = NULL;
    d->bad = 0;
    int got = u->lib->archive_read_data_block(u->a, &d->block, &d->n, &at);
    if (got == ARCHIVE_EOF)
        return false;
    if (got != ARCHIVE_OK) {
        d->fatal = got == ARCHIVE_FATAL;
        d->bad = u->os_error;
        d->why = "it is damaged or cut off";
        return false;
    }
    if (at < d->end || d->n > INT64_MAX - (uint64_t)at) {
        d->why = "it is damaged";
        return false;
    }
    /* Holes as well: they cost no disk, but time to read. */
    u->made += (uint64_t)(at - d->end) + d->n;
    d->at = (uint64_t)at;
    d->hole = (uint64_t)(at - d->end);
    d->end = at + (la_int64_t)d->n;
    if (u->made > RATIO_FROM && u->made / MOST_TIMES > u->at) {
        d->fatal = true;
        d->why = "refused: the archive unpacks to more than 200 times its size";
    } else if (stops(u)) {
        d->bad = -ECANCELED;
        d->why = "interrupted";
    }
    return !d->why;
}

static la_ssize_t read_more(struct archive *a, void *ctx, const void **out)
{
    alice__archive_entries *u = ctx;
    size_t got = 0;
    (void)a;
    int r = u->fs->read_at(u->fs, u->fd, u->at, u->buffer, ALICE__ARCHIVE_CHUNK, &got);
    if (r) {
        u->os_error = r;
        return -1;
    }
    u->at += got;
    *out = u->buffer;
    return (la_ssize_t)got;
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

static alice_status take_entry(alice__archive_entries *u, struct archive_entry *e, bool *fatal)
{
    const alice__archive_lib *lib = u->lib;
    const char *name = lib->archive_entry_pathname_utf8(e);
    if (!name)
        name = lib->archive_entry_pathname(e);
    unsigned kind = lib->archive_entry_filetype(e);
    if (kind == AE_IFDIR)
        return ALICE_OK;
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
    if (!why)
        return u->take(u->ctx, e, fatal);
    u->refuse(u->ctx, name && *name ? name : "?", ALICE_E_UNSUPPORTED, why);
    return ALICE_OK;
}

alice_status alice__archive_entries_read(alice__archive_entries *u, const char *path)
{
    const alice__archive_lib *lib = u->lib;
    struct archive_entry *e = NULL;
    alice_status st = ALICE_OK;
    bool fatal = false;
    u->path = path;
    u->at = u->made = 0;
    u->os_error = 0;
    u->fd = -1;
    int r = u->fs->open_read(u->fs, ALICE__FS_CWD, path, &u->fd);
    if (r) {
        u->refuse(u->ctx, "", alice__status_of_errno(-r), strerror(-r));
        return ALICE_OK;
    }
    u->a = lib->archive_read_new();
    if (!u->a) {
        st = ALICE_E_NOMEM;
    } else if (lib->archive_read_support_filter_gzip(u->a) != ARCHIVE_OK ||
               lib->archive_read_support_format_tar(u->a) != ARCHIVE_OK ||
               lib->archive_read_support_format_zip_streamable(u->a) != ARCHIVE_OK) {
        st = ALICE_E_UNSUPPORTED;
    } else if (lib->archive_read_open(u->a, u, NULL, read_more, NULL) != ARCHIVE_OK) {
        u->refuse(u->ctx, "", ALICE_E_DAMAGED,
                  "it is no archive that is read here (zip, tar, tgz)");
        fatal = true;
    }
    while (st == ALICE_OK && !fatal && !u->enough) {
        int got = lib->archive_read_next_header(u->a, &e);
        if (got == ARCHIVE_EOF)
            break;
        if (got == ARCHIVE_RETRY)
            continue;
        if (got == ARCHIVE_FATAL || got == ARCHIVE_FAILED) {
            fatal = true;
            u->refuse(u->ctx, "", ALICE_E_DAMAGED,
                      u->os_error
                          ? strerror(-u->os_error)
                          : "it is damaged or cut off: what is behind that was not read");
        } else {
            st = take_entry(u, e, &fatal);
        }
        if (st == ALICE_OK && stops(u))
            st = ALICE_E_CANCELLED;
    }
    if (u->a)
        lib->archive_read_free(u->a);
    alice__fs_close(u->fd);
    return st;
}

#endif
