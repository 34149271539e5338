/* SPDX-License-Identifier: MIT */
/*
 * Mapping under a guard.
 *
 * A signal handler has nothing but static storage to look at: the registry below is
 * the one mutable thing in the library that belongs to the process. It stays as it
 * was until somebody asks for a guard. `lock` orders those who enter and leave; the
 * handler takes no lock, it reads the slots atomically.
 *
 *     SIGBUS ─▶ in a guarded range? ── yes ─▶ zeros over the page, hit = true, go on
 *                                  └─ no ──▶ the handler that was there before
 */
#define _GNU_SOURCE
#include "port/map.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLOTS = 64 };

static struct registry {
    pthread_mutex_t lock;
    int guards;
    struct sigaction before;
    _Atomic(alice__guard *) slots[SLOTS];
    uintptr_t page;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

size_t alice__page_bytes(void)
{
    long n = sysconf(_SC_PAGESIZE);
    return n > 0 ? (size_t)n : 4096;
}

static bool mend(uintptr_t at)
{
    for (int i = 0; i < SLOTS; i++) {
        alice__guard *g = atomic_load(&registry.slots[i]);
        if (!g || at < atomic_load(&g->begin) || at >= atomic_load(&g->end))
            continue;
        void *page = (void *)(at & ~(registry.page - 1));
        void *zeros = mmap(page, registry.page, PROT_READ,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (zeros == MAP_FAILED)
            return false;
        atomic_store(&g->hit, true);
        return true;
    }
    return false;
}

static void pass_on(int number, siginfo_t *info, void *context)
{
    const struct sigaction *before = &registry.before;
    if (before->sa_flags & SA_SIGINFO) {
        before->sa_sigaction(number, info, context);
    } else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
        before->sa_handler(number);
    } else if (before->sa_handler == SIG_DFL || info->si_code > 0) {
        /* Ends the process as it would have: a fault cannot be ignored. */
        signal(number, SIG_DFL);
        raise(number);
    }
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    if (info->si_code <= 0 || !mend((uintptr_t)info->si_addr))
        pass_on(number, info, context);
    errno = saved;
}

static int install(void)
{
    struct sigaction now = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&now.sa_mask);
    registry.page = alice__page_bytes();
    return sigaction(SIGBUS, &now, &registry.before) == 0 ? 0 : -errno;
}

int alice__guard_enter(alice__guard *g)
{
    int e = 0;
    atomic_store(&g->begin, 0);
    atomic_store(&g->end, 0);
    atomic_store(&g->hit, false);
    g->slot = -1;
    pthread_mutex_lock(&registry.lock);
    if (registry.guards == SLOTS)
        e = -EAGAIN;
    else if (registry.guards == 0)
        e = install();
    for (int i = 0; e == 0 && g->slot < 0; i++) {
        if (!atomic_load(&registry.slots[i])) {
            g->slot = i;
            atomic_store(&registry.slots[i], g);
            registry.guards++;
        }
    }
    pthread_mutex_unlock(&registry.lock);
    return e;
}

void alice__guard_leave(alice__guard *g)
{
    if (g->slot < 0)
        return;
    pthread_mutex_lock(&registry.lock);
    atomic_store(&registry.slots[g->slot], NULL);
    g->slot = -1;
    if (--registry.guards == 0)
        sigaction(SIGBUS, &registry.before, NULL);
    pthread_mutex_unlock(&registry.lock);
}

int alice__map(int fd, uint64_t offset, size_t n, alice__guard *g, void **out)
{
    void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, (off_t)offset);
    if (p == MAP_FAILED)
        return -errno;
    /* A fault would else bring in megabytes around it, outside of the window too. */
    madvise(p, n, MADV_RANDOM);
    atomic_store(&g->hit, false);
    atomic_store(&g->begin, (uintptr_t)p);
    atomic_store(&g->end, (uintptr_t)p + n);
    *out = p;
    return 0;
}

void alice__unmap(void *p, size_t n, alice__guard *g)
{
    atomic_store(&g->end, 0);
    atomic_store(&g->begin, 0);
    munmap(p, n);
}
