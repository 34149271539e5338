/* SPDX-License-Identifier: MIT */
/*
 * alice_map: a file seen through one window.
 *
 *     file     ────────┬───────────────┬────────────
 *                      start           start + have
 *     window           └─ bytes ───────┘   at most `room` (the asked-for size and a page,
 *                                          since windows begin at a page)
 *
 * The window is a buffer that is filled by reading, or, where the guard was asked
 * for, a mapping. Nothing else differs.
 */
#include <alice/budget.h>
#include <alice/config.h>
#include <alice/reader.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "mem/map_window.h"
#include "mem/profile_hook.h"
#include "port/file_read.h"
#include "port/map.h"

enum {
    WINDOW = 1024 * 1024,
    STEP = 64 * 1024,
    AHEAD = 128 * 1024 /* at a time: what every device takes in one request */
};

struct alice_map {
    alice_map_options o;
    int fd;
    bool own_fd;
    bool mapped; /* by mapping; else by reading */
    alice__file_about about;
    size_t page;
    size_t room;    /* bytes of the window, charged */
    uint8_t *bytes; /* the window; a mapping is NULL until there is one */
    uint64_t start; /* what it shows */
    size_t have;
    uint64_t expected; /* where a reader from front to back goes on */
    bool drop;         /* what the window shows was not cached before */
    uint64_t windows;  /* mapped so far */
    alice__guard guard;
};

static alice_status changed(const alice_map *m, alice_error *error)
{
    alice__file_about now = {0};
    alice__file_look(m->fd, &now);
    return alice__fail(error, ALICE_E_CHANGED, 0,
                       "the file shrank from %" PRIu64 " to %" PRIu64
                       " bytes while it was read",
                       m->about.size, now.size);
}

static alice_status io_failed(int e, uint64_t offset, alice_error *error)
{
    alice_status st = alice__status_of_errno(-e);
    return alice__fail(error, st == ALICE_E_SYSTEM ? ALICE_E_IO : st, -e,
                       "reading failed at byte %" PRIu64 ": %s", offset, strerror(-e));
}

/* Let go of what the window shows. */
static void leave_window(alice_map *m)
{
    if (m->mapped && m->bytes) {
        alice__unmap(m->bytes, m->room, &m->guard);
        m->bytes = NULL;
    }
    if (m->drop && m->have > 0)
        alice__file_drop(m->fd, m->start, m->have);
    m->have = 0;
    m->drop = false;
}

/* Where the window ends: all of it from front to back, else not much more than asked for. */
static size_t window_bytes(const alice_map *m, uint64_t start, uint64_t end)
{
    uint64_t n = m->room;
    if (start > m->expected || end < m->expected) {
        n = end - start;
        n = n < STEP ? STEP : n;
    }
    if (n > m->room)
        n = m->room;
    if (n > m->about.size - start)
        n = m->about.size - start;
    return (size_t)n;
}

static void ask_for(alice_map *m, uint64_t start, size_t n)
{
    for (size_t at = 0; at < n; at += AHEAD)
        alice__file_ahead(m->fd, start + at, n - at < AHEAD ? n - at : AHEAD);
}

static alice_status read_window(alice_map *m, uint64_t start, size_t n, alice_error *error)
{
    size_t got = 0;
    if (m->drop)
        ask_for(m, start, n);
    int e = alice__file_read_at(m->fd, start, m->bytes, n, &got);
    if (e != 0)
        return io_failed(e, start + got, error);
    m->have = got;
    return got < n ? changed(m, error) : ALICE_OK;
}

static alice_status map_window(alice_map *m, uint64_t start, size_t n, alice_error *error)
{
    alice__file_about now;
    void *p = NULL;
    int e = alice__file_look(m->fd, &now);
    if (e == 0 && now.size < start + n)
        return changed(m, error);
    if (e == 0)
        e = alice__map(m->fd, start, m->room, &m->guard, &p);
    if (e != 0)
        return io_failed(e, start, error);
    m->bytes = p;
    m->have = n;
    m->windows++;
    ask_for(m, start, n);
    return ALICE_OK;
}

