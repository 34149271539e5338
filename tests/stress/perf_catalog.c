/* SPDX-License-Identifier: MIT */
/*
 * What the catalog costs a file: known (a miss), same (a miss), number, add and
 * a commit every 1,000 rows, on a real database. One JSON object a line.
 *
 *     perf_catalog FOLDER [ROWS [BATCH [BUFFER_KB]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "catalog/catalog.h"

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Bytes this process has sent to disks, as the kernel counts. */
static unsigned long long written(void)
{
    unsigned long long n = 0;
    char line[128];
    FILE *f = fopen("/proc/self/io", "r");
    while (f && fgets(line, sizeof line, f))
        sscanf(line, "write_bytes: %llu", &n);
    if (f)
        fclose(f);
    return n;
}

static uint64_t mixed(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static void must(alice_status st, const char *what, const alice_error *e)
{
    if (st == ALICE_OK)
        return;
    fprintf(stderr, "%s: %s %s\n", what, alice_status_name(st), e ? e->text : "");
    exit(1);
}

enum { PER_DIR = 500 };

int main(int argc, char **argv)
{
    char path[512], name[64], dest[128], buf[256];
    unsigned long rows = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000;
    unsigned long batch = argc > 3 ? strtoul(argv[3], NULL, 10) : 1000;
    alice_error e = {0};
    alice__catalog *c = NULL;
    int64_t run = 0, dir = 0, id = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: perf_catalog FOLDER [ROWS [BATCH [BUFFER_KB]]]\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/catalog.db", argv[1]);
    alice__catalog_options o = {.path = path};
    o.fingerprint_buffer_bytes = argc > 4 ? strtoul(argv[4], NULL, 10) * 1024 : 0;

    for (int pass = 0; pass < 2; pass++) {
        double began = now_s(), spent[4] = {0};
        unsigned long long io = written();
        unsigned long seen = 0;
        must(alice__catalog_open(&c, &o, &e), "open", &e);
        alice__run r = {"copy", "/inbox", "/organized", 0};
        must(alice__catalog_run_begin(c, &r, &run, &e), "run", &e);
        for (unsigned long i = 0; i < rows; i++) {
            alice__known known;
            if (i % PER_DIR == 0) {
                snprintf(name, sizeof name, "/inbox/project-%05lu", i / PER_DIR);
                must(alice__catalog_dir(c, name, true, &dir), "dir", NULL);
            }
            snprintf(name, sizeof name, "IMG_%06lu.jpg", i);
            must(alice__catalog_known(c, dir, name, &known), "known", NULL);
            if (known.id) {
                seen++;
                continue;
            }
            bool timed = i % 16 == 0;
            double t0 = timed ? now_s() : 0;
            alice__hash head = {mixed(i), mixed(~i)};
            uint64_t size = 100000 + mixed(i) % 4000000, number;
            int64_t after = 0;
            alice__candidate same;
            must(alice__catalog_same(c, size, head, &after, buf, sizeof buf, &same), "same",
                 NULL);
            double t1 = timed ? now_s() : 0;
            snprintf(dest, sizeof dest, "project-%05lu", i / PER_DIR);
            must(alice__catalog_number(c, dest, "camera-pixel-8", &number), "number", NULL);
            double t2 = timed ? now_s() : 0;
            snprintf(dest, sizeof dest,
                     "2024-%02lu-%02lu/project-%05lu/camera-pixel-8/project-%05lu-%05lu.jpg",
                     1 + i / 300 % 12, 1 + i / 30 % 28, i / PER_DIR, i / PER_DIR,
                     (unsigned long)number);
            alice_media_info info = {.type = ALICE_MEDIA_JPEG,
                                     .width = 4000,
                                     .height = 3000,
                                     .date = {2024, 3, 15, 12, 30, 1, true, false, 0},
                                     .date_source = ALICE_DATE_EXIF_ORIGINAL};
            info.fact[ALICE_FACT_MAKE] = (alice_text){"Google", 6};
            info.fact[ALICE_FACT_MODEL] = (alice_text){"Pixel 8", 7};
            info.fact[ALICE_FACT_SOFTWARE] = (alice_text){"HDR+ 1.0.540104767zd", 20};
            alice__row row = {
                .dir_id = dir,
                .name = name,
                .stamp = {size, (int64_t)mixed(i) >> 2, (int64_t)mixed(i) >> 2, i},
                .state = ALICE__PLACED,
                .dest = dest,
                .head = head,
                .info = &info,
                .run_id = run};
            must(alice__catalog_add(c, &row, &id, &e), "add", &e);
            double t3 = timed ? now_s() : 0;
            spent[0] += t1 - t0;
            spent[1] += t2 - t1;
            spent[2] += t3 - t2;
            if ((i + 1) % batch == 0) {
                double t4 = now_s();
                must(alice__catalog_commit(c, true, &e), "commit", &e);
                spent[3] += now_s() - t4;
            }
        }
        alice__run_totals totals = {.files = rows, .finished = true};
        must(alice__catalog_run_end(c, run, &totals, &e), "end", &e);
        alice__catalog_stats stats;
        alice__catalog_stats_get(c, &stats);
        alice__catalog_close(&c);
        double took = now_s() - began, n = (double)rows;
        struct stat db = {0};
        stat(path, &db);
        printf(
            "{\"pass\": \"%s\", \"rows\": %lu, \"batch\": %lu, \"known\": %lu, "
            "\"us_per_file\": %.2f, \"same_us\": %.2f, \"number_us\": %.2f, \"add_us\": %.2f, "
            "\"commit_us\": %.2f, \"flushes_per_1000\": %.2f, \"counted_bytes_per_file\": "
            "%.0f, "
            "\"kernel_bytes_per_file\": %.0f, \"file_bytes_per_row\": %.0f}\n",
            pass ? "second" : "first", rows, batch, seen, took * 1e6 / n, spent[0] * 16e6 / n,
            spent[1] * 16e6 / n, spent[2] * 16e6 / n, spent[3] * 1e6 / n,
            (double)stats.flushes * 1000 / n, (double)stats.bytes_written / n,
            (double)(written() - io) / n, (double)db.st_size / n);
        fflush(stdout);
    }
    return 0;
}
