/* SPDX-License-Identifier: MIT */
/* A leak hunt: two snapshots, and who grew between them. */
#include <stdio.h>
#include <string.h>

#include <alice/profile.h>

static void *tags[20000];

static alice_status parse(const alice_env *env, int i) /* the tag is never freed */
{
    void *scratch = NULL;
    alice_status st = alice_env_alloc(env, 5000, ALICE_HERE, &scratch);
    alice_env_free(env, scratch, 5000);
    return st == ALICE_OK ? alice_env_alloc(env, 200, ALICE_HERE, &tags[i]) : st;
}

int main(void)
{
    alice_profile *profile = NULL;
    alice_profile_options o = {.sample_bytes = 1};
    alice_profile_snapshot *before = NULL, *after = NULL, *grown = NULL;
    alice_profile_lost lost = {0};
    char place[200] = "";
    if (alice_profile_open(&profile, &o) != ALICE_OK)
        return 1;
    alice_env env = {.profile = profile};
    alice_status st = alice_profile_snapshot_take(profile, &before);
    for (int i = 0; st == ALICE_OK && i < 20000; i++)
        st = parse(&env, i);
    if (st == ALICE_OK)
        st = alice_profile_snapshot_take(profile, &after);
    if (st == ALICE_OK)
        st = alice_profile_snapshot_diff(before, after, &grown);
    const alice_profile_row *first = alice_profile_snapshot_row(grown, 0);
    long long leaked = first ? (long long)first->live_bytes : 0;
    if (first)
        printf("%lld KB more by %s\n", leaked / 1024,
               alice_profile_place(first, place, sizeof place));
    /* So many blocks are more than it follows one by one: the figure is an estimate. */
    alice_profile_snapshot_lost(grown, &lost);
    printf("%llu blocks stand for themselves and others\n",
           (unsigned long long)(20000 - lost.blocks));
    for (int i = 0; i < 20000; i++)
        alice_env_free(&env, tags[i], 200);
    alice_profile_snapshot_close(&before);
    alice_profile_snapshot_close(&after);
    alice_profile_snapshot_close(&grown);
    alice_profile_close(&profile);
    return strstr(place, "parse") && leaked > 3600000 && leaked < 4400000 ? 0 : 1;
}
