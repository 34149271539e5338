/* SPDX-License-Identifier: MIT */
/*
 * The gate and the pins of the cache (mem/gate.h), the code itself, run through every order
 * of its steps by a scheduler of our own: each thread is a coroutine that stops at each step,
 * and all choices of who goes on are tried, by running again from the start; longer runs
 * in which a thread that could go on is interrupted up to three times. The memory orders are
 * not modelled (each step is seen at once by all); the thread sanitizer checks those.
 *
 * What has to hold: nobody changes while somebody looks; nobody reads what was freed; what
 * had to wait for a pin is done when the last is let go of, once, and is not forgotten.
 */
#include "test.h"

#include <ucontext.h>

#define THREADS_MAX 3
#define STEPS_MAX 400
#define STACK_BYTES (64 * 1024)

static void step(void);
static void spin(void);

#define ALICE__STEP() step()
#define ALICE__SPIN(n) ((void)(n), spin())
#define ALICE__GATE_LANES 2
#include "mem/gate.h"

/* --- the scheduler ----------------------------------------------------------------- */

struct thread {
    ucontext_t context;
    char stack[STACK_BYTES];
    void (*body)(void);
    bool done, waits; /* waits: until another has changed something */
};

static struct {
    ucontext_t main;
    struct thread threads[THREADS_MAX];
    unsigned count, now;
    unsigned choices[STEPS_MAX], options[STEPS_MAX]; /* of the run: which of how many */
    unsigned steps, replay;                          /* made; taken over from the last run */
    unsigned long runs;
    unsigned interruptions; /* of threads that could go on, at most, in a run */
    unsigned interrupted;
} world;

static void step(void)
{
    swapcontext(&world.threads[world.now].context, &world.main);
}

static void spin(void)
{
    world.threads[world.now].waits = true;
    step();
}

static void begin(void)
{
    struct thread *t = &world.threads[world.now];
    t->body();
    t->done = true;
}

/* getcontext() returns twice as far as the compiler knows: no local may live across it. */
static void prepare(struct thread *t, void (*body)(void))
{
    getcontext(&t->context);
    t->context.uc_stack.ss_sp = t->stack;
    t->context.uc_stack.ss_size = sizeof t->stack;
    t->context.uc_link = &world.main;
    t->body = body;
    t->done = t->waits = false;
    makecontext(&t->context, begin, 0);
}

/* One run, by the choices so far and the first of each further one. */
static void run_once(void (*const bodies[])(void), unsigned count)
{
    world.interrupted = 0;
    world.count = count;
    world.steps = 0;
    world.now = 0;
    for (unsigned i = 0; i < count; i++)
        prepare(&world.threads[i], bodies[i]);
    for (;;) {
        unsigned ready[THREADS_MAX], n = 0, left = 0;
        for (unsigned k = 0; k < count; k++) { /* who made the last step first */
            const struct thread *t = &world.threads[(world.now + k) % count];
            left += !t->done;
            if (!t->done && !t->waits)
                ready[n++] = (world.now + k) % count;
        }
        bool goes_on = n > 0 && ready[0] == world.now;
        if (goes_on && world.interrupted == world.interruptions)
            n = 1;
        if (left == 0)
            return;
        if (n == 0)
            fail_msg("everybody waits, after %u steps", world.steps);
        if (world.steps == STEPS_MAX)
            fail_msg("it does not end");
        unsigned at = world.steps++;
        if (at >= world.replay)
            world.choices[at] = 0;
        world.options[at] = n;
        world.interrupted += goes_on && world.choices[at] > 0;
        world.now = ready[world.choices[at]];
        swapcontext(&world.main, &world.threads[world.now].context);
        for (unsigned i = 0; i < count && !world.threads[world.now].waits; i++)
            world.threads[i].waits = false; /* something has changed */
    }
}

/* The next order: the last choice that has another option takes it. */
static bool next_order(void)
{
    unsigned n = world.steps;
    while (n > 0 && world.choices[n - 1] + 1 == world.options[n - 1])
        n--;
    if (n == 0)
        return false;
    world.choices[n - 1]++;
    world.replay = n;
    return true;
}

/* --- a cache of one entry ------------------------------------------------------------- */

enum life { STORED, PARKED, DEAD, FREED };

static struct {
    struct alice__lane lanes[ALICE__GATE_LANES];
    struct alice__gate gate;
    bool locked;
    uint16_t pins;
    enum life life;
    unsigned inside, frees, unparks;
} cache;

static void reset(void)
{
    memset(&cache, 0, sizeof cache);
    cache.gate.lanes = cache.lanes;
}

