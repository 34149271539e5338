/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_THREAD_H
#define ALICE_PORT_THREAD_H

/* Threads where POSIX leaves something to the system. All answer 0 or -errno. */

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* A condition whose timed waits go by the monotonic clock. */
int alice__cond_init(pthread_cond_t *cond);

/* The monotonic time `ms` from now; as late as can be said where that overflows. */
struct timespec alice__deadline(uint64_t ms);

/* Start a thread with a stack of `stack_bytes` that blocks every signal, named `name` (cut at
 * 15 bytes). */
int alice__thread_start(pthread_t *thread, size_t stack_bytes, const char *name,
                        void *(*fn)(void *), void *arg);

/* The smallest stack a thread can have. */
size_t alice__thread_min_stack(void);

#endif
