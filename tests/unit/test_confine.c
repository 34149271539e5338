/* SPDX-License-Identifier: MIT */
/* What a parser that was taken over could still do: each test gives it up in a child, and
 * tries. */
#define _GNU_SOURCE
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <alice/confine.h>

#include "no_calls.h"
#include "port/decoder.h"
#include "port/limits.h"
#include "port/sandbox.h"
#include "tree.h"

static alice_confinement available;

/* The line that failed, as the child's exit status. */
#define NEED(condition)                                             \
    do {                                                            \
        if (!(condition)) {                                         \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
            return 1;                                               \
        }                                                           \
    } while (0)

static void in_child(int (*attempt)(const char *folder), const char *folder)
{
    pid_t child = fork();
    if (child == 0)
        _exit(attempt(folder));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int make(const char *folder, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? errno : 0;
}

static int confine_to(const char *folder, const char *a, bool write_a, const char *b,
                      bool write_b)
{
    char path_a[600], path_b[600];
    alice_confinement now;
    snprintf(path_a, sizeof path_a, "%s/%s", folder, a);
    snprintf(path_b, sizeof path_b, "%s/%s", folder, b);
    const alice_confine_path paths[] = {{path_a, write_a}, {path_b, write_b}};
    NEED(alice_confine(paths, 2, &now) == ALICE_OK);
    NEED(now.files == available.files && now.calls == available.calls);
    return 0;
}

static int files_out_of_reach(const char *folder)
{
    char path[600], inside[600];
    NEED(make(folder, "in/before") == 0 && make(folder, "outside") == 0);
    NEED(confine_to(folder, "in", false, "out", true) == 0);
    NEED(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
    NEED(open("/", O_RDONLY | O_DIRECTORY) < 0 && errno == EACCES);
    NEED(make("/tmp", "alice-confined") == EACCES);
    NEED(make(folder, "in/new") == EACCES);
    NEED(make(folder, "out/new") == 0);
    snprintf(inside, sizeof inside, "%s/in/before", folder);
    int fd = open(inside, O_RDONLY);
    NEED(fd >= 0);
    NEED(open(inside, O_WRONLY) < 0 && errno == EACCES);
    NEED(unlink(inside) < 0 && errno == EACCES);
    snprintf(path, sizeof path, "%s/outside", folder);
    NEED(unlink(path) < 0 && errno == EACCES);
    /* Not by a link either. */
    snprintf(path, sizeof path, "%s/out/link", folder);
    NEED(symlink("/etc/passwd", path) == 0);
    NEED(open(path, O_RDONLY) < 0 && errno == EACCES);
    /* What the monitor reads. */
    NEED(open("/proc/self/status", O_RDONLY) >= 0);
    return 0;
}

static int renames_stay_renames(const char *folder)
{
    char from[600], to[600];
    struct stat before, after;
    NEED(make(folder, "in/sub/picture") == 0);
    snprintf(from, sizeof from, "%s/in/sub/picture", folder);
    snprintf(to, sizeof to, "%s/out/picture", folder);
    NEED(stat(from, &before) == 0);
    NEED(confine_to(folder, "in", true, "out", true) == 0);
    NEED(rename(from, to) == 0); /* EXDEV would be a copy of each file */
    NEED(stat(to, &after) == 0 && after.st_ino == before.st_ino);
    return 0;
}

static int no_program_and_no_network(const char *folder)
{
    NEED(confine_to(folder, "in", false, "out", true) == 0);
    char *const argv[] = {(char *)"true", NULL};
    NEED(execve("/bin/true", argv, NULL) < 0);
    NEED(errno == EPERM || errno == EACCES);
    if (!available.calls)
        return 0;
    NEED(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
    NEED(socket(AF_INET6, SOCK_DGRAM, 0) < 0 && errno == EPERM);
    NEED(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
    NEED(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 && errno == EPERM);
    return 0;
}

static void test(int (*attempt)(const char *folder))
{
    char folder[] = "/var/tmp/alice-confine-XXXXXX", path[600];
    if (!available.files) {
        printf(
            "# SKIP confine: this kernel, or this build under a sanitizer, confines nothing\n");
        return;
    }
    assert_non_null(mkdtemp(folder));
    for (const char *const *f = (const char *const[]){"in", "in/sub", "out", NULL}; *f; f++) {
        snprintf(path, sizeof path, "%s/%s", folder, *f);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    in_child(attempt, folder);
    tree_remove(folder);
}

static void only_the_named_folders_can_be_reached(void **state)
{
    (void)state;
    test(files_out_of_reach);
}

static void a_rename_between_two_of_them_stays_one(void **state)
{
    (void)state;
    test(renames_stay_renames);
}

static void nothing_can_be_started_and_nobody_called(void **state)
{
    (void)state;
    test(no_program_and_no_network);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    alice_confine_path many[64] = {{"/", false}};
    assert_int_equal(alice_confine(NULL, 1, NULL), ALICE_E_INVAL);
    assert_int_equal(alice_confine(many, 64, NULL), ALICE_E_INVAL);
    alice_confine_available(NULL);
}

/* ---- the decoder of pictures ---- */

/* The line, less those before it, as there is nobody to tell it to. */
#define CANNOT(condition)                     \
    do {                                      \
        if (!(condition))                     \
            return 1 + __LINE__ - first_line; \
    } while (0)

/* What it could do, had a picture taken it over: the first that it can. */
static int as_decoder(void)
{
    const int first_line = __LINE__;
    const char *const words[] = {"/bin/true", NULL};
    const struct rlimit more = {64 << 20, 64 << 20};
    struct stat s;
    char byte;
    int fd = open("/dev/null", O_RDONLY), pipes[2];
    CANNOT(fd >= 0 && pipe(pipes) == 0);
    CANNOT(dup2(pipes[0], 0) == 0);
    if (alice__decoder_give_up(32 << 20) != 0)
        return 98;
    /* What was open is not any more, but for what it is asked by. */
    CANNOT(syscall(SYS_read, fd, &byte, 1L) < 0 && syscall(SYS_read, pipes[1], &byte, 1L) < 0);
    CANNOT(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0) < 0);
    CANNOT(syscall(SYS_openat, AT_FDCWD, "/tmp/alice-taken-over", O_CREAT | O_WRONLY, 0600) <
           0);
    CANNOT(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) < 0);
    CANNOT(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0) < 0);
    CANNOT(syscall(SYS_execve, words[0], words, words + 1) < 0);
    CANNOT(syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L) < 0);
    CANNOT(syscall(SYS_kill, (long)getppid(), 0L) < 0);
    CANNOT(syscall(SYS_ptrace, (long)PTRACE_ATTACH, (long)getppid(), 0L, 0L) < 0);
    CANNOT(syscall(SYS_write, 2, "x", 1L) < 0);
    CANNOT(syscall(SYS_fstat, 0, &s) < 0);
    CANNOT(syscall(SYS_prlimit64, 0L, (long)RLIMIT_DATA, &more, NULL) < 0);
    CANNOT(syscall(SYS_prlimit64, (long)getppid(), (long)RLIMIT_CPU, NULL, &more) < 0);
    CANNOT(syscall(SYS_memfd_create, "x", 0L) < 0);
    /* Code, and memory that its limit does not count. */
    enum { BYTES = 1 << 20, MANY = 64 << 20 };
    CANNOT(mmap(NULL, BYTES, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED);
    CANNOT(mmap(NULL, MANY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED);
    CANNOT(mmap(NULL, MANY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED);
    void *own = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CANNOT(own != MAP_FAILED && mprotect(own, BYTES, PROT_READ | PROT_EXEC) != 0);
    return 0;
}

static void a_decoder_that_is_taken_over_can_do_nothing(void **state)
{
    (void)state;
    /* Sanitizers do what they like; without the filter there is the rest of it only. */
    if (alice__limits_sanitized() || !alice__confine_calls_known())
        return;
    pid_t child = fork();
    if (child == 0)
        syscall(SYS_exit_group, as_decoder());
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(access("/tmp/alice-taken-over", F_OK), -1);
}

static const alice_part *part_named(const char *name)
{
    static alice_part part;
    for (size_t i = 0; alice_part_at(i, &part); i++)
        if (strcmp(part.name, name) == 0)
            return &part;
    fail_msg("no part is called %s", name);
    return NULL;
}

static void parts_are_told(void **state)
{
    (void)state;
    alice_part part;
    size_t count = 0;
    for (; alice_part_at(count, &part); count++) {
        assert_true(part.there || part.without);
        assert_true(part.kernel || !part.there || *part.version);
    }
    assert_true(count > 10);
    assert_false(alice_part_at(count, &part));
    assert_false(alice_part_at(SIZE_MAX, &part));
    assert_false(alice_part_at(0, NULL));
    char abi[32];
    snprintf(abi, sizeof abi, "ABI %d", available.landlock_abi);
    assert_string_equal(part_named("Landlock")->version, available.landlock_abi ? abi : "");
    assert_int_equal(part_named("Landlock")->there, available.landlock_abi >= 2);
    assert_int_equal(part_named("memory pressure")->there,
                     access("/proc/pressure/memory", R_OK) == 0);
}

/* In a child: a kernel that knows neither openat2 nor Landlock says so. */
static void parts_that_are_missing_are_told(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!without_calls(CALL_OPENAT2, CALL_LANDLOCK_CREATE_RULESET))
            _exit(200);
        _exit(part_named("Landlock")->there || part_named("openat2")->there ||
              !part_named("SQLite")->there);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_named_folders_can_be_reached),
        cmocka_unit_test(a_rename_between_two_of_them_stays_one),
        cmocka_unit_test(nothing_can_be_started_and_nobody_called),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(a_decoder_that_is_taken_over_can_do_nothing),
        cmocka_unit_test(parts_are_told),
        cmocka_unit_test(parts_that_are_missing_are_told),
    };
    alice_confine_available(&available);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
