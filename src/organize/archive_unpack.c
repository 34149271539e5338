/* SPDX-License-Identifier: MIT */
/*
 * Unpacking: what of an archive may be organized is written, once.
 *
 *   its head ─▶ no medium, nothing that belongs to one ───────────────▶ reported, not written
 *        │
 *        ├────▶ a file of this run begins so: compared as it comes ───▶ a second name of that
 *        ├────▶ an organized file does: compared as it comes ─────────▶ a link that names its row
 *        └────▶ written; where a comparison ends, with what was the same until there
 *
 * Of a dry run only the heads are written, to scratch files as long as the whole: those have
 * the hash of the content behind the head, so that other contents are other bytes.
 */
#include "organize/archive_unpack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "media/analyze.h"
#include "media/types.h"
#include "organize/archive_content.h"
#include "organize/stamp.h"

bool alice__archives_stand_in(const alice_organizer *o, int dir, const char *name, int64_t *row,
                              alice__stamp *stamp, int64_t *twin_ns)
{
    char text[96];
    /* Links of archives are refused: all that stand there are ours. */
    return o->archives && alice__fs_read_link(dir, name, text, sizeof text) == 0 &&
           sscanf(text, "%" SCNd64 " %" SCNu64 " %" SCNd64 " %" SCNd64, row, &stamp->size,
                  &stamp->mtime_ns, twin_ns) == 4;
}

#if ALICE_ARCHIVES

static const char level[] = "takeout/"; /* a folder that names no project */

enum { MOST_LEVELS = 2 * ALICE__EXPORTS_MOST };

_Static_assert((size_t)MOST_LEVELS * sizeof level + sizeof ".alice/incoming" <=
                   ALICE__ARCHIVE_NAME_SPARE,
               "what is put before a name fits");

typedef enum taking {
    HEAD,    /* its beginning is not whole yet */
    PASS,    /* it is not wanted */
    COMPARE, /* it is the same as `twin` so far */
    WRITE
} taking;

typedef struct unpacking {
    alice_organizer *o;
    alice_organize_result *r;
    int root;
    int folder;               /* the one of the last entry, open */
    int heads;                /* ALICE__ARCHIVE_HEADS; -1: names of one file do not work here */
    int full;                 /* -errno of the disk, where the run has to stop; 0 */
    unsigned exports, before; /* in all, and before the one at hand */
    bool sync_each;
    char last[ALICE__PATH_MAX]; /* its path */

    /* The file at hand. */
    taking state;
    bool media, hashed;
    int fd, twin;
    int64_t row;    /* of the twin; 0: it is of this run */
    bool twin_lost; /* it is not what was compared any more, or cannot be read */
    alice__stamp twin_was;
    uint64_t sized; /* what the archive says; 0: it does not */
    int64_t mtime_ns;
    size_t head_n;
    alice__hasher content;
    const char *leaf; /* its name, in `path` */
    char key[40];     /* its name in `heads` */
    char says[96];    /* what the link that stands for it says */
    char path[ALICE__PATH_MAX];
    alice__packed_file file; /* its head, and in the end its size and hash */
    uint8_t other[ALICE__HEAD_BYTES];
    alice__archive_entries in;
} unpacking;

static void report(void *ctx, const char *name, alice_status status, const char *why)
{
    const unpacking *u = ctx;
    alice_organizer *o = u->o;
    char path[2 * ALICE__PATH_MAX];
    snprintf(path, sizeof path, "%s%s%s", u->in.path, *name ? "/" : "", name);
    const alice_file_report report = {
        .source_path = path, .outcome = ALICE_FAILED, .reason = why, .status = status};
    u->r->tally.files++;
    u->r->tally.errors++;
    if (o->options.on_file)
        o->options.on_file(o->options.ctx, &report);
}

/* ---- names ---- */

