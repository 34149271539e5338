/* SPDX-License-Identifier: MIT */
/*
 * The catalog over its databases: batches, windows, fingerprints, numbers.
 *
 *              known()     same()                  number()    add() …
 *                │           │                       │           │
 *           windows  fingerprints (memory) ─merge▶   cache       │
 *                │           │                       │           │
 *                └───────────┴── top (written) ◀─────┴───────────┘
 *                                base (a dry run's: read only)
 *
 * In a dry run the catalog that stands is `base` and everything new goes to
 * `top`, a scratch database whose ids continue those of base, so that an id
 * tells which of the two has the row.
 *
 * Invariants:
 *  - `now` is what the next commit will write, `saved` what the last one wrote.
 *  - fingerprints holds exactly the placed rows above now.merged, unless `stale`.
 *  - A window tells the truth about the names in [lo, last row], or [lo, end of
 *    the directory) when it is whole.
 */
#include "catalog/catalog.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "catalog/fingerprints.h"
#include "catalog/lock.h"
#include "catalog/store.h"
#include "catalog/tree_mark.h"
#include "port/fs.h"
#include "port/host.h"

enum {
    WINDOW_ROWS = 256,
    WINDOW_NAMES = 24 * 1024, /* of destinations too */
    NAME_ROOM = 768,          /* 255 characters of a file system that counts them in UTF-16 */
    NUMBERS = 128,
    NUMBER_KEY = 110,
    SLICE = 2048, /* fingerprints merged in one transaction */
    TEXTS_ROOM = 4 * 4096,
    PATH_ROOM = 4096
};

typedef struct window_row {
    alice__known known;
    uint32_t name; /* where it begins in `names`; its destination follows */
} window_row;

typedef struct window {
    int64_t dir; /* 0: nothing is known */
    bool whole;  /* no row of the directory follows the last */
    bool above;  /* lo itself is not covered */
    unsigned count;
    char lo[NAME_ROOM];
    char asked[NAME_ROOM]; /* the latest question */
    window_row rows[WINDOW_ROWS];
    char names[WINDOW_NAMES];
} window;

/* A counter that was used lately. */
typedef struct number {
    uint64_t next; /* 0: the slot is free */
    bool dirty;
    uint8_t n;
    char key[NUMBER_KEY]; /* project, 0, source, 0 */
} number;

struct alice__catalog {
    alice_env env;
    bool dry_run;
    alice__store *top, *base;
    int64_t base_files, base_dirs; /* ids from here on are in top */
    alice__store_batch saved, now;
    int64_t next_dir, saved_next_dir;
    int64_t moved_from; /* the first row that got another name in this batch; 0: none */
    bool doubtful; /* what a batch taken back had to say of the open one is lost: it stays open
                    */
    alice__fingerprints fingerprints;
    bool stale;
    window *windows[2]; /* of top and base */
    number numbers[NUMBERS];
    char *texts; /* TEXTS_ROOM bytes, when a run is read back */
    char *doubt; /* the source path of a doubt, and its destination */
    size_t doubt_size;
    alice__store_tree tree;
    alice__standing standing;
    bool rebuilds;    /* the run under way does */
    const char *home; /* where the mark is kept, in the options' text copied; NULL: nowhere */
    alice__lock lock;
    char *path; /* PATH_ROOM bytes of names; as many for home, and for the lock's */
    char scratch[PATH_ROOM / 4];
};

/* ---- names beside the catalog ---- */

/* Whether it is the catalog's own place, "<organized>/.alice/catalog.db", where nothing but a
   catalog stands. */
static bool in_own_place(const char *path)
{
    static const char end[] = "/.alice/catalog.db";
    size_t n = strlen(path);
    return n >= sizeof end - 1 && strcmp(path + n - (sizeof end - 1), end) == 0;
}

/*
 * The name of a file of ours that goes with the catalog; `end` is ".lock" or ".probe". In its
 * own place it is "catalog.lock" beside it. Elsewhere the folder is the user's, and
 * "photos.lock" may be too: there it is ".alice/photos.db.lock".
 */
static alice_status beside(const char *path, const char *end, char *buf, size_t size)
{
    const char *leaf = strrchr(path, '/');
    leaf = leaf ? leaf + 1 : path;
    int folder = (int)(leaf - path), m;
    if (in_own_place(path)) {
        m = snprintf(buf, size, "%.*scatalog%s", folder, path, end);
        return m > 0 && (size_t)m < size ? ALICE_OK : ALICE_E_INVAL;
    }
    m = snprintf(buf, size, "%.*s.alice/%s%s", folder, path, leaf, end);
    return m > 0 && (size_t)m < size ? ALICE_OK : ALICE_E_INVAL;
}

/* Before SQLite sees it: a catalog is opened only where one stands, or nothing. */
static alice_status check_ours(alice__catalog *c, const char *path, alice_error *error)
{
    static const char *const logs[] = {"-wal", "-journal", "-shm"};
    alice__fs_stat s;
    uint8_t head[ALICE__STORE_HEAD];
    size_t got = 0;
    int fd = -1;
    bool own = in_own_place(path), log = false;
    for (size_t i = 0; i < sizeof logs / sizeof *logs && !log; i++) {
        int n = snprintf(c->path, PATH_ROOM, "%s%s", path, logs[i]);
        log = n > 0 && n < PATH_ROOM && alice__fs_stat_path(c->path, &s) == 0;
    }
    int r = alice__fs_stat_path(path, &s);
    if (r == -ENOENT && log && !own)
        return alice__fail(error, ALICE_E_INVAL, 0,
                           "%s stands already, and a catalog would use it: give another "
                           "--catalog",
                           c->path);
    if (r == -ENOENT || own)
        return ALICE_OK;
    if (!r && s.kind != ALICE__FS_FILE)
        return alice__fail(error, ALICE_E_INVAL, 0, "no file, and so no catalog: %s", path);
    if (!r && s.size == 0 && log)
        return ALICE_OK; /* a kill left it, with its content in its log */
    if (!r && s.size == 0)
        return alice__fail(error, ALICE_E_INVAL, 0,
                           "an empty file is no catalog of alice's, and is left as it is: move "
                           "it aside, or give another --catalog: %s",
                           path);
    if (!r)
        r = alice__fs_open_read(ALICE__FS_CWD, path, &fd);
    if (!r)
        r = alice__fs_read_at(fd, 0, head, sizeof head, &got);
    alice__fs_close(fd);
    if (r)
        return alice__fail(error, alice__status_of_errno(-r), -r, "the catalog %s: %s", path,
                           strerror(-r));
    switch (alice__store_whose(head, got)) {
    case ALICE__STORE_OURS:
        return ALICE_OK;
    case ALICE__STORE_NOT_SAID:
        if (log)
            return ALICE_OK; /* as above */
        /* fall through */
    case ALICE__STORE_OTHERS:
        return alice__fail(error, ALICE_E_INVAL, 0,
                           "a database of another program, left as it is: %s", path);
    default:
        return alice__fail(error, ALICE_E_DAMAGED, 0,
                           "no catalog of alice's, or a damaged one, left as it is: move it "
                           "aside, or give another --catalog: %s",
                           path);
    }
}

