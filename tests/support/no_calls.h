/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_NO_CALLS_H
#define ALICE_TESTS_NO_CALLS_H

/* An older kernel: this process, for good, has not the two system calls. For a child. */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>

enum { CALL_OPENAT2 = 437, CALL_LANDLOCK_CREATE_RULESET = 444 }; /* on each processor */

static inline bool without_calls(unsigned one, unsigned other)
{
    struct sock_filter older[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, one, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, other, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = 5, .filter = older};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#endif
