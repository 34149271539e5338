/* SPDX-License-Identifier: MIT */
#include "samples.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The first samples stand this far apart: a run of a second still gets a curve. */
static const uint64_t FIRST_INTERVAL_NS = 5000000;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool samples_open(cli_samples *s)
{
    *s = (cli_samples){.interval_ns = FIRST_INTERVAL_NS, .began_ns = now_ns()};
    s->next_ns = s->began_ns;
    s->at = calloc(SAMPLES_MAX, sizeof *s->at);
    return s->at != NULL;
}

void samples_close(cli_samples *s)
{
    free(s->at);
    *s = (cli_samples){0};
}

bool samples_due(const cli_samples *s)
{
    return s->at && now_ns() >= s->next_ns;
}

static void halve(cli_samples *s)
{
    for (size_t i = 0; i < SAMPLES_MAX / 2; i++) {
        const cli_sample *a = &s->at[2 * i], *b = a + 1;
        s->at[i] = a->resident_kb >= b->resident_kb ? *a : *b;
    }
    s->count = SAMPLES_MAX / 2;
    s->interval_ns *= 2;
}

/* The place of an account's name; the last one gathers those for which there is no room. */
static size_t place_of(cli_samples *s, const char *name)
{
    size_t i = 0;
    while (i < s->account_count && strcmp(s->account[i], name) != 0)
        i++;
    if (i == s->account_count && i < SAMPLES_ACCOUNTS) {
        strncpy(s->account[i], i + 1 < SAMPLES_ACCOUNTS ? name : "(others)",
                sizeof s->account[i] - 1);
        s->account_count++;
    }
    return i < SAMPLES_ACCOUNTS ? i : SAMPLES_ACCOUNTS - 1;
}

static uint32_t kb(size_t bytes)
{
    size_t n = bytes / 1024;
    return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

bool status_get(cli_status *s, const alice_organizer *organizer)
{
    return alice_organizer_run_status(organizer, &s->run, sizeof s->run) == ALICE_OK &&
           alice_organizer_memory_status(organizer, &s->memory, sizeof s->memory) == ALICE_OK;
}

uint32_t samples_add(cli_samples *s, const cli_status *now)
{
    uint64_t t = now_ns(), hits = 0, misses = 0;
    size_t cached = 0;
    if (!s->at)
        return 0;
    if (s->count == SAMPLES_MAX)
        halve(s);
    s->next_ns = t + s->interval_ns;
    cli_sample *to = &s->at[s->count++];
    *to = (cli_sample){.ms = (uint32_t)((t - s->began_ns) / 1000000u),
                       .resident_kb = kb(now->memory.usage.current),
                       .batch = now->run.batch_size};
    for (size_t i = 0; i < now->memory.cache_count; i++) {
        cached += now->memory.caches[i].numbers.size_bytes;
        hits += now->memory.caches[i].numbers.hits;
        misses += now->memory.caches[i].numbers.misses;
    }
    to->cache_kb = kb(cached);
    to->hit_rate = hits + misses ? (float)((double)hits / (double)(hits + misses)) : 0;
    for (size_t i = 0; i < now->memory.account_count; i++)
        if (now->memory.accounts[i].depth == 1)
            to->account_kb[place_of(s, now->memory.accounts[i].name)] +=
                kb(now->memory.accounts[i].current);
    return to->ms;
}
