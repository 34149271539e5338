/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "port/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the kernel headers of some distributions; the values are the kernel's ABI. */
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)  /* from ABI 3 on */
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15) /* from ABI 5 on */

#define ACCESS_READ ((uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR))
#define ACCESS_FILE_WRITE ((uint64_t)LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)
#define ACCESS_WRITE                                                             \
    (ACCESS_FILE_WRITE |                                                         \
     (uint64_t)(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
                LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |      \
                LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_SYM |     \
                LANDLOCK_ACCESS_FS_REFER))
/* Everything that is refused unless a rule allows it: what was just named, and what no rule
 * does. */
#define ACCESS_HANDLED                                                      \
    (ACCESS_READ | ACCESS_WRITE | ACCESS_IOCTL_DEV |                        \
     (uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
                LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK))

int alice__confine_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
                       (uint32_t)LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

/* What this kernel knows of the rights above. */
static uint64_t known_access(int abi)
{
    uint64_t known = ACCESS_HANDLED;
    if (abi < 5)
        known &= ~ACCESS_IOCTL_DEV;
    if (abi < 3)
        known &= ~ACCESS_TRUNCATE;
    return known;
}

static int add_rule(int ruleset, const alice__confine_rule *rule, uint64_t known)
{
    struct stat st;
    int fd = open(rule->path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : -errno;
    struct landlock_path_beneath_attr beneath = {
        .allowed_access = ACCESS_READ | (rule->write ? ACCESS_WRITE : 0), .parent_fd = fd};
    int r = fstat(fd, &st) ? -errno : 0;
    if (r == 0 && !S_ISDIR(st.st_mode)) /* a file has no rights of folders */
        beneath.allowed_access &= (uint64_t)LANDLOCK_ACCESS_FS_READ_FILE | ACCESS_FILE_WRITE;
    beneath.allowed_access &= known;
    if (r == 0 &&
        syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0))
        r = -errno;
    close(fd);
    return r;
}

int alice__confine_files(const alice__confine_rule *rules, size_t count)
{
    int abi = alice__confine_landlock_abi();
    /* The first version refuses each rename between folders with EXDEV: all would be copied. */
    if (abi < 2)
        return -ENOSYS;
    struct landlock_ruleset_attr attr = {.handled_access_fs = known_access(abi)};
    long made = syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (made < 0)
        return -errno;
    int ruleset = (int)made, r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = add_rule(ruleset, &rules[i], attr.handled_access_fs);
    if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        r = -errno;
    if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0))
        r = -errno;
    close(ruleset);
    return r;
}

#ifdef ALICE_SYSCALL_FILTER
/* Made at build time by libseccomp, for the processor that is built for. */
static const uint64_t filter_words[] = {
#include "port/syscall_filter.inc"
};
static const uint64_t decoder_words[] = {
#include "port/decoder_filter.inc"
};
_Static_assert(sizeof(struct sock_filter) == sizeof(uint64_t), "one word an instruction");

static int set_filter(const uint64_t *words, size_t count)
{
    struct sock_fprog program = {.len = (unsigned short)count,
                                 /* The kernel only reads it; its declaration says no const. */
                                 .filter = (struct sock_filter *)(uintptr_t)words};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -errno;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) ? -errno : 0;
}

int alice__confine_calls(void)
{
    return set_filter(filter_words, sizeof filter_words / sizeof *filter_words);
}

int alice__confine_decoder(void)
{
    return set_filter(decoder_words, sizeof decoder_words / sizeof *decoder_words);
}

bool alice__confine_calls_known(void)
{
    return true;
}
#else
int alice__confine_calls(void)
{
    return -ENOSYS;
}

int alice__confine_decoder(void)
{
    return -ENOSYS;
}

bool alice__confine_calls_known(void)
{
    return false;
}
#endif
