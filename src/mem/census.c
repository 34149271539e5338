/* SPDX-License-Identifier: MIT */
/*
 * The census: every open handle by its address, and a count for each type.
 *
 * The lock is innermost, as in the profile: under it nothing is allocated, charged
 * or called back. The table grows outside of it.
 */
#include <alice/budget.h>
#include <alice/profile.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "base/pointer_map.h"
#include "mem/profile_hook.h"
#include "port/module.h"

enum { MAX_BYTES = 256 * 1024, FIRST_CAP = 32, TYPES = 64, TOLD = 20 };

typedef struct entry {
    uintptr_t key; /* the handle */
    const char *type;
    const alice_site *site;
    uintptr_t address;
    uint64_t serial;
    char holder[32];
} entry;

struct alice_census {
    alice_census_options o;
    pthread_mutex_t lock;
    alice__pmap handles;
    uint64_t serial;
    uint64_t lost;
    size_t type_count;
    alice_census_count types[TYPES]; /* the last takes what does not fit, as "other" */
};

static void lock(const alice_census *c)
{
    pthread_mutex_lock((pthread_mutex_t *)&c->lock);
}

static void unlock(const alice_census *c)
{
    pthread_mutex_unlock((pthread_mutex_t *)&c->lock);
}

static size_t table_bytes(const alice__pmap *m)
{
    return m->cap * m->entry_bytes;
}

static bool same_type(const char *a, const char *b)
{
    return a == b || strcmp(a, b) == 0;
}

static alice_census_count *type_locked(alice_census *c, const char *type)
{
    for (size_t i = 0; i < c->type_count; i++) {
        if (same_type(c->types[i].type, type))
            return &c->types[i];
    }
    if (c->type_count == TYPES)
        return &c->types[TYPES - 1];
    alice_census_count *t = &c->types[c->type_count++];
    t->type = c->type_count == TYPES ? "other" : type;
    return t;
}

/* Room for one more. */
static void make_room(alice_census *c)
{
    void *memory = NULL;
    lock(c);
    size_t cap = c->handles.cap ? c->handles.cap * 2 : FIRST_CAP;
    bool wanted = alice__pmap_full(&c->handles) && cap * sizeof(entry) <= c->o.max_bytes;
    unlock(c);
    size_t bytes = cap * sizeof(entry);
    if (!wanted || alice_env_try_alloc(&c->o.env, bytes, ALICE_HERE, &memory) != ALICE_OK)
        return;
    memset(memory, 0, bytes);
    lock(c);
    if (c->handles.cap < cap) {
        size_t old_bytes = table_bytes(&c->handles);
        memory = alice__pmap_rehash(&c->handles, memory, cap);
        bytes = old_bytes;
    }
    unlock(c);
    alice_env_free(&c->o.env, memory, bytes);
}

static void add(alice_census *c, const entry *e)
{
    if (!c || !e->key || !e->type)
        return;
    make_room(c);
    lock(c);
    entry *known = alice__pmap_find(&c->handles, e->key);
    if (known) /* closed without a word, and the address given again */
        type_locked(c, known->type)->live--;
    if (known || !alice__pmap_full(&c->handles)) {
        alice_census_count *t = type_locked(c, e->type);
        entry *to = known ? known : alice__pmap_add(&c->handles, e->key);
        *to = *e;
        to->serial = ++c->serial;
        t->live++;
        t->opened++;
    } else {
        c->lost++;
    }
    unlock(c);
}

void alice_census_add(alice_census *census, const void *handle, const char *type,
                      const alice_site *site, const char *holder)
{
    entry e = {.key = (uintptr_t)handle, .type = type, .site = site};
    snprintf(e.holder, sizeof e.holder, "%s", holder ? holder : "");
    add(census, &e);
}

void alice_census_add_from(alice_census *census, const void *handle, const char *type,
                           const void *return_address, const alice_account *account)
{
    entry e = {.key = (uintptr_t)handle, .type = type, .address = (uintptr_t)return_address};
    snprintf(e.holder, sizeof e.holder, "%s", account ? alice_account_name(account) : "");
    add(census, &e);
}

void alice_census_remove(alice_census *c, const void *handle)
{
    if (!c || !handle)
        return;
    lock(c);
    entry *e = alice__pmap_find(&c->handles, (uintptr_t)handle);
    if (e) {
        type_locked(c, e->type)->live--;
        alice__pmap_remove(&c->handles, e);
    }
    unlock(c);
}

/* ---- looking ---- */

size_t alice_census_live(const alice_census *c)
{
    if (!c)
        return 0;
    lock(c);
    size_t n = c->handles.count;
    unlock(c);
    return n;
}

uint64_t alice_census_lost(const alice_census *c)
{
    if (!c)
        return 0;
    lock(c);
    uint64_t n = c->lost;
    unlock(c);
    return n;
}

uint64_t alice_census_mark(const alice_census *c)
{
    if (!c)
        return 0;
    lock(c);
    uint64_t n = c->serial;
    unlock(c);
    return n;
}

static alice_census_row row_of(const entry *e)
{
    alice_census_row r = {.handle = (const void *)e->key,
                          .type = e->type,
                          .site = e->site,
                          .address = e->address,
                          .serial = e->serial};
    memcpy(r.holder, e->holder, sizeof r.holder);
    return r;
}

/* Put a row where its serial belongs among `n` of at most `cap`; the newest may fall out. */
static void insert(alice_census_row *rows, size_t n, size_t cap, const entry *e)
{
    if (cap == 0 || (n >= cap && e->serial > rows[cap - 1].serial))
        return;
    size_t i = n < cap ? n : cap - 1;
    for (; i > 0 && rows[i - 1].serial > e->serial; i--)
        rows[i] = rows[i - 1];
    rows[i] = row_of(e);
}

