/* SPDX-License-Identifier: MIT */
/*
 * One search, timed from inside: ask ORGANIZED MAX_MEMORY_MB [OPTION=VALUE | WORD]...
 * A line of JSON: how long opening took, which brings the index up to date, then until the
 * first answer, then until the last. OPTION: camera, generator, model, project, type, since,
 * near (LAT,LON), newest, most.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <alice/search.h>

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The kernel's mark of this program alone. */
static double peak_mb(void)
{
    char line[128];
    double kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %lf", &kb) == 1)
            break;
    if (f)
        fclose(f);
    return kb / 1024;
}

typedef struct told {
    double first_ms;
    uint64_t count;
} told;

static bool on_file(void *ctx, uint64_t id, const alice_library_file *file)
{
    told *t = ctx;
    (void)id;
    (void)file;
    if (t->count++ == 0)
        t->first_ms = now_ms();
    return true;
}

static void take(alice_search_query *q, const char *words[], char *arg, uint64_t *most)
{
    const struct {
        const char *name, **to;
    } texts[] = {{"camera=", &q->camera},
                 {"generator=", &q->generator},
                 {"model=", &q->model},
                 {"project=", &q->project},
                 {"type=", &q->type}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strncmp(arg, texts[i].name, strlen(texts[i].name)) == 0) {
            *texts[i].to = arg + strlen(texts[i].name);
            return;
        }
    if (sscanf(arg, "near=%lf,%lf", &q->latitude, &q->longitude) == 2) {
        q->near = true;
        q->km = 1;
    } else if (strcmp(arg, "newest") == 0) {
        q->newest_first = true;
    } else if (sscanf(arg, "since=%" SCNu32, &q->since) != 1 &&
               sscanf(arg, "most=%" SCNu64, most) != 1) {
        words[q->word_count++] = arg;
    }
}

int main(int argc, char **argv)
{
    enum { WORDS = 64 };
    const char *words[WORDS];
    alice_search_query q = {.words = words};
    alice_search *s = NULL;
    alice_error error = {.text = ""};
    told t = {0};
    uint64_t most = 0;
    if (argc < 3 || argc > WORDS)
        return 2;
    for (int i = 3; i < argc; i++)
        take(&q, words, argv[i], &most);
    alice_search_options o = {.organized = argv[1], .kernel_backstop = true};
    o.config.max_memory_mb = (uint32_t)atoi(argv[2]);
    double begin = now_ms();
    alice_status st = alice_search_open(&s, &o, &error);
    double opened = now_ms();
    if (st == ALICE_OK)
        st = alice_search_each(s, &q, 0, most, on_file, &t, &error);
    double end = now_ms();
    if (st != ALICE_OK || *alice_search_note(s))
        fprintf(stderr, "%s\n", st != ALICE_OK ? error.text : alice_search_note(s));
    alice_search_close(&s);
    printf("{\"open_ms\": %.2f, \"first_ms\": %.2f, \"all_ms\": %.2f, \"found\": %" PRIu64
           ", \"peak_mb\": %.1f}\n",
           opened - begin, t.count ? t.first_ms - opened : end - opened, end - opened, t.count,
           peak_mb());
    return st == ALICE_OK ? 0 : 1;
}
