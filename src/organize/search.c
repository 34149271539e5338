/* SPDX-License-Identifier: MIT */
/* Searching what is organized: by the index, or where there is none by the catalog itself. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "organize/search_update.h"

/* ---- opening ---- */

alice_status alice_search_open(alice_search **out, const alice_search_options *options,
                               alice_error *error)
{
    alice_search_options own;
    alice_search *s = NULL;
    alice_error unheard;
    if (!error)
        error = &unheard;
    *error = (alice_error){.text = ""};
    if (!out || !options || !options->organized)
        return alice__fail(error, ALICE_E_INVAL, 0, "an organized folder is needed");
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    own.env.account = NULL;
    st = alice_env_calloc(&own.env, 1, sizeof *s, ALICE_HERE, (void **)&s);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    s->options = own;
    const alice_organizer_options o = {.env = own.env,
                                       .config = own.config,
                                       .organized = own.organized,
                                       .catalog = own.catalog,
                                       .kernel_backstop = own.kernel_backstop};
    st = alice__organizer_open_reader(&s->o, &o, error);
    if (st == ALICE_OK) {
        s->index_env = alice__organizer_env(s->o, s->o->acc_cache);
        snprintf(s->path, sizeof s->path, "%s/search.db", s->o->home);
        snprintf(s->lock, sizeof s->lock, "%s/search.lock", s->o->home);
        st = alice__search_update(s, error);
    }
    if (st == ALICE_OK)
        *out = s;
    else
        alice_search_close(&s);
    return st;
}

void alice_search_close(alice_search **search)
{
    alice_search *s = search ? *search : NULL;
    if (!s)
        return;
    *search = NULL;
    alice__index_close(&s->index);
    alice_organizer_close(&s->o);
    alice_env env = s->options.env;
    alice_env_free(&env, s, sizeof *s);
}

static alice_status update(alice_search *s, alice_error *error)
{
    const bool replaced = s->index && alice__index_is_replaced(s->index);
    alice_status st = alice__search_update(s, error);
    if (st != ALICE_OK &&
        replaced) /* it is of nothing yet: the catalog is asked from here on */
        alice__index_close(&s->index);
    return st;
}

alice_status alice_search_refresh(alice_search *s, alice_error *error)
{
    alice_error unheard;
    if (!error)
        error = &unheard;
    *error = (alice_error){.text = ""};
    if (!s)
        return alice__fail(error, ALICE_E_INVAL, 0, "a search is needed");
    return update(s, error);
}

const char *alice_search_note(const alice_search *s)
{
    return s ? s->note : "";
}

uint64_t alice_search_reached(const alice_search *s)
{
    return s ? s->reached : 0;
}

/* ---- asking ---- */

typedef struct visit {
    alice__match match;
    alice__index_fn each;
    void *ctx;
    uint64_t told; /* so many were, whoever found them */
    uint64_t past; /* so many of the catalog's have to be passed over: the index told them */
    int64_t row;   /* of the catalog alone this one; 0: all */
} visit;

static alice_status on_found(void *ctx, uint64_t id, const alice_library_file *file)
{
    visit *v = ctx;
    v->told++;
    return v->each(v->ctx, id, file);
}

static alice_status on_organized(void *ctx, const alice__organized *file)
{
    visit *v = ctx;
    const uint64_t id = alice__index_id(file);
    bool wanted = false;
    if (!alice__match_is_behind(&v->match, id))
        return ALICE_OK;
    alice_status st = alice__match_file(&v->match, &file->file, &wanted);
    if (st == ALICE_OK && wanted && v->past)
        v->past--;
    else if (st == ALICE_OK && wanted)
        st = on_found(v, id, &file->file);
    if (st == ALICE_OK || st == ALICE_E_END)
        alice__match_done(&v->match, id);
    return st;
}

static alice_status ask_catalog(alice_search *s, visit *v, alice_error *error)
{
    const alice__organized_part part = {.from = v->row,
                                        .to = v->row ? v->row + 1 : INT64_MAX,
                                        .back = !v->row && v->match.query->newest_first};
    alice_status st = alice__organizer_open_catalog(s->o, error);
    if (st == ALICE_OK)
        st = alice__catalog_organized(s->o->catalog, &part, on_organized, v);
    if (st == ALICE_E_NOENT)
        alice__fail(error, st, 0, "nothing is known of %s: it has no catalog", s->o->organized);
    else if (st != ALICE_OK && error->text[0] == 0)
        alice__fail(error, st, 0, "%s",
                    s->o->catalog && *alice__catalog_why(s->o->catalog)
                        ? alice__catalog_why(s->o->catalog)
                        : alice_status_text(st));
    alice__catalog_close(&s->o->catalog);
    return st;
}

