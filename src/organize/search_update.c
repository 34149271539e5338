/* SPDX-License-Identifier: MIT */
/*
 * Bringing the index of a search up to date with the catalog.
 *
 *   the catalog's file is as it was seen ──▶ nothing to do: it is not even opened
 *   else, where nothing was lost since (alice__catalog_goes_on):
 *     rows that changed    by the catalog's own list of changes, in one transaction
 *     rows that are new    by their ids, in parts
 *   else all of it, from an empty index
 *
 * The catalog is closed after each part, so that a run which begins need not wait for long;
 * then the index stays as far as it came, as after a kill. One process at a time does this, by
 * a lock; the others ask the catalog meanwhile.
 */
#include "organize/search_update.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "port/fs.h"

enum {
    PART_ROWS = 20000,  /* about a second */
    ASK_EVERY = 512,    /* rows between two questions whether to stop */
    TIDY_ROWS = 100000, /* new ones, after which lists are worth merging */
    GONE_LEAST = 10000, /* files that went, from which on the index may be made anew */
    GONE_SHARE = 3      /* where that is so many times what is in it */
};

void alice__search_no_index(alice_search *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(s->note, sizeof s->note, format, args);
    va_end(args);
    alice__index_close(&s->index);
}

/* ---- the catalog's file ---- */

/* How it stands; *quiet: whole in its one file. ALICE_E_NOENT. */
static alice_status look(const alice_search *s, int64_t seen[ALICE__SEEN], bool *quiet)
{
    static const char *const ends[] = {"-wal", "-journal"};
    char name[ALICE__PATH_MAX + 16];
    uint8_t head[32];
    size_t got = 0;
    int fd = -1;
    alice__fs_stat st;
    int bad = alice__fs_open_read(ALICE__FS_CWD, s->o->catalog_path, &fd);
    if (!bad)
        bad = alice__fs_stat_fd(fd, &st);
    if (!bad)
        bad = alice__fs_read_at(fd, 0, head, sizeof head, &got);
    alice__fs_close(fd);
    if (bad)
        return alice__status_of_errno(-bad);
    /* Bytes 24 to 27 count its transactions; byte 18 is 2 where it has a log. */
    int64_t count = 0;
    for (int i = 24; i < 28; i++)
        count = count << 8 | (i < (int)got ? head[i] : 0);
    const int64_t all[ALICE__SEEN] = {(int64_t)st.dev,
                                      (int64_t)st.inode,
                                      (int64_t)st.size,
                                      st.mtime_ns,
                                      st.ctime_ns,
                                      count,
                                      1};
    memcpy(seen, all, sizeof all);
    *quiet = got == sizeof head && head[18] != 2;
    for (size_t i = 0; i < 2; i++) {
        int n = snprintf(name, sizeof name, "%s%s", s->o->catalog_path, ends[i]);
        if (n < 0 || (size_t)n >= sizeof name ||
            (alice__fs_stat_path(name, &st) == 0 && st.size > 0))
            *quiet = false;
    }
    return ALICE_OK;
}

/* ---- one part ---- */

typedef struct part {
    alice_search *s;
    alice__index *x;
    alice__index_state state;
    uint64_t done, of;
    unsigned asked;
} part;

static alice_status on_word(void *ctx, int64_t id, const char *text)
{
    part *p = ctx;
    p->state.words = id;
    return alice__index_word(p->x, id, text);
}

static alice_status on_change(void *ctx, const alice__change *change)
{
    part *p = ctx;
    return alice__index_drop(p->x, &p->state, change);
}

static bool stops(part *p)
{
    const alice_search_options *o = &p->s->options;
    if (p->asked++ % ASK_EVERY != 0)
        return false;
    if (o->on_progress)
        o->on_progress(o->ctx, p->done, p->of);
    return o->should_stop && o->should_stop(o->ctx);
}

static alice_status on_file(void *ctx, const alice__organized *file)
{
    part *p = ctx;
    p->done++;
    return stops(p) ? ALICE_E_CANCELLED : alice__index_put(p->x, &p->state, file);
}

