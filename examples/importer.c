/* SPDX-License-Identifier: MIT */
/* An importer under rising memory: every row that is kept leaves less, the batches shrink, and
 * at the ceiling the import stops with a clear word instead of being killed. */
#include <stdio.h>

#include <alice/batch.h>

typedef struct importer {
    alice_account *account;
    alice_budget *budget;
    size_t next, kept;
} importer;

static alice_status next_row(void *ctx, void **item, size_t *bytes)
{
    importer *im = (importer *)ctx;
    *item = im;
    *bytes = ALICE_KB;
    return im->next++ < 5000 ? ALICE_OK : ALICE_E_END;
}

static alice_status keep(void *ctx, alice_batch_result *rows, size_t count)
{
    importer *im = (importer *)ctx;
    for (size_t i = 0; i < count; i++) {
        rows[i].status = alice_account_charge(im->account, ALICE_KB);
        if (rows[i].status == ALICE_OK)
            im->kept++;
    }
    return ALICE_OK;
}

int main(void)
{
    importer im = {0};
    alice_budget_options limit = {.limit = 2 * ALICE_MB};
    alice_batch *batch = NULL;
    alice_batch_stats s;
    if (alice_budget_open(&im.budget, &limit) != ALICE_OK)
        return 1;
    im.account = alice_budget_root(im.budget);
    alice_batch_options o = alice_batch_defaults(NULL);
    o.level = alice_batch_level_of_budget;
    o.level_ctx = im.budget;
    if (alice_batch_open(&batch, &o) != ALICE_OK)
        return 1;
    alice_batch_run run = {
        .next = next_row, .next_ctx = &im, .process = keep, .process_ctx = &im};
    alice_status st = alice_batch_process(batch, &run);
    alice_batch_get_stats(batch, &s);
    printf("%zu rows of 5000, in batches of %u down to %u: %s\n", im.kept, s.largest,
           s.smallest, alice_status_text(st));
    alice_batch_close(&batch);
    alice_account_release(im.account, im.kept * ALICE_KB);
    if (alice_budget_close(&im.budget, NULL) != ALICE_OK)
        return 1;
    return st == ALICE_E_BUDGET && im.kept == 2048 && s.smallest == 25 ? 0 : 1;
}