/* What was found damaged is emptied, and so made anew when it is next opened; the catalog goes
 * on where the index stopped, as both tell the same in the same order. */
static alice_status go_on(alice_search *s, visit *v, alice_status why, alice_error *error)
{
    if (why == ALICE_E_DAMAGED && alice__index_empty(s->index) != ALICE_OK)
        why = ALICE_E_BUSY; /* it stays damaged, and is found so again */
    alice__search_no_index(s, "the catalog itself is asked, which takes longer: the index %s",
                           why == ALICE_E_DAMAGED ? "was damaged, and is made anew next time"
                                                  : "cannot be read now");
    v->past = v->told;
    return ask_catalog(s, v, error);
}

static alice_status ask_index(alice_search *s, visit *v, alice_error *error)
{
    alice_status st = alice__index_each(s->index, &v->match, on_found, v);
    if (st == ALICE_E_DAMAGED || st == ALICE_E_BUSY || st == ALICE_E_IO)
        return go_on(s, v, st, error);
    return st == ALICE_OK ? st
                          : alice__fail(error, st, 0, "%s",
                                        st == ALICE_E_BUDGET || st == ALICE_E_NOMEM ||
                                                st == ALICE_E_CANCELLED
                                            ? alice_status_text(st)
                                            : alice__index_why(s->index));
}

static alice_status visit_files(alice_search *s, visit *v, alice_error *error)
{
    alice_status st = s->index ? ask_index(s, v, error) : ask_catalog(s, v, error);
    s->reached = v->match.reached;
    return st;
}

/* What all questions begin with. */
static alice_status begin(alice_search *s, const alice_search_query *query,
                          alice_search_query *own, visit *v, alice_error *error)
{
    *error = (alice_error){.text = ""};
    if (!s || !query)
        return alice__fail(error, ALICE_E_INVAL, 0, "a search and a query are needed");
    s->reached = 0;
    alice_status st = alice__options_take(own, sizeof *own, query);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    if (s->index && alice__index_is_replaced(s->index))
        st = update(s, error);
    if (st == ALICE_OK)
        st = alice__match_open(&v->match, &s->index_env, own, error);
    v->match.should_stop = s->options.should_stop;
    v->match.stop_ctx = s->options.ctx;
    return st;
}

typedef struct telling {
    bool (*each)(void *ctx, uint64_t id, const alice_library_file *file);
    void *ctx;
    uint64_t skip, left; /* left 0: without end */
} telling;

static alice_status tell_file(void *ctx, uint64_t id, const alice_library_file *file)
{
    telling *t = ctx;
    if (t->skip) {
        t->skip--;
        return ALICE_OK;
    }
    return t->each(t->ctx, id, file) && (t->left == 0 || --t->left > 0) ? ALICE_OK
                                                                        : ALICE_E_END;
}

alice_status alice_search_each(alice_search *s, const alice_search_query *query, uint64_t skip,
                               uint64_t most,
                               bool (*each)(void *ctx, uint64_t id,
                                            const alice_library_file *file),
                               void *ctx, alice_error *error)
{
    alice_error unheard;
    alice_search_query own;
    telling t = {.each = each, .ctx = ctx, .skip = skip, .left = most};
    visit v = {.each = tell_file, .ctx = &t};
    if (!error)
        error = &unheard;
    if (!each)
        return alice__fail(error, ALICE_E_INVAL, 0, "nobody listens to what is found");
    alice_status st = begin(s, query, &own, &v, error);
    if (st == ALICE_OK)
        st = visit_files(s, &v, error);
    alice__match_close(&v.match);
    return st;
}

/* ---- days and numbers ---- */

typedef struct counting {
    bool (*each)(void *ctx, uint32_t day, uint64_t files);
    void *ctx;
    uint32_t day;
    uint64_t files, all;
    bool enough;
} counting;

