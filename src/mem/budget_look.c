/* SPDX-License-Identifier: MIT */
/*
 * What a budget tells: figures of an account, who holds what and who is in the way, the
 * ledger, whether all of it adds up.
 */
#include <alice/budget.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "mem/budget_int.h"

alice_account *alice_budget_root(alice_budget *budget)
{
    return budget ? budget->root : NULL;
}

size_t alice_budget_limit(const alice_budget *budget)
{
    return budget ? cap_of(budget->root) : 0;
}

size_t alice_account_used(const alice_account *account)
{
    if (!account)
        return 0;
    pthread_mutex_lock(&account->budget->lock);
    size_t used = alice__used_locked((alice_account *)account);
    pthread_mutex_unlock(&account->budget->lock);
    return used;
}

/* Raising the peak only brings it up to date: const to the caller. */
size_t alice_account_peak(const alice_account *account)
{
    if (!account)
        return 0;
    pthread_mutex_lock(&account->budget->lock);
    alice__raise_peaks_locked((alice_account *)account);
    size_t peak = account->peak;
    pthread_mutex_unlock(&account->budget->lock);
    return peak;
}

size_t alice_budget_used(const alice_budget *budget)
{
    return budget ? alice_account_used(budget->root) : 0;
}

size_t alice_budget_peak(const alice_budget *budget)
{
    return budget ? alice_account_peak(budget->root) : 0;
}

const char *alice_account_name(const alice_account *account)
{
    return account ? account->name : "";
}

alice_budget *alice_account_budget(const alice_account *account)
{
    return account ? account->budget : NULL;
}

size_t alice_account_cap(const alice_account *account)
{
    return account ? cap_of(account) : 0;
}

/* The tightest account from `a` up, and what is free there; NULL: nothing bounds it. */
static alice_account *tightest_locked(alice_account *a, size_t *free_bytes)
{
    alice_account *tightest = NULL;
    *free_bytes = SIZE_MAX;
    for (; a; a = a->parent) {
        size_t cap = cap_of(a);
        if (cap == 0)
            continue;
        size_t used = alice__used_locked(a);
        size_t left = used < cap ? cap - used : 0;
        if (!tightest || left < *free_bytes) {
            tightest = a;
            *free_bytes = left;
        }
    }
    return tightest;
}

size_t alice_account_free(const alice_account *account)
{
    if (!account)
        return SIZE_MAX;
    size_t left;
    pthread_mutex_lock(&account->budget->lock);
    tightest_locked((alice_account *)account, &left);
    pthread_mutex_unlock(&account->budget->lock);
    return left;
}

size_t alice__account_short(alice_account *account, size_t bytes)
{
    size_t left = alice_account_free(account);
    return left < bytes ? bytes - left : 0;
}

bool alice__account_below(const alice_account *a, const alice_account *top)
{
    pthread_mutex_lock(&top->budget->lock);
    bool below = alice__stands_below_locked(a, top);
    pthread_mutex_unlock(&top->budget->lock);
    return below;
}

bool alice__account_helps(alice_account *account, size_t bytes, const alice_account *part)
{
    bool helps = false;
    pthread_mutex_lock(&account->budget->lock);
    for (alice_account *a = account; a && !helps; a = a->parent) {
        size_t cap = cap_of(a);
        size_t used = cap == 0 ? 0 : alice__used_locked(a);
        bool full = cap != 0 && (used > cap || cap - used < bytes);
        helps = full && alice__stands_below_locked(part, a);
    }
    pthread_mutex_unlock(&account->budget->lock);
    return helps;
}

/* What an account uses itself, without its children. */
static size_t own_used_locked(const alice_account *a)
{
    size_t credit = 0;
    for (size_t i = 0; i < a->budget->stripes; i++)
        credit += credit_of(load_word(&a->stripes[i]));
    return credit < a->own ? a->own - credit : 0;
}

/* The account below `top`, other than `except` (NULL: any), that uses most itself. */
static alice_account *biggest_locked(alice_account *top, const alice_account *except,
                                     size_t *bytes)
{
    alice_account *biggest = NULL;
    *bytes = 0;
    FOR_TREE(a, top)
    {
        size_t own = own_used_locked(a);
        if (a != except && own > *bytes) {
            biggest = a;
            *bytes = own;
        }
    }
    return biggest;
}

/* Append to a text that is cut where the buffer ends. */
static void append(char *buf, size_t size, const char *format, ...) ALICE_PRINTF(3, 4);

static void append(char *buf, size_t size, const char *format, ...)
{
    size_t at = strlen(buf);
    va_list args;
    va_start(args, format);
    vsnprintf(buf + at, size - at, format, args);
    va_end(args);
}

