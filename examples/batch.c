/* SPDX-License-Identifier: MIT */
/* Batches that shrink while memory is short. */
#include <stdio.h>

#include <alice/batch.h>

static alice_status next_number(void *ctx, void **item, size_t *bytes)
{
    int *left = (int *)ctx;
    *item = ctx;
    *bytes = 0;
    return (*left)-- > 0 ? ALICE_OK : ALICE_E_END;
}

static alice_status process(void *ctx, alice_batch_result *results, size_t count)
{
    printf("%d items, %d are left\n", (int)count, *(int *)results->item);
    return alice_account_charge((alice_account *)ctx,
                                20); /* each batch leaves less for the others */
}

int main(void)
{
    int left = 500;
    alice_budget *budget = NULL;
    alice_batch *batch = NULL;
    alice_budget_options limit = {.limit = 100};
    if (alice_budget_open(&budget, &limit) != ALICE_OK)
        return 1;
    alice_batch_options o = alice_batch_defaults(NULL);
    o.level = alice_batch_level_of_budget;
    o.level_ctx = budget;
    alice_batch_run run = {.next = next_number, .next_ctx = &left, .process = process};
    run.process_ctx = alice_budget_root(budget);
    if (alice_batch_open(&batch, &o) == ALICE_OK)
        printf("%s\n", alice_status_text(alice_batch_process(batch, &run)));
    alice_batch_close(&batch);
    alice_account_write_off(alice_budget_root(budget)); /* nobody frees what was charged */
    return alice_budget_close(&budget, NULL) == ALICE_OK ? 0 : 1;
}