/* Open the folder of `path`, made where it is missing; kept for the next entry. */
static int enter(unpacking *u, const char *path, size_t n)
{
    const alice__fs_ops *fs = u->o->fs;
    char part[256];
    int at = -1;
    if (u->folder >= 0 && strlen(u->last) == n && memcmp(u->last, path, n) == 0)
        return 0;
    alice__fs_close(u->folder);
    u->folder = -1;
    int r = alice__fs_dup(u->root, &at);
    for (size_t i = 0; !r && i < n;) {
        size_t m = strcspn(path + i, "/");
        int next = -1;
        memcpy(part, path + i, m);
        part[m] = 0;
        r = fs->mkdir(fs, at, part, 0755);
        if (!r || r == -EEXIST)
            r = fs->open_dir(fs, at, part, &next);
        alice__fs_close(at);
        at = next;
        i += m + 1;
    }
    if (r) {
        alice__fs_close(at);
        return r;
    }
    u->folder = at;
    memcpy(u->last, path, n);
    u->last[n] = 0;
    return 0;
}

/* How a name is made, in u->folder. */
static int make_file(unpacking *u)
{
    return u->o->fs->create(u->o->fs, u->folder, u->leaf, 0644, &u->fd);
}

static int make_second_name(unpacking *u)
{
    return u->o->fs->link(u->o->fs, u->heads, u->key, u->folder, u->leaf);
}

static int make_stand_in(unpacking *u)
{
    return u->o->fs->symlink(u->o->fs, u->says, u->folder, u->leaf);
}

/* A new name for the entry, as many levels deep as exports came before its own. Where its name
 * is taken, by another part, or that of its folder is a file's, it goes below all of them. */
static int make_name(unpacking *u, int (*make)(unpacking *u))
{
    int r = -EEXIST;
    size_t used = 0;
    for (unsigned at = 0, to = u->before; to < MOST_LEVELS && (r == -EEXIST || r == -ENOTDIR);
         to += u->exports) {
        for (; at < to; at++)
            used += (size_t)snprintf(u->path + used, sizeof u->path - used, "%s", level);
        snprintf(u->path + used, sizeof u->path - used, "%s", u->in.name);
        const char *slash = strrchr(u->path, '/');
        u->leaf = slash ? slash + 1 : u->path;
        r = enter(u, u->path, slash ? (size_t)(slash - u->path) : 0);
        if (!r)
            r = make(u);
    }
    return r;
}

static bool is_hidden(const char *name)
{
    char part[256];
    for (size_t n; *name; name += n + (name[n] == '/')) {
        n = strcspn(name, "/");
        memcpy(part, name, n); /* of at most 255 bytes: archive_entries.c */
        part[n] = 0;
        if (alice__walk_passes_over(part))
            return true;
    }
    return false;
}

/* ---- the bytes ---- */

static bool is_twin_as_it_was(const unpacking *u)
{
    alice__fs_stat s;
    return u->o->fs->stat_fd(u->o->fs, u->twin, &s) == 0 && alice__is_stamped(&s, &u->twin_was);
}

/* The file is made, with the first `upto` bytes, which are those of the head and of the twin.
 */
static int begin_writing(unpacking *u, uint64_t upto)
{
    const alice__fs_ops *fs = u->o->fs;
    const bool copies = upto > u->head_n && !u->o->options.dry_run;
    int r = u->o->options.dry_run ? 0 : make_name(u, make_file);
    u->state = WRITE;
    if (!r && u->fd >= 0)
        r = fs->write_at(fs, u->fd, 0, u->file.bytes, u->head_n);
    for (uint64_t at = u->head_n; !r && at < upto && u->fd >= 0;) {
        size_t want = upto - at < sizeof u->other ? (size_t)(upto - at) : sizeof u->other;
        size_t got = 0;
        u->twin_lost = fs->read_at(fs, u->twin, at, u->other, want, &got) != 0 || got != want;
        r = u->twin_lost ? -ENODATA : fs->write_at(fs, u->fd, at, u->other, got);
        at += want;
    }
    /* What of it was written is what was compared only if nobody wrote to it since. */
    if (!r && copies && !is_twin_as_it_was(u)) {
        u->twin_lost = true;
        r = -ENODATA;
    }
    alice__fs_close(u->twin);
    u->twin = -1;
    return r;
}

/* The next bytes, at `at`: whether the twin has the same. */
static bool is_as_twin(unpacking *u, uint64_t at, const uint8_t *p, size_t n)
{
    const alice__fs_ops *fs = u->o->fs;
    while (n > 0) {
        const size_t want = n < sizeof u->other ? n : sizeof u->other;
        size_t got = 0;
        if (fs->read_at(fs, u->twin, at, u->other, want, &got) != 0 || got != want ||
            memcmp(u->other, p, want) != 0)
            return false;
        at += want;
        p += want;
        n -= want;
    }
    return true;
}

