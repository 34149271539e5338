/* SPDX-License-Identifier: MIT */
/*
 * A run taken back. Of each file there are two places, where it is (`from`) and where it has
 * to be (`to`):
 *
 *            from         to          `from` goes    `to` may be made
 *   undo     organized    inbox       yes            of a move
 *   redo     inbox        organized   of a move      yes
 *
 * A file goes from one to the other only where `from` is what the catalog knows (size, time
 * and head). Where `to` stands already with the same bytes, only `from` goes; with others, the
 * file is left.
 *
 *   look at 64 files ─▶ rows "under way" durable ─▶ transfer ─▶ rows "done" with the next commit
 *
 * After a kill exactly the rows under way are in doubt: one is done where `to` stands and
 * `from`, if it had to go, does not. The rest is as it was, and the next undo goes on with it.
 */
#include "organize/undo_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "organize/dest_folders.h"
#include "organize/stamp.h"
#include "organize/transfer_int.h"
#include "port/fs.h"

static bool asked_to_stop(const alice_organizer *o)
{
    return o->options.should_stop && o->options.should_stop(o->options.ctx);
}

static bool keeps_from(const undoing *x)
{
    return x->again && !x->move;
}

/* The state of a file's row, undone or not, while it is where its run put it: a duplicate was
 * taken out of the inbox. */
static alice__state placed_state(const alice__run_file *f)
{
    return f->of || f->removed ? ALICE__DUPLICATE : ALICE__PLACED;
}

/* The row whose organized file a redating moved; 0: it is none of that. */
static int64_t redated_row(const alice__run_file *f)
{
    return f->of && strncmp(f->dest, ".alice/", 7) != 0 ? f->of : 0;
}

/* The row of an organized file that was removed; 0: it is none. */
static int64_t organized_row(const alice__run_file *f)
{
    return f->removed ? f->of : 0;
}