static void explain_locked(alice_account *a, size_t bytes, char *buf, size_t size)
{
    char t1[ALICE__SIZE_TEXT], t2[ALICE__SIZE_TEXT], t3[ALICE__SIZE_TEXT];
    size_t left;
    alice_account *tight = tightest_locked(a, &left);
    if (!tight) {
        append(buf, size, "needs %s, and nothing bounds it", alice__size_text(bytes, t1));
        return;
    }
    append(buf, size, "needs %s, %s %s free of the %s ", alice__size_text(bytes, t1),
           alice__size_text(left, t2), left == 1 ? "is" : "are",
           alice__size_text(cap_of(tight), t3));
    if (tight->parent)
        append(buf, size, "of account %s", tight->name);
    else
        append(buf, size, "budget");

    size_t most, second;
    alice_account *first = biggest_locked(tight, NULL, &most);
    if (!first)
        return;
    append(buf, size, "; most is held by %s (%s)",
           first->parent ? first->name : "the budget itself", alice__size_text(most, t1));
    alice_account *next = biggest_locked(tight, first, &second);
    if (next)
        append(buf, size, " and %s (%s)", next->parent ? next->name : "the budget itself",
               alice__size_text(second, t1));
}

char *alice_account_explain(const alice_account *account, size_t bytes, char *buf, size_t size)
{
    if (!buf || size == 0)
        return buf;
    buf[0] = 0;
    if (!account)
        return buf;
    pthread_mutex_lock(&account->budget->lock);
    explain_locked((alice_account *)account, bytes, buf, size);
    pthread_mutex_unlock(&account->budget->lock);
    return buf;
}

static void fill_row_locked(alice_account *a, alice_ledger_row *row)
{
    *row =
        (alice_ledger_row){.current = alice__used_locked(a), .peak = a->peak, .cap = cap_of(a)};
    memcpy(row->name, a->name, sizeof row->name);
    for (const alice_account *up = a->parent; up; up = up->parent)
        row->depth++;
    FOR_TREE(part, a)
    {
        row->charges += part->charges;
        row->refusals += part->refusals;
        for (size_t i = 0; i < part->budget->stripes; i++)
            row->charges += count_of(load_word(&part->stripes[i]));
    }
}

alice_status alice_budget_ledger(const alice_budget *budget, alice_ledger_row *rows, size_t cap,
                                 size_t *count)
{
    if (!budget || (!rows && cap > 0))
        return ALICE_E_INVAL;
    size_t n = 0;
    pthread_mutex_t *lock = (pthread_mutex_t *)&budget->lock;
    pthread_mutex_lock(lock);
    FOR_TREE(a, budget->root)
    {
        if (n < cap) {
            alice__raise_peaks_locked(a);
            fill_row_locked(a, &rows[n]);
        }
        n++;
    }
    pthread_mutex_unlock(lock);
    if (count)
        *count = n;
    return ALICE_OK;
}

static alice_status check_account_locked(alice_account *a, alice_error *error)
{
    size_t children = 0, credit = 0;
    for (const alice_account *c = a->first_child; c; c = c->next) {
        if (c->parent != a || c->budget != a->budget)
            return alice__fail(error, ALICE_E_DAMAGED, 0,
                               "account %s is not linked to its parent %s", c->name, a->name);
        children += c->held;
    }
    for (size_t i = 0; i < a->budget->stripes; i++) {
        uint64_t word = load_word(&a->stripes[i]);
        if (word & CLOSED || low_of(word) > credit_of(word))
            return alice__fail(error, ALICE_E_DAMAGED, 0, "account %s: stripe %zu is broken",
                               a->name, i);
        credit += credit_of(word);
    }
    if (a->overdrawn > 0)
        return alice__fail(error, ALICE_E_DAMAGED, 0,
                           "account %s: %zu bytes came back that were never charged", a->name,
                           a->overdrawn);
    if (a->held != a->own + children)
        return alice__fail(error, ALICE_E_DAMAGED, 0,
                           "account %s holds %zu bytes, but %zu itself and %zu in its children",
                           a->name, a->held, a->own, children);
    if (credit > a->own)
        return alice__fail(
            error, ALICE_E_DAMAGED, 0,
            "account %s: %zu bytes of credit, but only %zu held (more came back than "
            "was charged)",
            a->name, credit, a->own);
    alice__raise_peaks_locked(a);
    if (alice__used_locked(a) > a->peak)
        return alice__fail(error, ALICE_E_DAMAGED, 0, "account %s uses more than its peak",
                           a->name);
    return ALICE_OK;
}

alice_status alice_budget_check(const alice_budget *budget, alice_error *error)
{
    if (!budget)
        return ALICE_E_INVAL;
    alice_status st = ALICE_OK;
    pthread_mutex_t *lock = (pthread_mutex_t *)&budget->lock;
    pthread_mutex_lock(lock);
    FOR_TREE(a, budget->root)
    if (st == ALICE_OK)
        st = check_account_locked(a, error);
    pthread_mutex_unlock(lock);
    return st;
}

const char *alice_level_name(alice_level level)
{
    static const char names[][9] = {"normal", "medium", "high", "critical"};
    return (unsigned)level < sizeof names / sizeof *names ? names[level] : "unknown";
}

alice_level alice_level_of(double ratio)
{
    return ratio > 0.8    ? ALICE_LEVEL_CRITICAL
           : ratio > 0.6  ? ALICE_LEVEL_HIGH
           : ratio >= 0.4 ? ALICE_LEVEL_MEDIUM
                          : ALICE_LEVEL_NORMAL;
}
