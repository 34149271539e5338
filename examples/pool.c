/* SPDX-License-Identifier: MIT */
/* A pool: expensive objects, made once, used again. */
#include <stdio.h>
#include <stdlib.h>

#include <alice/pool.h>

static alice_status connect(void *ctx, void **connection)
{
    printf("connecting to %s\n", (const char *)ctx);
    *connection = malloc(64);
    return *connection ? ALICE_OK : ALICE_E_NOMEM;
}

static void disconnect(void *ctx, void *connection)
{
    (void)ctx;
    free(connection);
}

int main(void)
{
    char server[] = "the server";
    alice_pool_options o = {.factory = connect, .destroy = disconnect, .ctx = server};
    alice_pool *pool = NULL;
    if (alice_pool_open(&pool, &o) != ALICE_OK)
        return 1;
    for (int i = 0; i < 5; i++) {
        alice_lease lease ALICE_LEASE_SCOPED = {0}; /* given back where the scope ends */
        if (alice_pool_acquire(pool, ALICE_POOL_FOREVER, &lease) != ALICE_OK)
            return 1;
    }
    alice_pool_stats s;
    alice_pool_get_stats(pool, &s);
    printf("created %d, reused %d, %.0f %%\n", (int)s.created, (int)s.reused,
           100 * s.reuse_rate);
    return alice_pool_close(&pool) == ALICE_OK && s.created == 1 ? 0 : 1;
}
