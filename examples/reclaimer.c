/* SPDX-License-Identifier: MIT */
/* A program's own memory that can be given back: thumbnails that can be made again. */
#include <stdio.h>

#include <alice/reclaim.h>

enum { COUNT = 10, BYTES = 100 * 1024 };

typedef struct thumbnails {
    alice_env env;
    void *kept[COUNT];
} thumbnails;

static alice_reclaimed give_back(void *ctx, size_t wanted)
{
    thumbnails *t = (thumbnails *)ctx;
    alice_reclaimed got = {0};
    for (int i = 0; i < COUNT && got.bytes < wanted; i++) {
        if (!t->kept[i])
            continue;
        alice_env_free(&t->env, t->kept[i], BYTES);
        t->kept[i] = NULL;
        got.bytes += BYTES;
        got.items++;
    }
    return got;
}

int main(void)
{
    thumbnails t = {.kept = {NULL}};
    alice_budget *budget = NULL;
    alice_reclaimer *reclaimer = NULL;
    alice_budget_options limit = {.limit = (size_t)COUNT * BYTES};
    void *picture = NULL;
    if (alice_budget_open(&budget, &limit) != ALICE_OK)
        return 1;
    t.env.account = alice_budget_root(budget);
    if (alice_reclaimer_add(&reclaimer, budget, "thumbnails", ALICE_RECLAIM_COLD, give_back,
                            &t) != ALICE_OK)
        return 1;
    for (int i = 0; i < COUNT - 1; i++)
        if (alice_env_alloc(&t.env, BYTES, ALICE_HERE, &t.kept[i]) != ALICE_OK)
            return 1;
    /* More than is free: the reclaimer is asked, and the charge tried once more. */
    alice_status st = alice_env_alloc(&t.env, 3 * BYTES, ALICE_HERE, &picture);
    int left = 0;
    for (int i = 0; i < COUNT; i++)
        left += t.kept[i] != NULL;
    printf("the picture: %s; thumbnails left: %d\n", alice_status_text(st), left);
    alice_env_free(&t.env, picture, 3 * BYTES);
    give_back(&t, SIZE_MAX);
    alice_reclaimer_remove(&reclaimer);
    return alice_budget_close(&budget, NULL) == ALICE_OK && st == ALICE_OK && left > 0 ? 0 : 1;
}
