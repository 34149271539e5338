/* SPDX-License-Identifier: MIT */
/*
 * Runs at build time: prints, as words for a C array, the program of the
 * kernel's system call filter: what alice itself gives up, or, asked for the "decoder", the
 * few calls that it keeps. libseccomp knows each processor's numbers; the
 * program itself does not need the library.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* No step of alice's work makes one of these. A name that a processor does not have is passed
 * over. */
static const char *const refused[] = {
    /* another program, another process */
    "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd",
    "kcmp",
    /* ways round a check of paths and calls */
    "open_by_handle_at", "io_uring_setup", "userfaultfd", "name_to_handle_at",
    /* the machine */
    "mount", "umount2", "move_mount", "fsopen", "fsmount", "open_tree", "pivot_root", "chroot",
    "setns", "unshare", "bpf", "perf_event_open", "kexec_load", "kexec_file_load",
    "init_module", "finit_module", "delete_module", "reboot", "swapon", "swapoff", "acct",
    "settimeofday", "clock_settime", "add_key", "request_key", "keyctl"};

/* What decoding a picture takes: memory, the open file and the socket, time, an end. */
static const char *const kept[] = {
    "read",         "pread64",   "lseek",          "_llseek",       "recvmsg",
    "sendto",       "send",      "close",          "brk",           "munmap",
    "mremap",       "madvise",   "futex",          "exit",          "exit_group",
    "rt_sigreturn", "sigreturn", "rt_sigprocmask", "clock_gettime", "clock_gettime64",
    "gettimeofday", "getrandom", "getrusage",      "sched_yield",   "restart_syscall"};
static const char *const mapping[] = {"mmap", "mmap2"}; /* neither code nor shared */

static int resolve(const char *name)
{
    int nr = seccomp_syscall_resolve_name(name);
    return nr == __NR_SCMP_ERROR ? -1 : nr;
}

static int keep_few(scmp_filter_ctx ctx)
{
    int bad = 0;
    for (size_t i = 0; !bad && i < sizeof kept / sizeof *kept; i++)
        if (resolve(kept[i]) >= 0)
            bad = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, resolve(kept[i]), 0);
    /* Memory that is shared is not counted by RLIMIT_DATA, and so has no limit. */
    const struct scmp_arg_cmp plain[] = {
        {.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0},
        {.arg = 3, .op = SCMP_CMP_MASKED_EQ, .datum_a = MAP_SHARED, .datum_b = 0}};
    for (size_t i = 0; !bad && i < sizeof mapping / sizeof *mapping; i++)
        if (resolve(mapping[i]) >= 0)
            bad = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, resolve(mapping[i]), 2, plain);
    if (!bad)
        bad = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, resolve("mprotect"), 1, plain);
    /* Its own limit of time, for each file. */
    const struct scmp_arg_cmp cpu = {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = RLIMIT_CPU};
    if (!bad && resolve("setrlimit") >= 0)
        bad = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, resolve("setrlimit"), 1, &cpu);
    if (!bad && resolve("getrlimit") >= 0)
        bad = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, resolve("getrlimit"), 1, &cpu);
    const struct scmp_arg_cmp own[] = {{.arg = 0, .op = SCMP_CMP_EQ, .datum_a = 0},
                                       {.arg = 1, .op = SCMP_CMP_EQ, .datum_a = RLIMIT_CPU}};
    if (!bad)
        bad = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, resolve("prlimit64"), 2, own);
    return bad;
}

static int refuse_some(scmp_filter_ctx ctx)
{
    int bad = 0;
    for (size_t i = 0; !bad && i < sizeof refused / sizeof *refused; i++)
        if (resolve(refused[i]) >= 0)
            bad = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), resolve(refused[i]), 0);
    if (!bad)
        bad = seccomp_rule_add_array(
            ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
            &(struct scmp_arg_cmp){.arg = 0, .op = SCMP_CMP_NE, .datum_a = AF_UNIX});
    return bad;
}

int main(int count, char **words)
{
    const int decoder = count == 2 && strcmp(words[1], "decoder") == 0;
    FILE *program = tmpfile();
    scmp_filter_ctx ctx = seccomp_init(decoder ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW);
    uint64_t word;
    int bad = !program || !ctx;
    if (!bad)
        bad = decoder ? keep_few(ctx) : refuse_some(ctx);
    if (!bad)
        bad = seccomp_export_bpf(ctx, fileno(program));
    if (!bad && lseek(fileno(program), 0, SEEK_SET) != 0)
        bad = 1;
    while (!bad && read(fileno(program), &word, sizeof word) == (ssize_t)sizeof word)
        printf("UINT64_C(0x%016llx),\n", (unsigned long long)word);
    if (bad)
        fprintf(stderr, "the system call filter cannot be made: %s\n",
                bad < 0 ? strerror(-bad) : "unexpected");
    seccomp_release(ctx);
    return bad != 0;
}
