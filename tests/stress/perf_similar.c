/* SPDX-License-Identifier: MIT */
/*
 * What hashes of pictures are worth and cost; bench/similar calls it.
 *
 *   perf_similar hash N < paths    a line each: milliseconds so far, quality, hash, path; N
 * decoders
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <alice/budget.h>

#include "media/picture_hash.h"
#include "organize/pictures.h"
#include "organize/similar_int.h"
#include "port/clock.h"
#include "port/fs.h"

enum { LINE = 4096, WAY = 64 };

static void print_done(const alice__picture *p, char paths[WAY][LINE], uint64_t began)
{
    alice__picture_hash h;
    unsigned quality;
    double ms = (double)(alice__clock_now_ns() - began) / 1e6;
    if (p->status != ALICE_OK) {
        printf("%.1f - %s %s\n", ms, p->why, paths[p->tag]);
        return;
    }
    alice__picture_hash_of(p->pixels, p->answer.out_width, p->answer.out_height, &h, &quality);
    printf("%.1f %u %016llx%016llx%016llx%016llx %ux%u %s\n", ms, quality,
           (unsigned long long)h.word[0], (unsigned long long)h.word[1],
           (unsigned long long)h.word[2], (unsigned long long)h.word[3], p->answer.width,
           p->answer.height, paths[p->tag]);
}

static int hash_all(unsigned count)
{
    static char paths[WAY][LINE];
    static bool used[WAY];
    const alice__picture_ask ask = {
        .magic = ALICE__PICTURE_MAGIC, .channels = 1, .side = ALICE__PICTURE_LUMA_SIDE};
    const alice__pictures_options o = {.count = count, .allowance = 256 * ALICE_MB};
    alice__pictures *p;
    alice__picture done;
    alice_error error;
    uint64_t began = alice__clock_now_ns();
    bool more = true;
    if (alice__pictures_open(&p, &o, &error) != ALICE_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    while (more) {
        while (alice__pictures_has_idle(p)) {
            unsigned tag = 0;
            int fd;
            while (used[tag])
                tag++;
            more = fgets(paths[tag], LINE, stdin) != NULL;
            if (!more)
                break;
            paths[tag][strcspn(paths[tag], "\n")] = 0;
            if (alice__fs_open_read(ALICE__FS_CWD, paths[tag], &fd) != 0)
                continue;
            used[tag] = true;
            if (alice__pictures_ask(p, &ask, fd, tag, &error) != ALICE_OK)
                return 1;
            alice__fs_close(fd);
        }
        while (alice__pictures_next(p, &done, &error) == ALICE_OK) {
            print_done(&done, paths, began);
            used[done.tag] = false;
            if (more)
                break;
        }
    }
    alice__pictures_close(&p);
    return 0;
}

static int match(uint64_t count, size_t mb)
{
    static alice_similar_options o;
    alice_error error = {.text = ""};
    alice__similar s = {.o = &o,
                        .error = &error,
                        .work = mb * ALICE_MB,
                        .distance = ALICE_SIMILAR_DISTANCE,
                        .scratch_dir = "/var/tmp",
                        .count = count};
    uint64_t random = 88172645463325252U;
    if (alice__fs_scratch("/var/tmp", &s.ranked) != 0)
        return 1;
    for (uint64_t i = 0; i < count; i++) {
        alice__shot shot = {.width = 1, .height = 1};
        for (unsigned k = 0; k < 4; k++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            shot.hash.word[k] = random;
        }
        if (alice__fs_write_at(s.ranked, i * sizeof shot, &shot, sizeof shot) != 0)
            return 1;
    }
    uint64_t began = alice__clock_now_ns();
    alice_status st = alice__similar_match(&s);
    printf("%llu hashes in %zu MB: %.2f s, %s\n", (unsigned long long)count, mb,
           (double)(alice__clock_now_ns() - began) / 1e9, alice_status_text(st));
    alice__fs_close(s.ranked);
    return st != ALICE_OK;
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "match") == 0)
        return match(strtoull(argv[2], NULL, 10), argc > 3 ? strtoul(argv[3], NULL, 10) : 64);
    if (argc == 3 && strcmp(argv[1], "hash") == 0)
        return hash_all((unsigned)atoi(argv[2]));
    fprintf(stderr, "usage: perf_similar hash N < PATHS, match N [MB]\n");
    return 2;
}
