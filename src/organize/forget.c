/* SPDX-License-Identifier: MIT */
/*
 * alice_forget(): first it is noted, durable, what is not wanted, then the file leaves the
 * tree, so that a run at the same moment does not place it again. It is moved to
 * .alice/removed/forgotten/<its path>, never deleted: that is the user's to do.
 */
#include "organize/forget.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <alice/organize.h>

#include "base/error.h"
#include "organize/transfer_int.h"
#include "port/fs.h"

enum { PATH_MOST = 4096, MARK_MOST = 160, CHUNK_KB = 256, NAMES_TRIED = 1000 };

static const char notes[] = ".alice/forgotten", removed[] = ".alice/removed/forgotten";

static void head_path(char out[MARK_MOST], uint64_t size, alice__hash head)
{
    snprintf(out, MARK_MOST, "%s/%llu-%016llx%016llx", notes, (unsigned long long)size,
             (unsigned long long)head.high, (unsigned long long)head.low);
}

static void mark_path(char out[MARK_MOST], uint64_t size, alice__hash head, alice__hash content)
{
    head_path(out, size, head);
    size_t n = strlen(out);
    snprintf(out + n, MARK_MOST - n, "/%016llx%016llx", (unsigned long long)content.high,
             (unsigned long long)content.low);
}

static bool stands(int dir, const char *path)
{
    alice__fs_stat s;
    return dir >= 0 && alice__fs_stat_at(dir, path, &s) == 0;
}

bool alice__forgotten_any(int organized_fd)
{
    return stands(organized_fd, notes);
}

bool alice__forgotten_head(int organized_fd, uint64_t size, alice__hash head)
{
    char path[MARK_MOST];
    head_path(path, size, head);
    return stands(organized_fd, path);
}

bool alice__forgotten_content(int organized_fd, uint64_t size, alice__hash head,
                              alice__hash content)
{
    char path[MARK_MOST];
    mark_path(path, size, head, content);
    return stands(organized_fd, path);
}

/* Flush the folder that `path` stands in. */
static int flush_parent(int dir, const char *path)
{
    char parent[PATH_MOST];
    int fd = -1;
    const char *slash = strrchr(path, '/');
    snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - path) : 1,
             slash ? path : ".");
    int r = alice__fs_open_dir(dir, parent, &fd);
    if (!r)
        r = alice__flush_folder(&alice__fs_real, fd);
    alice__fs_close(fd);
    return r;
}

/* Make the folders that `path` stands in, each durable. */
static int make_parents(int dir, const char *path)
{
    char part[PATH_MOST];
    int r = 0;
    for (const char *slash = strchr(path, '/'); slash && !r; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        r = alice__fs_mkdir(dir, part, 0755);
        r = r == -EEXIST ? 0 : r ? r : flush_parent(dir, part);
    }
    return r;
}

typedef struct forgetting {
    int organized;
    int file; /* open to read */
    alice__stamp stamp;
    char mark[MARK_MOST];
    char at[MARK_MOST]; /* of its path; "": it has none below organized */
    bool was_noted;
} forgetting;

static int note_one(const forgetting *f, const char *mark, bool *stood)
{
    int fd = -1;
    int r = make_parents(f->organized, mark);
    if (!r)
        r = alice__fs_create(f->organized, mark, 0644, &fd);
    alice__fs_close(fd);
    *stood = r == -EEXIST;
    return r && !*stood ? r : flush_parent(f->organized, mark);
}

static int note(forgetting *f)
{
    bool stood;
    int r = note_one(f, f->mark, &f->was_noted);
    return r || !*f->at ? r : note_one(f, f->at, &stood);
}