/* Whether the open twin may be one: then it is kept. */
static bool keep_twin(unpacking *u, int fd)
{
    alice__fs_stat s;
    u->twin = fd;
    if (fd >= 0 && u->o->fs->stat_fd(u->o->fs, fd, &s) == 0 && s.kind == ALICE__FS_FILE &&
        (u->sized == 0 || s.size == u->sized) && is_as_twin(u, 0, u->file.bytes, u->head_n)) {
        u->twin_was = alice__stamp_of(&s);
        return true;
    }
    alice__fs_close(fd);
    u->twin = -1;
    return false;
}

static void set_key(unpacking *u, alice__hash h)
{
    snprintf(u->key, sizeof u->key, "%016" PRIx64 "%016" PRIx64, h.high, h.low);
}

/* A file that begins as this one: of this run, or organized. */
static alice_status find_twin(unpacking *u)
{
    alice_organizer *o = u->o;
    char dest[ALICE__DEST_MAX];
    alice__candidate c = {.id = 0};
    int64_t after = 0;
    int fd = -1;
    set_key(u, u->file.head);
    u->row = 0;
    if (u->heads >= 0 && o->fs->open_read(o->fs, u->heads, u->key, &fd) == 0 &&
        keep_twin(u, fd))
        return ALICE_OK;
    if (u->sized == 0 || o->organized_fd < 0)
        return ALICE_OK;
    for (unsigned tries = 8; tries > 0; tries--) {
        alice_status st = alice__catalog_same(o->catalog, u->sized, u->file.head, &after, dest,
                                              sizeof dest, &c);
        if (st != ALICE_OK || c.id == 0)
            return st;
        fd = -1;
        if (o->fs->open_read(o->fs, o->organized_fd, c.dest, &fd) == 0 && keep_twin(u, fd)) {
            u->row = c.id;
            return ALICE_OK;
        }
    }
    return ALICE_OK;
}

/* The head is whole: what is done with the file. */
static alice_status decide(unpacking *u, int *bad)
{
    const char *slash = strrchr(u->in.name, '/'), *leaf = slash ? slash + 1 : u->in.name;
    const alice__name_kind *kind = alice__name_kind_of(leaf);
    const alice_bytes head = {u->file.bytes, u->head_n};
    u->media = alice__sniff(head, u->sized ? u->sized : UINT64_MAX) != ALICE_MEDIA_NONE;
    u->state = PASS;
    if (is_hidden(u->in.name) ||
        (!u->media && kind->kind == ALICE_CLASS_NONE && kind->partner == ALICE__PARTNER_NONE))
        return ALICE_OK;
    u->file.head = alice__hash_of_bytes(u->file.bytes, u->head_n);
    alice_status st = u->media ? find_twin(u) : ALICE_OK;
    if (st == ALICE_OK && u->twin >= 0)
        u->state = COMPARE;
    else if (st == ALICE_OK)
        *bad = begin_writing(u, 0);
    return st;
}

/* Bytes that stand at `at`. */
static alice_status take_bytes(unpacking *u, uint64_t at, const uint8_t *p, size_t n, int *bad)
{
    const alice__fs_ops *fs = u->o->fs;
    alice_status st = ALICE_OK;
    if (u->hashed && n > 0)
        alice__hasher_update(&u->content, p, n);
    if (u->state == HEAD) {
        const size_t room = sizeof u->file.bytes - u->head_n, m = n < room ? n : room;
        if (m > 0)
            memcpy(u->file.bytes + u->head_n, p, m);
        u->head_n += m;
        at += m;
        p += m;
        n -= m;
        if (u->head_n == sizeof u->file.bytes)
            st = decide(u, bad);
    }
    if (st != ALICE_OK || *bad || n == 0)
        return st;
    if (u->state == COMPARE && !is_as_twin(u, at, p, n))
        *bad = begin_writing(u, at);
    if (u->state == WRITE && !*bad && u->fd >= 0)
        *bad = fs->write_at(fs, u->fd, at, p, n);
    return st;
}