/* ---- a dry run's databases ---- */

static alice_status scratch_name(const alice__catalog *c, const char *name, char *buf,
                                 size_t size)
{
    int n = snprintf(buf, size, "%s/%s", c->scratch, name);
    return n > 0 && (size_t)n < size ? ALICE_OK : ALICE_E_INVAL;
}

static bool is_memory(const char *folder)
{
    alice__fs_space space;
    int fd = -1;
    bool memory = false;
    if (alice__fs_open_dir_path(folder, &fd) != 0)
        return false;
    memory = alice__fs_space_of(fd, &space) == 0 && space.memory;
    alice__fs_close(fd);
    return memory;
}

/* A private folder; what is in it is unlinked as soon as it is open. */
static alice_status make_scratch(alice__catalog *c, const char *folder, alice_error *error)
{
    int r = -EEXIST;
    if (!folder)
        folder = is_memory("/var/tmp") && !is_memory("/tmp") ? "/tmp" : "/var/tmp";
    uint64_t salt = alice_env_now_ns(&c->env);
    for (int i = 0; i < 100 && r == -EEXIST; i++, salt++) {
        int n = snprintf(c->scratch, sizeof c->scratch, "%s/.alice-%ld-%llx", folder,
                         alice__host_pid(), (unsigned long long)salt);
        if (n < 0 || (size_t)n >= sizeof c->scratch) {
            r = -ENAMETOOLONG;
            break;
        }
        r = alice__fs_mkdir(ALICE__FS_CWD, c->scratch, 0700);
    }
    if (r == 0)
        return ALICE_OK;
    c->scratch[0] = 0;
    return alice__fail(error, alice__status_of_errno(-r), -r, "no scratch folder in %s",
                       folder);
}

/* Whatever is open keeps living without its name. */
static void unlink_scratch(alice__catalog *c)
{
    static const char *const names[] = {"new.db", "new.db-wal", "new.db-journal",
                                        "old.db", "old.db-wal", "old.db-journal"};
    char name[PATH_ROOM / 4 + 32];
    if (!c->scratch[0])
        return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int r = scratch_name(c, names[i], name, sizeof name) == ALICE_OK
                    ? alice__fs_unlink(ALICE__FS_CWD, name)
                    : 0;
        if (r && r != -ENOENT) /* most of them were never made */
            alice_env_log(&c->env, ALICE_LOG_WARNING, "%s stays, and can be removed: %s", name,
                          strerror(-r));
    }
    /* Refused while a name stays in it, which was just said. */
    (void)alice__fs_rmdir(ALICE__FS_CWD, c->scratch);
    c->scratch[0] = 0;
}

static alice_status copy_file(const char *from, const char *to)
{
    char buf[8192];
    uint64_t at = 0;
    int in = -1, out = -1;
    int r = alice__fs_open_read(ALICE__FS_CWD, from, &in);
    if (r == 0)
        r = alice__fs_create(ALICE__FS_CWD, to, 0600, &out);
    for (size_t got = 1; r == 0 && got > 0; at += got) {
        r = alice__fs_read_at(in, at, buf, sizeof buf, &got);
        if (r == 0 && got > 0)
            r = alice__fs_write_at(out, at, buf, got);
    }
    if (in >= 0)
        alice__fs_close(in);
    if (out >= 0)
        alice__fs_close(out);
    return alice__status_of_errno(-r);
}

static bool stands(const char *path)
{
    alice__fs_stat st;
    return alice__fs_stat_path(path, &st) == 0 && st.size > 0;
}

/* Whether the database has to be recovered before it can be read, or is older than we are:
   either way reading it would write. Bytes 18 and 60 of its header say so. */
static bool needs_copy(const char *path, char *buf, size_t size)
{
    uint8_t head[64];
    size_t got = 0;
    int fd = -1;
    static const char *const ends[] = {"-wal", "-journal"};
    for (int i = 0; i < 2; i++) {
        int n = snprintf(buf, size, "%s%s", path, ends[i]);
        if (n > 0 && (size_t)n < size && stands(buf))
            return true;
    }
    if (alice__fs_open_read(ALICE__FS_CWD, path, &fd) != 0)
        return false;
    if (alice__fs_read_at(fd, 0, head, sizeof head, &got) != 0)
        got = 0;
    alice__fs_close(fd);
    return got == sizeof head && (head[18] == 2 || alice__store_older(head + 60));
}

/* The catalog of a killed run, copied with its log so that it can be recovered. */
static alice_status copy_base(alice__catalog *c, const char *path, alice_error *error)
{
    static const char *const ends[] = {"", "-wal", "-journal"};
    char to[PATH_ROOM / 4 + 32];
    int fd = -1;
    alice_status st = beside(path, ".lock", c->path, PATH_ROOM);
    if (st != ALICE_OK)
        return st;
    /* Nobody may be writing it meanwhile. */
    if (alice__fs_open_read(ALICE__FS_CWD, c->path, &fd) == 0 &&
        alice__fs_lock(fd) == -EAGAIN) {
        alice__fs_close(fd);
        return alice__lock_is_held(c->path, error);
    }
    for (int i = 0; i < 3 && st == ALICE_OK; i++) {
        char name[16];
        int n = snprintf(c->path, PATH_ROOM, "%s%s", path, ends[i]);
        if (n < 0 || n >= PATH_ROOM || (i > 0 && !stands(c->path)))
            continue;
        snprintf(name, sizeof name, "old.db%s", ends[i]);
        st = scratch_name(c, name, to, sizeof to);
        if (st == ALICE_OK)
            st = copy_file(c->path, to);
    }
    if (fd >= 0)
        alice__fs_close(fd);
    return st == ALICE_OK ? st
                          : alice__fail(error, st, 0,
                                        "cannot copy the unfinished catalog to %s", c->scratch);
}