/* A path below organized; NULL: it is elsewhere. */
static const char *below_organized(const alice_organizer *o, const char *path)
{
    size_t n = strlen(o->organized);
    return strncmp(path, o->organized, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

/* The row of an organized file that went to another date, or was removed, and is back; or that
 * is there again. */
static alice_status row_follows(undoing *x, const moving *m)
{
    if (m->organized)
        return alice__catalog_taken(x->o->catalog, m->organized, x->again);
    if (!m->redated)
        return ALICE_OK;
    const char *dest = below_organized(x->o, m->to);
    return dest ? alice__catalog_redated(x->o->catalog, m->redated, dest, NULL)
                : ALICE_E_CHANGED;
}

/* Both whole paths. False: too long. */
static bool places(const undoing *x, const alice__run_file *f, char from[ALICE__PATH_MAX],
                   char to[ALICE__PATH_MAX])
{
    char *source = x->again ? from : to, *dest = x->again ? to : from;
    int n = snprintf(source, ALICE__PATH_MAX, "%s/%s", f->folder, f->file.name);
    int m = snprintf(dest, ALICE__PATH_MAX, "%s/%s", x->o->organized, f->dest);
    return n > 0 && n < ALICE__PATH_MAX && m > 0 && m < ALICE__PATH_MAX;
}

/* Why the open file is not what was organized; NULL: it is. Static text. */
static const char *why_not(const undoing *x, int fd, const alice__run_file *f, moving *m)
{
    static const char changed[] = "it was changed since", unread[] = "it cannot be read";
    const alice__fs_ops *fs = x->o->fs;
    alice_env env = alice__organizer_env(x->o, x->o->acc_stream);
    alice__fs_stat s;
    void *head = NULL;
    size_t got = 0;
    if (fs->stat_fd(fs, fd, &s) != 0)
        return unread;
    if (!alice__as_placed(&s, &f->file.stamp))
        return changed;
    m->stamp = alice__stamp_of(&s);
    m->several = s.links > 1;
    if (alice_env_alloc(&env, ALICE__HEAD_BYTES, ALICE_HERE, &head) != ALICE_OK)
        return "there is no memory to read it: raise --max-memory";
    const char *why = fs->read_at(fs, fd, 0, head, ALICE__HEAD_BYTES, &got) != 0 ? unread
                      : alice__same_hash(alice__hash_of_bytes(head, got), f->file.head)
                          ? NULL
                          : changed;
    alice_env_free(&env, head, ALICE__HEAD_BYTES);
    return why;
}

/* Whether both paths lead to one name: a folder may have become a link to the other. What
   cannot be looked at is taken for one. */
static bool is_one_name(const alice__fs_ops *fs, const moving *m)
{
    alice__fs_stat a = {0}, b = {0};
    int from = -1, to = -1;
    int r = alice__undo_folder_of(fs, m->from, &from);
    if (!r)
        r = alice__undo_folder_of(fs, m->to, &to);
    if (!r)
        r = fs->stat_fd(fs, from, &a);
    if (!r)
        r = fs->stat_fd(fs, to, &b);
    alice__fs_close(from);
    alice__fs_close(to);
    return r || (a.dev == b.dev && a.inode == b.inode);
}

/* Whether removing `from` leaves what was compared: the two are two files, or two names of one.
   Notes what stands at `to`. */
static bool stands_apart(const alice__fs_ops *fs, moving *m, int from, int to)
{
    alice__fs_stat a, b;
    if (fs->stat_fd(fs, from, &a) != 0 || fs->stat_fd(fs, to, &b) != 0)
        return false;
    m->other = alice__stamp_of(&b);
    if (a.dev != b.dev || a.inode != b.inode)
        return true;
    return a.links > 1 && b.links > 1 && !is_one_name(fs, m);
}

/* What has to be done with a file, or why it is left. Fails only where the run has to stop. */
static alice_status look(undoing *x, const alice__run_file *f, moving *m)
{
    const alice__reading_whole how = alice__organizer_reading(x->o);
    const alice__fs_ops *fs = x->o->fs;
    int from = -1, to = -1;
    bool same = false;
    alice_status st = ALICE_OK;
    if (x->again && f->replaced) {
        m->why = "it was organized again since";
        return ALICE_OK;
    }
    m->leaf = strrchr(m->from, '/') + 1;
    int r = fs->open_read(fs, ALICE__FS_CWD, m->from, &from);
    if (r)
        m->why = r != -ENOENT && r != -ENOTDIR ? "it cannot be read"
                 : x->again && x->archive      ? "it stands in an archive: organize that again"
                                               : "it is not where it was put any more";
    else
        m->why = why_not(x, from, f, m);
    if (m->why)
        goto out;
    r = fs->open_read(fs, ALICE__FS_CWD, m->to, &to);
    if (r == -ENOENT || r == -ENOTDIR) {
        m->transfer = x->again || x->move;
        m->packed = !m->transfer && alice__in_archives_has(&x->in_archives, m->id);
        m->remove_from = m->packed;
        if (!m->transfer && !m->packed)
            m->why = x->archive
                         ? "the archive it came from does not have it any more: this may "
                           "be the only copy"
                         : "its source is gone: this is the only copy";
    } else if (r) {
        m->why = "what stands at the other place cannot be read";
    } else if (!stands_apart(fs, m, from, to)) {
        m->why = "both of its paths lead to one file";
    } else {
        st = alice__same_bytes(&how, from, to, m->stamp.size, &same);
        if (st == ALICE_OK && same && fs->sync(fs, to) == 0) {
            m->remove_from = !keeps_from(x);
            m->done = !m->remove_from;
        } else {
            m->why = !x->again && !x->move ? "its source has other bytes: the copy is kept"
                                           : "another file stands where it belongs";
        }
        st = st == ALICE_E_CANCELLED ? st : ALICE_OK;
    }
out:
    alice__fs_close(to);
    alice__fs_close(from);
    return st;
}

static void report(const undoing *x, const moving *m, const char *why)
{
    const alice_file_report report = {.source_path = m->from,
                                      .destination = m->to,
                                      .outcome = why ? ALICE_FAILED : ALICE_ORGANIZED,
                                      .reason = why,
                                      .status = why ? ALICE_E_CHANGED : ALICE_OK,
                                      .bytes = m->stamp.size};
    if (x->o->options.on_file)
        x->o->options.on_file(x->o->options.ctx, &report);
}

static void transferred(void *ctx, uint64_t tag, alice_status st, const alice_error *e)
{
    undoing *x = ctx;
    moving *m = &x->batch[tag];
    (void)e;
    m->done = st == ALICE_OK;
    if (!m->done)
        m->why = alice_status_text(st);
}

/* `to` as the transfer wants it: below its root. */
static const char *below_root(const undoing *x, const moving *m)
{
    return x->again ? m->to + strlen(x->o->organized) + 1 : m->to + 1;
}

static alice_status write_rows(undoing *x, bool before)
{
    alice_status st = ALICE_OK;
    for (size_t i = 0; i < x->count && st == ALICE_OK; i++) {
        const moving *m = &x->batch[i];
        alice__state was = x->again ? ALICE__UNDONE : m->placed;
        alice__state is = x->again ? m->placed : ALICE__UNDONE;
        if (before)
            st = alice__catalog_undo(x->o->catalog, x->r->run, m->id,
                                     m->why ? ALICE__UNDO_LEFT : ALICE__UNDO_OPEN, was);
        else
            st = alice__catalog_undo(x->o->catalog, x->r->run, m->id,
                                     m->done ? ALICE__UNDO_DONE : ALICE__UNDO_LEFT,
                                     m->done ? is : was);
        if (st == ALICE_OK && !before && m->done)
            st = row_follows(x, m);
    }
    return st;
}

/* Do what the batch holds. */
static alice_status settle(undoing *x)
{
    alice_status st = write_rows(x, true), finished = ALICE_OK;
    if (st == ALICE_OK)
        st = alice__catalog_commit(x->o->catalog, false, x->error);
    for (size_t i = 0; i < x->count && st == ALICE_OK; i++) {
        moving *m = &x->batch[i];
        if (!m->transfer)
            continue;
        int r = alice__undo_folder(x->o->fs, m);
        alice_status put = alice__status_of_errno(-r);
        const alice__job job = {.tag = i,
                                .source_dir_fd = m->folder,
                                .source = {.name = m->leaf, .stamp = m->stamp},
                                .head_unknown = true,
                                .dest = below_root(x, m)};
        if (put == ALICE_OK)
            put = alice__transfer_put(x->transfer, &job, NULL);
        if (put != ALICE_OK)
            m->why = alice_status_text(put);
        if (put == ALICE_E_NOSPC || put == ALICE_E_CANCELLED)
            finished = put;
    }
    if (st == ALICE_OK)
        st = alice__transfer_finish(x->transfer, transferred, x, x->error);
    /* What could not be flushed stays in doubt: the next start looks at it. */
    if (st == ALICE_OK)
        st = alice__undo_remove(x);
    if (st == ALICE_OK)
        st = write_rows(x, false);
    for (size_t i = 0; i < x->count; i++) {
        moving *m = &x->batch[i];
        if (st == ALICE_OK) {
            x->r->done += m->done;
            x->r->left += !m->done;
            x->r->bytes += m->done ? m->stamp.size : 0;
            report(x, m, m->done ? NULL : m->why);
            if (m->done && !x->again)
                alice__remove_empty(x->o, m->from + strlen(x->o->organized) + 1);
        }
        alice__fs_close(m->folder);
    }
    x->count = 0;
    return st != ALICE_OK ? st : finished;
}

static alice_status every_file(undoing *x, const alice__run_row *target)
{
    int64_t after = 0;
    alice__run_file f;
    alice_status st = ALICE_OK;
    while (st == ALICE_OK) {
        if (asked_to_stop(x->o)) {
            st = ALICE_E_CANCELLED;
            break;
        }
        st = alice__catalog_run_file(x->o->catalog, target, &after, &f);
        if (st != ALICE_OK)
            break;
        if (f.state != (x->again ? ALICE__UNDONE : placed_state(&f)) || !*f.dest ||
            (target->undoes && f.undo != ALICE__UNDO_DONE))
            continue;
        moving *m = &x->batch[x->count];
        *m = (moving){.id = f.id,
                      .placed = placed_state(&f),
                      .redated = redated_row(&f),
                      .organized = organized_row(&f),
                      .folder = -1};
        if (!places(x, &f, m->from, m->to))
            m->why = "its path is too long";
        else if ((m->redated || m->organized) && !below_organized(x->o, m->to))
            m->why = "the organized folder stood elsewhere then";
        else
            st = look(x, &f, m);
        if (st != ALICE_OK)
            break;
        x->r->files++;
        if (x->o->options.dry_run) {
            x->r->done += !m->why;
            x->r->left += m->why != NULL;
            x->r->bytes += m->why ? 0 : m->stamp.size;
            report(x, m, m->why);
        } else if (++x->count == ALICE__UNDO_BATCH || m->several) {
            st = settle(x);
        }
    }
    if (st == ALICE_E_END || st == ALICE_E_CANCELLED) {
        alice_status last = x->count ? settle(x) : ALICE_OK;
        st = last != ALICE_OK ? last : st;
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}

/* The run `id`, or 0: the latest that placed files, or that took some back. */
static alice_status find_run(alice_organizer *o, int64_t id, alice__run_row *run)
{
    alice_status st = ALICE_OK;
    for (int64_t before = id && id < INT64_MAX ? id + 1 : id; st == ALICE_OK;
         before = run->id) {
        st = alice__catalog_run_before(o->catalog, before, run);
        if (st != ALICE_OK || id)
            break;
        if (strcmp(run->mode, "rebuild") != 0 &&
            (run->tally.organized > 0 || run->ended_s == 0 || !run->finished))
            return ALICE_OK;
    }
    return st == ALICE_OK && run->id == id ? ALICE_OK : st == ALICE_OK ? ALICE_E_END : st;
}

/* Whether a run places files again, and what the run that organized them did; which of them its
 * archives have, where those are to be read. */
static alice_status what_it_is(undoing *x, const alice__run_row *target, bool look_inside)
{
    alice__run_row r = *target;
    bool again = strcmp(target->mode, "undo") == 0;
    alice_status st = ALICE_OK;
    while (st == ALICE_OK && r.undoes)
        st = find_run(x->o, r.undoes, &r);
    if (st != ALICE_OK)
        return st;
    x->again = again;
    x->move = strcmp(r.mode, "move") == 0 || strcmp(r.mode, "redate") == 0 ||
              strcmp(r.mode, "remove") == 0;
    char inbox[ALICE__PATH_MAX]; /* that of the row is the catalog's */
    snprintf(inbox, sizeof inbox, "%s", r.inbox);
    x->archive = alice__is_archive_run(inbox);
    return x->archive && !again && look_inside
               ? alice__in_archives_read(x->o, inbox, &r, &x->in_archives, x->error)
               : ALICE_OK;
}

/* To where the files have to be; `root` of `x` is opened, too. */
static alice_status open_transfer(undoing *x)
{
    alice_organizer *o = x->o;
    int r = x->again ? alice__fs_dup(o->organized_fd, &x->root)
                     : o->fs->open_dir_path(o->fs, "/", &x->root);
    const alice__transfer_options t =
        alice__organizer_transfer(o, x->root, !x->again || x->move, ALICE__UNDO_BATCH);
    return r ? alice__fail(x->error, alice__status_of_errno(-r), -r, "%s", strerror(-r))
             : alice__transfer_open(&x->transfer, &t, x->error);
}

static void close_transfer(undoing *x)
{
    alice__transfer_close(&x->transfer);
    alice__fs_close(x->root);
    x->root = -1;
}

/* Whether nothing stands at a path: an error is no answer. */
static bool is_gone(const alice__fs_ops *fs, const char *path)
{
    int folder = -1;
    int r = alice__undo_folder_of(fs, path, &folder);
    bool gone = r ? r == -ENOENT || r == -ENOTDIR
                  : alice__name_is_gone(fs, folder, strrchr(path, '/') + 1);
    alice__fs_close(folder);
    return gone;
}

/* Whether a file that was under way is at its new place; what a kill left beside it goes. */
static alice_status arrived(undoing *x, const alice__run_file *f, moving *m, bool *done)
{
    *done = false;
    if (!places(x, f, m->from, m->to))
        return ALICE_OK;
    bool gone = is_gone(x->o->fs, m->from);
    alice_status st = alice__transfer_recover(x->transfer, below_root(x, m), &f->file.stamp,
                                              f->file.head, done);
    /* What cannot be looked at is left as it is, as the next undo says. */
    if (st != ALICE_OK && st != ALICE_E_BUDGET && st != ALICE_E_NOMEM)
        st = ALICE_OK;
    alice__transfer_sweep(x->transfer, below_root(x, m));
    /* What an archive has stands nowhere else. */
    *done = (*done || (x->archive && !x->again && gone)) && (keeps_from(x) || gone);
    return st;
}

alice_status alice__organizer_settle_undo(alice_organizer *o, uint64_t *settled)
{
    alice__run_row run;
    alice__run_file f;
    int64_t after = 0;
    undoing x = {.o = o, .root = -1};
    *settled = 0;
    if (o->options.dry_run)
        return ALICE_OK;
    alice_status st = alice__catalog_run_before(o->catalog, 0, &run);
    if (st != ALICE_OK || run.undoes == 0 || run.finished)
        return st == ALICE_E_END ? ALICE_OK : st;
    const alice__run_row mine = run; /* its texts are not used from here on */
    const bool again = strcmp(run.mode, "redo") == 0;
    st = find_run(o, mine.undoes, &run);
    if (st == ALICE_OK)
        st = what_it_is(&x, &run, false);
    if (st != ALICE_OK && st != ALICE_E_END)
        return st;
    x.again = again;
    void *room = NULL;
    alice_env env = alice__organizer_env(o, o->acc_batch);
    st = alice_env_alloc(&env, sizeof(moving), ALICE_HERE, &room);
    if (st != ALICE_OK)
        return st;
    moving *m = room;
    while ((st = alice__catalog_run_file(o->catalog, &mine, &after, &f)) == ALICE_OK) {
        bool done = false;
        if (f.undo != ALICE__UNDO_OPEN)
            continue;
        x.move = f.move;
        const alice__state placed = placed_state(&f);
        m->redated = redated_row(&f);
        m->organized = organized_row(&f);
        if (!x.transfer)
            st = open_transfer(&x);
        if (st == ALICE_OK)
            st = arrived(&x, &f, m, &done);
        if (st == ALICE_OK)
            st = alice__catalog_undo(o->catalog, mine.id, f.id,
                                     done ? ALICE__UNDO_DONE : ALICE__UNDO_LEFT,
                                     done == x.again ? placed : ALICE__UNDONE);
        if (st == ALICE_OK && done)
            st = row_follows(&x, m);
        if (st != ALICE_OK)
            break;
        ++*settled;
    }
    close_transfer(&x);
    alice_env_free(&env, room, sizeof(moving));
    if (st == ALICE_E_END)
        st = ALICE_OK;
    if (st == ALICE_OK && *settled > 0) {
        alice_env_log(&o->env, ALICE_LOG_INFO,
                      "an undo was cut off: %llu files that it had under way were settled",
                      (unsigned long long)*settled);
        st = alice__catalog_commit(o->catalog, false, NULL);
    }
    return st;
}

static alice_status undo_run(undoing *x, int64_t id)
{
    alice_organizer *o = x->o;
    alice__run_row target = {0};
    alice_env env = alice__organizer_env(o, o->acc_batch);
    void *room = NULL;
    alice_status st = find_run(o, id, &target);
    /* One that was cut off goes on. */
    if (st == ALICE_OK && id == 0 && target.undoes && !target.finished)
        st = find_run(o, target.undoes, &target);
    if (st == ALICE_E_END)
        return alice__fail(x->error, ALICE_E_NOENT, 0,
                           id ? "there is no run %lld; `alice history` lists them"
                              : "there is no run that could be taken back",
                           (long long)id);
    if (st == ALICE_OK && strcmp(target.mode, "rebuild") == 0)
        return alice__fail(x->error, ALICE_E_INVAL, 0,
                           "run %lld read the organized files only: there is nothing to undo",
                           (long long)target.id);
    const alice__run_row mine = target;
    char mode[8];
    if (st == ALICE_OK) {
        snprintf(mode, sizeof mode, "%s", target.mode);
        target.mode = mode;
        st = what_it_is(x, &target, true);
    }
    if (st != ALICE_OK)
        return st;
    x->r->undone = mine.id;
    x->r->again = x->again;
    st = alice_env_alloc(&env, ALICE__UNDO_BATCH * sizeof(moving), ALICE_HERE, &room);
    x->batch = room;
    const alice__run run = {.mode = x->again ? "redo" : "undo",
                            .inbox = "",
                            .organized = o->organized,
                            .started_s = alice_env_wall_s(&o->env),
                            .undoes = mine.id};
    if (st == ALICE_OK && !o->options.dry_run) {
        st = open_transfer(x);
        if (st == ALICE_OK)
            st = alice__catalog_run_begin(o->catalog, &run, &x->r->run, x->error);
    }
    if (st == ALICE_OK) {
        st = every_file(x, &mine);
        if (st != ALICE_OK && st != ALICE_E_CANCELLED && !o->options.dry_run)
            alice__catalog_rollback(o->catalog);
    }
    if (x->r->run) {
        const alice_tally tally = {.files = x->r->files,
                                   .organized = x->r->done,
                                   .errors = x->r->left,
                                   .bytes = x->r->bytes};
        st = alice__organizer_run_over(o, x->r->run, &tally, st == ALICE_OK, st, x->error);
    }
    close_transfer(x);
    alice_env_free(&env, room, room ? ALICE__UNDO_BATCH * sizeof(moving) : 0);
    return st;
}

alice_status alice__undo_on(const alice_organizer_options *options, const alice__fs_ops *fs,
                            int64_t run, alice_undo_result *result, alice_error *error)
{
    alice_organizer *o = NULL;
    alice_error unheard = {.text = ""};
    if (!error)
        error = &unheard;
    error->text[0] = 0;
    if (!options || !options->organized || !result || run < 0)
        return alice__fail(error, ALICE_E_INVAL, 0, "an organized folder is needed");
    memset(result, 0, sizeof *result);
    alice_organizer_options own;
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    own.inbox = NULL;
    st = alice__organizer_open_on(&o, &own, fs, error);
    if (st == ALICE_OK) {
        undoing x = {.o = o, .r = result, .error = error, .root = -1};
        result->settled = o->settled;
        st = undo_run(&x, run);
        alice__in_archives_free(o, &x.in_archives);
    }
    if (st != ALICE_OK && error->text[0] == 0)
        alice__fail(error, st, 0, "%s", alice_status_text(st));
    alice_organizer_close(&o);
    return st;
}

alice_status alice_undo(const alice_organizer_options *options, int64_t run,
                        alice_undo_result *result, alice_error *error)
{
    return alice__undo_on(options, NULL, run, result, error);
}
