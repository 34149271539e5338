/* SPDX-License-Identifier: MIT */
#include "catalog/lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "port/fs.h"
#include "port/host.h"

enum {
    WATCH_MS = 3000, /* more than two beats */
    LOOK_MS = 100,
    TEXT = 224
};

#define BEAT_NS UINT64_C(1000000000)

static void when(int64_t seconds, char *buf, size_t size)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || strftime(buf, size, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        snprintf(buf, size, "an unknown time");
}

/* Opened anew each time: that is when a network file system asks its server. */
static int read_text(const char *path, char text[TEXT])
{
    size_t got = 0;
    int fd = -1;
    int r = alice__fs_open_read(ALICE__FS_CWD, path, &fd);
    if (!r)
        r = alice__fs_read_at(fd, 0, text, TEXT - 1, &got);
    alice__fs_close(fd);
    text[r ? 0 : got] = 0;
    return r;
}

static alice_status busy(char *text, alice_error *error)
{
    text[strcspn(text, "\n")] = 0;
    return alice__fail(error, ALICE_E_BUSY, 0, "the catalog is in use by %s",
                       text[0] ? text : "another program");
}

alice_status alice__lock_is_held(const char *path, alice_error *error)
{
    char text[TEXT];
    (void)read_text(path, text); /* then it is not known by whom */
    return busy(text, error);
}

/* Whether somebody on another machine, or before a reboot of this one, wrote it. */
static bool of_another_boot(const char *text)
{
    char boot[64], line[80];
    const char *second = strchr(text, '\n');
    alice__host_boot(boot, sizeof boot);
    int n = snprintf(line, sizeof line, "\nboot %s beat ", boot);
    return second && strncmp(second, "\nboot ", 6) == 0 &&
           strncmp(second, line, (size_t)n) != 0;
}

/* A holder who works beats meanwhile. */
static alice_status watch(const char *path, const char *first, alice_error *error)
{
    char now[TEXT];
    for (int ms = 0; ms < WATCH_MS; ms += LOOK_MS) {
        alice__host_pause(LOOK_MS);
        int r = read_text(path, now);
        if (r && r != -ENOENT)
            return alice__fail(error, alice__status_of_errno(-r), -r,
                               "cannot read the catalog's lock: %s", path);
        if (strcmp(now, first) != 0 && now[0])
            return busy(now, error);
    }
    return ALICE_OK;
}

static int write_text(alice__lock *l)
{
    char boot[64], text[TEXT];
    alice__host_boot(boot, sizeof boot);
    int n = snprintf(text, sizeof text, "%sboot %s beat %llu\n", l->who, boot,
                     (unsigned long long)l->beat);
    int r = alice__fs_write_at(l->fd, 0, text, (size_t)n);
    if (!r)
        r = alice__fs_truncate(l->fd, (uint64_t)n);
    memcpy(l->text, text, sizeof text);
    return r;
}

alice_status alice__lock_take(alice__lock *l, const alice_env *env, const char *path,
                              alice_error *error)
{
    char host[64], since[40], text[TEXT];
    *l = (alice__lock){.fd = -1, .path = path};
    int fd = -1;
    int r = alice__fs_open_write(ALICE__FS_CWD, path, true, 0644, &fd);
    if (r)
        return alice__fail(error, alice__status_of_errno(-r), -r,
                           "cannot make the catalog's lock: %s", path);
    /* Where the file system knows no locks, SQLite's own and the beats have to do. */
    r = alice__fs_lock(fd);
    alice_status st = r == -EAGAIN ? alice__lock_is_held(path, error) : ALICE_OK;
    if (st == ALICE_OK) {
        r = read_text(path, text);
        if (r)
            st = alice__fail(error, alice__status_of_errno(-r), -r,
                             "cannot read the catalog's lock: %s", path);
        else if (of_another_boot(text))
            st = watch(path, text, error);
    }
    if (st != ALICE_OK) {
        alice__fs_close(fd);
        return st;
    }
    l->fd = fd;
    alice__host_name(host, sizeof host);
    when(alice_env_wall_s(env), since, sizeof since);
    snprintf(l->who, sizeof l->who, "process %ld on %s since %s\n", alice__host_pid(), host,
             since);
    l->beaten_ns = alice_env_now_ns(env);
    r = write_text(l);
    if (!r)
        return ALICE_OK;
    st = alice__fail(error, alice__status_of_errno(-r), -r,
                     "cannot write the catalog's lock: %s: %s", path, strerror(-r));
    alice__lock_drop(l);
    return st;
}

alice_status alice__lock_still(alice__lock *l, const alice_env *env, alice_error *error)
{
    char text[TEXT];
    if (l->fd < 0)
        return ALICE_OK;
    int r = read_text(l->path, text);
    /* Who removed the file did not take it. */
    if (r && r != -ENOENT)
        return alice__fail(error, alice__status_of_errno(-r), -r,
                           "cannot read the catalog's lock: %s: %s", l->path, strerror(-r));
    if (l->lost || (!r && strcmp(text, l->text) != 0)) {
        l->lost = true;
        return busy(text, error);
    }
    uint64_t now = alice_env_now_ns(env);
    if (now - l->beaten_ns < BEAT_NS)
        return ALICE_OK;
    l->beaten_ns = now;
    l->beat++;
    r = write_text(l);
    return r ? alice__fail(error, alice__status_of_errno(-r), -r,
                           "cannot write the catalog's lock: %s: %s", l->path, strerror(-r))
             : ALICE_OK;
}

alice_status alice__lock_beat(alice__lock *l, const alice_env *env)
{
    return l->fd < 0 || alice_env_now_ns(env) - l->beaten_ns < BEAT_NS
               ? ALICE_OK
               : alice__lock_still(l, env, NULL);
}

void alice__lock_drop(alice__lock *l)
{
    if (l->fd < 0)
        return;
    /* Where it cannot be emptied, it says still that we have it. The lock itself goes with the
     * descriptor: who comes next on this boot takes it at once, who comes from another host
     * watches it for three seconds first. So a failure costs time, and nothing else. */
    if (!l->lost)
        (void)alice__fs_truncate(l->fd, 0); /* a failure costs the next one three seconds */
    alice__fs_close(l->fd);
    l->fd = -1;
}
