/* SPDX-License-Identifier: MIT */
/* A budget of 8 MB with two accounts: what fits, what is refused, and why. */
#include <stdio.h>

#include <alice/budget.h>

int main(void)
{
    alice_budget *budget;
    alice_account *pictures, *names;
    const alice_budget_options options = {.limit = 8 * ALICE_MB};
    if (alice_budget_open(&budget, &options) ||
        alice_account_open(&pictures, alice_budget_root(budget), "pictures", 0) ||
        alice_account_open(&names, alice_budget_root(budget), "names", ALICE_MB))
        return 1;

    /* Memory that charges its account before it is taken. */
    alice_env env = {.account = pictures};
    void *frame = NULL;
    if (alice_env_alloc(&env, 5 * ALICE_MB, ALICE_HERE, &frame))
        return 1;

    char why[200];
    if (alice_account_charge(names, 4 * ALICE_MB) == ALICE_E_BUDGET)
        printf("names: %s\n", alice_account_explain(names, 4 * ALICE_MB, why, sizeof why));

    alice_ledger_row rows[4];
    size_t n;
    alice_budget_ledger(budget, rows, 4, &n);
    for (size_t i = 0; i < n; i++)
        printf("%-10s %9zu bytes, peak %9zu, %llu charges, %llu refusals\n", rows[i].name,
               rows[i].current, rows[i].peak, (unsigned long long)rows[i].charges,
               (unsigned long long)rows[i].refusals);

    alice_env_free(&env, frame, 5 * ALICE_MB);
    return alice_budget_close(&budget, NULL) == ALICE_OK ? 0 : 1;
}
