/* SPDX-License-Identifier: MIT */
/* A log of any size: how often each client comes, the counts in a cache, so that a million
 * clients take no more memory than a hundred. */
#include <stdio.h>
#include <string.h>

#include <alice/cache.h>
#include <alice/reader.h>

static alice_status count(void *ctx, const alice_line *line)
{
    alice_cache *counts = (alice_cache *)ctx;
    alice_pin pin ALICE_PIN_SCOPED = {0};
    const char *space = (const char *)memchr(line->text.p, ' ', line->text.n);
    size_t n = space ? (size_t)(space - line->text.p) : line->text.n;
    alice_bytes client = {(const uint8_t *)line->text.p, n};
    long seen = 0;
    alice_status st = alice_cache_get(counts, client, &pin);
    if (st == ALICE_OK)
        memcpy(&seen, pin.p, sizeof seen);
    else if (st != ALICE_E_NOENT)
        return st;
    seen++;
    alice_bytes value = {(const uint8_t *)&seen, sizeof seen};
    return alice_cache_set(counts, client, value, ALICE_TTL_NEVER);
}

int main(void)
{
    FILE *f = fopen("access.log", "w");
    for (int i = 0; f && i < 10000; i++)
        fprintf(f, "10.0.0.%d GET /picture/%d\n", i % 4 ? i % 200 : 7, i);
    if (!f || fclose(f))
        return 1;

    alice_cache_options o = {.max_bytes = ALICE_MB};
    alice_cache *counts = NULL;
    alice_reader *log ALICE_SCOPED(alice_reader_close) = NULL;
    alice_error error = {.text = ""};
    if (alice_cache_open(&counts, &o) != ALICE_OK)
        return 1;
    alice_status st = alice_reader_open(&log, "access.log", NULL, &error);
    if (st == ALICE_OK)
        st = alice_reader_read_lines(log, count, counts, &error);
    if (st != ALICE_OK)
        fprintf(stderr, "%s\n", error.text);
    long most = 0;
    alice_pin pin = {0};
    alice_bytes client = {(const uint8_t *)"10.0.0.7", 8};
    if (alice_cache_get(counts, client, &pin) == ALICE_OK)
        memcpy(&most, pin.p, sizeof most);
    alice_cache_unpin(&pin);
    printf("10.0.0.7 came %ld times\n", most);
    return alice_cache_close(&counts) == ALICE_OK && st == ALICE_OK && most > 2500 ? 0 : 1;
}