/* Zeros that the archive does not have: they are a hole where the file is written. */
static alice_status take_hole(unpacking *u, uint64_t at, uint64_t n, int *bad)
{
    static const uint8_t zeros[4096];
    alice_status st = ALICE_OK;
    while (n > 0 && st == ALICE_OK && !*bad && (u->state != WRITE || u->hashed)) {
        size_t m = n < sizeof zeros ? (size_t)n : sizeof zeros;
        if (u->state == WRITE)
            alice__hasher_update(&u->content, zeros, m);
        else
            st = take_bytes(u, at, zeros, m, bad);
        at += m;
        n -= m;
    }
    return st;
}

/* ---- its end ---- */

/* A name that stands for the file, which is as its twin. */
static int name_twin(unpacking *u, uint64_t size)
{
    snprintf(u->says, sizeof u->says, "%" PRId64 " %" PRIu64 " %" PRId64 " %" PRId64, u->row,
             size, u->mtime_ns, u->twin_was.mtime_ns);
    return make_name(u, u->row ? make_stand_in : make_second_name);
}

/* All of it is as the twin: a name, or what takes the place of that where none can be made. */
static int end_as_twin(unpacking *u, uint64_t size)
{
    int r = -EPERM;
    if (u->twin_was.size == size && is_twin_as_it_was(u))
        r = name_twin(u, size);
    if (r == -EPERM || r == -EOPNOTSUPP || r == -ENOSYS || r == -EMLINK || r == -EACCES)
        return begin_writing(u, size);
    alice__fs_close(u->twin);
    u->twin = -1;
    return r;
}

/* Found by those that come. Where the file system has no second names there is none. */
static void note_head(unpacking *u)
{
    const alice__fs_ops *fs = u->o->fs;
    alice__fs_stat there;
    if (!u->media || u->heads < 0 || fs->link(fs, u->folder, u->leaf, u->heads, u->key) == 0 ||
        fs->stat_at(fs, u->heads, u->key, &there) == 0)
        return;
    alice__fs_close(u->heads);
    u->heads = -1;
}

/* The size and the times of what is written. */
static int end_file(unpacking *u, uint64_t size)
{
    const alice__fs_ops *fs = u->o->fs;
    alice__fs_stat s;
    int r = fs->stat_fd(fs, u->fd, &s);
    if (!r && s.size < size)
        r = fs->truncate(fs, u->fd, size);
    if (!r) /* one that says no time is of 1970, which dates nothing: not of today */
        r = fs->set_times(fs, u->fd, u->mtime_ns, u->mtime_ns);
    if (!r && u->sync_each)
        r = fs->sync(fs, u->fd);
    if (!r)
        note_head(u);
    return r;
}

/* Of a dry run: an organized file with the same content, or one of this run; else what it
 * begins with, and what tells its content from others. */
static alice_status end_scratch(unpacking *u, int *bad)
{
    const alice__fs_ops *fs = u->o->fs;
    const uint64_t size = u->file.size;
    const uint64_t words[2] = {u->file.content.high, u->file.content.low};
    char dest[ALICE__DEST_MAX];
    alice__candidate c = {.id = 0};
    int64_t after = 0;
    alice_status st = ALICE_OK;
    if (u->media && u->o->organized_fd >= 0)
        st = alice__packed_find(u->o, &u->file, false, &after, &c, dest, sizeof dest);
    u->row = c.id;
    set_key(u, u->file.content);
    *bad = -ENOENT;
    if (st == ALICE_OK && (c.id || (u->media && u->heads >= 0)))
        *bad = name_twin(u, size);
    if (st != ALICE_OK || *bad == 0)
        return st;
    *bad = make_name(u, make_file);
    if (!*bad)
        *bad = fs->write_at(fs, u->fd, 0, u->file.bytes, u->head_n);
    if (!*bad && size > sizeof u->file.bytes) {
        const uint64_t rest = size - sizeof u->file.bytes;
        const size_t n = rest < sizeof words ? (size_t)rest : sizeof words;
        *bad = fs->write_at(fs, u->fd, size - n, words, n);
    }
    return ALICE_OK;
}

