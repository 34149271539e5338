/* SPDX-License-Identifier: MIT */
/* What the fuzz targets share. See fuzz.h. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA = 16384, AMPLE = 1024 * 1024, LITTLE = 20 * 1024, HEAD = 96, MOST = 1024 * 1024 };

void fuzz_broken(const char *claim, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
    abort();
}

static void *limited_resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    fuzz_memory *m = ctx;
    FUZZ_CHECK(m->live >= old_size);
    if (new_size == 0) {
        free(p);
        m->live -= old_size;
        return NULL;
    }
    if (new_size > m->limit || m->live - old_size > m->limit - new_size)
        return NULL;
    void *now = realloc(p, new_size);
    if (now)
        m->live = m->live - old_size + new_size;
    return now;
}

alice_env fuzz_env(fuzz_memory *m, size_t limit)
{
    *m = (fuzz_memory){.alloc = {limited_resize, m}, .limit = limit};
    return (alice_env){.alloc = &m->alloc};
}

void fuzz_env_end(const fuzz_memory *m)
{
    FUZZ_CHECK(m->live == 0);
}

static void *take(size_t n)
{
    void *p = malloc(n ? n : 1);
    FUZZ_CHECK(p != NULL);
    return p;
}

void fuzz_facts_begin(fuzz_facts *f)
{
    memset(f, 0, sizeof *f);
    f->arena = take(ARENA);
    alice__facts_begin(&f->facts, &f->info, f->arena, ARENA, 1800000000);
}

void fuzz_facts_end(fuzz_facts *f)
{
    const alice_media_info *info = &f->info;
    alice__facts_end(&f->facts);
    FUZZ_CHECK((unsigned)info->type < ALICE_MEDIA_COUNT);
    FUZZ_CHECK((unsigned)info->generator < ALICE_GEN_COUNT);
    FUZZ_CHECK((unsigned)info->date_source <= ALICE_DATE_NOWHERE);
    FUZZ_CHECK((info->date.year == 0) == (info->date_source == ALICE_DATE_NOWHERE));
    FUZZ_CHECK(info->date.year == 0 ||
               (info->date.year >= 1900 && info->date.month <= 12 && info->date.day <= 31 &&
                (info->date.month > 0 || info->date.day == 0)));
    FUZZ_CHECK(memchr(info->reason, 0, sizeof info->reason) != NULL);
    for (int i = 0; i < ALICE_FACT_COUNT; i++) {
        alice_text t = info->fact[i];
        FUZZ_CHECK(t.n == 0 || (t.p >= f->arena && t.n <= (size_t)(f->arena + ARENA - t.p)));
        FUZZ_CHECK(t.n == 0 || info->fact_from[i] != NULL);
    }
    free(f->arena);
    f->arena = NULL;
}

typedef struct fuzz_file {
    const uint8_t *p;
    size_t n;
    unsigned fail_at; /* the fetch that fails; 0: none */
    unsigned fetches;
} fuzz_file;

static alice_status fetch(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    fuzz_file *f = ctx;
    if (++f->fetches == f->fail_at)
        return ALICE_E_IO;
    *got = 0;
    if (offset >= f->n)
        return ALICE_OK;
    *got = f->n - (size_t)offset < n ? f->n - (size_t)offset : n;
    memcpy(to, f->p + offset, *got);
    return ALICE_OK;
}

/* One reading; how it may have ended is known. Answers how often it fetched. */
static unsigned read_once(const alice__format *format, const uint8_t *data, size_t n,
                          size_t head_n, size_t memory_limit, unsigned fail_at)
{
    fuzz_file file = {data, n, fail_at, 0};
    fuzz_memory memory;
    fuzz_facts facts;
    uint8_t *head = take(head_n);
    memcpy(head, data, head_n);
    alice__input in = {.size = n, .head = {head, head_n}, .fetch = fetch, .ctx = &file};
    alice__parse parse = {.env = fuzz_env(&memory, memory_limit),
                          .scratch = take(ALICE__SCRATCH),
                          .in = &in,
                          .facts = &facts.facts};

    fuzz_facts_begin(&facts);
    facts.info.type = format->sniff(in.head, n);
    if (facts.info.type != ALICE_MEDIA_NONE) {
        alice_status st = format->read(&parse);
        FUZZ_CHECK(st == ALICE_OK || st == ALICE_E_DAMAGED || st == ALICE_E_UNSUPPORTED ||
                   st == ALICE_E_TOOBIG || st == ALICE_E_IO || st == ALICE_E_NOMEM ||
                   st == ALICE_E_BUDGET || st == ALICE_E_END);
        FUZZ_CHECK(st != ALICE_E_IO || fail_at != 0);
        FUZZ_CHECK(facts.info.type != ALICE_MEDIA_NONE);
    }
    fuzz_facts_end(&facts);
    fuzz_env_end(&memory);
    free(parse.scratch);
    free(head);
    return file.fetches;
}

void fuzz_format(const alice__format *format, const uint8_t *data, size_t n)
{
    if (n > MOST)
        return;
    uint8_t *copy = take(n);
    if (n)
        memcpy(copy, data, n);
    size_t head = n < HEAD ? n : HEAD;
    (void)read_once(format, copy, n, n, AMPLE, 0);
    unsigned fetches = read_once(format, copy, n, head, AMPLE, 0);
    (void)read_once(format, copy, n, head, LITTLE, 0);
    (void)read_once(format, copy, n, n, 0, 0);
    if (fetches > 0)
        (void)read_once(format, copy, n, head, AMPLE, 1 + (unsigned)n % fetches);
    free(copy);
}

void fuzz_block(const uint8_t *data, size_t n,
                void (*one)(alice__facts *f, const alice_env *env, alice_bytes block))
{
    static const size_t limits[] = {AMPLE, LITTLE, 0};
    if (n > MOST)
        return;
    uint8_t *copy = take(n);
    if (n)
        memcpy(copy, data, n);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        fuzz_memory memory;
        fuzz_facts facts;
        alice_env env = fuzz_env(&memory, limits[i]);
        fuzz_facts_begin(&facts);
        one(&facts.facts, &env, (alice_bytes){copy, n});
        fuzz_facts_end(&facts);
        fuzz_env_end(&memory);
    }
    free(copy);
}