alice_status alice_census_list(const alice_census *c, uint64_t mark, alice_census_row *rows,
                               size_t cap, size_t *count)
{
    if (!c || !count || (cap && !rows))
        return ALICE_E_INVAL;
    size_t n = 0;
    lock(c);
    for (size_t i = 0; i < c->handles.cap; i++) {
        const entry *e = alice__pmap_at(&c->handles, i);
        if (e->key && e->serial > mark)
            insert(rows, n++, cap, e);
    }
    unlock(c);
    *count = n;
    return ALICE_OK;
}

/* Put a count where it belongs among `n` of at most `cap`: the most live first. */
static void insert_count(alice_census_count *rows, size_t n, size_t cap,
                         const alice_census_count *t)
{
    size_t i = n < cap ? n : cap;
    for (; i > 0 && rows[i - 1].live < t->live; i--) {
        if (i < cap)
            rows[i] = rows[i - 1];
    }
    if (i < cap)
        rows[i] = *t;
}

alice_status alice_census_counts(const alice_census *c, alice_census_count *rows, size_t cap,
                                 size_t *count)
{
    if (!c || !count || (cap && !rows))
        return ALICE_E_INVAL;
    lock(c);
    for (size_t i = 0; i < c->type_count; i++)
        insert_count(rows, i, cap, &c->types[i]);
    *count = c->type_count;
    unlock(c);
    return ALICE_OK;
}

static const alice_census_count *find_type(const alice_census_count *rows, size_t n,
                                           const char *type)
{
    for (size_t i = 0; i < n; i++) {
        if (same_type(rows[i].type, type))
            return &rows[i];
    }
    return NULL;
}

alice_status alice_census_diff(const alice_census_count *before, size_t before_count,
                               const alice_census_count *after, size_t after_count,
                               alice_census_count *rows, size_t cap, size_t *count)
{
    size_t n = 0;
    if (!count || (before_count && !before) || (after_count && !after) || (cap && !rows))
        return ALICE_E_INVAL;
    for (size_t i = 0; i < before_count + after_count; i++) {
        alice_census_count t = {0};
        if (i < after_count) {
            const alice_census_count *old = find_type(before, before_count, after[i].type);
            t = after[i];
            t.live -= old ? old->live : 0;
            t.opened -= old ? old->opened : 0;
        } else if (!find_type(after, after_count, before[i - after_count].type)) {
            t = before[i - after_count];
            t.live = -t.live;
            t.opened = -t.opened;
        }
        if (t.live || t.opened)
            insert_count(rows, n++, cap, &t);
    }
    *count = n;
    return ALICE_OK;
}

char *alice_census_describe(const alice_census_row *r, char *buf, size_t size)
{
    alice__module m;
    char who[256];
    if (size == 0)
        return buf;
    if (r->site)
        snprintf(who, sizeof who, "%s (%s:%d)", r->site->function, r->site->file,
                 r->site->line);
    else if (r->address && alice__module_of((uintptr_t)r->address, &m))
        snprintf(who, sizeof who, "%s+0x%llx%s%s%s", m.path, (unsigned long long)m.offset,
                 m.symbol ? " (after " : "", m.symbol ? m.symbol : "", m.symbol ? ")" : "");
    else
        snprintf(who, sizeof who, "0x%llx", (unsigned long long)r->address);
    snprintf(buf, size, "%s by %s%s%s", r->type, who, r->holder[0] ? ", held by " : "",
             r->holder);
    return buf;
}

/* ---- life ---- */

alice_status alice_census_open(alice_census **out, const alice_census_options *options)
{
    alice_census *c = NULL;
    if (!out)
        return ALICE_E_INVAL;
    alice_census_options o;
    alice_status st = alice__options_take(&o, sizeof o, options);
    if (st != ALICE_OK)
        return st;
    o.max_bytes = o.max_bytes ? o.max_bytes : MAX_BYTES;
    o.env.census = NULL;
    st = alice_env_calloc(&o.env, 1, sizeof *c, ALICE_HERE, (void **)&c);
    if (st != ALICE_OK)
        return st;
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        alice_env_free(&o.env, c, sizeof *c);
        return ALICE_E_SYSTEM;
    }
    c->o = o;
    c->handles.entry_bytes = sizeof(entry);
    *out = c;
    return ALICE_OK;
}

static void report_open_ones(const alice_census *c)
{
    char text[400];
    uint64_t mark = 0;
    size_t left = 0;
    for (size_t i = 0; i < TOLD; i++) {
        alice_census_row r;
        alice_census_list(c, mark, &r, 1, &left);
        if (left == 0)
            return;
        alice_env_log(&c->o.env, ALICE_LOG_WARNING, "not closed: %s",
                      alice_census_describe(&r, text, sizeof text));
        mark = r.serial;
        left--;
    }
    if (left > 0)
        alice_env_log(&c->o.env, ALICE_LOG_WARNING, "not closed: %zu more", left);
}

alice_status alice_census_close(alice_census **census)
{
    if (!census || !*census)
        return ALICE_OK;
    alice_census *c = *census;
    alice_env env = c->o.env;
    report_open_ones(c);
    if (alice_census_live(c) > 0)
        return ALICE_E_BUSY;
    *census = NULL;
    alice_env_free(&env, c->handles.entries, table_bytes(&c->handles));
    pthread_mutex_destroy(&c->lock);
    alice_env_free(&env, c, sizeof *c);
    return ALICE_OK;
}
