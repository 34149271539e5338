/* SPDX-License-Identifier: MIT */
/*
 * The organized tree read back into the catalog.
 *
 *   rebuild     every file: its head, facts and number. Where the catalog was lost, or is
 *               older than the tree. What the catalog has at that path, or has read
 *               before, is left as it is: one that was cut off goes on.
 *   reconcile   files that somebody renamed or moved. Once a run, and only when a file's
 *               twin is not where it was: every row's file is looked for (a stat), the
 *               sizes of those that are gone make a filter of 64 KB, and of the files in
 *               the tree only those that pass it are read.
 *
 * What is found gets a row of its own, whose source is the path below organized:
 * the row that brought it there stays what it was, for history and undo.
 */
#include "organize/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/text.h"
#include "media/analyze.h"
#include "media/types.h"
#include "organize/plan.h"
#include "organize/stamp.h"
#include "port/fs.h"

enum {
    COMMIT_FILES = 1000,
    FILTER_BYTES = 64 * 1024,
    NAMES_BYTES = 128 * 1024 /* beside the walk of the inbox */
};

typedef struct reading {
    alice_organizer *o;
    alice__analyzer *analyzer; /* NULL: reconcile, which takes only what was moved */
    uint8_t *head;
    uint8_t *filter;
    int64_t run;
    alice_rebuild_result *r;
    alice_error *error;
    alice__folder *folder; /* of dir */
    int64_t dir;
} reading;

static bool asked_to_stop(const alice_organizer *o)
{
    return o->options.should_stop && o->options.should_stop(o->options.ctx);
}

static size_t filter_bit(uint64_t size)
{
    return (size_t)(size * 0x9e3779b97f4a7c15u >> 45); /* of 2^19 */
}

/* The number in "<day>/<project>/<source>/<project>-<NNNNN>…", as plan.c makes it. */
static alice_status number_of(alice_organizer *o, const char *path)
{
    char project[ALICE__PROJECT_MAX], key[ALICE__PROJECT_MAX], source[ALICE__SOURCE_MAX];
    const char *p = strchr(path, '/');
    const char *s = p ? strchr(p + 1, '/') : NULL;
    const char *leaf = s ? strchr(s + 1, '/') : NULL;
    if (!leaf || strchr(leaf + 1, '/'))
        return ALICE_OK;
    size_t np = (size_t)(s - p - 1), ns = (size_t)(leaf - s - 1);
    leaf++;
    if (np == 0 || np >= sizeof project || ns == 0 || ns >= sizeof source ||
        strncmp(leaf, p + 1, np) != 0 || leaf[np] != '-' ||
        strspn(leaf + np + 1, "0123456789") == 0)
        return ALICE_OK;
    memcpy(project, p + 1, np);
    project[np] = 0;
    memcpy(source, s + 1, ns);
    source[ns] = 0;
    alice__fold_case(project, key, sizeof key);
    return alice__catalog_number_past(o->catalog, key, source,
                                      strtoull(leaf + np + 1, NULL, 10));
}

/* Whether the catalog has this very file; `*moved`: it has the same head and size, of a file
   that does not stand any more. */
static alice_status look_up(reading *x, const char *path, const alice__stamp *stamp,
                            alice__hash head, bool *known, bool *moved)
{
    alice_organizer *o = x->o;
    char dest[ALICE__DEST_MAX];
    alice__candidate c;
    alice__fs_stat s;
    int64_t after = 0;
    *known = *moved = false;
    for (;;) {
        alice_status st =
            alice__catalog_same(o->catalog, stamp->size, head, &after, dest, sizeof dest, &c);
        if (st != ALICE_OK || c.id == 0)
            return st;
        if (strcmp(c.dest, path) == 0) {
            *known = true;
            return ALICE_OK;
        }
        *moved |= alice__fs_stat_at(o->organized_fd, c.dest, &s) == -ENOENT;
    }
}

static alice_status dir_of(reading *x, alice__folder *folder, int64_t *dir)
{
    if (x->folder != folder || x->dir == 0) {
        const char *path = alice__folder_path(folder);
        alice_status st = alice__catalog_dir(x->o->catalog, *path ? path : ".", true, &x->dir);
        if (st != ALICE_OK)
            return st;
        alice__folder_unref(x->folder);
        x->folder = alice__folder_ref(folder);
    }
    *dir = x->dir;
    return ALICE_OK;
}

/* Read the head, and with an analyzer all facts. */
static alice_status read_file(reading *x, int fd, const alice__entry *e, alice__file *file,
                              alice_media_info *info)
{
    alice__fs_stat s;
    size_t got = 0;
    int os_error = 0;
    if (x->analyzer) {
        const alice__reading r = {.fd = fd,
                                  .folders = alice__folder_path(e->folder),
                                  .now_s = alice__present(&x->o->env)};
        return alice__probe_file(x->analyzer, x->head, &r, file, info, &os_error);
    }
    int r = alice__fs_stat_fd(fd, &s);
    if (!r)
        r = alice__fs_read_at(fd, 0, x->head, ALICE__HEAD_BYTES, &got);
    if (r)
        return alice__status_of_errno(-r);
    file->stamp = alice__stamp_of(&s);
    file->head = alice__hash_of_bytes(x->head, got);
    return ALICE_OK;
}

