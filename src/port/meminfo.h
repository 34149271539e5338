/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_MEMINFO_H
#define ALICE_PORT_MEMINFO_H

/*
 * What the kernel says about memory. `root` stands before /proc and /sys in
 * every path ("" for the real ones), so that tests can bring a made-up tree.
 * Nothing here allocates. Functions that answer int give 0 or -errno.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ALICE__MEMINFO_PATH = 512 };

/* The machine, from /proc/meminfo; available is estimated where the kernel does not tell it. */
int alice__meminfo_machine(const char *root, uint64_t *total, uint64_t *available);

/* One process, from /proc/PID/status. */
typedef struct alice__proc_memory {
    uint64_t resident; /* VmRSS */
    uint64_t peak;     /* VmHWM */
    uint64_t data;     /* VmData */
    uint64_t swapped;  /* VmSwap */
    unsigned threads;
} alice__proc_memory;

/* `pid` 0: this process. A process without memory of its own (a kernel thread) has zeros. */
int alice__meminfo_process(const char *root, long pid, alice__proc_memory *out);

/* A descriptor of this process's statm, to be kept; and the resident bytes by one pread of it.
 */
int alice__meminfo_open_resident(const char *root);
int alice__meminfo_resident(int fd, size_t *bytes);

/* A descriptor of a file with one number, and the number by one pread of it. */
int alice__meminfo_open_number(const char *path);
int alice__meminfo_number(int fd, uint64_t *number);

void alice__meminfo_close(int fd);

/* The control group that bounds this process most tightly. */
typedef struct alice__cgroup {
    int version;                          /* 1 or 2; 0: none bounds it */
    uint64_t limit;                       /* 0: none */
    uint64_t current;                     /* what it is charged */
    uint64_t inactive_file;               /* of that, page cache that goes first */
    char dir[ALICE__MEMINFO_PATH];        /* of that group, root included */
    char limit_file[ALICE__MEMINFO_PATH]; /* which file said the limit, root included */
    char current_file[ALICE__MEMINFO_PATH];
} alice__cgroup;

/*
 * Read /proc/self/cgroup, find where the groups are mounted, and go up from
 * this process's group to the mount: the smallest of memory.max and memory.high
 * (v2) or memory.limit_in_bytes (v1). No limit is an answer, not an error.
 */
void alice__meminfo_cgroup(const char *root, alice__cgroup *out);

/* Percent of the last 10 s with some, and all, tasks waiting for memory; of the group, else of
 * the machine. */
int alice__meminfo_pressure(const char *root, const alice__cgroup *group, double *some,
                            double *full);

/* The smaller of the machine's memory and the control group's; 0: unknown. */
uint64_t alice__meminfo_ram(const char *root);

#endif
