/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_GATE_H
#define ALICE_MEM_GATE_H

/*
 * Many look at once, one changes; and what somebody found stays while he holds a pin.
 *
 *     look:    lane + 1, is the gate open? ... find, pin ... lane - 1
 *     change:  (under the lock) close the gate, wait until every lane is empty ... open it
 *
 * Who looks takes no lock and writes only to a lane, a cache line that few other threads
 * use, so that threads which look do not slow each other. Either he sees that the gate is
 * closed, and goes to the lock; or who closes it sees him in his lane, and waits: both
 * would miss each other only if neither's write came before the other's read.
 *
 * Pins are counted in the entry. They grow only inside the gate, so who has closed it and
 * finds none may free the entry. They shrink anywhere. Who is in the way of a change is
 * *watched*: the last pin of a watched entry is released under the lock, with the gate
 * closed, and what had to wait is done then. Never the pin first: an entry without pins
 * may be gone before the lock is taken.
 *
 * tests/stress/test_gate_model.c runs this code through every order of its steps.
 */

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* While spinning: the core's other thread and the memory come first. */
static inline void alice__pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* A step that other threads may come between: the model's hook. */
#ifndef ALICE__STEP
#define ALICE__STEP() ((void)0)
#define ALICE__SPIN(n) ((n) % 64 == 0 ? (void)sched_yield() : alice__pause())
#endif

#ifndef ALICE__GATE_LANES
#define ALICE__GATE_LANES 8
#endif
#define ALICE__LINE 64

/* Counted above, who is inside below. */
#define ALICE__LANE_ONE ((uint64_t)1 << 16)
#define ALICE__LANE_INSIDE (ALICE__LANE_ONE - 1)

/* One cache line. */
struct alice__lane {
    _Atomic uint64_t looks;  /* hits, and who looks without pinning */
    _Atomic uint64_t pins;   /* hits that were pinned, and who is about to */
    _Atomic uint64_t misses; /* of both */
    _Atomic uint64_t unpins;
    uint64_t room[4];
};

struct alice__gate {
    _Atomic bool closed;
    struct alice__lane *lanes; /* ALICE__GATE_LANES of them, on lines of their own */
};

/* Where a thread goes: threads that were started one after the other, apart. */
static inline struct alice__lane *alice__gate_lane(const struct alice__gate *g,
                                                   uintptr_t thread)
{
    return &g->lanes[(uint64_t)thread * UINT64_C(0x9E3779B97F4A7C15) >> 61];
}

/* To look. False: something is being changed, and nothing was entered. */
static inline bool alice__gate_enter(struct alice__gate *g, _Atomic uint64_t *lane)
{
    ALICE__STEP();
    atomic_fetch_add_explicit(lane, 1, memory_order_seq_cst);
    ALICE__STEP();
    if (!atomic_load_explicit(&g->closed, memory_order_seq_cst))
        return true;
    ALICE__STEP();
    atomic_fetch_sub_explicit(lane, 1, memory_order_release);
    return false;
}

/* Leave, and count so many. */
static inline void alice__gate_leave(_Atomic uint64_t *lane, uint64_t count)
{
    ALICE__STEP();
    atomic_fetch_add_explicit(lane, count * ALICE__LANE_ONE - 1, memory_order_release);
}

/* To change, under the lock: nobody is inside when it ends. */
static inline void alice__gate_close(struct alice__gate *g)
{
    ALICE__STEP();
    atomic_store_explicit(&g->closed, true, memory_order_seq_cst);
    for (unsigned i = 0; i < ALICE__GATE_LANES; i++) {
        struct alice__lane *l = &g->lanes[i];
        for (unsigned n = 1;; n++) {
            ALICE__STEP();
            uint64_t inside = atomic_load_explicit(&l->looks, memory_order_seq_cst) |
                              atomic_load_explicit(&l->pins, memory_order_seq_cst);
            if ((inside & ALICE__LANE_INSIDE) == 0)
                break;
            ALICE__SPIN(n);
        }
    }
}

static inline void alice__gate_open(struct alice__gate *g)
{
    ALICE__STEP();
    atomic_store_explicit(&g->closed, false, memory_order_release);
}

/* --- pins: in the entry, 15 bits of count below the mark --- */

#define ALICE__PINS_WATCHED ((uint16_t)0x8000)
#define ALICE__PINS_MAX 32000u

static inline unsigned alice__pins(const uint16_t *pins)
{
    return __atomic_load_n(pins, __ATOMIC_ACQUIRE) & ~(unsigned)ALICE__PINS_WATCHED;
}

/* Inside the gate. False: too many. */
static inline bool alice__pins_take(uint16_t *pins)
{
    ALICE__STEP();
    unsigned before = __atomic_fetch_add(pins, 1, __ATOMIC_RELAXED);
    if ((before & ~(unsigned)ALICE__PINS_WATCHED) < ALICE__PINS_MAX)
        return true;
    ALICE__STEP();
    __atomic_fetch_sub(pins, 1, __ATOMIC_RELAXED);
    return false;
}

/* Let go, anywhere. False: it was not, since it is the last of a watched entry; see above. */
static inline bool alice__pins_drop(uint16_t *pins)
{
    ALICE__STEP();
    uint16_t now = __atomic_load_n(pins, __ATOMIC_RELAXED);
    do {
        if (now == (ALICE__PINS_WATCHED | 1))
            return false;
        ALICE__STEP();
    } while (!__atomic_compare_exchange_n(pins, &now, (uint16_t)(now - 1), false,
                                          __ATOMIC_RELEASE, __ATOMIC_RELAXED));
    return true;
}

/* With the gate closed: let go. True: it was the last. */
static inline bool alice__pins_drop_closed(uint16_t *pins)
{
    ALICE__STEP();
    unsigned now = __atomic_sub_fetch(pins, 1, __ATOMIC_ACQ_REL);
    return (now & ~(unsigned)ALICE__PINS_WATCHED) == 0;
}

/* With the gate closed: watch. False: nobody pins it (any more), and it is not watched. */
static inline bool alice__pins_watch(uint16_t *pins)
{
    ALICE__STEP();
    unsigned before = __atomic_fetch_or(pins, ALICE__PINS_WATCHED, __ATOMIC_ACQ_REL);
    if (before & ~(unsigned)ALICE__PINS_WATCHED)
        return true;
    __atomic_store_n(pins, 0, __ATOMIC_RELAXED);
    return false;
}

/* With the gate closed and without pins: watch no more. */
static inline void alice__pins_unwatch(uint16_t *pins)
{
    __atomic_store_n(pins, 0, __ATOMIC_RELAXED);
}

#endif
