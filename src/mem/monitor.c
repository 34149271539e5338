/* SPDX-License-Identifier: MIT */
/*
 * The monitor: the kernel's figures on one side, the accounts on the other.
 *
 *     |<------------------------- resident -------------------------->|
 *     |  floor  |  what the accounts explain (tracked)  |  untracked  |
 *               |  reclaimable  |<------- steers ------>|------------>|
 *
 * Each fast sample sets the account `untracked`, so that the budget refuses
 * before the system does. Collection runs the reclaimers and then gives the
 * allocator's free pages back.
 *
 * Locks: `lock` guards the figures read at most once a second; nothing is
 * called under it but port/meminfo. The watcher's thread takes none.
 */
#include <alice/monitor.h>

#include <alice/batch.h>
#include <alice/reclaim.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "mem/budget_int.h"
#include "mem/monitor_int.h"
#include "mem/profile_hook.h"
#include "port/host.h"
#include "port/limits.h"
#include "port/meminfo.h"
#include "port/pressure.h"
#include "port/thread.h"

#define SECOND_NS UINT64_C(1000000000)

/* Of the limit: growth since the last collection that is worth another. */
#define GROWTH 0.05
/* Percent of the system's memory, and of time spent waiting for it, that are pressure. */
#define SYSTEM_PERCENT 90.0
#define WAITING_PERCENT 10.0

enum { WATCH_STACK = 128 * 1024, WATCH_PAUSE_MS = 100 };

struct watcher {
    pthread_t thread;
    long owner; /* the process that has the thread: not a child that inherited the rest */
    alice__pressure pressure;
    alice_watch_fn fn;
    void *ctx;
    alice_monitor *monitor;
};

/* What is read at most once a second. */
struct slow_figures {
    uint64_t read_ns;
    bool read;
    uint64_t total, available;
    alice__cgroup group;
    bool psi;
    double some, full;
};

struct alice_monitor {
    alice_env env;
    alice_budget *budget;
    alice_config config;
    size_t limit; /* 0: as the budget says */
    size_t floor;
    alice_account *floor_account;
    alice_account *untracked;
    alice_reclaimer *reclaimer;
    int statm_fd;
    int group_fd; /* usage of the control group, or -1 */

    pthread_mutex_t lock;
    struct slow_figures slow;

    _Atomic size_t reclaimable; /* as last known */
    atomic_bool collecting;
    atomic_uint suspended;
    _Atomic uint64_t collected_ns;
    _Atomic size_t collected_resident;
    _Atomic uint64_t collections;
    _Atomic uint64_t given_back;

    struct watcher *watcher;
    char root[ALICE__MEMINFO_PATH / 2];
};

/* ---- samples ------------------------------------------------------------ */

static size_t limit_of(const alice_monitor *m)
{
    return m->limit ? m->limit : alice_budget_limit(m->budget);
}

/* What the accounts explain of what is resident beyond the floor. */
static size_t tracked_of(const alice_monitor *m)
{
    size_t used = alice_budget_used(m->budget);
    size_t not_ours = alice_account_used(m->untracked) + alice_account_used(m->floor_account);
    return used > not_ours ? used - not_ours : 0;
}

