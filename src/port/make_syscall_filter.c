/* SPDX-License-Identifier: MIT */
/*
 * Runs at build time: prints, as words for a C array, the program of the
 * kernel's system call filter. libseccomp knows each processor's numbers; the
 * program itself does not need the library.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
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

int main(void)
{
    FILE *program = tmpfile();
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    uint64_t word;
    int bad = !program || !ctx;
    for (size_t i = 0; !bad && i < sizeof refused / sizeof *refused; i++) {
        int nr = seccomp_syscall_resolve_name(refused[i]);
        if (nr != __NR_SCMP_ERROR && nr >= 0)
            bad = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), nr, 0);
    }
    if (!bad)
        bad = seccomp_rule_add_array(
            ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
            &(struct scmp_arg_cmp){.arg = 0, .op = SCMP_CMP_NE, .datum_a = AF_UNIX});
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