/* How the catalog in `s` stands to the tree. */
static alice_status look_at_tree(alice__catalog *c, alice__store *s)
{
    alice__tree_mark mark = {.catalog = 0};
    alice_status st = alice__store_tree_get(s, &c->tree);
    if (st != ALICE_OK)
        return st;
    st = c->home ? alice__tree_mark_read(c->home, &mark) : ALICE_OK;
    c->standing = ALICE__STANDING_CURRENT;
    if (c->tree.incomplete || st == ALICE_E_DAMAGED ||
        (mark.catalog != 0 &&
         (mark.catalog != c->tree.id || mark.generation > c->tree.generation)))
        c->standing = ALICE__STANDING_OLDER;
    if (mark.generation > c->tree.generation)
        c->tree.generation = mark.generation;
    return st == ALICE_E_DAMAGED ? ALICE_OK : st;
}

alice__standing alice__catalog_standing(const alice__catalog *c)
{
    return c->standing;
}

static alice_status open_dry(alice__catalog *c, const alice__catalog_options *o,
                             const alice__store_options *like, alice_error *error)
{
    char name[PATH_ROOM / 4 + 32];
    alice__store_options so = *like;
    alice_status st = check_ours(c, o->path, error);
    if (st == ALICE_OK)
        st = make_scratch(c, o->scratch_dir, error);
    if (st != ALICE_OK)
        return st;
    so.cache_bytes /= 2;
    so.log_works = true;
    if (stands(o->path)) {
        so.path = o->path;
        so.mode = ALICE__STORE_READ;
        if (needs_copy(o->path, c->path, PATH_ROOM)) {
            st = copy_base(c, o->path, error);
            if (st == ALICE_OK)
                st = scratch_name(c, "old.db", name, sizeof name);
            so.path = name;
            so.mode = ALICE__STORE_SCRATCH;
        }
        if (st == ALICE_OK)
            st = alice__store_open(&c->base, &so, error);
        if (st == ALICE_E_BUSY && so.mode == ALICE__STORE_READ &&
            beside(o->path, ".lock", c->path, PATH_ROOM) == ALICE_OK)
            alice__lock_is_held(c->path, error);
        if (st == ALICE_OK) {
            st = look_at_tree(c, c->base);
            if (st != ALICE_OK)
                alice__fail(error, st, 0, "%s cannot be read", c->home);
        }
    }
    /* An older one is brought up to date from the tree: in a copy. */
    bool update = c->base && c->standing == ALICE__STANDING_OLDER;
    if (st == ALICE_OK && update) {
        alice__store_close(&c->base);
        if (so.mode == ALICE__STORE_READ)
            st = copy_base(c, o->path, error);
    }
    if (st == ALICE_OK)
        st = scratch_name(c, update ? "old.db" : "new.db", name, sizeof name);
    so.path = name;
    so.mode = ALICE__STORE_SCRATCH;
    if (st == ALICE_OK)
        st = alice__store_open(&c->top, &so, error);
    if (st == ALICE_OK && !c->base && !update)
        st = alice__store_tree_get(c->top, &c->tree);
    unlink_scratch(c);
    return st;
}

static alice_status open_real(alice__catalog *c, const alice__catalog_options *o,
                              const alice__store_options *like, alice_error *error)
{
    alice__store_options so = *like;
    alice_status st = check_ours(c, o->path, error);
    if (st != ALICE_OK)
        return st;
    char *lock = c->path + (size_t)2 * PATH_ROOM;
    st = beside(o->path, ".lock", lock, PATH_ROOM);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "the catalog's path is too long");
    if (!in_own_place(o->path)) {
        char *leaf = strrchr(lock, '/');
        *leaf = 0;
        int r = alice__fs_mkdir(ALICE__FS_CWD, lock, 0755);
        if (r && r != -EEXIST)
            return alice__fail(error, alice__status_of_errno(-r), -r,
                               "cannot make the folder of the catalog's lock: %s", lock);
        *leaf = '/';
    }
    st = alice__lock_take(&c->lock, &c->env, lock, error);
    if (st != ALICE_OK)
        return st;
    st = beside(o->path, ".probe", c->path, PATH_ROOM);
    so.log_works = st == ALICE_OK && alice__store_log_works(c->path);
    bool stood = stands(o->path);
    st = alice__store_open(&c->top, &so, error);
    if (st != ALICE_OK)
        return st;
    st = look_at_tree(c, c->top);
    if (!stood)
        c->standing = ALICE__STANDING_NEW;
    return st == ALICE_OK ? st : alice__fail(error, st, 0, "%s cannot be read", c->home);
}

/* ---- opening and closing ---- */

static void forget_all(alice__catalog *c)
{
    for (int i = 0; i < 2; i++)
        if (c->windows[i])
            c->windows[i]->dir = 0;
    memset(c->numbers, 0, sizeof c->numbers);
    c->stale = true;
}

/* Where the ids begin and what is pending. */
static alice_status load(alice__catalog *c)
{
    int64_t last = 0;
    alice_status st = alice__store_batch_get(c->top, &c->saved);
    if (st == ALICE_OK && c->base) {
        st = alice__store_batch_get(c->base, &c->saved);
        c->base_files = c->saved.next_file;
    }
    if (st == ALICE_OK)
        st = alice__store_dir_last(c->base ? c->base : c->top, &last);
    if (c->saved.next_file < 1 || c->saved.placed < 0 || c->saved.merged < 0)
        st = st == ALICE_OK ? ALICE_E_DAMAGED : st;
    c->base_dirs = c->base ? last + 1 : 0;
    c->next_dir = c->saved_next_dir = last + 1;
    c->now = c->saved;
    return st;
}

