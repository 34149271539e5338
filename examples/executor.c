/* SPDX-License-Identifier: MIT */
/* An executor: tasks over worker threads and a bounded queue. */
#include <stdio.h>

#include <alice/executor.h>

struct square {
    long n, result;
};

static alice_status compute(void *arg)
{
    struct square *s = (struct square *)arg;
    s->result = s->n * s->n;
    return ALICE_OK;
}

int main(void)
{
    alice_executor *executor = NULL;
    alice_executor_options o = {.threads = 4, .queue = 16};
    struct square squares[100];
    alice_task tasks[100];
    long sum = 0;
    if (alice_executor_open(&executor, &o) != ALICE_OK)
        return 1;
    for (int i = 0; i < 100; i++) {
        squares[i] = (struct square){.n = i};
        alice_executor_submit(executor, compute, &squares[i], &tasks[i]); /* waits for room */
    }
    for (int i = 0; i < 100; i++)
        sum += alice_task_wait(&tasks[i]) == ALICE_OK ? squares[i].result : 0;
    alice_executor_close(&executor);
    printf("%ld\n", sum);
    return sum == 328350 ? 0 : 1;
}