static size_t beyond(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

/* Resident bytes now; `untracked` follows. 0: they cannot be read. */
static size_t sample(alice_monitor *m)
{
    size_t resident = 0;
    if (alice__meminfo_resident(m->statm_fd, &resident))
        return 0;
    if (m->untracked)
        alice_account_observe(m->untracked, beyond(resident, m->floor + tracked_of(m)));
    return resident;
}

alice_status alice_monitor_sample_now(alice_monitor *monitor, alice_monitor_sample *out)
{
    if (!monitor || !out)
        return ALICE_E_INVAL;
    alice_monitor_sample s = {.resident = sample(monitor)};
    uint64_t current = 0;
    if (s.resident == 0)
        return ALICE_E_SYSTEM;
    if (monitor->group_fd >= 0 && alice__meminfo_number(monitor->group_fd, &current) == 0)
        s.cgroup_current = (size_t)current;
    *out = s;
    return ALICE_OK;
}

size_t alice_monitor_resident(alice_monitor *monitor)
{
    return monitor ? sample(monitor) : 0;
}

static size_t reclaimable_of(alice_monitor *m)
{
    size_t bytes;
    if (m->budget && alice__reclaimable(m->budget, &bytes))
        atomic_store_explicit(&m->reclaimable, bytes, memory_order_relaxed);
    return atomic_load_explicit(&m->reclaimable, memory_order_relaxed);
}

static double steering_of(const alice_monitor *m, size_t resident, size_t reclaimable)
{
    size_t limit = limit_of(m);
    if (limit == 0)
        return 0;
    double above = (double)beyond(beyond(resident, m->floor), reclaimable);
    /* Where the floor is the limit or more, anything beyond it is critical. */
    return above / (double)(limit > m->floor ? limit - m->floor : 1);
}

static double steering_now(alice_monitor *m)
{
    size_t resident = sample(m);
    return steering_of(m, resident, reclaimable_of(m));
}

alice_level alice_monitor_level(alice_monitor *monitor)
{
    return monitor ? alice_level_of(steering_now(monitor)) : ALICE_LEVEL_NORMAL;
}

/* ---- the slower figures ------------------------------------------------- */

/* A copy of the figures, not older than a second by the env's clock. */
static struct slow_figures slow_figures(alice_monitor *m)
{
    uint64_t now = alice_env_now_ns(&m->env);
    pthread_mutex_lock(&m->lock);
    struct slow_figures *s = &m->slow;
    if (!s->read || now - s->read_ns >= SECOND_NS) {
        s->read_ns = now;
        s->read = alice__meminfo_machine(m->root, &s->total, &s->available) == 0;
        alice__meminfo_cgroup(m->root, &s->group);
        s->psi = alice__meminfo_pressure(m->root, &s->group, &s->some, &s->full) == 0;
    }
    struct slow_figures copy = *s;
    pthread_mutex_unlock(&m->lock);
    return copy;
}

static uint64_t group_in_use(const alice__cgroup *g)
{
    return g->current > g->inactive_file ? g->current - g->inactive_file : 0;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

static double system_percent(const struct slow_figures *s)
{
    double machine = percent(s->total > s->available ? s->total - s->available : 0, s->total);
    double group = percent(group_in_use(&s->group), s->group.limit);
    return group > machine ? group : machine;
}

static uint64_t available_of(const struct slow_figures *s)
{
    if (s->group.limit == 0)
        return s->available;
    uint64_t used = group_in_use(&s->group);
    uint64_t left = s->group.limit > used ? s->group.limit - used : 0;
    return left < s->available ? left : s->available;
}

/* The end of a path is what tells most. */
static void copy_path(char *to, size_t size, const char *path)
{
    size_t n = strlen(path);
    if (n >= size) {
        path += n - (size - 1);
        n = size - 1;
    }
    memcpy(to, path, n + 1);
}

alice_status alice_monitor_get_usage(alice_monitor *monitor, alice_monitor_usage *out)
{
    if (!monitor || !out)
        return ALICE_E_INVAL;
    alice_monitor *m = monitor;
    alice__proc_memory process;
    size_t resident = sample(m);
    /* The peak is read each time: a figure a second old could be too low. */
    if (resident == 0 || alice__meminfo_process(m->root, 0, &process))
        return ALICE_E_SYSTEM;
    struct slow_figures s = slow_figures(m);
    if (!s.read)
        return ALICE_E_SYSTEM;
    alice_monitor_usage u = {
        .current = resident,
        .peak = process.peak > resident ? (size_t)process.peak : resident,
        .available = (size_t)available_of(&s),
        .system_percent = system_percent(&s),
        .limit = limit_of(m),
        .floor = m->floor,
        .tracked = tracked_of(m),
        .untracked = alice_account_used(m->untracked),
        .reclaimable = reclaimable_of(m),
        .machine_total = s.total,
        .machine_available = s.available,
        .cgroup_limit = s.group.limit,
        .cgroup_current = s.group.current,
        .pressure_some = s.psi ? s.some : -1,
        .pressure_full = s.psi ? s.full : -1,
    };
    u.ratio = u.limit ? (double)resident / (double)u.limit : 0;
    u.steering_ratio = steering_of(m, resident, u.reclaimable);
    u.level = alice_level_of(u.steering_ratio);
    u.current_mb = (double)u.current / ALICE_MB;
    u.peak_mb = (double)u.peak / ALICE_MB;
    u.available_mb = (double)u.available / ALICE_MB;
    u.limit_mb = (double)u.limit / ALICE_MB;
    copy_path(u.cgroup_file, sizeof u.cgroup_file, s.group.limit_file);
    *out = u;
    return ALICE_OK;
}

bool alice_monitor_under_pressure(alice_monitor *monitor)
{
    if (!monitor)
        return false;
    if (steering_now(monitor) > monitor->config.warning_threshold)
        return true;
    struct slow_figures s = slow_figures(monitor);
    return system_percent(&s) > SYSTEM_PERCENT || (s.psi && s.some > WAITING_PERCENT);
}

uint32_t alice_monitor_batch_size(alice_monitor *monitor, uint32_t base)
{
    alice_config defaults = {0};
    alice_config_resolve(&defaults);
    const alice_config *c = monitor ? &monitor->config : &defaults;
    if (base == 0)
        base = alice_config_base_batch(c);
    alice_level level = c->fixed_batch_size ? ALICE_LEVEL_NORMAL : alice_monitor_level(monitor);
    return alice_batch_size_at(base, level, c->min_batch_size, c->max_batch_size);
}

alice_status alice_monitor_process(long pid, alice_process_usage *out)
{
    alice__proc_memory p;
    if (!out || pid < 0)
        return ALICE_E_INVAL;
    int bad = alice__meminfo_process("", pid, &p);
    if (bad)
        return bad == -EIO ? ALICE_E_NOENT : alice__status_of_errno(-bad);
    *out = (alice_process_usage){.current = (size_t)p.resident,
                                 .peak = (size_t)p.peak,
                                 .data = (size_t)p.data,
                                 .swapped = (size_t)p.swapped,
                                 .threads = p.threads};
    return ALICE_OK;
}

/* ---- collection --------------------------------------------------------- */

static size_t threshold_of(const alice_monitor *m)
{
    return (size_t)m->config.gc_threshold_mb * ALICE_MB;
}

static alice_collect_reason reason_now(alice_monitor *m, size_t resident, uint64_t now)
{
    if (atomic_load(&m->suspended) > 0)
        return ALICE_COLLECT_NONE;
    size_t worth = (size_t)(GROWTH * (double)limit_of(m));
    if (resident > threshold_of(m) && resident >= atomic_load(&m->collected_resident) + worth)
        return ALICE_COLLECT_THRESHOLD;
    uint64_t interval = (uint64_t)m->config.gc_interval_seconds * SECOND_NS;
    return now - atomic_load(&m->collected_ns) >= interval ? ALICE_COLLECT_INTERVAL
                                                           : ALICE_COLLECT_NONE;
}

/* By how much a reason wants the accounts to sink; 0: by what is dead anyway. */
static size_t wanted_for(const alice_monitor *m, alice_collect_reason reason, size_t resident)
{
    return reason == ALICE_COLLECT_FORCED      ? SIZE_MAX
           : reason == ALICE_COLLECT_THRESHOLD ? beyond(resident, threshold_of(m))
                                               : 0;
}

static alice_collection collect_now(alice_monitor *m, alice_collect_reason reason,
                                    size_t resident)
{
    alice_collection c = {.reason = reason};
    size_t wanted = wanted_for(m, reason, resident);
    if (m->budget)
        c.released = wanted > 0 ? alice_reclaim_run(m->budget, wanted, NULL, 0, NULL)
                                : alice__reclaim_upto(m->budget, ALICE_RECLAIM_EXPIRED);
    alice__limits_trim_allocator();
    c.resident = sample(m);
    c.given_back = beyond(resident, c.resident);
    atomic_store(&m->collected_ns, alice_env_now_ns(&m->env));
    atomic_store(&m->collected_resident, c.resident);
    atomic_fetch_add(&m->collections, 1);
    atomic_fetch_add(&m->given_back, c.given_back);
    return c;
}

/* Collect unless somebody is at it, this thread's reclaim included. */
static alice_collection collect(alice_monitor *m, alice_collect_reason reason, size_t resident)
{
    alice_collection none = {.resident = resident};
    if (reason == ALICE_COLLECT_NONE || (m->budget && alice__reclaiming_here(m->budget)) ||
        atomic_exchange(&m->collecting, true))
        return none;
    alice_collection c = collect_now(m, reason, resident);
    atomic_store(&m->collecting, false);
    return c;
}

size_t alice_monitor_collect(alice_monitor *monitor, bool force, alice_collection *out)
{
    alice_collection c = {0};
    if (monitor) {
        size_t resident = sample(monitor);
        alice_collect_reason reason =
            force ? ALICE_COLLECT_FORCED
                  : reason_now(monitor, resident, alice_env_now_ns(&monitor->env));
        c = collect(monitor, reason, resident);
    }
    if (out)
        *out = c;
    return c.given_back;
}

void alice__monitor_collect_for_scope(alice_monitor *monitor)
{
    size_t resident = sample(monitor);
    collect(monitor,
            resident > threshold_of(monitor) ? ALICE_COLLECT_THRESHOLD : ALICE_COLLECT_INTERVAL,
            resident);
}

bool alice__monitor_suspend(alice_monitor *monitor)
{
    return atomic_fetch_add(&monitor->suspended, 1) == 0;
}

bool alice__monitor_resume(alice_monitor *monitor)
{
    unsigned depth = atomic_load(&monitor->suspended);
    while (depth > 0 && !atomic_compare_exchange_weak(&monitor->suspended, &depth, depth - 1))
        ;
    return depth == 1;
}

void alice_monitor_suspend(alice_monitor *monitor)
{
    if (monitor)
        alice__monitor_suspend(monitor);
}

void alice_monitor_resume(alice_monitor *monitor)
{
    if (monitor)
        alice__monitor_resume(monitor);
}

uint64_t alice_monitor_collections(const alice_monitor *monitor)
{
    return monitor ? atomic_load(&monitor->collections) : 0;
}

uint64_t alice_monitor_given_back(const alice_monitor *monitor)
{
    return monitor ? atomic_load(&monitor->given_back) : 0;
}

/*
 * The last reclaimer: the allocator's free pages. What it gives back was charged
 * to `untracked`. Within a collection there is a trim at the end anyway.
 */
static alice_reclaimed reclaim_pages(void *ctx, size_t wanted)
{
    alice_monitor *m = ctx;
    (void)wanted;
    if (atomic_load(&m->collecting))
        return (alice_reclaimed){0};
    sample(m);
    size_t before = alice_account_used(m->untracked);
    alice__limits_trim_allocator();
    sample(m);
    size_t bytes = beyond(before, alice_account_used(m->untracked));
    return (alice_reclaimed){.bytes = bytes, .items = bytes > 0};
}

/* ---- the watcher -------------------------------------------------------- */

static void *watch(void *arg)
{
    struct watcher *w = arg;
    for (;;) {
        int what = alice__pressure_wait(&w->pressure, -1);
        if (what & ALICE__PRESSURE_WOKEN)
            return NULL;
        alice_level level = alice_monitor_level(w->monitor);
        if (what & ALICE__PRESSURE_PSI)
            w->fn(w->ctx, ALICE_WATCH_PRESSURE, level);
        if (what & ALICE__PRESSURE_CGROUP)
            w->fn(w->ctx, ALICE_WATCH_CGROUP, level);
        if (alice__pressure_pause(&w->pressure, WATCH_PAUSE_MS))
            return NULL;
    }
}

static alice_status watcher_new(alice_monitor *m, const alice_watch_options *o,
                                struct watcher **out)
{
    uint64_t stall_ms = o->stall_ms ? o->stall_ms : 100;
    uint64_t window_ms = o->window_ms ? o->window_ms : 2000;
    if (window_ms < 500 || window_ms > 10000 || stall_ms > window_ms)
        return ALICE_E_INVAL;
    void *mem;
    alice_status st = alice_env_calloc(&m->env, 1, sizeof(struct watcher), ALICE_HERE, &mem);
    if (st)
        return st;
    struct watcher *w = mem;
    *w = (struct watcher){.fn = o->fn, .ctx = o->ctx, .monitor = m, .owner = alice__host_pid()};
    alice__cgroup group = slow_figures(m).group;
    int bad =
        alice__pressure_open(&w->pressure, m->root, &group, stall_ms * 1000, window_ms * 1000);
    if (bad) {
        alice_env_free(&m->env, w, sizeof *w);
        return ALICE_E_UNSUPPORTED;
    }
    *out = w;
    return ALICE_OK;
}

static void watcher_delete(alice_monitor *m, struct watcher *w)
{
    alice__pressure_close(&w->pressure);
    alice_env_free(&m->env, w, sizeof *w);
}

alice_status alice_monitor_watch(alice_monitor *monitor, const alice_watch_options *given)
{
    alice_watch_options own;
    const alice_watch_options *options = &own;
    alice_status st = alice__options_take(&own, sizeof own, given);
    if (st)
        return st;
    if (!monitor || !options->fn)
        return ALICE_E_INVAL;
    if (monitor->watcher)
        return ALICE_E_BUSY;
    struct watcher *w = NULL;
    st = alice_account_charge(monitor->env.account, WATCH_STACK);
    if (st)
        return st;
    st = watcher_new(monitor, options, &w);
    if (st == ALICE_OK) {
        int bad = alice__thread_start(&w->thread, WATCH_STACK, "alice-watch", watch, w);
        if (bad == 0) {
            monitor->watcher = w;
            return ALICE_OK;
        }
        watcher_delete(monitor, w);
        st = alice__status_of_errno(-bad);
    }
    alice_account_release(monitor->env.account, WATCH_STACK);
    return st;
}

alice_status alice_monitor_unwatch(alice_monitor *monitor)
{
    if (!monitor || !monitor->watcher)
        return ALICE_OK;
    struct watcher *w = monitor->watcher;
    bool ours = alice__host_pid() == w->owner;
    if (ours && pthread_equal(pthread_self(), w->thread))
        return ALICE_E_BUSY; /* it would wait for itself */
    monitor->watcher = NULL;
    if (ours) { /* a child would end the watcher of its parent */
        alice__pressure_wake(&w->pressure);
        pthread_join(w->thread, NULL);
    }
    watcher_delete(monitor, w);
    alice_account_release(monitor->env.account, WATCH_STACK);
    return ALICE_OK;
}

/* ---- opening and closing ------------------------------------------------ */

/* Descriptors, and the first figures. */
static alice_status open_sources(alice_monitor *m)
{
    size_t resident;
    m->statm_fd = alice__meminfo_open_resident(m->root);
    if (m->statm_fd < 0 || alice__meminfo_resident(m->statm_fd, &resident))
        return ALICE_E_SYSTEM;
    if (m->floor == 0)
        m->floor = resident;
    atomic_store(&m->collected_resident, m->floor);
    atomic_store(&m->collected_ns, alice_env_now_ns(&m->env));
    struct slow_figures s = slow_figures(m);
    if (s.group.limit != 0)
        m->group_fd = alice__meminfo_open_number(s.group.current_file);
    return ALICE_OK;
}

static alice_status join_budget(alice_monitor *m)
{
    if (!m->budget)
        return ALICE_OK;
    alice_status st =
        alice_account_open(&m->untracked, alice_budget_root(m->budget), "untracked", 0);
    if (st == ALICE_OK)
        st = alice_reclaimer_add(&m->reclaimer, m->budget, "pages", ALICE_RECLAIM_SYSTEM,
                                 reclaim_pages, m);
    return st;
}

/* Of a monitor that does not watch. */
static void take_down(alice_monitor *m)
{
    ALICE__CENSUS_REMOVE(&m->env, m);
    alice_reclaimer_remove(&m->reclaimer);
    alice_account_write_off(m->untracked);
    alice_account_close(&m->untracked);
    alice__meminfo_close(m->statm_fd);
    alice__meminfo_close(m->group_fd);
    pthread_mutex_destroy(&m->lock);
    alice_env env = m->env;
    alice_env_free(&env, m, sizeof *m);
}

alice_status alice_monitor_open(alice_monitor **out, const alice_monitor_options *options)
{
    if (!out)
        return ALICE_E_INVAL;
    alice_monitor_options o;
    alice_status st = alice__options_take(&o, sizeof o, options);
    if (st != ALICE_OK)
        return st;
    if (o.root && strlen(o.root) >= sizeof((alice_monitor *)0)->root)
        return ALICE_E_TOOBIG;
    void *mem;
    st = alice_env_calloc(&o.env, 1, sizeof(alice_monitor), ALICE_HERE, &mem);
    if (st)
        return st;
    alice_monitor *m = mem;
    m->env = o.env;
    m->budget = o.budget;
    m->config = o.config;
    alice_config_resolve(&m->config);
    m->limit = o.limit_bytes;
    if (m->limit == 0 && alice_budget_limit(o.budget) == 0)
        m->limit = (size_t)m->config.max_memory_mb * ALICE_MB;
    m->floor = o.floor_bytes;
    m->floor_account = o.floor_account;
    m->statm_fd = m->group_fd = -1;
    snprintf(m->root, sizeof m->root, "%s", o.root ? o.root : "");
    pthread_mutex_init(&m->lock, NULL);
    st = open_sources(m);
    if (st == ALICE_OK)
        st = join_budget(m);
    if (st) {
        take_down(m);
    } else {
        *out = m;
        ALICE__CENSUS_ADD(&m->env, m, "alice_monitor");
    }
    return st;
}

alice_status alice_monitor_close(alice_monitor **monitor)
{
    if (!monitor || !*monitor)
        return ALICE_OK;
    alice_status st = alice_monitor_unwatch(*monitor);
    if (st == ALICE_OK) {
        take_down(*monitor);
        *monitor = NULL;
    }
    return st;
}