alice_status alice__catalog_open(alice__catalog **out, const alice__catalog_options *o,
                                 alice_error *error)
{
    alice__catalog *c = NULL;
    alice_status st = alice_env_calloc(&o->env, 1, sizeof *c, ALICE_HERE, (void **)&c);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "no memory for the catalog");
    c->env = o->env;
    c->dry_run = o->dry_run;
    c->standing = ALICE__STANDING_NEW;
    c->lock.fd = -1;
    alice__store_options like = {
        .env = o->env,
        .path = o->path,
        .mode = ALICE__STORE_WRITE,
        .cache_bytes = o->page_cache_bytes ? o->page_cache_bytes : 2 * ALICE_MB,
    };
    size_t bytes = o->fingerprint_buffer_bytes ? o->fingerprint_buffer_bytes : 512 * ALICE_KB;
    bool said = false;

    st = alice_env_alloc(&c->env, (size_t)3 * PATH_ROOM, ALICE_HERE, (void **)&c->path);
    if (st == ALICE_OK && o->home) {
        c->home = c->path + PATH_ROOM;
        if (strlen(o->home) >= PATH_ROOM)
            st = ALICE_E_TOOBIG;
        else
            strcpy(c->path + PATH_ROOM, o->home);
    }
    for (int i = 0; i < 1 + c->dry_run && st == ALICE_OK; i++)
        st = alice_env_calloc(&c->env, 1, sizeof(window), ALICE_HERE, (void **)&c->windows[i]);
    if (st == ALICE_OK)
        st = alice__fingerprints_open(&c->fingerprints, &c->env, bytes);
    if (st == ALICE_OK) {
        st = (c->dry_run ? open_dry : open_real)(c, o, &like, error);
        said = st != ALICE_OK;
    }
    if (st == ALICE_OK)
        st = load(c);
    if (st == ALICE_OK) {
        forget_all(c);
        /* Made by a run that was killed before it did anything. */
        if (c->standing == ALICE__STANDING_CURRENT && c->saved.next_file == 1)
            c->standing = ALICE__STANDING_NEW;
        *out = c;
        return ALICE_OK;
    }
    if (!said)
        alice__fail(error, st, 0, "%s: %s",
                    c->top ? alice__store_why(c->top) : alice_status_text(st), o->path);
    alice__catalog_close(&c);
    return st;
}

void alice__catalog_close(alice__catalog **catalog)
{
    alice__catalog *c = catalog ? *catalog : NULL;
    if (!c)
        return;
    *catalog = NULL;
    alice__store_close(&c->top);
    alice__store_close(&c->base);
    unlink_scratch(c);
    alice__lock_drop(&c->lock);
    alice__fingerprints_close(&c->fingerprints);
    for (int i = 0; i < 2; i++)
        alice_env_free(&c->env, c->windows[i], c->windows[i] ? sizeof(window) : 0);
    alice_env_free(&c->env, c->doubt, c->doubt_size);
    alice_env_free(&c->env, c->texts, c->texts ? TEXTS_ROOM : 0);
    alice_env_free(&c->env, c->path, c->path ? (size_t)3 * PATH_ROOM : 0);
    alice_env env = c->env;
    alice_env_free(&env, c, sizeof *c);
}

const char *alice__catalog_why(const alice__catalog *c)
{
    const char *why = alice__store_why(c->top);
    return why[0] || !c->base ? why : alice__store_why(c->base);
}

/* Fill `error` with the database's words. */
static alice_status told(const alice__catalog *c, alice_status st, alice_error *error)
{
    if (st != ALICE_OK)
        alice__fail(error, st, 0, "%s", alice__catalog_why(c));
    return st;
}

/* ---- fingerprints ---- */

static uint32_t fingerprint_key(uint64_t size, alice__hash head)
{
    uint64_t h = (head.low ^ size * 0x9e3779b97f4a7c15u) + head.high;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    return (uint32_t)(h >> 32);
}

/* Put fingerprints [from, to) of the sorted buffer into the index. */
static alice_status merge_part(alice__catalog *c, size_t from, size_t to)
{
    alice_status st = alice__store_begin(c->top);
    for (size_t i = from; i < to && st == ALICE_OK; i++) {
        uint32_t key;
        int64_t id = alice__fingerprints_at(&c->fingerprints, i, &key);
        st = alice__store_fingerprint_add(c->top, key, id);
    }
    return st;
}

/* All of them, as part of the transaction that is under way. */
static alice_status merge_within(alice__catalog *c)
{
    alice__fingerprints_sort(&c->fingerprints);
    alice_status st = merge_part(c, 0, c->fingerprints.count);
    if (st == ALICE_OK) {
        c->now.merged = c->fingerprints.last;
        alice__fingerprints_clear(&c->fingerprints, c->now.merged);
    } else {
        c->stale = true;
    }
    return st;
}

/*
 * All of them, between transactions: in slices, so that the log stays short,
 * and not flushed: a slice that is lost is merged again, since only the last
 * one says that it is done.
 */
static alice_status merge_between(alice__catalog *c)
{
    size_t n = c->fingerprints.count;
    alice_status st = alice__store_flushing(c->top, false);
    bool log = alice__store_has_log(c->top);
    alice__fingerprints_sort(&c->fingerprints);
    for (size_t from = 0; from < n && st == ALICE_OK;) {
        size_t to = log && n - from > SLICE ? from + SLICE : n;
        st = merge_part(c, from, to);
        if (to == n)
            c->now.merged = c->fingerprints.last;
        if (st == ALICE_OK)
            st = alice__store_commit(c->top, &c->now);
        from = to;
    }
    if (st == ALICE_OK) {
        c->saved = c->now;
        alice__fingerprints_clear(&c->fingerprints, c->now.merged);
    } else {
        alice__catalog_rollback(c);
    }
    alice_status back = alice__store_flushing(c->top, true);
    return st != ALICE_OK ? st : back;
}

static alice_status remember(alice__catalog *c, uint32_t key, int64_t id)
{
    alice_status st = ALICE_OK;
    if (alice__fingerprints_add(&c->fingerprints, key, id))
        return ALICE_OK;
    st = merge_within(c);
    if (st == ALICE_OK && !alice__fingerprints_add(&c->fingerprints, key, id)) {
        /* So far above the floor that the difference does not fit: lift the floor. */
        alice__fingerprints_clear(&c->fingerprints, id - 1);
        /* Fits: the table is empty, and its floor is one below. */
        (void)alice__fingerprints_add(&c->fingerprints, key, id);
    }
    return st;
}

static alice_status rebuild_from(alice__catalog *c, alice__store *s)
{
    int64_t id;
    uint64_t size;
    alice__hash head;
    alice_status st = alice__store_pending(s, c->now.merged);
    if (st != ALICE_OK)
        return st;
    while ((st = alice__store_pending_next(s, &id, &size, &head)) == ALICE_OK) {
        st = remember(c, fingerprint_key(size, head), id);
        if (st != ALICE_OK)
            break;
    }
    alice__store_pending_end(s);
    return st == ALICE_E_END ? ALICE_OK : st;
}