/* Rows that the index has, and that are not what they were. */
static alice_status take_changes(part *p, int64_t last)
{
    alice__catalog *c = p->s->o->catalog;
    const int64_t after = p->state.made_of.change;
    if (after == last)
        return ALICE_OK;
    alice_status st = alice__catalog_changes(c, after, on_change, p);
    if (st == ALICE_OK)
        st = alice__catalog_changed(c, after, p->state.made_of.next_file, on_file, p);
    p->state.made_of.change = last;
    return st;
}

/* From what the catalog has now: some of it. *more: that was not all. */
static alice_status take_part(part *p, const alice__catalog_point *now, bool *more)
{
    alice__catalog *c = p->s->o->catalog;
    const int64_t from = p->state.made_of.next_file;
    const alice__organized_part range = {
        .from = from,
        .to = now->next_file - from > PART_ROWS ? from + PART_ROWS : now->next_file};
    p->of = (uint64_t)now->next_file;
    p->done = (uint64_t)from;
    alice_status st = alice__index_begin(p->x);
    if (st == ALICE_OK)
        st = alice__catalog_words(c, p->state.words, on_word, p);
    if (st == ALICE_OK)
        st = take_changes(p, now->change);
    if (st == ALICE_OK && range.from < range.to)
        st = alice__catalog_organized(c, &range, on_file, p);
    p->state.made_of = *now;
    p->state.made_of.next_file = range.to;
    *more = range.to < now->next_file;
    return st;
}

/* What the index is to go on from: all of it, or nothing. */
static alice_status begin_from(part *p, const alice__catalog_point *now)
{
    bool goes_on = false;
    alice_status st = alice__index_state_get(p->x, &p->state);
    if (st == ALICE_OK)
        st = alice__catalog_goes_on(p->s->o->catalog, &p->state.made_of, now, &goes_on);
    if (st == ALICE_OK && p->state.gone > GONE_LEAST &&
        p->state.gone / GONE_SHARE > p->state.files)
        goes_on = false;
    /* Made by a SQLite without FTS5, and this one has it. */
    if (st == ALICE_OK && !p->state.tokens && alice__index_can_have_tokens(p->x))
        goes_on = false;
    if (st == ALICE_E_DAMAGED || (st == ALICE_OK && !goes_on && p->state.made_of.tree != 0)) {
        st = alice__index_empty(p->x);
        if (st == ALICE_OK)
            st = alice__index_state_get(p->x, &p->state);
    }
    return st;
}

/* Open the catalog, take a part, close it. ALICE_E_BUSY: a run is under way. *settled false:
 * the index cannot follow it. */
static alice_status update_part(part *p, bool *settled, bool *more, bool *catalog_failed,
                                alice_error *error)
{
    alice_search *s = p->s;
    alice__catalog_point now;
    int64_t before[ALICE__SEEN], after[ALICE__SEEN];
    bool quiet = false, still = false;
    *more = false;
    *catalog_failed = true;
    alice_status st = look(s, before, &quiet);
    if (st == ALICE_OK)
        st = alice__organizer_open_catalog(s->o, error);
    if (st == ALICE_OK)
        st = alice__catalog_point_get(s->o->catalog, &now);
    *settled = st == ALICE_OK && alice__catalog_is_settled(s->o->catalog);
    if (st == ALICE_OK && *settled) {
        *catalog_failed = false;
        st = begin_from(p, &now);
        if (st == ALICE_OK)
            st = take_part(p, &now, more);
        bool same = st == ALICE_OK && look(s, after, &still) == ALICE_OK &&
                    memcmp(before, after, sizeof before) == 0;
        memset(p->state.seen, 0, sizeof p->state.seen);
        if (quiet && still && same && !*more)
            memcpy(p->state.seen, after, sizeof after);
        if (st == ALICE_OK)
            st = alice__index_commit(p->x, &p->state);
        alice__index_rollback(p->x);
    }
    alice__catalog_close(&s->o->catalog);
    return st;
}

static alice_status tidy(part *p)
{
    alice_status st = ALICE_OK;
    for (bool done = false; !done && st == ALICE_OK;) {
        const alice_search_options *o = &p->s->options;
        st = alice__index_tidy(p->x, &done);
        if (st == ALICE_OK && o->should_stop && o->should_stop(o->ctx))
            st = ALICE_E_CANCELLED;
    }
    return st;
}

/* ---- all of it ---- */

