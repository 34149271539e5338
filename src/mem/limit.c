/* SPDX-License-Identifier: MIT */
/*
 * The process limit. RLIMIT_DATA counts what is mapped, private and writable,
 * touched or not; the promise is about what is resident. So the limit is what is
 * mapped now, and for growth what is left of the ceiling:
 *
 *     data limit = mapped as data + ceiling - resident - reserve
 *
 * RLIMIT_AS would count mapped files and reserved address space too.
 */
#include <alice/limit.h>

#include <stdio.h>

#include "base/options.h"
#include "mem/limit_int.h"
#include "mem/profile_hook.h"
#include "port/limits.h"
#include "port/meminfo.h"

enum { DEFAULT_STACK = 256 * 1024 };

struct alice_limit {
    alice_env env;
    bool active;
    uint64_t data;     /* in force */
    uint64_t was_data; /* before */
    bool thp_set;      /* off by us */
    size_t was_stack;  /* 0: not changed */
};

bool alice_limit_sanitized(void)
{
    return alice__limits_sanitized();
}

bool alice_limit_active(const alice_limit *limit)
{
    return limit && limit->active;
}

uint64_t alice_limit_data_bytes(const alice_limit *limit)
{
    return alice_limit_active(limit) ? limit->data : 0;
}

size_t alice_limit_resident(void)
{
    alice__proc_memory p;
    return alice__meminfo_process("", 0, &p) == 0 ? (size_t)p.resident : 0;
}

/* What the ceiling leaves for growth is put on top of what is mapped. */
static alice_status data_limit_for(const alice_limit_options *o, uint64_t *data)
{
    alice__proc_memory p;
    if (alice__meminfo_process("", 0, &p))
        return ALICE_E_SYSTEM;
    uint64_t reserve = o->reserve_bytes ? o->reserve_bytes : ALICE_MB;
    if (p.resident + reserve >= o->limit_bytes)
        return ALICE_E_BUDGET;
    *data = p.data + (o->limit_bytes - p.resident - reserve);
    return ALICE_OK;
}

static void set_stack(alice_limit *l, const alice_limit_options *o)
{
    size_t bytes = o->stack_bytes ? o->stack_bytes : DEFAULT_STACK;
    size_t was;
    if (o->keep_stacks || alice__limits_get_stack(&was) || was <= bytes)
        return;
    if (alice__limits_set_stack(bytes) == 0)
        l->was_stack = was;
}

static alice_status apply(alice_limit *l, const alice_limit_options *o)
{
    alice_status st = data_limit_for(o, &l->data);
    if (st)
        return st;
    int bad = alice__limits_get_data(&l->was_data);
    if (!bad && l->data > l->was_data)
        l->data = l->was_data;
    if (!bad)
        bad = alice__limits_set_data(l->data);
    if (bad)
        return ALICE_E_SYSTEM;
    l->active = true;
    /* The rest makes the limit go further; where it is refused, the limit still holds. */
    if (!o->keep_allocator)
        alice__limits_tighten_allocator();
    if (!o->keep_huge_pages && alice__limits_get_thp_off() == 0)
        l->thp_set = alice__limits_set_thp_off(1) == 0;
    set_stack(l, o);
    return ALICE_OK;
}

alice_status alice_limit_begin(alice_limit **out, const alice_limit_options *given)
{
    alice_limit_options own;
    const alice_limit_options *options = &own;
    alice_status st = alice__options_take(&own, sizeof own, given);
    if (st != ALICE_OK)
        return st;
    if (!out || options->limit_bytes == 0)
        return ALICE_E_INVAL;
    void *mem;
    st = alice_env_calloc(&options->env, 1, sizeof(alice_limit), ALICE_HERE, &mem);
    if (st)
        return st;
    alice_limit *l = mem;
    l->env = options->env;
    if (!alice__limits_sanitized())
        st = apply(l, options);
    if (st) {
        alice_env_free(&options->env, l, sizeof *l);
    } else {
        *out = l;
        ALICE__CENSUS_ADD(&l->env, l, "alice_limit");
    }
    return st;
}

void alice_limit_end(alice_limit **limit)
{
    if (!limit || !*limit)
        return;
    alice_limit *l = *limit;
    *limit = NULL;
    ALICE__CENSUS_REMOVE(&l->env, l);
    if (l->was_stack)
        alice__limits_set_stack(l->was_stack);
    if (l->thp_set)
        alice__limits_set_thp_off(0);
    if (l->active)
        alice__limits_set_data(l->was_data);
    alice_env env = l->env;
    alice_env_free(&env, l, sizeof *l);
}

/* What is left of a group's limit for resident memory: page cache and the kernel's own count
 * too. */
static size_t within_group(uint64_t limit)
{
    uint64_t reserve = limit / 100 * 15;
    if (reserve < 6 * ALICE_MB)
        reserve = 6 * ALICE_MB;
    uint64_t left = limit > reserve ? limit - reserve : 1;
    return left < SIZE_MAX ? (size_t)left : SIZE_MAX;
}

size_t alice__limit_effective_at(const char *root, size_t limit, char *file, size_t size)
{
    alice__cgroup group;
    alice__meminfo_cgroup(root, &group);
    if (file && size > 0)
        snprintf(file, size, "%s", group.limit_file);
    if (group.limit == 0)
        return limit;
    size_t most = within_group(group.limit);
    return limit == 0 || most < limit ? most : limit;
}

size_t alice_limit_effective_by(size_t limit, char *file, size_t size)
{
    return alice__limit_effective_at("", limit, file, size);
}

size_t alice_limit_effective(size_t limit)
{
    return alice__limit_effective_at("", limit, NULL, 0);
}

uint64_t alice_limit_ram(void)
{
    return alice__meminfo_ram("");
}