/* It is not wanted: it is counted here, as no walk meets it. */
static void pass(unpacking *u, uint64_t size)
{
    alice_organizer *o = u->o;
    char path[2 * ALICE__PATH_MAX], text[33];
    if (is_hidden(u->in.name)) {
        u->r->passed_over++;
        return;
    }
    const alice__hash h = u->file.content;
    u->r->tally.files++;
    u->r->tally.skipped++;
    u->r->not_media++;
    snprintf(path, sizeof path, "%s/%s", o->inbox, u->in.name);
    snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64, h.high, h.low);
    const alice_file_report report = {.source_path = path,
                                      .outcome = ALICE_SKIPPED,
                                      .reason = "not a media file that alice knows",
                                      .not_media = true,
                                      .bytes = size,
                                      .content = o->options.hash_contents ? text : NULL};
    if (o->options.on_file)
        o->options.on_file(o->options.ctx, &report);
}

static bool stops_all(int r)
{
    return r == -ENOSPC || r == -EDQUOT || r == -EROFS || r == -EIO;
}

static void begin_file(unpacking *u, struct archive_entry *e)
{
    const alice__archive_lib *lib = u->in.lib;
    u->state = HEAD;
    u->media = false;
    u->fd = u->twin = -1;
    u->row = 0;
    u->twin_lost = false;
    u->twin_was = (alice__stamp){.size = 0};
    u->head_n = 0;
    u->mtime_ns = 0;
    u->sized = lib->archive_entry_size_is_set(e) && lib->archive_entry_size(e) > 0
                   ? (uint64_t)lib->archive_entry_size(e)
                   : 0;
    if (lib->archive_entry_mtime_is_set(e)) {
        const int64_t s = lib->archive_entry_mtime(e);
        if (s > -INT64_C(9000000000) && s < INT64_C(9000000000))
            u->mtime_ns = s * 1000000000 + lib->archive_entry_mtime_nsec(e) % 1000000000;
    }
    alice__hasher_init(&u->content);
}

/* All blocks of the file: 0 or -errno of writing. What is wrong with the archive stands in
 * `d`. */
static alice_status take_blocks(unpacking *u, struct archive_entry *e, alice__archive_data *d,
                                int *bad)
{
    alice_status st = ALICE_OK;
    while (st == ALICE_OK && !*bad && alice__archive_block(&u->in, e, d)) {
        st = take_hole(u, d->at - d->hole, d->hole, bad);
        if (st == ALICE_OK && !*bad && d->n > 0)
            st = take_bytes(u, d->at, d->block, d->n, bad);
    }
    if (st != ALICE_OK || *bad || d->why)
        return st;
    const uint64_t size = (uint64_t)d->end;
    if (u->state == HEAD) {
        u->sized = size;
        st = decide(u, bad);
    }
    u->file.size = size;
    if (u->hashed)
        u->file.content = alice__hash_words(alice__hasher_final(&u->content));
    if (st == ALICE_OK && !*bad && u->state == COMPARE)
        *bad = end_as_twin(u, size);
    else if (st == ALICE_OK && !*bad && u->state == WRITE && u->o->options.dry_run)
        st = end_scratch(u, bad);
    if (st == ALICE_OK && !*bad && u->fd >= 0)
        *bad = end_file(u, size);
    else if (st == ALICE_OK && !*bad && u->state == PASS)
        pass(u, size);
    return st;
}

static alice_status take_file(void *ctx, struct archive_entry *e, bool *fatal)
{
    unpacking *u = ctx;
    alice__archive_data d = {.end = 0};
    int r = 0, gone = 0;
    begin_file(u, e);
    alice_status st = take_blocks(u, e, &d, &r);
    *fatal |= d.fatal;
    const bool whole = st == ALICE_OK && !r && !d.why;
    /* Half a file is none; the folder itself goes at the end. */
    if (!whole && u->fd >= 0)
        gone = u->o->fs->unlink(u->o->fs, u->folder, u->leaf);
    alice__fs_close(u->fd);
    alice__fs_close(u->twin);
    if (whole || st != ALICE_OK || d.status == ALICE_E_CANCELLED)
        return st != ALICE_OK ? st : whole ? ALICE_OK : ALICE_E_CANCELLED;
    u->full = stops_all(r) ? r : gone;
    u->in.enough = u->full != 0;
    if (u->twin_lost)
        report(u, u->in.name, ALICE_E_CHANGED, ALICE__TWIN_LOST);
    else
        report(u, u->in.name, r ? alice__status_of_errno(-r) : d.status,
               r ? strerror(-r) : d.why);
    return ALICE_OK;
}

