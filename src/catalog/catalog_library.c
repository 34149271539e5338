/* SPDX-License-Identifier: MIT */
/* The organized files as the catalog tells them: to people, and to an index over them. */
#include "catalog/catalog_int.h"

/* ALICE_E_NOENT: what is open was made just now. */
static alice_status stood(const alice__catalog *c)
{
    return c->standing == ALICE__STANDING_NEW ? ALICE_E_NOENT : ALICE_OK;
}

alice_status alice__catalog_library(alice__catalog *c, bool by_date,
                                    bool (*each)(void *ctx, const alice_library_file *file),
                                    void *ctx)
{
    alice_status st = stood(c);
    return st == ALICE_OK ? alice__store_library(alice__catalog_before(c), by_date, each, ctx)
                          : st;
}

alice_status alice__catalog_point_get(alice__catalog *c, alice__catalog_point *out)
{
    alice_status st = stood(c);
    return st == ALICE_OK ? alice__store_point(alice__catalog_before(c), out) : st;
}

alice_status alice__catalog_goes_on(alice__catalog *c, const alice__catalog_point *then,
                                    const alice__catalog_point *now, bool *out)
{
    return alice__store_goes_on(alice__catalog_before(c), then, now, out);
}

bool alice__catalog_is_settled(const alice__catalog *c)
{
    return c->base && c->standing == ALICE__STANDING_CURRENT && alice__store_reads(c->base);
}

alice_status alice__catalog_organized(alice__catalog *c, const alice__organized_part *part,
                                      alice__organized_fn each, void *ctx)
{
    alice_status st = stood(c);
    return st == ALICE_OK ? alice__store_organized(alice__catalog_before(c), part, each, ctx)
                          : st;
}

alice_status alice__catalog_changed(alice__catalog *c, int64_t after, int64_t before,
                                    alice__organized_fn each, void *ctx)
{
    return alice__store_changed(alice__catalog_before(c), after, before, each, ctx);
}

alice_status
alice__catalog_changes(alice__catalog *c, int64_t after,
                       alice_status (*each)(void *ctx, const alice__change *change), void *ctx)
{
    return alice__store_changes(alice__catalog_before(c), after, each, ctx);
}

alice_status alice__catalog_words(alice__catalog *c, int64_t after,
                                  alice_status (*each)(void *ctx, int64_t id, const char *text),
                                  void *ctx)
{
    return alice__store_words(alice__catalog_before(c), after, each, ctx);
}
