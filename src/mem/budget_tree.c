/* SPDX-License-Identifier: MIT */
/*
 * The tree of accounts and their stripes, under the budget's lock: what is held and used,
 * the peaks, credit that is drawn in. The picture and the invariants stand in budget.c.
 */
#include "base/check.h"
#include "mem/budget_int.h"

/* Credit, or low marks, in all stripes below `top`. */
static size_t sum_below_locked(alice_account *top, size_t (*part)(uint64_t word))
{
    size_t sum = 0;
    FOR_TREE(a, top)
    for (size_t i = 0; i < a->budget->stripes; i++)
        sum += part(load_word(&a->stripes[i]));
    return sum;
}

size_t alice__used_locked(alice_account *a)
{
    size_t credit = sum_below_locked(a, credit_of);
    return credit < a->held ? a->held - credit : 0;
}

/* Bring an account's peak up to what may have been used since the last time. */
static void raise_peak_locked(alice_account *a)
{
    if (a->held <= a->peak)
        return; /* used <= held */
    size_t low = sum_below_locked(a, low_of);
    size_t most = low < a->held ? a->held - low : 0;
    if (most > a->peak)
        a->peak = most;
}

void alice__raise_peaks_locked(alice_account *a)
{
    for (; a; a = a->parent)
        raise_peak_locked(a);
}

void alice__hold_locked(alice_account *a, size_t bytes)
{
    a->own += bytes;
    for (; a; a = a->parent)
        a->held += bytes;
}

void alice__unhold_locked(alice_account *a, size_t bytes)
{
    if (bytes > a->own) {
        a->overdrawn += bytes - a->own;
        bytes = a->own;
    }
    a->own -= bytes;
    for (; a; a = a->parent)
        a->held -= bytes;
}

size_t alice__set_stripe_locked(alice_account *a, stripe *s, uint64_t word)
{
    uint64_t was = load_word(s);
    ALICE__CHECKED(was & CLOSED);
    atomic_store_explicit(&s->word, word, memory_order_relaxed);
    a->charges += count_of(was);
    return credit_of(was);
}

void alice__close_stripes(alice_account *a)
{
    for (size_t i = 0; i < a->budget->stripes; i++)
        close_stripe(&a->stripes[i]);
}

void alice__empty_stripes_locked(alice_account *a)
{
    size_t credit = 0;
    for (size_t i = 0; i < a->budget->stripes; i++)
        credit += alice__set_stripe_locked(a, &a->stripes[i], CLOSED);
    alice__unhold_locked(a, credit);
}

void alice__draw_in_locked(alice_account *top)
{
    FOR_TREE(a, top)
    alice__close_stripes(a);
    FOR_TREE(a, top)
    raise_peak_locked(a);
    alice__raise_peaks_locked(top->parent);
    FOR_TREE(a, top)
    alice__empty_stripes_locked(a);
}

void alice__reopen_stripes(alice_account *a)
{
    for (size_t i = 0; i < a->budget->stripes; i++)
        atomic_fetch_and_explicit(&a->stripes[i].word, ~CLOSED, memory_order_relaxed);
}

void alice__reopen_below_locked(alice_account *top)
{
    if (top)
        FOR_TREE(a, top)
    alice__reopen_stripes(a);
}

bool alice__stands_below_locked(const alice_account *a, const alice_account *top)
{
    while (a && a != top)
        a = a->parent;
    return a == top;
}
