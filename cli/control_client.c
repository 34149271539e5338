/* SPDX-License-Identifier: MIT */
/*
 * Finding alices and asking them. The other side is not trusted more than it has
 * to be: it must be of the expected user, its answer has a bound and a deadline,
 * and is checked to be JSON before anything reads it.
 */
#include "control_client.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- finding ---- */

/* Whether something listens there, by connecting. */
static bool listens(const char *path, uid_t uid)
{
    uid_t who = (uid_t)-1;
    int fd = control_socket();
    /* EAGAIN: it does, and others wait. */
    int bad = fd < 0 ? errno : control_connect(fd, path);
    bool yes = bad == EAGAIN || (bad == 0 && control_peer(fd, &who) && who == uid);
    if (fd >= 0)
        close(fd);
    return yes;
}

static bool socket_of(long pid, uid_t uid, char *path, size_t size)
{
    char folder[CONTROL_PATH_MAX];
    for (int which = 0; which < CONTROL_FOLDERS; which++) {
        if (!control_folder(which, uid, folder, sizeof folder) ||
            !control_folder_is_safe(folder, uid))
            continue;
        int n = snprintf(path, size, "%s/alice-%ld.sock", folder, pid);
        if (n > 0 && (size_t)n < size && listens(path, uid))
            return true;
    }
    *path = 0;
    return false;
}

static bool is_called_alice(long pid)
{
    char path[64], name[32] = "";
    snprintf(path, sizeof path, "/proc/%ld/comm", pid);
    FILE *f = fopen(path, "re");
    bool yes = f && fgets(name, sizeof name, f) && strcmp(name, "alice\n") == 0;
    if (f)
        fclose(f);
    return yes;
}

bool control_has_ended(long pid)
{
    char path[64], line[512] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *f = fopen(path, "re");
    bool read = f && fgets(line, sizeof line, f);
    if (f)
        fclose(f);
    /* The name in parentheses may hold anything; the state follows the last one. */
    const char *state = strrchr(line, ')');
    return !read || (state && (strncmp(state, ") Z", 3) == 0 || strncmp(state, ") X", 3) == 0));
}

control_found control_find(long pid, control_target *out)
{
    char path[64];
    struct stat st;
    *out = (control_target){.pid = pid};
    snprintf(path, sizeof path, "/proc/%ld", pid);
    if (stat(path, &st) != 0 || control_has_ended(pid))
        return CONTROL_IS_NOBODY;
    out->uid = st.st_uid;
    if (socket_of(pid, st.st_uid, out->path, sizeof out->path))
        return CONTROL_IS_ALICE;
    return st.st_uid != geteuid() && geteuid() != 0 && is_called_alice(pid) ? CONTROL_IS_FOREIGN
                                                                            : CONTROL_IS_OTHER;
}

static int by_pid(const void *a, const void *b)
{
    const control_target *x = a, *y = b;
    return (x->pid > y->pid) - (x->pid < y->pid);
}

static bool has(const control_target *all, size_t n, long pid)
{
    for (size_t i = 0; i < n; i++)
        if (all[i].pid == pid)
            return true;
    return false;
}

size_t control_find_all(control_target *out, size_t cap)
{
    char folder[CONTROL_PATH_MAX];
    size_t n = 0;
    uid_t me = geteuid();
    for (int which = 0; which < CONTROL_FOLDERS; which++) {
        if (!control_folder(which, me, folder, sizeof folder) ||
            !control_folder_is_safe(folder, me))
            continue;
        DIR *d = opendir(folder);
        struct dirent *e;
        while (d && n < cap && (e = readdir(d)) != NULL) {
            long pid = 0;
            int end = 0;
            if (sscanf(e->d_name, "alice-%10ld.sock%n", &pid, &end) != 1 || end == 0 ||
                e->d_name[end] || has(out, n, pid))
                continue;
            control_target t = {.pid = pid, .uid = me};
            int len = snprintf(t.path, sizeof t.path, "%s/alice-%ld.sock", folder, pid);
            if (len > 0 && (size_t)len < sizeof t.path && listens(t.path, me))
                out[n++] = t;
        }
        if (d)
            closedir(d);
    }
    qsort(out, n, sizeof *out, by_pid);
    return n;
}

/* ---- asking ---- */

bool control_call_begin(control_call *call, const control_target *target, const char *request,
                        int timeout_ms)
{
    char line[CONTROL_REQUEST_MAX];
    uid_t who = (uid_t)-1;
    int n = snprintf(line, sizeof line, "%s\n", request);
    if (!call->answer)
        call->answer = malloc(CONTROL_ANSWER_MAX);
    call->used = 0;
    call->deadline_ms = now_ms() + (uint64_t)timeout_ms;
    call->fd = call->answer ? control_socket() : -1;
    if (call->fd < 0)
        return false;
    int bad = control_connect(call->fd, target->path);
    /* Its queue of callers may be full for a moment. */
    while (bad == EAGAIN && now_ms() < call->deadline_ms) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        bad = control_connect(call->fd, target->path);
    }
    if (bad || !control_peer(call->fd, &who) || (who != target->uid && who != 0) ||
        send(call->fd, line, (size_t)n, MSG_NOSIGNAL) != n) {
        control_call_end(call);
        return false;
    }
    return true;
}

control_state control_call_step(control_call *call, json_value *answer)
{
    while (call->used < CONTROL_ANSWER_MAX) {
        ssize_t n =
            recv(call->fd, call->answer + call->used, CONTROL_ANSWER_MAX - call->used, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            if (now_ms() < call->deadline_ms)
                return CONTROL_PENDING;
            errno = ETIMEDOUT;
            return CONTROL_FAILED;
        }
        if (n <= 0) {
            errno = ECONNREFUSED;
            return CONTROL_FAILED;
        }
        call->used += (size_t)n;
        if (call->answer[call->used - 1] == '\n') {
            if (json_read(call->answer, call->used, answer) && *answer->p == '{')
                return CONTROL_ANSWERED;
            break;
        }
    }
    errno = EPROTO;
    return CONTROL_FAILED;
}

control_state control_call_wait(control_call *call, json_value *answer)
{
    control_state state;
    while ((state = control_call_step(call, answer)) == CONTROL_PENDING) {
        uint64_t now = now_ms();
        struct pollfd p = {.fd = call->fd, .events = POLLIN};
        poll(&p, 1, now < call->deadline_ms ? (int)(call->deadline_ms - now) : 0);
    }
    return state;
}

void control_call_end(control_call *call)
{
    if (call->fd >= 0)
        close(call->fd);
    call->fd = -1;
}

void control_call_free(control_call *call)
{
    control_call_end(call);
    free(call->answer);
    call->answer = NULL;
}