/* ---- all of them ---- */

static void set_up(unpacking *u, alice_organize_result *r, alice_organizer *o,
                   const alice_env *env)
{
    alice__fs_space space = {.local = false};
    u->o = o;
    u->r = r;
    u->folder = u->heads = -1;
    u->root = o->inbox_fd;
    u->hashed = o->options.dry_run || o->options.hash_contents;
    u->exports = alice__exports(&o->options);
    u->in.lib = alice__archives_lib(o);
    u->in.fs = o->fs;
    u->in.env = *env;
    u->in.take = take_file;
    u->in.refuse = report;
    u->in.ctx = u;
    u->in.should_stop = o->options.should_stop;
    u->in.stop_ctx = o->options.ctx;
    const int bad = o->fs->space_of(o->fs, u->root, &space);
    u->sync_each = !o->options.dry_run && (bad || !space.local || !alice__fs_sync_all_tells());
    if (o->fs->mkdir(o->fs, u->root, ALICE__ARCHIVE_HEADS, 0700) == 0 &&
        o->fs->open_dir(o->fs, u->root, ALICE__ARCHIVE_HEADS, &u->heads) != 0)
        u->heads = -1;
}

/* They are placed by rename: what is in them has to be durable before. */
static alice_status finish(unpacking *u, alice_error *error)
{
    alice_organizer *o = u->o;
    if (u->full && u->full != -ENOSPC && u->full != -EDQUOT)
        return alice__fail(error, alice__status_of_errno(-u->full), -u->full,
                           "the archives cannot be unpacked in %s (%s): nothing was organized",
                           o->options.dry_run ? alice__organizer_scratch(o) : o->organized,
                           strerror(-u->full));
    if (u->full)
        return alice__fail(error, ALICE_E_NOSPC, -u->full,
                           o->options.dry_run
                               ? "there is no room in %s for the beginnings of the files"
                               : "the archives do not fit on the disk of %s: nothing was "
                                 "organized",
                           o->options.dry_run ? alice__organizer_scratch(o) : o->organized);
    const int bad = u->sync_each || o->options.dry_run ? 0 : o->fs->sync_all(o->fs, u->root);
    return bad ? alice__fail(error, alice__status_of_errno(-bad), -bad,
                             "what was unpacked cannot be made durable: %s", strerror(-bad))
               : ALICE_OK;
}

alice_status alice__archives_unpack(alice_organizer *o, alice_organize_result *r,
                                    alice_error *error)
{
    alice_env env = alice__organizer_env(o, o->acc_stream);
    unpacking *u = NULL;
    void *room = NULL;
    alice_status st = alice_account_charge(o->acc_stream, ALICE__ARCHIVE_LIBRARY);
    if (st != ALICE_OK)
        return st;
    st = o->options.dry_run ? alice__archives_make_scratch(o, error) : ALICE_OK;
    if (st == ALICE_OK)
        st = alice_env_calloc(&env, 1, sizeof *u, ALICE_HERE, &room);
    u = room;
    if (st == ALICE_OK)
        set_up(u, r, o, &env);
    for (size_t i = 0; i < o->options.archive_count && st == ALICE_OK && !u->full; i++) {
        u->before = alice__exports_before(&o->options, i);
        st = alice__archive_entries_read(&u->in, o->options.archives[i]);
    }
    if (st == ALICE_OK)
        st = finish(u, error);
    if (u) {
        alice__fs_close(u->folder);
        alice__fs_close(u->heads);
        /* What was unpacked has one name from here on; the folder is there where none worked.
         */
        if (st == ALICE_OK)
            st = alice__archives_forget_heads(o, error);
    }
    alice_env_free(&env, u, u ? sizeof *u : 0);
    alice_account_release(o->acc_stream, ALICE__ARCHIVE_LIBRARY);
    return st;
}

#else

alice_status alice__archives_unpack(alice_organizer *o, alice_organize_result *r,
                                    alice_error *error)
{
    (void)o;
    (void)r;
    return alice__fail(error, ALICE_E_UNSUPPORTED, 0, "built without libarchive");
}

#endif
