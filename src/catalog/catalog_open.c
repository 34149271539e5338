/* SPDX-License-Identifier: MIT */
/*
 * Where a catalog is and how it is opened and closed: whether what stands there is one, the
 * lock and the names beside it, and for a dry run databases in a scratch folder.
 */
#include "catalog/catalog_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "catalog/tree_mark.h"
#include "port/fs.h"
#include "port/host.h"

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
        int n = snprintf(c->path, ALICE__PATH_ROOM, "%s%s", path, logs[i]);
        log = n > 0 && n < ALICE__PATH_ROOM && alice__fs_stat_path(c->path, &s) == 0;
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
    char name[ALICE__PATH_ROOM / 4 + 32];
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
    char to[ALICE__PATH_ROOM / 4 + 32];
    int fd = -1;
    alice_status st = beside(path, ".lock", c->path, ALICE__PATH_ROOM);
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
        int n = snprintf(c->path, ALICE__PATH_ROOM, "%s%s", path, ends[i]);
        if (n < 0 || n >= ALICE__PATH_ROOM || (i > 0 && !stands(c->path)))
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

static alice_status open_dry(alice__catalog *c, const alice__catalog_options *o,
                             const alice__store_options *like, alice_error *error)
{
    char name[ALICE__PATH_ROOM / 4 + 32];
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
        if (needs_copy(o->path, c->path, ALICE__PATH_ROOM)) {
            st = copy_base(c, o->path, error);
            if (st == ALICE_OK)
                st = scratch_name(c, "old.db", name, sizeof name);
            so.path = name;
            so.mode = ALICE__STORE_SCRATCH;
        }
        if (st == ALICE_OK)
            st = alice__store_open(&c->base, &so, error);
        if (st == ALICE_E_BUSY && so.mode == ALICE__STORE_READ &&
            beside(o->path, ".lock", c->path, ALICE__PATH_ROOM) == ALICE_OK)
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
    char *lock = c->path + (size_t)2 * ALICE__PATH_ROOM;
    st = beside(o->path, ".lock", lock, ALICE__PATH_ROOM);
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
    st = beside(o->path, ".probe", c->path, ALICE__PATH_ROOM);
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

    st = alice_env_alloc(&c->env, (size_t)3 * ALICE__PATH_ROOM, ALICE_HERE, (void **)&c->path);
    if (st == ALICE_OK && o->home) {
        c->home = c->path + ALICE__PATH_ROOM;
        if (strlen(o->home) >= ALICE__PATH_ROOM)
            st = ALICE_E_TOOBIG;
        else
            strcpy(c->path + ALICE__PATH_ROOM, o->home);
    }
    for (int i = 0; i < 1 + c->dry_run && st == ALICE_OK; i++)
        st = alice_env_calloc(&c->env, 1, sizeof(alice__window), ALICE_HERE,
                              (void **)&c->windows[i]);
    if (st == ALICE_OK)
        st = alice__fingerprints_open(&c->fingerprints, &c->env, bytes);
    if (st == ALICE_OK) {
        st = (c->dry_run ? open_dry : open_real)(c, o, &like, error);
        said = st != ALICE_OK;
    }
    if (st == ALICE_OK)
        st = load(c);
    if (st == ALICE_OK) {
        alice__catalog_forget_all(c);
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
        alice_env_free(&c->env, c->windows[i], c->windows[i] ? sizeof(alice__window) : 0);
    alice_env_free(&c->env, c->doubt, c->doubt_size);
    alice_env_free(&c->env, c->texts, c->texts ? ALICE__TEXTS_ROOM : 0);
    alice_env_free(&c->env, c->path, c->path ? (size_t)3 * ALICE__PATH_ROOM : 0);
    alice_env env = c->env;
    alice_env_free(&env, c, sizeof *c);
}
