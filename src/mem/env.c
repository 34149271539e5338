/* SPDX-License-Identifier: MIT */
/*
 * Memory, time and log as a part is handed them.
 *
 *     alloc:  charge the account ─▶ allocate ─▶ tell the profile
 *     free:   tell the profile ─▶ free ─▶ release the account
 *
 * The account is asked first, so that what is charged is never less than what
 * is out. Where the allocator itself refuses (a process limit), the reclaimers
 * run and it is asked once more: never a loop.
 */
#include <alice/env.h>

#include <alice/budget.h>
#include <alice/reclaim.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem/profile_hook.h"
#include "port/clock.h"

static void *raw_resize(const alice_env *env, void *p, size_t old_size, size_t new_size)
{
    if (env && env->alloc)
        return env->alloc->resize(env->alloc->ctx, p, old_size, new_size);
    if (new_size == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, new_size);
}

/* The allocator, asked again after a reclaim that gave something back. */
static void *resize_or_reclaim(const alice_env *env, void *p, size_t old_size, size_t new_size)
{
    void *got = raw_resize(env, p, old_size, new_size);
    if (got || !env || !env->account)
        return got;
    size_t freed =
        alice_reclaim_run(alice_account_budget(env->account), new_size, NULL, 0, NULL);
    return freed > 0 ? raw_resize(env, p, old_size, new_size) : NULL;
}

static void took(const alice_env *env, void *p, size_t size, const alice_site *site)
{
    if (env && env->profile)
        alice__profile_took(env->profile, site, p, size);
}

static void gave(const alice_env *env, void *p, size_t size)
{
    if (env && env->profile)
        alice__profile_gave(env->profile, p, size);
}

typedef alice_status charge_fn(alice_account *account, size_t bytes);
typedef void *resize_fn(const alice_env *env, void *p, size_t old_size, size_t new_size);

/* Charged before it is taken; given back where it cannot be had. */
static alice_status take(const alice_env *env, size_t size, const alice_site *site, void **out,
                         charge_fn *charge, resize_fn *resize)
{
    if (size == 0 || !out)
        return ALICE_E_INVAL;
    alice_status st = env ? charge(env->account, size) : ALICE_OK;
    if (st)
        return st;
    void *p = resize(env, NULL, 0, size);
    if (!p) {
        if (env)
            alice_account_release(env->account, size);
        return ALICE_E_NOMEM;
    }
    took(env, p, size, site);
    *out = p;
    return ALICE_OK;
}

alice_status alice_env_alloc(const alice_env *env, size_t size, const alice_site *site,
                             void **out)
{
    return take(env, size, site, out, alice_account_charge, resize_or_reclaim);
}

alice_status alice_env_try_alloc(const alice_env *env, size_t size, const alice_site *site,
                                 void **out)
{
    return take(env, size, site, out, alice_account_try_charge, raw_resize);
}

alice_status alice_env_calloc(const alice_env *env, size_t count, size_t size,
                              const alice_site *site, void **out)
{
    size_t total;
    if (!alice_mul_size(count, size, &total))
        return ALICE_E_TOOBIG;
    alice_status st = alice_env_alloc(env, total, site, out);
    if (st == ALICE_OK)
        memset(*out, 0, total);
    return st;
}

alice_status alice_env_resize(const alice_env *env, void **p, size_t old_size, size_t new_size,
                              const alice_site *site)
{
    if (!p || (!*p) != (old_size == 0))
        return ALICE_E_INVAL;
    if (new_size == 0) {
        alice_env_free(env, *p, old_size);
        *p = NULL;
        return ALICE_OK;
    }
    if (!*p)
        return alice_env_alloc(env, new_size, site, p);

    alice_account *account = env ? env->account : NULL;
    if (new_size > old_size) {
        alice_status st = alice_account_charge(account, new_size - old_size);
        if (st)
            return st;
    }
    gave(env, *p, old_size);
    void *now = resize_or_reclaim(env, *p, old_size, new_size);
    if (!now) {
        took(env, *p, old_size, site);
        if (new_size > old_size)
            alice_account_release(account, new_size - old_size);
        return ALICE_E_NOMEM;
    }
    took(env, now, new_size, site);
    if (new_size < old_size)
        alice_account_release(account, old_size - new_size);
    *p = now;
    return ALICE_OK;
}

void alice_env_free(const alice_env *env, void *p, size_t size)
{
    if (!p)
        return;
    gave(env, p, size);
    raw_resize(env, p, size, 0);
    if (env)
        alice_account_release(env->account, size);
}

uint64_t alice_env_now_ns(const alice_env *env)
{
    if (env && env->clock && env->clock->now_ns)
        return env->clock->now_ns(env->clock->ctx);
    return alice__clock_now_ns();
}

int64_t alice_env_wall_s(const alice_env *env)
{
    if (env && env->clock && env->clock->wall_s)
        return env->clock->wall_s(env->clock->ctx);
    return alice__clock_wall_s();
}

void alice_env_log(const alice_env *env, alice_log_level level, const char *format, ...)
{
    if (!env || !env->log || !env->log->write || level > env->log->level)
        return;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    env->log->write(env->log->ctx, level, text);
}
