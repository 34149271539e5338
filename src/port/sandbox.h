/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_SANDBOX_H
#define ALICE_PORT_SANDBOX_H

/*
 * What a process gives up for good: the file system but for a few folders
 * (Landlock), and the system calls that none of its work needs (seccomp). Both
 * hold for the calling thread and for all threads it makes afterwards, so they
 * are taken before the first thread. Functions that answer int give 0 or -errno.
 */

#include <stdbool.h>
#include <stddef.h>

/* The kernel's Landlock version; 0: it has none. Renames between two folders
 * need 2. */
int alice__confine_landlock_abi(void);

typedef struct alice__confine_rule {
    const char *path; /* links are followed; what does not stand is passed over */
    bool write;       /* else reading only */
} alice__confine_rule;

/*
 * From here on only what lies below the rules' paths can be opened, made,
 * renamed or removed, and nothing can be executed. -ENOSYS: the kernel cannot,
 * or not without breaking renames; nothing changed.
 */
int alice__confine_files(const alice__confine_rule *rules, size_t count);

/*
 * From here on no program can be started, no other process looked into, no
 * socket made but of the Unix kind, no file system mounted. Those calls fail
 * with EPERM. -ENOSYS: this build or this kernel has no filter.
 */
int alice__confine_calls(void);
/*
 * The same for the decoder of pictures: from here on nothing but memory, the open file and
 * the socket, without code in new memory. All other calls fail with EPERM.
 */
int alice__confine_decoder(void);
/* Whether this build has the filter. */
bool alice__confine_calls_known(void);

#endif
