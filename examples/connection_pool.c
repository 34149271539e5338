/* SPDX-License-Identifier: MIT */
/* A connection pool: two connections for four threads, those that broke are replaced, and
 * after a change of password all of them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <alice/pool.h>

static alice_status connect_to(void *ctx, void **out)
{
    (void)ctx; /* a connection is how many queries it served */
    *out = calloc(1, sizeof(int));
    return *out ? ALICE_OK : ALICE_E_NOMEM;
}

static bool works(void *ctx, void *object)
{
    (void)ctx;
    return *(int *)object < 100; /* the server ends it then */
}

static void disconnect(void *ctx, void *object)
{
    (void)ctx;
    free(object);
}

static void *worker(void *pool)
{
    for (int i = 0; i < 200; i++) {
        alice_lease lease ALICE_LEASE_SCOPED = {0};
        if (alice_pool_acquire((alice_pool *)pool, 10000, &lease) != ALICE_OK)
            return pool;
        ++*(int *)lease.object;
    }
    return NULL;
}

int main(void)
{
    alice_pool_options o = {.factory = connect_to, .validate = works, .destroy = disconnect};
    alice_pool *pool = NULL;
    pthread_t threads[4];
    void *failed = NULL, *one;
    o.max_total = 2;
    if (alice_pool_open(&pool, &o) != ALICE_OK)
        return 1;
    for (int i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, worker, pool))
            return 1;
    for (int i = 0; i < 4; i++, failed = one ? one : failed)
        pthread_join(threads[i], &one);
    alice_pool_stats s;
    alice_pool_get_stats(pool, &s);
    printf("%d connections served %d queries\n", (int)s.made, (int)(s.created + s.reused));
    alice_pool_evict_all(pool); /* the password was changed */
    return !failed && alice_pool_close(&pool) == ALICE_OK && s.made >= 8 ? 0 : 1;
}