/* What became of it, in the note or the error. */
static alice_status tell(alice_search *s, alice_status st, bool settled, bool of_catalog,
                         const alice__index_state *state, alice_error *error)
{
    if (st == ALICE_E_CANCELLED)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    if (st == ALICE_E_NOENT && of_catalog)
        return alice__fail(error, st, 0, "nothing is known of %s: it has no catalog",
                           s->o->organized);
    if (st == ALICE_E_BUSY && of_catalog && state->made_of.next_file > 0) {
        snprintf(s->note, sizeof s->note,
                 "a run is under way: what it organizes is found when it is over");
        return ALICE_OK;
    }
    if (st == ALICE_OK && settled)
        return ALICE_OK;
    if (st == ALICE_OK)
        alice__search_no_index(s, "the catalog itself is asked, which takes longer: a run was "
                                  "cut off, or an older alice made it; the next run settles "
                                  "that");
    else if (of_catalog)
        return error->text[0] ? st
                              : alice__fail(error, st, 0, "the catalog cannot be read: %s",
                                            alice_status_text(st));
    else if (st == ALICE_E_BUDGET || st == ALICE_E_NOMEM)
        return alice__fail(error, st, 0, "no memory to bring the index up to date");
    else
        alice__search_no_index(s, "the catalog itself is asked, which takes longer: %s",
                               s->index && *alice__index_why(s->index)
                                   ? alice__index_why(s->index)
                                   : alice_status_text(st));
    return ALICE_OK;
}

static alice_status update(alice_search *s, alice_error *error)
{
    part p = {.s = s, .x = s->index};
    bool settled = true, more = true, of_catalog = false, again = true;
    alice_status st = alice__index_state_get(s->index, &p.state);
    const int64_t had = p.state.made_of.next_file;
    if (st == ALICE_E_DAMAGED)
        st = ALICE_OK;
    while (st == ALICE_OK && settled && more) {
        st = update_part(&p, &settled, &more, &of_catalog, error);
        if (st == ALICE_E_DAMAGED && !of_catalog && again) {
            again = false; /* it was damaged where nothing had looked yet */
            st = alice__index_empty(s->index);
            more = true;
        }
    }
    if (st == ALICE_OK && settled && p.state.made_of.next_file - had > TIDY_ROWS)
        st = tidy(&p);
    /* What it came to before it had to stop. */
    if (st == ALICE_E_BUSY && of_catalog)
        p.state.made_of.next_file = more ? 0 : had;
    return tell(s, st, settled, of_catalog, &p.state, error);
}

static alice_status open_index(alice_search *s)
{
    const alice__index_options o = {.env = s->index_env,
                                    .path = s->path,
                                    .cache_bytes = s->o->sizes.page_cache,
                                    .write_bytes = s->o->sizes.work / 8};
    alice_error why = {.text = ""};
    alice_status st = alice__index_open(&s->index, &o, &why);
    if (st != ALICE_OK)
        alice__search_no_index(s, "the catalog itself is asked, which takes longer: %s",
                               why.text);
    return st;
}

alice_status alice__search_update(alice_search *s, alice_error *error)
{
    int64_t seen[ALICE__SEEN];
    alice__index_state state;
    bool quiet = false;
    s->note[0] = 0;
    alice_status st = look(s, seen, &quiet);
    if (st != ALICE_OK)
        return tell(s, st, true, true, NULL, error);
    if (s->index && alice__index_is_replaced(s->index))
        alice__index_close(&s->index);
    if (!s->index && open_index(s) != ALICE_OK)
        return ALICE_OK; /* the note says it */
    st = alice__index_state_get(s->index, &state);
    if (st == ALICE_OK && quiet && memcmp(state.seen, seen, sizeof seen) == 0)
        return ALICE_OK;
    int fd = -1;
    int bad = alice__fs_open_write(ALICE__FS_CWD, s->lock, true, 0644, &fd);
    if (!bad)
        bad = alice__fs_lock(fd);
    if (bad == -EAGAIN) {
        alice__search_no_index(s, "the catalog itself is asked, which takes longer: another "
                                  "alice brings the index up to date");
        st = ALICE_OK;
    } else { /* where there are no locks, SQLite's have to do */
        st = update(s, error);
    }
    alice__fs_close(fd);
    return st;
}