/* Fill the buffer from the rows that are not yet in the index, after a kill or a rollback. */
static alice_status refresh(alice__catalog *c)
{
    alice_status st = ALICE_OK;
    if (!c->stale)
        return ALICE_OK;
    c->stale = false;
    alice__fingerprints_clear(&c->fingerprints, c->now.merged);
    if (c->base && c->now.merged < c->base_files)
        st = rebuild_from(c, c->base);
    if (st == ALICE_OK)
        st = rebuild_from(c, c->top);
    if (st != ALICE_OK)
        c->stale = true;
    return st;
}

/* The next id with this key: base's rows, then top's, then the buffer's; each by id. */
static alice_status next_fingerprint(alice__catalog *c, uint32_t key, int64_t after,
                                     int64_t *id)
{
    alice_status st = ALICE_OK;
    *id = 0;
    if (c->base && after < c->base_files)
        st = alice__store_fingerprint_next(c->base, key, after, id);
    if (st == ALICE_OK && *id == 0 && after < c->now.merged)
        st = alice__store_fingerprint_next(c->top, key, after, id);
    if (st == ALICE_OK && *id == 0)
        *id = alice__fingerprints_next(&c->fingerprints, key, after);
    return st;
}

static alice__store *store_of(const alice__catalog *c, int64_t id)
{
    return c->base && id < c->base_files ? c->base : c->top;
}

alice_status alice__catalog_same(alice__catalog *c, uint64_t size, alice__hash head,
                                 int64_t *after, char *buf, size_t buf_size,
                                 alice__candidate *out)
{
    uint32_t key = fingerprint_key(size, head);
    int64_t id = *after;
    alice_status st = refresh(c);
    *out = (alice__candidate){0};
    while (st == ALICE_OK) {
        alice__store_row row;
        st = next_fingerprint(c, key, id, &id);
        if (st != ALICE_OK || id == 0)
            break;
        st = alice__store_row_get(store_of(c, id), id, &row);
        if (st == ALICE_E_NOENT) { /* forgotten since */
            st = ALICE_OK;
            continue;
        }
        if (st != ALICE_OK)
            break;
        bool same = row.state == ALICE__PLACED && row.stamp.size == size &&
                    row.head.low == head.low && row.head.high == head.high;
        if (same) {
            int n = snprintf(buf, buf_size, "%s", row.dest);
            if (n < 0 || (size_t)n >= buf_size)
                st = ALICE_E_TOOBIG;
            *out = (alice__candidate){.id = id,
                                      .size = size,
                                      .has_content = row.has_content,
                                      .content = row.content,
                                      .dest = buf};
        }
        alice__store_row_end(store_of(c, id));
        if (same)
            break;
    }
    if (st == ALICE_OK && id != 0)
        *after = id;
    return st;
}

/* ---- known ---- */

static bool covers(const window *w, int64_t dir, const char *name)
{
    if (w->dir != dir)
        return false;
    int lo = strcmp(name, w->lo);
    if (lo < 0 || (lo == 0 && w->above))
        return false;
    return w->whole ||
           (w->count > 0 && strcmp(name, w->names + w->rows[w->count - 1].name) <= 0);
}

/* Rows of the directory from `name` on, as many as there is room for. */
static alice_status fill(window *w, alice__store *s, int64_t dir, const char *name)
{
    const char *found;
    size_t used = 0;
    w->dir = 0;
    w->count = 0;
    alice_status st = alice__store_scan(s, dir, name, WINDOW_ROWS);
    if (st != ALICE_OK)
        return st;
    while (w->count < WINDOW_ROWS) {
        window_row *r = &w->rows[w->count];
        st = alice__store_scan_next(s, &r->known, &found);
        if (st != ALICE_OK)
            break;
        size_t n = strlen(found) + 1, m = strlen(r->known.dest) + 1;
        if (n + m > sizeof w->names - used)
            break;
        memcpy(w->names + used, found, n);
        memcpy(w->names + used + n, r->known.dest, m);
        r->known.dest = w->names + used + n;
        r->name = (uint32_t)used;
        used += n + m;
        w->count++;
    }
    alice__store_scan_end(s);
    if (st != ALICE_OK && st != ALICE_E_END)
        return st;
    w->dir = dir;
    w->whole = st == ALICE_E_END && w->count < WINDOW_ROWS;
    w->above = false;
    strcpy(w->lo, name); /* shorter than NAME_ROOM: the caller looked */
    return ALICE_OK;
}