/* One file of the tree. Fails only where the reading has to stop. */
static alice_status take(reading *x, const alice__entry *e)
{
    alice_organizer *o = x->o;
    char path[ALICE__DEST_MAX];
    const char *below = alice__folder_path(e->folder);
    alice__fs_stat s;
    alice__known known = {.id = 0};
    alice_media_info info = {.type = ALICE_MEDIA_NONE};
    alice__row row = {
        .file.name = e->name, .state = ALICE__PLACED, .dest = path, .run_id = x->run};
    bool has = false, moved = false;
    int fd = -1;
    int n = snprintf(path, sizeof path, "%s%s%s", below, *below ? "/" : "", e->name);
    if (n < 0 || (size_t)n >= sizeof path) /* nothing that alice put there */
        return ALICE_OK;
    int bad = alice__fs_stat_at(alice__folder_fd(e->folder), e->name, &s);
    if (!bad && x->filter && !(x->filter[filter_bit(s.size) / 8] >> filter_bit(s.size) % 8 & 1))
        return ALICE_OK;
    alice_status st = dir_of(x, e->folder, &row.dir_id);
    if (st == ALICE_OK && !bad)
        st = alice__catalog_known(o->catalog, row.dir_id, e->name, &known);
    if (st != ALICE_OK)
        return st;
    x->r->files++;
    if (!bad && known.id && known.stamp.size == s.size && known.stamp.mtime_ns == s.mtime_ns)
        return ALICE_OK;
    if (!bad)
        bad = alice__fs_open_read(alice__folder_fd(e->folder), e->name, &fd);
    if (bad == -ENOENT)
        return ALICE_OK;
    st = bad ? alice__status_of_errno(-bad) : read_file(x, fd, e, &row.file, &info);
    alice__fs_close(fd);
    if (st != ALICE_OK) {
        x->r->unread++;
        alice_env_log(&o->env, ALICE_LOG_WARNING, "%s/%s cannot be read: %s", o->organized,
                      path, alice_status_text(st));
        return st == ALICE_E_BUDGET || st == ALICE_E_NOMEM ? st : ALICE_OK;
    }
    if (x->analyzer && info.type == ALICE_MEDIA_NONE)
        return ALICE_OK;
    st = look_up(x, path, &row.file.stamp, row.file.head, &has, &moved);
    if (st == ALICE_OK && x->analyzer)
        st = number_of(o, path);
    if (st != ALICE_OK || has || (!x->analyzer && !moved))
        return st;
    if (x->analyzer)
        row.info = &info;
    x->r->added++;
    x->r->moved += moved;
    int64_t id = 0;
    return alice__catalog_add(o->catalog, &row, &id, x->error);
}

/* Every file below organized; `commits`: in batches of their own. */
static alice_status read_tree(reading *x, bool commits)
{
    alice_organizer *o = x->o;
    alice__walk *walk = NULL;
    alice__walk_options w = {.env = alice__organizer_env(o, o->acc_walk),
                             .root_fd = o->organized_fd,
                             .scratch_dir = alice__organizer_scratch(o),
                             .names_bytes = NAMES_BYTES};
    alice__entry e;
    uint64_t since = 0;
    alice_status st = alice__walk_open(&walk, &w, x->error);
    while (st == ALICE_OK && (st = alice__walk_next(walk, &e)) == ALICE_OK) {
        if (asked_to_stop(o)) {
            st = ALICE_E_CANCELLED;
        } else if (e.kind == ALICE__ENTRY_FILE) {
            st = take(x, &e);
        } else if (e.kind == ALICE__ENTRY_ERROR) {
            x->r->unread++;
            alice_env_log(&o->env, ALICE_LOG_WARNING, "%s/%s cannot be read: %s", o->organized,
                          e.name, e.why ? e.why : alice_status_text(e.status));
        }
        if (st == ALICE_OK && commits && ++since >= COMMIT_FILES) {
            st = alice__catalog_commit(o->catalog, false, x->error);
            since = 0;
        }
    }
    alice__folder_unref(x->folder);
    x->folder = NULL;
    alice__walk_close(&walk);
    return st == ALICE_E_END ? ALICE_OK : st;
}

bool alice__tree_has_media(const alice_organizer *o)
{
    alice__walk *walk = NULL;
    alice__walk_options w = {.env = alice__organizer_env(o, o->acc_walk),
                             .root_fd = o->organized_fd,
                             .scratch_dir = alice__organizer_scratch(o),
                             .names_bytes = NAMES_BYTES};
    alice__entry e;
    bool has = false;
    if (o->organized_fd < 0)
        return false;
    alice_status st = alice__walk_open(&walk, &w, NULL);
    while (!has && st == ALICE_OK && (st = alice__walk_next(walk, &e)) == ALICE_OK)
        has = e.kind == ALICE__ENTRY_FILE && alice__name_class(e.name) != ALICE_CLASS_NONE;
    alice__walk_close(&walk);
    /* What cannot be looked at is not taken for empty: reading it says why. */
    return has || (st != ALICE_OK && st != ALICE_E_END);
}