static void lock(void)
{
    step();
    while (cache.locked)
        spin();
    cache.locked = true;
    alice__gate_close(&cache.gate);
    assert_int_equal(cache.inside, 0);
}

static void unlock(void)
{
    assert_int_equal(cache.inside, 0);
    alice__gate_open(&cache.gate);
    step();
    cache.locked = false;
}

static void free_entry(void)
{
    assert_int_equal(alice__pins(&cache.pins), 0);
    assert_true(cache.life != FREED);
    cache.life = FREED;
    cache.frees++;
}

/* Look it up and pin it, as alice__cache_look() does. */
static bool pin(unsigned lane)
{
    bool pinned = false;
    bool inside = alice__gate_enter(&cache.gate, &cache.lanes[lane].pins);
    if (!inside) { /* under the lock, with the gate open: others look, too */
        step();
        while (cache.locked)
            spin();
        cache.locked = true;
    }
    cache.inside += inside;
    if (cache.life == STORED || cache.life == PARKED)
        pinned = alice__pins_take(&cache.pins);
    cache.inside -= inside;
    if (inside) {
        alice__gate_leave(&cache.lanes[lane].pins, pinned);
    } else {
        step();
        cache.locked = false;
    }
    return pinned;
}

/* As alice_cache_unpin() does. */
static void unpin(void)
{
    assert_true(cache.life != FREED); /* what is pinned can be read */
    if (alice__pins_drop(&cache.pins))
        return;
    lock();
    assert_true(cache.life != FREED);
    if (alice__pins_drop_closed(&cache.pins)) {
        if (cache.life == DEAD) {
            free_entry();
        } else {
            assert_true(cache.life == PARKED);
            cache.life = STORED;
            cache.unparks++;
            alice__pins_unwatch(&cache.pins);
        }
    }
    unlock();
}

static void look_up(unsigned lane)
{
    if (pin(lane)) {
        step(); /* in use */
        unpin();
    }
}

static void reader_0(void)
{
    look_up(0);
}

static void reader_1(void)
{
    look_up(1);
}

static void reader_same_lane(void)
{
    look_up(0);
}

/* The entry leaves, as in alice__cache_leave(). */
static void remover(void)
{
    lock();
    cache.life = DEAD;
    if (!alice__pins_watch(&cache.pins))
        free_entry();
    unlock();
}

/* Whoever needs room: lets it go, or parks it, as in tail_of(). */
static void evicter(void)
{
    lock();
    if (cache.life == STORED) {
        if (alice__pins_watch(&cache.pins))
            cache.life = PARKED;
        else
            free_entry();
    }
    unlock();
}

static void evict_then_remove(void)
{
    evicter();
    if (cache.life != FREED)
        remover();
}

static void check_end(void)
{
    assert_int_equal(alice__pins(&cache.pins), 0);
    assert_true(cache.frees <= 1 && !cache.locked && !cache.gate.closed);
    assert_true(cache.life == STORED || cache.life == FREED); /* nothing was forgotten */
    for (unsigned i = 0; i < ALICE__GATE_LANES; i++) {
        assert_int_equal(cache.lanes[i].pins & ALICE__LANE_INSIDE, 0);
        assert_int_equal(cache.lanes[i].looks, 0);
    }
}

static void every_order(void (*const bodies[])(void), unsigned count, unsigned interruptions,
                        const char *name)
{
    bool freed = false, parked = false;
    world.runs = 0;
    world.replay = 0;
    world.interruptions = interruptions;
    do {
        reset();
        run_once(bodies, count);
        check_end();
        freed |= cache.frees > 0;
        parked |= cache.unparks > 0;
        world.runs++;
    } while (next_order());
    print_message("%s: %lu orders%s%s\n", name, world.runs, freed ? ", freed" : "",
                  parked ? ", parked" : "");
    assert_true(world.runs > 100);
}

static void one_reads_one_removes(void **state)
{
    (void)state;
    every_order((void (*const[])(void)){reader_0, remover}, 2, STEPS_MAX, "read, remove");
}

static void one_reads_one_evicts(void **state)
{
    (void)state;
    every_order((void (*const[])(void)){reader_0, evicter}, 2, STEPS_MAX, "read, evict");
    every_order((void (*const[])(void)){reader_0, evict_then_remove}, 2, 3,
                "read, evict and remove");
}

static void two_read_one_changes(void **state)
{
    (void)state;
    every_order((void (*const[])(void)){reader_0, reader_1, remover}, 3, 3, "two read, remove");
    every_order((void (*const[])(void)){reader_0, reader_same_lane, evicter}, 3, 3,
                "two in a lane, evict");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_reads_one_removes),
        cmocka_unit_test(one_reads_one_evicts),
        cmocka_unit_test(two_read_one_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
