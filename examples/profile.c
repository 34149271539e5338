/* SPDX-License-Identifier: MIT */
/* Which lines of a program hold memory: the top 10. */
#include <stdio.h>

#include <alice/profile.h>

int main(void)
{
    alice_profile *profile = NULL;
    alice_profile_options o = {.sample_bytes = 1}; /* every block; 0 samples, and can stay on */
    alice_profile_snapshot *snapshot = NULL;
    void *thumbnails = NULL, *names = NULL;
    char place[256];
    if (alice_profile_open(&profile, &o) != ALICE_OK)
        return 1;
    alice_env env = {.profile = profile};
    alice_env_alloc(&env, 300000, ALICE_HERE, &thumbnails);
    alice_env_alloc(&env, 5000, ALICE_HERE, &names);
    alice_env_free(&env, names, 5000);
    if (alice_profile_snapshot_take(profile, &snapshot) != ALICE_OK)
        return 1;
    for (size_t i = 0; i < 10 && alice_profile_snapshot_row(snapshot, i); i++) {
        const alice_profile_row *row = alice_profile_snapshot_row(snapshot, i);
        printf("%8lld live, %8lld in all: %s\n", (long long)row->live_bytes,
               (long long)row->total_bytes, alice_profile_place(row, place, sizeof place));
    }
    int ok = alice_profile_snapshot_sum(snapshot).live_bytes == 300000;
    alice_profile_snapshot_close(&snapshot);
    alice_env_free(&env, thumbnails, 300000);
    alice_profile_close(&profile);
    return ok ? 0 : 1;
}