static int take_note_back(forgetting *f)
{
    char folder[MARK_MOST];
    int r = *f->at ? alice__fs_unlink(f->organized, f->at) : 0;
    if (!r && *f->at)
        r = flush_parent(f->organized, f->at);
    if (r && r != -ENOENT) /* notes of older versions have no path */
        return r;
    r = alice__fs_unlink(f->organized, f->mark);
    if (r)
        return r;
    r = flush_parent(f->organized, f->mark);
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(f->mark, '/') - f->mark), f->mark);
    (void)alice__fs_rmdir(f->organized, folder); /* another of the same head may stand there */
    return r;
}

/* Its size and hashes make its mark. */
static alice_status look(const alice_env *env, forgetting *f)
{
    const alice__reading_whole how = {.env = *env, .chunk_bytes = CHUNK_KB * ALICE_KB};
    alice__fs_stat s;
    alice__hash content;
    void *head = NULL;
    size_t got = 0;
    int r = alice__fs_stat_fd(f->file, &s);
    if (r)
        return alice__status_of_errno(-r);
    if (s.kind != ALICE__FS_FILE)
        return ALICE_E_INVAL;
    f->stamp = alice__stamp_of(&s);
    alice_status st = alice_env_alloc(env, ALICE__HEAD_BYTES, ALICE_HERE, &head);
    if (st != ALICE_OK)
        return st;
    r = alice__fs_read_at(f->file, 0, head, ALICE__HEAD_BYTES, &got);
    st = r ? alice__status_of_errno(-r) : alice__content_hash(&how, f->file, s.size, &content);
    if (st == ALICE_OK)
        mark_path(f->mark, s.size, alice__hash_of_bytes(head, got), content);
    alice_env_free(env, head, ALICE__HEAD_BYTES);
    return st;
}

/* Give `from` the name `to`, both below organized, where nothing stands. */
static int rename_below(forgetting *f, const char *from, const char *to)
{
    const alice__naming n = {.from_dir = f->organized,
                             .from = from,
                             .to_dir = f->organized,
                             .to = to,
                             .stamp = &f->stamp};
    int r = make_parents(f->organized, to);
    if (!r)
        r = alice__place(&alice__fs_real, &n);
    if (!r)
        r = flush_parent(f->organized, to);
    return r ? r : flush_parent(f->organized, from);
}

static int set_aside(forgetting *f, const char *below, char to[PATH_MOST])
{
    int r = -EEXIST;
    for (int i = 1; r == -EEXIST && i <= NAMES_TRIED; i++) {
        int n = i == 1 ? snprintf(to, PATH_MOST, "%s/%s", removed, below)
                       : snprintf(to, PATH_MOST, "%s/%s~%d", removed, below, i);
        if (n < 0 || n >= PATH_MOST)
            return -ENAMETOOLONG;
        r = rename_below(f, below, to);
    }
    return r;
}

static void place_path(char out[MARK_MOST], const char *dest)
{
    alice__hash at = alice__hash_of_bytes(dest, strlen(dest));
    snprintf(out, MARK_MOST, "%s/at/%016llx%016llx", notes, (unsigned long long)at.high,
             (unsigned long long)at.low);
}

bool alice__forgotten_at(int organized_fd, const char *dest)
{
    char path[MARK_MOST];
    place_path(path, dest);
    return stands(organized_fd, path);
}

static alice_status say(alice_error *error, const char *path, int r)
{
    return alice__fail(error, alice__status_of_errno(-r), -r, "%s: %s", path, strerror(-r));
}

static alice_status forget(const alice_env *env, forgetting *f, const char *path,
                           const char *below, char *kept, size_t size, alice_error *error)
{
    char to[PATH_MOST];
    int r = alice__fs_open_read(below ? f->organized : ALICE__FS_CWD, below ? below : path,
                                &f->file);
    if (r)
        return say(error, path, r);
    alice_status st = look(env, f);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s: %s", path,
                           st == ALICE_E_INVAL ? "it is no file" : alice_status_text(st));
    r = note(f);
    if (r)
        return say(error, notes, r);
    if (!below)
        return ALICE_OK;
    r = set_aside(f, below, to);
    if (!r) {
        snprintf(kept, size, "%s", to);
        return ALICE_OK;
    }
    st = say(error, path, r);
    if (!f->was_noted && stands(f->organized, below))
        (void)take_note_back(f); /* a note too many only leaves a file where it is */
    return st;
}

