/* SPDX-License-Identifier: MIT */
#include "catalog/search_match.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define EARTH_KM 6371.0

enum { ASK_EVERY = 16 }; /* files between two questions whether to stop */

static double radians(double degrees)
{
    return degrees * acos(-1.0) / 180;
}

static void set_place(alice__match *m, const alice_search_query *q)
{
    double north = radians(q->latitude), east = radians(q->longitude);
    double half = q->km / EARTH_KM / 2;
    m->x = cos(north) * cos(east);
    m->y = cos(north) * sin(east);
    m->z = sin(north);
    m->chord = half >= acos(-1.0) / 2 ? 5 : 4 * sin(half) * sin(half);
}

static alice_status check(const alice_search_query *q, alice_error *error)
{
    if (q->word_count > ALICE__SEARCH_WORDS)
        return alice__fail(error, ALICE_E_INVAL, 0, "%zu words are too many: %d can be given",
                           q->word_count, ALICE__SEARCH_WORDS);
    for (size_t i = 0; i < q->word_count; i++)
        if (!q->words || !q->words[i])
            return alice__fail(error, ALICE_E_INVAL, 0, "a word is missing");
    /* What is no number fails each comparison. */
    if (q->near &&
        !(fabs(q->latitude) <= 90 && fabs(q->longitude) <= 180 && q->km > 0 && q->km <= 100000))
        return alice__fail(
            error, ALICE_E_INVAL, 0,
            "a place has -90 to 90 degrees north, -180 to 180 degrees east and a "
            "distance above 0 km");
    return ALICE_OK;
}

alice_status alice__match_open(alice__match *m, const alice_env *env,
                               const alice_search_query *q, alice_error *error)
{
    *m = (alice__match){.query = q, .words = {.env = *env}, .text = {.env = *env}};
    const struct {
        const char *text, **to;
    } facts[] = {{q->camera, &m->camera}, {q->generator, &m->generator},
                 {q->model, &m->model},   {q->project, &m->project},
                 {q->type, &m->type},     {q->album, &m->album}};
    enum { FACTS = sizeof facts / sizeof *facts };
    size_t n = 1;
    alice_status st = check(q, error);
    if (st != ALICE_OK)
        return st;
    for (size_t i = 0; i < q->word_count; i++)
        n += strlen(q->words[i]) + 1;
    for (size_t i = 0; i < FACTS; i++)
        n += facts[i].text ? strlen(facts[i].text) + 1 : 0;
    st = alice__room_more(&m->words, n);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "no memory for the words of a search");
    for (size_t i = 0; i < q->word_count + FACTS; i++) {
        const char *text = i < q->word_count ? q->words[i] : facts[i - q->word_count].text;
        const char **to = i < q->word_count ? &m->word[i] : facts[i - q->word_count].to;
        if (!text)
            continue;
        *to = m->words.p + m->words.n;
        alice__fold_case(text, m->words.p + m->words.n, strlen(text) + 1);
        m->words.n += strlen(m->words.p + m->words.n) + 1;
    }
    if (q->near)
        set_place(m, q);
    return ALICE_OK;
}

void alice__match_close(alice__match *m)
{
    alice__room_free(&m->words);
    alice__room_free(&m->text);
}

/* `n` bytes of a text, folded, in m->text; after what was there, where `more`. */
static alice_status fold(alice__match *m, const char *text, size_t n, bool more)
{
    alice__room *r = &m->text;
    if (!more)
        r->n = 0;
    alice_status st = alice__room_more(r, n + 1);
    if (st != ALICE_OK)
        return st;
    alice__fold_case(text, r->p + r->n, n + 1);
    r->n += strlen(r->p + r->n);
    return ALICE_OK;
}

static alice_status has(alice__match *m, const char *text, const char *word, bool *out)
{
    alice_status st = fold(m, text, strlen(text), false);
    if (st == ALICE_OK)
        *out = strstr(m->text.p, word) != NULL;
    return st;
}

/* The first `n` bytes of a text are this, in either case. */
static alice_status is(alice__match *m, const char *text, size_t n, const char *word, bool *out)
{
    alice_status st = ALICE_OK;
    *out = false;
    if (n != strlen(word))
        return ALICE_OK;
    st = fold(m, text, strlen(text), false);
    if (st == ALICE_OK)
        *out = m->text.n >= n && memcmp(m->text.p, word, n) == 0;
    return st;
}

