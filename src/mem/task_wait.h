/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_TASK_WAIT_H
#define ALICE_MEM_TASK_WAIT_H

#include <alice/executor.h>

/* Wait for a submitted task, at most `ms`; whether it has ended. Not from a task. */
bool alice__task_wait_ms(alice_task *task, uint64_t ms);

#endif