static alice_status remember(const alice_env *env, forgetting *f, const char *path,
                             const char *below, char *kept, size_t size, alice_error *error)
{
    char from[PATH_MOST];
    const char *at = path;
    int dir = ALICE__FS_CWD;
    bool back = below && !stands(f->organized, below);
    if (below) {
        dir = f->organized;
        at = below;
    }
    if (back) {
        int n = snprintf(from, sizeof from, "%s/%s", removed, below);
        if (n < 0 || (size_t)n >= sizeof from)
            return say(error, path, -ENAMETOOLONG);
        at = from;
    }
    int r = alice__fs_open_read(dir, at, &f->file);
    if (r)
        return say(error, path, r);
    alice_status st = look(env, f);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s: %s", path, alice_status_text(st));
    if (back) {
        r = rename_below(f, from, below);
        if (r)
            return say(error, path, r);
        snprintf(kept, size, "%s", below);
    }
    r = take_note_back(f);
    if (r == -ENOENT && !back)
        return alice__fail(error, ALICE_E_NOENT, 0, "%s: it was not forgotten", path);
    return r && r != -ENOENT ? say(error, path, r) : ALICE_OK;
}

/* The path of `path` below `organized`, whose links are resolved, but for its own last part;
   NULL in `*below`: it is elsewhere. */
static int below_of(const char *organized, const char *path, char buf[PATH_MOST],
                    const char **below)
{
    char parent[PATH_MOST], root[PATH_MOST], real[PATH_MOST];
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    *below = NULL;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return -EISDIR;
    int n = snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - path) + 1 : 1,
                     slash ? path : ".");
    if (n < 0 || (size_t)n >= sizeof parent)
        return -ENAMETOOLONG;
    int r = alice__fs_real_path(organized, root, sizeof root);
    if (r)
        return r;
    r = alice__fs_real_path(parent, real, sizeof real);
    if (r)
        return r;
    size_t k = strlen(root);
    if (strncmp(real, root, k) != 0 || (real[k] != '/' && real[k] != 0))
        return 0;
    n = snprintf(buf, PATH_MOST, "%s%s%s", real[k] ? real + k + 1 : "", real[k] ? "/" : "",
                 name);
    if (n < 0 || n >= PATH_MOST)
        return -ENAMETOOLONG;
    *below = buf;
    return 0;
}

alice_status alice_forget(const alice_env *env, const char *organized, const char *path,
                          bool undo, char *kept, size_t kept_size, alice_error *error)
{
    static const alice_env none;
    alice_error unheard;
    char buf[PATH_MOST];
    const char *below = NULL;
    forgetting f = {.organized = -1, .file = -1};
    if (!error)
        error = &unheard;
    error->text[0] = 0;
    if (!organized || !path || !kept || kept_size == 0)
        return alice__fail(error, ALICE_E_INVAL, 0,
                           "an organized folder and a file to forget are needed");
    *kept = 0;
    int r = below_of(organized, path, buf, &below);
    if (r)
        return say(error, path, r);
    if (below && strncmp(below, ".alice", 6) == 0 && (below[6] == '/' || below[6] == 0))
        return alice__fail(error, ALICE_E_INVAL, 0, "%s: it is alice's own", path);
    r = alice__fs_open_dir_path(organized, &f.organized);
    if (r)
        return say(error, organized, r);
    if (below)
        place_path(f.at, below);
    alice_status st =
        (undo ? remember : forget)(env ? env : &none, &f, path, below, kept, kept_size, error);
    alice__fs_close(f.file);
    alice__fs_close(f.organized);
    return st;
}