alice_status alice__organizer_rebuild(alice_organizer *o, alice_rebuild_result *result,
                                      alice_error *error)
{
    alice_env env = alice__organizer_env(o, o->acc_probe);
    reading x = {.o = o, .r = result, .error = error};
    void *head = NULL;
    const alice__run run = {.mode = "rebuild",
                            .inbox = "",
                            .organized = o->organized,
                            .started_s = alice_env_wall_s(&o->env),
                            .rebuilds = true};
    alice_status st = alice_env_alloc(&env, ALICE__HEAD_BYTES, ALICE_HERE, &head);
    x.head = head;
    if (st == ALICE_OK)
        st = alice__analyzer_open(&x.analyzer, &env, o->sizes.texts);
    if (st == ALICE_OK)
        st = alice__catalog_run_begin(o->catalog, &run, &x.run, error);
    if (st == ALICE_OK) {
        result->run = o->options.dry_run ? 0 : x.run;
        st = read_tree(&x, true);
        if (st != ALICE_OK && st != ALICE_E_CANCELLED)
            alice__catalog_rollback(o->catalog);
        const alice__run_totals totals = {.tally = {.files = result->files,
                                                    .organized = result->added,
                                                    .errors = result->unread},
                                          .ended_s = alice_env_wall_s(&o->env),
                                          .finished = st == ALICE_OK};
        alice_error ignored = {.text = ""};
        alice_status ended = alice__catalog_run_end(o->catalog, x.run, &totals,
                                                    st == ALICE_OK ? error : &ignored);
        st = st != ALICE_OK ? st : ended;
    }
    alice__analyzer_close(&x.analyzer);
    alice_env_free(&env, x.head, ALICE__HEAD_BYTES);
    return st;
}

/* The sizes of files that the catalog knows and that are not where they were. */
static alice_status find_gone(reading *x, int64_t before, uint64_t *gone)
{
    alice_organizer *o = x->o;
    char dest[ALICE__DEST_MAX];
    int64_t after = 0;
    *gone = 0;
    for (;;) {
        alice__fs_stat s;
        alice__placed placed;
        alice_status st =
            alice__catalog_next_placed(o->catalog, before, &after, &placed, dest, sizeof dest);
        if (st != ALICE_OK)
            return st == ALICE_E_END ? ALICE_OK : st;
        if (asked_to_stop(o))
            return ALICE_E_CANCELLED;
        if (alice__fs_stat_at(o->organized_fd, dest, &s) != -ENOENT)
            continue;
        size_t bit = filter_bit(placed.stamp.size);
        x->filter[bit / 8] |= (uint8_t)(1u << bit % 8);
        ++*gone;
    }
}

alice_status alice__organizer_reconcile(alice_organizer *o, int64_t before, int64_t run,
                                        uint64_t *found, alice_error *error)
{
    alice_env env = alice__organizer_env(o, o->acc_walk);
    alice_rebuild_result r = {0};
    reading x = {.o = o, .r = &r, .error = error, .run = run};
    void *filter = NULL, *head = NULL;
    uint64_t gone = 0;
    *found = 0;
    o->reconciled = true;
    alice_status st = alice_env_calloc(&env, 1, FILTER_BYTES, ALICE_HERE, &filter);
    if (st == ALICE_OK)
        st = alice_env_alloc(&env, ALICE__HEAD_BYTES, ALICE_HERE, &head);
    x.filter = filter;
    x.head = head;
    if (st == ALICE_OK)
        st = find_gone(&x, before, &gone);
    if (st == ALICE_OK && gone > 0)
        st = read_tree(&x, false);
    alice_env_free(&env, head, head ? ALICE__HEAD_BYTES : 0);
    alice_env_free(&env, filter, filter ? FILTER_BYTES : 0);
    if (st == ALICE_OK && r.moved > 0)
        alice_env_log(&o->env, ALICE_LOG_INFO,
                      "%llu organized files were renamed or moved: found where they are now",
                      (unsigned long long)r.moved);
    *found = r.moved;
    return st;
}

alice_status alice_catalog_rebuild(const alice_organizer_options *options,
                                   alice_rebuild_result *result, alice_error *error)
{
    alice_organizer *o = NULL;
    alice_error unheard = {.text = ""};
    if (!error)
        error = &unheard;
    error->text[0] = 0;
    if (!options || !options->organized || !result)
        return alice__fail(error, ALICE_E_INVAL, 0, "an organized folder is needed");
    memset(result, 0, sizeof *result);
    alice_organizer_options own;
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    own.inbox = NULL;
    st = alice__organizer_open_on(&o, &own, NULL, error);
    if (st == ALICE_OK)
        st = alice__organizer_rebuild(o, result, error);
    if (st != ALICE_OK && error->text[0] == 0)
        alice__fail(error, st, 0, "%s", alice_status_text(st));
    alice_organizer_close(&o);
    return st;
}
