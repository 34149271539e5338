/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_STATUS_H
#define ALICE_ORGANIZE_STATUS_H

/*
 * A run that can be asked. The run's thread writes down how far it is, ten times
 * a second, and looks between two files whether somebody wants it to collect;
 * any thread reads.
 */

#include <pthread.h>
#include <stdatomic.h>

#include <alice/organize.h>

/* What the run's thread knows and nobody else may look at. */
typedef struct alice__run_state {
    alice_phase phase;
    int64_t run;
    uint64_t now_ns, began_ns;
    const alice_organize_result *result;
    uint32_t window;
    const char *path;
} alice__run_state;

typedef struct alice__run_status {
    pthread_mutex_t lock; /* `published`, `published_ns` and `report`; innermost */
    alice_run_status published;
    uint64_t published_ns;
    alice_collect_report report;    /* of the latest collection that was asked for */
    _Atomic uint64_t asked, served; /* tickets */
} alice__run_status;

void alice__status_init(alice__run_status *b);
void alice__status_end(alice__run_status *b);

/* The run's thread: write down. */
void alice__status_publish(alice_organizer *o, const alice__run_state *t);

/* The run's thread: whether somebody waits for a collection; and do it. */
static inline bool alice__status_collect_asked(alice__run_status *b)
{
    return atomic_load_explicit(&b->asked, memory_order_relaxed) !=
           atomic_load_explicit(&b->served, memory_order_relaxed);
}
void alice__status_collect(alice_organizer *o);

#endif