static void search(const window *w, const char *name, alice__known *known)
{
    unsigned lo = 0, hi = w->count;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        int d = strcmp(w->names + w->rows[mid].name, name);
        if (d == 0) {
            *known = w->rows[mid].known;
            return;
        }
        if (d < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
}

/* A name no window has room for. */
static alice_status known_alone(alice__store *s, int64_t dir, const char *name,
                                alice__known *known)
{
    const char *found;
    alice__known row;
    alice_status st = alice__store_scan(s, dir, name, 1);
    if (st != ALICE_OK)
        return st;
    st = alice__store_scan_next(s, &row, &found);
    if (st == ALICE_OK && !strcmp(found, name)) {
        *known = row;
        known->dest = "";
    }
    alice__store_scan_end(s);
    return st == ALICE_E_END ? ALICE_OK : st;
}

alice_status alice__catalog_known(alice__catalog *c, int64_t dir_id, const char *name,
                                  alice__known *known)
{
    alice__store *stores[2] = {c->top, c->base};
    size_t n = strlen(name) + 1;
    /* A run over what is known commits nothing, and beats here. */
    alice_status st = alice__lock_beat(&c->lock, &c->env);
    *known = (alice__known){0};
    for (int i = 0; i < 2 && st == ALICE_OK && known->id == 0; i++) {
        window *w = c->windows[i];
        if (!stores[i] || dir_id == 0)
            continue;
        if (n > NAME_ROOM) {
            st = known_alone(stores[i], dir_id, name, known);
            continue;
        }
        if (!covers(w, dir_id, name))
            st = fill(w, stores[i], dir_id, name);
        if (st == ALICE_OK) {
            memcpy(w->asked, name, n);
            search(w, name, known);
        }
    }
    return st;
}

alice_status alice__catalog_siblings(alice__catalog *c, int64_t dir_id, const char *from,
                                     const char *to, alice__sibling_fn each, void *ctx)
{
    alice__store *stores[2] = {c->top, c->base};
    alice_status st = ALICE_OK;
    bool enough = false;
    for (int i = 0; i < 2 && st == ALICE_OK && !enough && dir_id; i++)
        if (stores[i])
            st = alice__store_siblings(stores[i], dir_id, from, to, each, ctx, &enough);
    return st;
}

/* A row of (dir, name) came: what the window says about the names asked before is past. */
static void window_passes(window *w, int64_t dir, const char *name)
{
    if (w->dir != dir)
        return;
    if (strcmp(name, w->asked) > 0) {
        w->dir = 0;
    } else if (strcmp(w->asked, w->lo) > 0 || !w->above) {
        strcpy(w->lo, w->asked);
        w->above = true;
    }
}

/* ---- directories ---- */

alice_status alice__catalog_dir(alice__catalog *c, const char *path, bool create,
                                int64_t *dir_id)
{
    int64_t id = 0;
    alice_status st = c->base ? alice__store_dir_find(c->base, path, &id) : ALICE_OK;
    if (st == ALICE_OK && id == 0)
        st = alice__store_dir_find(c->top, path, &id);
    if (st == ALICE_OK && id == 0 && create) {
        st = alice__store_begin(c->top);
        if (st == ALICE_OK)
            st = alice__store_dir_add(c->top, c->next_dir, path);
        if (st == ALICE_OK)
            id = c->next_dir++;
    }
    if (st == ALICE_OK)
        *dir_id = id;
    return st;
}

/* ---- numbers ---- */

static alice_status number_write(alice__catalog *c, number *slot)
{
    alice_status st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_number_set(c->top, slot->key, slot->key + strlen(slot->key) + 1,
                                     slot->next);
    if (st == ALICE_OK)
        slot->dirty = false;
    return st;
}

static alice_status number_read(alice__catalog *c, const char *project, const char *source,
                                uint64_t *next)
{
    *next = 0;
    alice_status st = alice__store_number_get(c->top, project, source, next);
    if (st == ALICE_OK && *next == 0 && c->base)
        st = alice__store_number_get(c->base, project, source, next);
    if (st == ALICE_OK && *next == 0)
        *next = 1;
    return st;
}

/* Answers the next number, and makes the one after it `past` + 1, or, where `past` is 0, the
   following. */
static alice_status take_number(alice__catalog *c, const char *project, const char *source,
                                uint64_t past, uint64_t *out)
{
    size_t np = strlen(project) + 1, ns = strlen(source) + 1;
    uint32_t hash = 2166136261u;
    uint64_t next;
    alice_status st;
    if (np + ns > NUMBER_KEY) { /* too long to be remembered */
        st = number_read(c, project, source, &next);
        if (st == ALICE_OK)
            st = alice__store_begin(c->top);
        if (st == ALICE_OK)
            st = alice__store_number_set(c->top, project, source,
                                         past == 0      ? next + 1
                                         : past >= next ? past + 1
                                                        : next);
        if (st == ALICE_OK)
            *out = next;
        return st;
    }
    char key[NUMBER_KEY];
    memcpy(key, project, np);
    memcpy(key + np, source, ns);
    for (size_t i = 0; i < np + ns; i++)
        hash = (hash ^ (uint8_t)key[i]) * 16777619u;
    number *slot = &c->numbers[(hash ^ hash >> 16) % NUMBERS];
    if (slot->next == 0 || slot->n != np + ns || memcmp(slot->key, key, np + ns) != 0) {
        st = slot->dirty ? number_write(c, slot) : ALICE_OK;
        if (st == ALICE_OK)
            st = number_read(c, project, source, &next);
        if (st != ALICE_OK)
            return st;
        slot->next = next;
        slot->n = (uint8_t)(np + ns);
        memcpy(slot->key, key, np + ns);
    }
    *out = slot->next;
    if (past == 0)
        slot->next++;
    else if (past >= slot->next)
        slot->next = past + 1;
    slot->dirty |= slot->next != *out;
    return ALICE_OK;
}

alice_status alice__catalog_number(alice__catalog *c, const char *project, const char *source,
                                   uint64_t *out)
{
    return take_number(c, project, source, 0, out);
}

alice_status alice__catalog_number_past(alice__catalog *c, const char *project,
                                        const char *source, uint64_t past)
{
    uint64_t next;
    return past > 0 && past < INT64_MAX ? take_number(c, project, source, past, &next)
                                        : ALICE_OK;
}

static alice_status numbers_write(alice__catalog *c)
{
    alice_status st = ALICE_OK;
    for (int i = 0; i < NUMBERS && st == ALICE_OK; i++)
        if (c->numbers[i].dirty)
            st = number_write(c, &c->numbers[i]);
    return st;
}

/* ---- rows ---- */

alice_status alice__catalog_add(alice__catalog *c, const alice__row *row, int64_t *id,
                                alice_error *error)
{
    int64_t new_id = c->now.next_file;
    alice_status st = refresh(c);
    if (st == ALICE_OK)
        st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_row_add(c->top, new_id, row);
    if (st == ALICE_E_EXISTS) {
        st = alice__store_row_replace(c->top, new_id, row->dir_id, row->name);
        if (st == ALICE_OK)
            st = alice__store_row_add(c->top, new_id, row);
        if (st == ALICE_E_EXISTS)
            st = alice__store_damaged(c->top, "an index names a row that is not there");
    }
    if (st == ALICE_OK && row->state == ALICE__PLACED) {
        st = remember(c, fingerprint_key(row->stamp.size, row->head), new_id);
        c->now.placed++;
    }
    if (st != ALICE_OK)
        return told(c, st, error);
    c->now.next_file++;
    for (int i = 0; i < 2; i++)
        if (c->windows[i])
            window_passes(c->windows[i], row->dir_id, row->name);
    *id = new_id;
    return ALICE_OK;
}

alice_status alice__catalog_forget(alice__catalog *c, int64_t id)
{
    alice__store_row row;
    if (store_of(c, id) != c->top)
        return ALICE_OK;
    alice_status st = alice__store_row_get(c->top, id, &row);
    if (st != ALICE_OK)
        return st == ALICE_E_NOENT ? ALICE_OK : st;
    alice__store_row_end(c->top);
    st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_row_delete(c->top, id);
    if (st == ALICE_OK && row.state == ALICE__PLACED)
        c->now.placed--;
    c->windows[0]->dir = 0;
    return st;
}

alice_status alice__catalog_set_content(alice__catalog *c, int64_t id, alice__hash content)
{
    if (store_of(c, id) != c->top)
        return ALICE_OK;
    alice_status st = alice__store_begin(c->top);
    return st == ALICE_OK ? alice__store_set_content(c->top, id, content) : st;
}

alice_status alice__catalog_moved(alice__catalog *c, int64_t id, const char *dest)
{
    if (store_of(c, id) != c->top)
        return ALICE_OK;
    alice_status st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_set_dest(c->top, id, dest);
    if (st == ALICE_OK && (c->moved_from == 0 || id < c->moved_from))
        c->moved_from = id;
    return st;
}

alice_status alice__catalog_dest(alice__catalog *c, int64_t id, char *buf, size_t size)
{
    alice__stamp stamp;
    return alice__catalog_placed(c, id, &stamp, buf, size);
}

alice_status alice__catalog_placed(alice__catalog *c, int64_t id, alice__stamp *stamp,
                                   char *buf, size_t size)
{
    alice__store_row row;
    alice__store *s = store_of(c, id);
    alice_status st = alice__store_row_get(s, id, &row);
    buf[0] = 0;
    *stamp = (alice__stamp){.size = 0};
    if (st == ALICE_E_NOENT)
        return ALICE_OK;
    if (st != ALICE_OK)
        return st;
    int n = snprintf(buf, size, "%s", row.dest);
    *stamp = row.stamp;
    alice__store_row_end(s);
    return n >= 0 && (size_t)n < size ? ALICE_OK : ALICE_E_TOOBIG;
}

alice_status alice__catalog_head(alice__catalog *c, int64_t id, alice__hash *head)
{
    alice__store_row row;
    alice__store *s = store_of(c, id);
    alice_status st = alice__store_row_get(s, id, &row);
    *head = (alice__hash){0};
    if (st != ALICE_OK)
        return st == ALICE_E_NOENT ? ALICE_OK : st;
    *head = row.head;
    alice__store_row_end(s);
    return ALICE_OK;
}

alice_status alice__catalog_refused_day(alice__catalog *c, int64_t id, int64_t *day)
{
    alice__store_row row;
    alice__store *s = store_of(c, id);
    alice_status st = alice__store_row_get(s, id, &row);
    *day = 0;
    if (st != ALICE_OK)
        return st == ALICE_E_NOENT ? ALICE_OK : st;
    if (row.state == ALICE__PLACED && row.other < 0)
        *day = -row.other;
    alice__store_row_end(s);
    return ALICE_OK;
}

alice_status alice__catalog_next_doubted(alice__catalog *c, int64_t today, char *dest,
                                         size_t dest_size, int64_t *id, alice__stamp *stamp)
{
    return alice__store_doubted(c->top, today, dest, dest_size, id, stamp);
}

alice_status alice__catalog_redated(alice__catalog *c, int64_t id, const char *dest,
                                    const alice_media_info *info)
{
    alice_status st = alice__store_begin(c->top);
    for (int i = 0; i < 2; i++)
        if (c->windows[i])
            c->windows[i]->dir = 0;
    return st == ALICE_OK ? alice__store_redate(c->top, id, dest, info) : st;
}

alice_status alice__catalog_next_placed(alice__catalog *c, int64_t before, int64_t *after,
                                        uint64_t *size, char *dest, size_t dest_size)
{
    if (c->dry_run && !c->base)
        return ALICE_E_END;
    if (before == 0 || (c->base && before > c->base_files))
        before = c->base ? c->base_files : c->now.next_file;
    return alice__store_placed(c->base ? c->base : c->top, before, after, size, dest,
                               dest_size);
}

alice_status alice__catalog_source(alice__catalog *c, int64_t id, char *buf, size_t size)
{
    char name[NAME_ROOM];
    int64_t dir = 0;
    alice_status st = alice__store_row_place(store_of(c, id), id, &dir, name, sizeof name);
    if (st != ALICE_OK)
        return st;
    alice__store *s = c->base && dir < c->base_dirs ? c->base : c->top;
    st = alice__store_dir_path(s, dir, buf, size);
    if (st != ALICE_OK)
        return st;
    size_t n = strlen(buf);
    int m = snprintf(buf + n, size - n, "/%s", name);
    return m > 0 && (size_t)m < size - n ? ALICE_OK : ALICE_E_TOOBIG;
}

/* ---- batches and runs ---- */

alice_status alice__catalog_commit(alice__catalog *c, bool open, alice_error *error)
{
    /* Rows that get another name are in doubt again, and those between with them: looking at
       one too many does no harm. */
    int64_t from = c->moved_from ? c->moved_from : c->saved.next_file;
    bool closes = c->saved.open_from < c->saved.open_to;
    if (c->doubtful && c->saved.open_from < from)
        from = c->saved.open_from;
    alice_status st = numbers_write(c);
    /* Nothing happened: nothing to flush. */
    if (st == ALICE_OK && !alice__store_begun(c->top) && !closes)
        return ALICE_OK;
    if (st == ALICE_OK) {
        st = alice__lock_still(&c->lock, &c->env, error);
        if (st != ALICE_OK)
            return st;
    }
    open |= c->doubtful;
    c->now.open_from = open ? from : 0;
    c->now.open_to = open ? c->now.next_file : 0;
    if (st == ALICE_OK)
        st = alice__store_commit(c->top, &c->now);
    if (st != ALICE_OK)
        return told(c, st, error);
    c->saved = c->now;
    c->moved_from = 0;
    c->saved_next_dir = c->next_dir;
    /* The batch is durable whatever comes of this: what fails here fails again in the next
       batch, which can still be taken back. */
    if (!c->stale && c->fingerprints.count > c->fingerprints.limit - c->fingerprints.limit / 8)
        (void)merge_between(c);
    return ALICE_OK;
}

void alice__catalog_rollback(alice__catalog *c)
{
    alice__store_rollback(c->top);
    c->now = c->saved;
    c->moved_from = 0;
    c->doubtful = c->saved.open_from < c->saved.open_to;
    c->next_dir = c->saved_next_dir;
    forget_all(c);
}

alice_status alice__catalog_home(alice__catalog *c, char *organized, size_t size)
{
    return alice__store_run_last(c->base ? c->base : c->top, organized, size);
}

alice_status alice__catalog_newest_run(alice__catalog *c, int64_t most, int64_t *started_s)
{
    return alice__store_run_newest(c->base ? c->base : c->top, most, started_s);
}

/* Part of the transaction: the next state of the tree is this catalog's. */
static alice_status raise_generation(alice__catalog *c)
{
    c->tree.generation++;
    return alice__store_tree_set(c->top, &c->tree);
}

/* After the commit: the tree says so too. A kill in between leaves a catalog that knows more
   than the mark, which does no harm. */
static alice_status mark_tree(alice__catalog *c, alice_error *error)
{
    const alice__tree_mark mark = {c->tree.id, c->tree.generation};
    alice_status st =
        c->home && !c->dry_run ? alice__tree_mark_write(c->home, &mark) : ALICE_OK;
    if (st == ALICE_OK) {
        c->standing = ALICE__STANDING_CURRENT;
        return st;
    }
    return alice__fail(error, st, 0, "%s/generation cannot be written: %s", c->home,
                       alice_status_text(st));
}

alice_status alice__catalog_run_begin(alice__catalog *c, const alice__run *run, int64_t *run_id,
                                      alice_error *error)
{
    alice_status st = alice__lock_still(&c->lock, &c->env, error);
    if (st != ALICE_OK)
        return st;
    st = alice__store_begin(c->top);
    c->rebuilds = run->rebuilds;
    c->tree.incomplete = c->rebuilds;
    if (st == ALICE_OK)
        st = c->rebuilds ? alice__store_tree_set(c->top, &c->tree) : raise_generation(c);
    if (st == ALICE_OK)
        st = alice__store_run_add(c->top, run, c->now.next_file, run_id);
    if (st == ALICE_OK)
        st = alice__store_commit(c->top, &c->now);
    if (st != ALICE_OK)
        return told(c, st, error);
    c->saved = c->now;
    return c->rebuilds ? ALICE_OK : mark_tree(c, error);
}

alice_status alice__catalog_run_end(alice__catalog *c, int64_t run_id,
                                    const alice__run_totals *totals, alice_error *error)
{
    alice_status st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_run_end(c->top, run_id, totals);
    bool raise = totals->tally.organized > 0 || (c->rebuilds && totals->finished);
    if (c->rebuilds && totals->finished)
        c->tree.incomplete = false;
    if (st == ALICE_OK && raise)
        st = raise_generation(c);
    if (st == ALICE_OK)
        st = refresh(c);
    if (st != ALICE_OK)
        return told(c, st, error);
    st = alice__catalog_commit(c, false, error);
    if (st == ALICE_OK && raise && !c->tree.incomplete)
        st = mark_tree(c, error);
    if (st == ALICE_OK && c->fingerprints.count > 0 && !c->dry_run)
        st = told(c, merge_between(c), error);
    return st;
}

alice_status alice__catalog_doubt(alice__catalog *c, int64_t *after, alice__doubt *out)
{
    alice__store_doubt d;
    int64_t from = c->saved.open_from - 1;
    *out = (alice__doubt){0};
    if (c->dry_run || c->saved.open_from >= c->saved.open_to)
        return ALICE_OK;
    alice_status st =
        alice__store_doubt_get(c->top, *after > from ? *after : from, c->saved.open_to, &d);
    if (st != ALICE_OK)
        return st == ALICE_E_END ? ALICE_OK : st;
    size_t ns = strlen(d.dir) + 1 + strlen(d.name) + 1, nd = strlen(d.dest) + 1;
    if (ns + nd > c->doubt_size) {
        st = alice_env_resize(&c->env, (void **)&c->doubt, c->doubt_size, ns + nd, ALICE_HERE);
        if (st == ALICE_OK)
            c->doubt_size = ns + nd;
    }
    if (st == ALICE_OK) {
        snprintf(c->doubt, ns, "%s/%s", d.dir, d.name);
        memcpy(c->doubt + ns, d.dest, nd);
        *out = (alice__doubt){.id = d.id,
                              .source = c->doubt,
                              .dest = c->doubt + ns,
                              .stamp = d.stamp,
                              .head = d.head,
                              .move = d.move};
        *after = d.id;
    }
    alice__store_doubt_end(c->top);
    return st;
}

alice_status alice__catalog_settled(alice__catalog *c, alice_error *error)
{
    int64_t from = c->saved.open_from, to = c->saved.open_to;
    if (c->dry_run)
        return ALICE_OK;
    alice_status st = from < to ? alice__store_begin(c->top) : ALICE_OK;
    if (st == ALICE_OK && from < to)
        st = alice__store_orphans_delete(c->top, from, to);
    c->windows[0]->dir = 0;
    if (st != ALICE_OK)
        return told(c, st, error);
    c->doubtful = false;
    return alice__catalog_commit(c, false, error);
}

/* ---- runs read back ---- */

static alice__store *history_of(const alice__catalog *c)
{
    return c->base ? c->base : c->top;
}

/* Room for the texts of one answer. */
static alice_status room_for_texts(alice__catalog *c)
{
    return c->texts ? ALICE_OK
                    : alice_env_alloc(&c->env, TEXTS_ROOM, ALICE_HERE, (void **)&c->texts);
}

alice_status alice__catalog_run_before(alice__catalog *c, int64_t before, alice__run_row *out)
{
    alice_status st = room_for_texts(c);
    if (st == ALICE_OK)
        st = alice__store_run_before(history_of(c), before ? before : INT64_MAX, c->texts,
                                     TEXTS_ROOM, out);
    return st;
}

alice_status alice__catalog_run_file(alice__catalog *c, const alice__run_row *run,
                                     int64_t *after, alice__run_file *out)
{
    alice_status st = room_for_texts(c);
    if (st == ALICE_OK)
        st = alice__store_run_file(history_of(c), run, *after, c->texts, TEXTS_ROOM, out);
    if (st == ALICE_OK)
        *after = out->id;
    return st;
}

alice_status alice__catalog_undo(alice__catalog *c, int64_t run, int64_t id,
                                 alice__undo_state undo, alice__state state)
{
    alice__store_row row;
    alice_status st = alice__store_row_get(c->top, id, &row);
    if (st != ALICE_OK)
        return st;
    alice__store_row_end(c->top);
    st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_undo_set(c->top, run, id, undo);
    if (st == ALICE_OK && row.state != state) {
        st = alice__store_set_state(c->top, id, state);
        c->now.placed += state == ALICE__PLACED ? 1 : row.state == ALICE__PLACED ? -1 : 0;
        c->windows[0]->dir = 0;
    }
    return st;
}

/* ---- the rest ---- */

size_t alice__catalog_shrink(alice__catalog *c, size_t wanted)
{
    size_t got = alice__store_shrink(c->top, wanted);
    if (got < wanted && c->base)
        got += alice__store_shrink(c->base, wanted - got);
    return got;
}

void alice__catalog_stats_get(const alice__catalog *c, alice__catalog_stats *out)
{
    out->rows = (uint64_t)c->now.placed;
    alice__store_written(c->top, &out->bytes_written, &out->flushes);
}