/* Show the range [offset, end), which fits. */
static alice_status show(alice_map *m, uint64_t offset, uint64_t end, alice_error *error)
{
    uint64_t start = offset - offset % m->page;
    size_t n = window_bytes(m, start, end);
    leave_window(m);
    m->start = start;
    m->drop = !m->o.keep_cached && !alice__file_cached(m->fd, start, n);
    return m->mapped ? map_window(m, start, n, error) : read_window(m, start, n, error);
}

alice_status alice_map_at(alice_map *m, uint64_t offset, size_t n, alice_bytes *out,
                          alice_error *error)
{
    if (!m || !out)
        return ALICE_E_INVAL;
    if (n > m->o.window_bytes)
        return alice__fail(error, ALICE_E_TOOBIG, 0, "a window has %zu bytes, not %zu",
                           m->o.window_bytes, n);
    uint64_t left = offset < m->about.size ? m->about.size - offset : 0;
    if (n > left)
        n = (size_t)left;
    uint64_t end = offset + n;
    alice_status st = alice_map_check(m, error);
    if (st == ALICE_OK && n > 0 && (offset < m->start || end > m->start + m->have))
        st = show(m, offset, end, error);
    if (st != ALICE_OK) {
        leave_window(m);
        return st;
    }
    m->expected = end;
    *out = (alice_bytes){.p = n ? m->bytes + (offset - m->start) : NULL, .n = n};
    return ALICE_OK;
}

alice_status alice_map_read(alice_map *m, uint64_t offset, void *to, size_t n, size_t *got,
                            alice_error *error)
{
    if (!m || !got || (n && !to))
        return ALICE_E_INVAL;
    size_t done = 0;
    alice_status st = ALICE_OK;
    while (st == ALICE_OK && done < n) {
        alice_bytes b;
        size_t part = n - done < m->o.window_bytes ? n - done : m->o.window_bytes;
        if (offset > UINT64_MAX - done)
            break;
        st = alice_map_at(m, offset + done, part, &b, error);
        if (st == ALICE_OK && b.n == 0)
            break;
        if (st == ALICE_OK) {
            memcpy((uint8_t *)to + done, b.p, b.n);
            done += b.n;
            st = alice_map_check(m, error);
        }
    }
    *got = done;
    return st;
}

alice_status alice_map_read_windows(alice_map *m, alice_chunk_fn fn, void *ctx,
                                    alice_error *error)
{
    if (!m || !fn)
        return ALICE_E_INVAL;
    alice_status st = ALICE_OK;
    for (uint64_t at = 0; st == ALICE_OK && at < m->about.size;) {
        alice_bytes b;
        st = alice_map_at(m, at, m->o.window_bytes, &b, error);
        if (st == ALICE_OK)
            st = fn(ctx, b, at);
        if (st == ALICE_OK)
            st = alice_map_check(m, error);
        at += m->o.window_bytes;
    }
    return st;
}

alice_status alice_map_check(const alice_map *m, alice_error *error)
{
    alice__file_about now;
    if (!m)
        return ALICE_E_INVAL;
    if (!m->mapped || !atomic_load(&m->guard.hit))
        return ALICE_OK;
    int e = alice__file_look(m->fd, &now);
    if (e == 0 && now.size >= m->about.size)
        e = -EIO;
    return e ? io_failed(e, m->start, error) : changed(m, error);
}

uint64_t alice_map_size(const alice_map *m)
{
    return m ? m->about.size : 0;
}

/* ---- for the reader ---- */

void alice__map_leave(alice_map *m)
{
    leave_window(m);
}

uint64_t alice__map_windows(const alice_map *m)
{
    return m->windows;
}

size_t alice__map_bytes(const alice_map *m)
{
    return sizeof *m + m->room;
}

/* ---- life ---- */

static alice_map_options usual(const alice_config *config)
{
    alice_config c = config ? *config : (alice_config){0};
    alice_config_resolve(&c);
    return (alice_map_options){.window_bytes = (size_t)c.chunk_size_kb * ALICE_KB,
                               .use_mmap = !c.no_mmap,
                               .sigbus_guard = !c.no_mmap};
}

void alice_map_defaults_into(alice_map_options *out, size_t size, const alice_config *config)
{
    if (!out)
        return;
    alice_map_options o = usual(config);
    o.size = size;
    alice__figures_give(out, size, &o, sizeof o);
}