static alice_status has_words(alice__match *m, const alice_library_file *f, bool *out)
{
    const char *const in[] = {f->path,  f->prompt, f->negative_prompt, f->ai_model,
                              f->model, f->make,   f->generator,       f->albums};
    const size_t count = m->query->word_count;
    uint64_t missing = count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
    for (size_t k = 0; missing && k < sizeof in / sizeof *in; k++) {
        alice_status st = fold(m, in[k], strlen(in[k]), false);
        if (st != ALICE_OK)
            return st;
        for (size_t i = 0; i < count; i++)
            if (missing >> i & 1 && strstr(m->text.p, m->word[i]))
                missing &= ~(UINT64_C(1) << i);
    }
    *out = missing == 0;
    return ALICE_OK;
}

static bool is_near(const alice__match *m, const alice_library_file *f)
{
    if (!f->placed)
        return false;
    double north = radians(f->latitude), east = radians(f->longitude);
    double x = cos(north) * cos(east) - m->x, y = cos(north) * sin(east) - m->y,
           z = sin(north) - m->z;
    return x * x + y * y + z * z <= m->chord;
}

static alice_status is_of_camera(alice__match *m, const alice_library_file *f, bool *out)
{
    alice_status st = fold(m, f->make, strlen(f->make), false);
    if (st == ALICE_OK)
        st = fold(m, " ", 1, true);
    if (st == ALICE_OK)
        st = fold(m, f->model, strlen(f->model), true);
    if (st == ALICE_OK)
        *out = strstr(m->text.p, m->camera) != NULL;
    return st;
}

/* One of its albums is the one asked for. */
static alice_status is_in_album(alice__match *m, const alice_library_file *f, bool *out)
{
    alice_status st = fold(m, f->albums, strlen(f->albums), false);
    const size_t n = strlen(m->album);
    *out = false;
    if (st != ALICE_OK || m->text.n == 0)
        return st;
    for (const char *a = m->text.p; !*out && *a;) {
        const size_t line = strcspn(a, "\n");
        *out = line == n && memcmp(a, m->album, n) == 0;
        a += line + (a[line] == '\n');
    }
    return st;
}

alice_status alice__match_file(alice__match *m, const alice_library_file *f, bool *out)
{
    const alice_search_query *q = m->query;
    size_t n = 0;
    const char *project = alice__project_of(f->path, &n);
    alice_status st = ALICE_OK;
    if (m->asked++ % ASK_EVERY == 0 && m->should_stop && m->should_stop(m->stop_ctx))
        return ALICE_E_CANCELLED;
    bool yes = (!q->since || f->day >= q->since) &&
               (!q->until || (f->day && f->day <= q->until)) && (!q->near || is_near(m, f)) &&
               (!q->seed || strcmp(f->seed, q->seed) == 0);
    if (yes && m->generator)
        st = is(m, f->generator, strlen(f->generator), m->generator, &yes);
    if (st == ALICE_OK && yes && m->type)
        st = is(m, f->type, strlen(f->type), m->type, &yes);
    if (st == ALICE_OK && yes && m->project)
        st = is(m, project, n, m->project, &yes);
    if (st == ALICE_OK && yes && m->model)
        st = has(m, f->ai_model, m->model, &yes);
    if (st == ALICE_OK && yes && m->camera)
        st = is_of_camera(m, f, &yes);
    if (st == ALICE_OK && yes && m->album)
        st = is_in_album(m, f, &yes);
    if (st == ALICE_OK && yes && q->word_count)
        st = has_words(m, f, &yes);
    *out = yes;
    return st;
}

bool alice__match_is_behind(const alice__match *m, uint64_t id)
{
    const alice_search_query *q = m->query;
    return !q->after || (q->newest_first ? id < q->after : id > q->after);
}

/* It only goes on, also where a catalog holds dates that sort otherwise than ids do: who asks
 * again from there comes to an end. */
void alice__match_done(alice__match *m, uint64_t id)
{
    if (!m->reached || (m->query->newest_first ? id < m->reached : id > m->reached))
        m->reached = id;
}

bool alice__match_is_by_date(const alice__match *m)
{
    const alice_search_query *q = m->query;
    return !q->after && !q->word_count && !q->camera && !q->generator && !q->model &&
           !q->seed && !q->project && !q->type && !q->near && !q->album;
}