static alice_status count_day(void *ctx, uint32_t day, uint64_t files)
{
    counting *c = ctx;
    c->all += files;
    if (c->each && !c->each(c->ctx, day, files))
        c->enough = true;
    return c->enough ? ALICE_E_END : ALICE_OK;
}

static alice_status count_file(void *ctx, uint64_t id, const alice_library_file *file)
{
    counting *c = ctx;
    (void)id;
    alice_status st = ALICE_OK;
    if (c->files && c->day != file->day) {
        st = count_day(c, c->day, c->files);
        c->files = 0;
    }
    c->day = file->day;
    c->files++;
    return st;
}

static alice_status count(alice_search *s, const alice_search_query *query, counting *c,
                          alice_error *error)
{
    alice_search_query own;
    visit v = {.each = count_file, .ctx = c};
    alice_status st = begin(s, query, &own, &v, error);
    if (st == ALICE_OK && s->index && alice__match_is_by_date(&v.match)) {
        st = alice__index_days(s->index, &own, count_day, c);
        if (st == ALICE_OK || c->all || (st != ALICE_E_DAMAGED && st != ALICE_E_BUSY)) {
            alice__match_close(&v.match);
            return st == ALICE_OK ? st
                                  : alice__fail(error, st, 0, "%s", alice__index_why(s->index));
        }
        st = ALICE_OK; /* its files are counted, by the catalog where they cannot be either */
    }
    if (st == ALICE_OK)
        st = visit_files(s, &v, error);
    if ((st == ALICE_OK || st == ALICE_E_CANCELLED) && c->files && !c->enough)
        (void)count_day(c, c->day, c->files); /* the last: that it is enough says nothing */
    alice__match_close(&v.match);
    return st;
}

alice_status alice_search_count(alice_search *s, const alice_search_query *query, uint64_t *out,
                                alice_error *error)
{
    alice_error unheard;
    counting c = {.each = NULL};
    if (!error)
        error = &unheard;
    if (!out)
        return alice__fail(error, ALICE_E_INVAL, 0, "there is no room for the number");
    alice_status st = count(s, query, &c, error);
    *out = c.all;
    return st;
}

alice_status alice_search_days(alice_search *s, const alice_search_query *query,
                               bool (*each)(void *ctx, uint32_t day, uint64_t files), void *ctx,
                               alice_error *error)
{
    alice_error unheard;
    counting c = {.each = each, .ctx = ctx};
    if (!error)
        error = &unheard;
    if (!each)
        return alice__fail(error, ALICE_E_INVAL, 0, "nobody listens to what is found");
    return count(s, query, &c, error);
}

/* ---- one file ---- */

typedef struct sought {
    uint64_t id;
    telling t;
    bool found;
} sought;

static alice_status tell_sought(void *ctx, uint64_t id, const alice_library_file *file)
{
    sought *f = ctx;
    if (id != f->id)
        return ALICE_OK;
    f->found = true;
    (void)f->t.each(f->t.ctx, id, file); /* there is no other to go on to */
    return ALICE_E_END;
}

alice_status alice_search_file(alice_search *s, uint64_t id,
                               bool (*each)(void *ctx, uint64_t id,
                                            const alice_library_file *file),
                               void *ctx, alice_error *error)
{
    static const alice_search_query all = {.size = 0};
    alice_error unheard;
    alice_search_query own;
    sought f = {.id = id, .t = {.each = each, .ctx = ctx}};
    visit v = {.each = tell_sought, .ctx = &f, .row = alice__index_row(id)};
    if (!error)
        error = &unheard;
    if (!each)
        return alice__fail(error, ALICE_E_INVAL, 0, "nobody listens to what is found");
    alice_status st = begin(s, &all, &own, &v, error);
    bool asked = st == ALICE_OK && s->index;
    if (asked)
        st = alice__index_file(s->index, id, tell_sought, &f);
    if (st == ALICE_OK && !asked)
        st = visit_files(s, &v, error);
    alice__match_close(&v.match);
    if (st == ALICE_OK && !f.found)
        st = ALICE_E_NOENT;
    if (st != ALICE_OK && error->text[0] == 0)
        alice__fail(error, st, 0, "%s",
                    st == ALICE_E_NOENT ? "no file has this number" : alice_status_text(st));
    return st;
}