static void close_map(alice_map *m)
{
    alice_env env = m->o.env;
    leave_window(m);
    if (m->mapped) {
        alice__guard_leave(&m->guard);
        alice_account_release(env.account, m->room);
    } else {
        alice_env_free(&env, m->bytes, m->room);
    }
    if (m->own_fd)
        alice__file_close(m->fd);
    alice_env_free(&env, m, sizeof *m);
}

/* The window's memory, or the right to it. */
static alice_status take_window(alice_map *m, alice_error *error)
{
    alice_status st;
    if (!(m->o.use_mmap && m->o.sigbus_guard)) {
        st = alice_env_alloc(&m->o.env, m->room, ALICE_HERE, (void **)&m->bytes);
    } else {
        st = alice_account_charge(m->o.env.account, m->room);
        if (st == ALICE_OK) {
            int e = alice__guard_enter(&m->guard);
            if (e == 0) {
                m->mapped = true;
                return ALICE_OK;
            }
            alice_account_release(m->o.env.account, m->room);
            return alice__fail(error, alice__status_of_errno(-e), -e, "no guard: %s",
                               e == -EAGAIN ? "64 maps are guarded already" : strerror(-e));
        }
    }
    return st == ALICE_OK
               ? st
               : alice__fail(error, st, 0, "no memory for a window of %zu bytes", m->room);
}

/* Open what is at `path`, or, where that is NULL, over `fd`, which stays the caller's. */
static alice_status open_map(alice_map **out, const char *path, int fd,
                             const alice_map_options *options, void *caller, alice_error *error)
{
    alice_map *m = NULL;
    alice_map_options o;
    alice__file_about about;
    size_t page = alice__page_bytes();
    alice_status st = alice__options_take(&o, sizeof o, options);

    if (!out || st != ALICE_OK)
        return out ? st : ALICE_E_INVAL;
    int e = path ? alice__file_open(path, &fd) : 0;
    if (e != 0)
        return alice__fail(error, alice__status_of_errno(-e), -e, "cannot open %s: %s", path,
                           strerror(-e));
    e = alice__file_look(fd, &about);
    if (e != 0)
        st = alice__fail(error, alice__status_of_errno(-e), -e, "cannot look at the file: %s",
                         strerror(-e));
    else if (!about.regular)
        st = alice__fail(error, about.directory ? ALICE_E_INVAL : ALICE_E_UNSUPPORTED, 0,
                         "it is not a regular file");
    else if (o.window_bytes > SIZE_MAX / 2)
        st = ALICE_E_INVAL;
    else
        st = alice_env_calloc(&o.env, 1, sizeof *m, ALICE_HERE, (void **)&m);
    if (st != ALICE_OK)
        goto fail;
    o.window_bytes = o.window_bytes ? o.window_bytes : WINDOW;
    o.window_bytes = (o.window_bytes + page - 1) / page * page;
    m->o = o;
    m->fd = fd;
    m->about = about;
    m->page = page;
    m->room = o.window_bytes + page;
    m->guard.slot = -1;
    st = take_window(m, error);
    if (st != ALICE_OK) {
        m->room = 0;
        close_map(m);
        goto fail;
    }
    m->own_fd = path != NULL;
    if (!o.keep_cached) /* else it makes the next window look cached */
        alice__file_read_ahead(fd, ALICE__READ_AHEAD_OFF);
    *out = m;
    ALICE__CENSUS_ADD_FROM(&m->o.env, m, "alice_map", caller);
    return ALICE_OK;

fail:
    if (path)
        alice__file_close(fd);
    return st;
}

alice_status alice_map_open(alice_map **out, const char *path, const alice_map_options *options,
                            alice_error *error)
{
    return path ? open_map(out, path, -1, options, __builtin_return_address(0), error)
                : ALICE_E_INVAL;
}

alice_status alice_map_open_fd(alice_map **out, int fd, const alice_map_options *options,
                               alice_error *error)
{
    return fd >= 0 ? open_map(out, NULL, fd, options, __builtin_return_address(0), error)
                   : ALICE_E_INVAL;
}

void alice_map_close(alice_map **map)
{
    if (!map || !*map)
        return;
    alice_map *m = *map;
    *map = NULL;
    ALICE__CENSUS_REMOVE(&m->o.env, m);
    if (!m->o.keep_cached)
        alice__file_read_ahead(m->fd, ALICE__READ_AHEAD_USUAL);
    close_map(m);
}
