/* SPDX-License-Identifier: MIT */
/*
 * The answering side of the control socket.
 *
 *   client ──connect──▶ listener ─┐
 *   client ──request──▶ slot      ├─ poll() in one thread ──▶ one line of JSON
 *   run    ──stop────▶ wake pipe ─┘
 *
 * What keeps it harmless:
 *  - all memory is taken at start; a request has 256 bytes, there are 8 slots;
 *  - only the same user and root are answered; others are hung up on;
 *  - a slot is freed when its client sends nothing whole for 5 s, or does not
 *    take its answer at once (a socket buffer holds several);
 *  - accepting and answering take tokens, 200 a second: a flood waits in the
 *    kernel, and costs the run at most some hundredths of a processor;
 *  - the thread blocks all signals, and holds `lock` only to ask the organizer.
 *
 * A socket gets its final name only when it listens. So one with that name which
 * refuses is dead, and whoever starts next removes it.
 */
#include "control.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    SLOTS = 8,
    BACKLOG = 16,
    IDLE_MS = 5000,
    COLLECT_MS = 30000, /* a run may be in the middle of one large file */
    COLLECT_LOOK_MS = 20,
    TOKENS = 40, /* at once */
    TOKENS_A_SECOND = 200,
    STACK_BYTES = 256 * 1024,
    SEND_BUFFER = 64 * 1024,
    PATH_SHOWN = 1000, /* the end of a longer path */
    STALE_LOOKED_AT = 256
};

typedef struct slot {
    int fd; /* -1: free */
    size_t used;
    char in[CONTROL_REQUEST_MAX];
    uint64_t deadline_ms;
    uint64_t ticket; /* of a collection it waits for; 0: none */
    bool ended;      /* the client will send no more */
} slot;

struct cli_control {
    pthread_t thread;
    bool serves;          /* there is one */
    pthread_mutex_t lock; /* organizer */
    alice_organizer *organizer;
    const char *command;
    int listener, wake[2];
    char folder[CONTROL_PATH_MAX], path[CONTROL_PATH_MAX];
    slot slots[SLOTS];
    double tokens;
    uint64_t filled_ms;
    FILE *out; /* writes to `answer` */
    char out_buffer[1024];
    char answer[CONTROL_ANSWER_MAX];
    cli_status status;
    alice_collect_report report;
};

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- answers ---- */

static void json_path(cli_json *j, const char *key, const char *path)
{
    size_t n = strlen(path);
    json_text(j, key, n > PATH_SHOWN ? path + (n - PATH_SHOWN) : path);
}

void control_write_who(cli_json *j, long pid, const char *command, const char *phase)
{
    json_int(j, "protocol", CONTROL_PROTOCOL);
    json_text(j, "version", alice_version());
    json_int(j, "pid", pid);
    json_text(j, "command", command);
    json_text(j, "phase", phase);
}

void control_write_usage(cli_json *j, const alice_monitor_usage *u)
{
    json_open(j, "memory", '{');
    json_uint(j, "current_bytes", u->current);
    json_uint(j, "peak_bytes", u->peak);
    json_uint(j, "available_bytes", u->available);
    json_real(j, "system_percent", u->system_percent, 1);
    json_uint(j, "limit_bytes", u->limit);
    json_real(j, "usage_ratio", u->ratio, 4);
    json_real(j, "steering_ratio", u->steering_ratio, 4);
    json_text(j, "level", alice_level_name(u->level));
    json_uint(j, "floor_bytes", u->floor);
    json_uint(j, "tracked_bytes", u->tracked);
    json_uint(j, "untracked_bytes", u->untracked);
    json_uint(j, "reclaimable_bytes", u->reclaimable);
    if (u->cgroup_limit) {
        json_uint(j, "cgroup_limit_bytes", u->cgroup_limit);
        json_uint(j, "cgroup_current_bytes", u->cgroup_current);
        json_text(j, "cgroup_file", u->cgroup_file);
    }
    if (u->pressure_some >= 0) {
        json_real(j, "pressure_some", u->pressure_some, 2);
        json_real(j, "pressure_full", u->pressure_full, 2);
    }
    json_close(j, '}');
}

static void write_run(cli_json *j, const cli_status *s)
{
    double seconds = (double)s->run.elapsed_ns / 1e9;
    json_open(j, "run", '{');
    json_int(j, "id", s->run.run);
    json_text(j, "mode", s->run.move ? "move" : "copy");
    json_bool(j, "dry_run", s->run.dry_run);
    json_path(j, "inbox_path", s->run.inbox_path);
    json_path(j, "organized_path", s->run.organized_path);
    json_path(j, "path", s->run.path);
    json_uint(j, "files", s->run.tally.files);
    json_uint(j, "organized", s->run.tally.organized);
    json_uint(j, "skipped", s->run.tally.skipped);
    json_uint(j, "duplicates", s->run.tally.duplicates);
    json_uint(j, "errors", s->run.tally.errors);
    json_uint(j, "bytes", s->run.tally.bytes);
    json_uint(j, "streamed_files", s->run.streamed_files);
    json_real(j, "seconds", seconds, 3);
    json_real(j, "files_per_second", seconds > 0 ? (double)s->run.tally.files / seconds : 0, 1);
    json_uint(j, "told_ms_ago", s->run.age_ns / 1000000);
    json_close(j, '}');
    json_open(j, "batch", '{');
    json_uint(j, "size", s->run.batch_size);
    json_uint(j, "smallest", s->run.smallest_batch);
    json_uint(j, "largest", s->run.largest_batch);
    json_uint(j, "batches", s->run.batches);
    json_uint(j, "adjustments", s->run.batch_size_adjustments);
    json_close(j, '}');
    json_open(j, "collections", '{');
    json_uint(j, "count", s->memory.gc_collections);
    json_uint(j, "given_back_bytes", s->memory.given_back);
    json_close(j, '}');
}

void control_write_status(cli_json *j, const cli_status *s)
{
    control_write_usage(j, &s->memory.usage);
    write_run(j, s);
    json_open(j, "ledger", '[');
    for (size_t i = 0; i < s->memory.account_count; i++) {
        const alice_ledger_row *a = &s->memory.accounts[i];
        json_open(j, NULL, '{');
        json_text(j, "name", a->name);
        json_uint(j, "depth", a->depth);
        json_uint(j, "current_bytes", a->current);
        json_uint(j, "peak_bytes", a->peak);
        json_uint(j, "cap_bytes", a->cap);
        json_uint(j, "charges", a->charges);
        json_uint(j, "refusals", a->refusals);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_open(j, "caches", '[');
    for (size_t i = 0; i < s->memory.cache_count; i++) {
        json_open(j, NULL, '{');
        json_text(j, "name", s->memory.caches[i].name);
        json_cache_members(j, &s->memory.caches[i].numbers);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_open(j, "pools", '[');
    for (size_t i = 0; i < s->memory.pool_count; i++) {
        const alice_named_pool *p = &s->memory.pools[i];
        json_open(j, NULL, '{');
        json_text(j, "name", p->name);
        json_uint(j, "idle", p->idle);
        json_uint(j, "in_use", p->in_use);
        json_uint(j, "created", p->created);
        json_uint(j, "reused", p->reused);
        json_close(j, '}');
    }
    json_close(j, ']');
}

void control_write_reclaimed(cli_json *j, const alice_reclaim_row *row)
{
    json_open(j, NULL, '{');
    json_text(j, "name", row->name);
    json_int(j, "order", row->order);
    json_uint(j, "items", row->got.items);
    json_uint(j, "bytes", row->got.bytes);
    json_close(j, '}');
}

static void hang_up(slot *s)
{
    if (s->fd >= 0)
        close(s->fd);
    *s = (slot){.fd = -1};
}

static void begin_answer(cli_control *c, cli_json *j)
{
    rewind(c->out);
    *j = (cli_json){.to = c->out};
    json_open(j, NULL, '{');
}

/* Send what was written. A client that has no room for it is not reading: it is hung up on. */
static void end_answer(cli_control *c, slot *s, cli_json *j)
{
    json_close(j, '}');
    json_end_line(j);
    long n = ftell(c->out);
    if (fflush(c->out) != 0 || n <= 0 ||
        send(s->fd, c->answer, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) != n) {
        hang_up(s);
        return;
    }
    s->deadline_ms = now_ms() + IDLE_MS;
}

/* End a connection after an answer: what the client still sent is read, or it would see
 * a reset instead. */
static void refuse(slot *s)
{
    char rest[256];
    for (int i = 0; s->fd >= 0 && i < 64 && recv(s->fd, rest, sizeof rest, MSG_DONTWAIT) > 0;
         i++)
        ;
    hang_up(s);
}

static void answer_error(cli_control *c, slot *s, const char *error, const char *text)
{
    cli_json j;
    begin_answer(c, &j);
    json_int(&j, "protocol", CONTROL_PROTOCOL);
    json_text(&j, "error", error);
    json_text(&j, "text", text);
    end_answer(c, s, &j);
}

static void answer_status(cli_control *c, slot *s)
{
    cli_json j;
    alice_process_usage own = {0};
    pthread_mutex_lock(&c->lock);
    bool told = c->organizer && status_get(&c->status, c->organizer);
    begin_answer(c, &j);
    control_write_who(&j, (long)getpid(), c->command,
                      told ? alice_phase_name(c->status.run.phase) : "starting");
    if (told)
        control_write_status(&j, &c->status);
    pthread_mutex_unlock(&c->lock); /* the paths in it are the organizer's */
    if (!told && alice_monitor_process(0, &own) == ALICE_OK) {
        json_open(&j, "memory", '{');
        json_uint(&j, "current_bytes", own.current);
        json_uint(&j, "peak_bytes", own.peak);
        json_close(&j, '}');
    }
    end_answer(c, s, &j);
}

static void answer_collected(cli_control *c, slot *s)
{
    cli_json j;
    const alice_collect_report *r = &c->report;
    begin_answer(c, &j);
    json_int(&j, "protocol", CONTROL_PROTOCOL);
    json_text(&j, "version", alice_version());
    json_int(&j, "pid", (long)getpid());
    json_open(&j, "reclaimers", '[');
    for (size_t i = 0; i < r->row_count; i++)
        control_write_reclaimed(&j, &r->rows[i]);
    json_close(&j, ']');
    json_uint(&j, "released_bytes", r->released);
    json_uint(&j, "resident_before_bytes", r->resident_before);
    json_uint(&j, "resident_after_bytes", r->resident_after);
    end_answer(c, s, &j);
}

static void begin_collect(cli_control *c, slot *s)
{
    pthread_mutex_lock(&c->lock);
    bool runs = c->organizer && status_get(&c->status, c->organizer) &&
                c->status.run.phase != ALICE_PHASE_DONE;
    if (runs)
        s->ticket = alice_organizer_request_collect(c->organizer);
    pthread_mutex_unlock(&c->lock);
    s->deadline_ms = now_ms() + COLLECT_MS;
    if (!runs)
        answer_error(c, s, "idle", "nothing is being organized at this moment");
}

/* A slot that waits for its collection: is it done, or will it never be? */
static void look_after_collect(cli_control *c, slot *s, uint64_t now)
{
    alice_status st = ALICE_E_CLOSED;
    pthread_mutex_lock(&c->lock);
    if (c->organizer)
        st = alice_organizer_collected(c->organizer, s->ticket, &c->report);
    pthread_mutex_unlock(&c->lock);
    if (st == ALICE_E_BUSY && now < s->deadline_ms)
        return;
    s->ticket = 0;
    if (st == ALICE_OK)
        answer_collected(c, s);
    else if (st == ALICE_E_BUSY)
        answer_error(c, s, "busy", "a large file is under way: it collects after it");
    else
        answer_error(c, s, "idle", "the run ended before it could collect");
}

/* ---- requests ---- */

static bool is_request(const char *line, size_t n, const char *what)
{
    if (n > 0 && line[n - 1] == '\r')
        n--;
    return strlen(what) == n && memcmp(line, what, n) == 0;
}

/* Answer the whole requests that have come, as far as tokens go; what is no request ends it. */
static void serve(cli_control *c, slot *s)
{
    char *end;
    while (s->fd >= 0 && s->ticket == 0 && c->tokens >= 1 &&
           (end = memchr(s->in, '\n', s->used)) != NULL) {
        size_t n = (size_t)(end - s->in);
        bool status = is_request(s->in, n, "status"), collect = is_request(s->in, n, "collect");
        s->used -= n + 1;
        memmove(s->in, end + 1, s->used);
        c->tokens--;
        if (status) {
            answer_status(c, s);
        } else if (collect) {
            begin_collect(c, s);
        } else {
            answer_error(c, s, "unknown", "requests are: status, collect");
            refuse(s);
        }
    }
    if (s->fd >= 0 && s->used == sizeof s->in && !memchr(s->in, '\n', s->used)) {
        answer_error(c, s, "too long", "a request is a line of at most 255 bytes");
        refuse(s);
    } else if (s->fd >= 0 && s->ended && s->ticket == 0 && !memchr(s->in, '\n', s->used)) {
        hang_up(s);
    }
}

static void receive(slot *s)
{
    if (s->used == sizeof s->in || s->ended)
        return;
    ssize_t n = recv(s->fd, s->in + s->used, sizeof s->in - s->used, MSG_DONTWAIT);
    if (n > 0)
        s->used += (size_t)n;
    else if (n == 0)
        s->ended = true;
    else if (errno != EAGAIN && errno != EINTR)
        hang_up(s);
}

static slot *free_slot(cli_control *c)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (c->slots[i].fd < 0)
            return &c->slots[i];
    return NULL;
}

static void take_caller(cli_control *c)
{
    slot *s = free_slot(c);
    uid_t who;
    int fd = s ? accept(c->listener, NULL, NULL) : -1, room = SEND_BUFFER;
    c->tokens--; /* also where it fails, for want of descriptors: that must not spin */
    if (fd < 0)
        return;
    if (!control_peer(fd, &who) || (who != geteuid() && who != 0) ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        close(fd);
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    *s = (slot){.fd = fd, .deadline_ms = now_ms() + IDLE_MS};
}

/* ---- the thread ---- */

static void refill(cli_control *c, uint64_t now)
{
    c->tokens += (double)(now - c->filled_ms) * TOKENS_A_SECOND / 1000;
    if (c->tokens > TOKENS)
        c->tokens = TOKENS;
    c->filled_ms = now;
}

/* What to wait for; answers how many there are, the wake pipe first and the listener second. */
static nfds_t gather(cli_control *c, struct pollfd *fds, slot **whose, int *timeout_ms)
{
    uint64_t now = now_ms(), until = now + 3600000;
    bool may = c->tokens >= 1;
    nfds_t n = 2;
    fds[0] = (struct pollfd){.fd = c->wake[0], .events = POLLIN};
    fds[1] = (struct pollfd){.fd = may && free_slot(c) ? c->listener : -1, .events = POLLIN};
    if (!may)
        until = now + 1000 / TOKENS_A_SECOND + 1;
    for (size_t i = 0; i < SLOTS; i++) {
        slot *s = &c->slots[i];
        if (s->fd < 0)
            continue;
        bool reads = may && s->ticket == 0 && !s->ended;
        if (s->deadline_ms < until)
            until = s->deadline_ms;
        if (s->ticket && now + COLLECT_LOOK_MS < until)
            until = now + COLLECT_LOOK_MS;
        whose[n] = s;
        fds[n++] = (struct pollfd){.fd = may ? s->fd : -1, .events = reads ? POLLIN : 0};
    }
    *timeout_ms = until > now ? (int)(until - now) : 0;
    return n;
}

static void *listen_and_answer(void *arg)
{
    cli_control *c = arg;
    struct pollfd fds[2 + SLOTS];
    slot *whose[2 + SLOTS] = {NULL};
    for (;;) {
        int timeout_ms;
        nfds_t n = gather(c, fds, whose, &timeout_ms);
        if (poll(fds, n, timeout_ms) < 0 && errno != EINTR)
            return NULL;
        if (fds[0].revents)
            return NULL;
        uint64_t now = now_ms();
        refill(c, now);
        for (nfds_t i = 2; i < n; i++) {
            slot *s = whose[i];
            if (fds[i].revents & (POLLERR | POLLNVAL) ||
                (fds[i].revents & POLLHUP && s->ticket)) {
                hang_up(s);
                continue;
            }
            if (fds[i].revents & (POLLIN | POLLHUP) && !s->ticket)
                receive(s);
            if (s->fd >= 0 && s->ticket)
                look_after_collect(c, s, now);
            if (s->fd >= 0)
                serve(c, s);
            if (s->fd >= 0 && !s->ticket && now >= s->deadline_ms)
                hang_up(s);
        }
        if (fds[1].revents & POLLIN)
            take_caller(c);
    }
}

/* All signals stay with the run's thread, whose system calls they are meant to interrupt. */
static int start_thread(cli_control *c)
{
    sigset_t all, before;
    pthread_attr_t attr;
    int bad = pthread_attr_init(&attr);
    if (bad)
        return bad;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bad = pthread_create(&c->thread, &attr, listen_and_answer, c);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return bad;
}

/* ---- the socket ---- */

/* Remove the sockets of processes that were killed: they refuse. */
static void remove_stale(const char *folder)
{
    char path[CONTROL_PATH_MAX];
    DIR *d = opendir(folder);
    struct dirent *e;
    for (int i = 0; d && i < STALE_LOOKED_AT && (e = readdir(d)) != NULL; i++) {
        size_t n = strlen(e->d_name);
        if (strncmp(e->d_name, "alice-", 6) != 0 || n < 12 ||
            strcmp(e->d_name + n - 5, ".sock") != 0 ||
            (size_t)snprintf(path, sizeof path, "%s/%s", folder, e->d_name) >= sizeof path)
            continue;
        int fd = control_socket();
        if (fd >= 0 && control_connect(fd, path) == ECONNREFUSED)
            unlink(path);
        if (fd >= 0)
            close(fd);
    }
    if (d)
        closedir(d);
}

/* Bind under a name that nobody looks for, listen, and take the final name. 0 or errno. */
static int listen_in(cli_control *c, const char *folder)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int n =
        snprintf(at.sun_path, sizeof at.sun_path, "%s/.alice-%ld.sock", folder, (long)getpid());
    int m = snprintf(c->path, sizeof c->path, "%s/alice-%ld.sock", folder, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof at.sun_path || m < 0 || (size_t)m >= sizeof c->path)
        return ENAMETOOLONG;
    unlink(at.sun_path);
    c->listener = control_socket();
    if (c->listener < 0 || bind(c->listener, (const struct sockaddr *)&at, sizeof at) != 0)
        return errno;
    if (chmod(at.sun_path, 0600) == 0 && listen(c->listener, BACKLOG) == 0 &&
        rename(at.sun_path, c->path) == 0)
        return 0;
    int bad = errno;
    unlink(at.sun_path);
    return bad;
}

/* Listen in the first folder that is ours alone. */
static bool open_socket(cli_control *c, char *why, size_t why_size)
{
    char folder[CONTROL_PATH_MAX];
    uid_t me = geteuid();
    snprintf(why, why_size, "there is no folder for it");
    for (int which = 0; which < CONTROL_FOLDERS; which++) {
        if (!control_folder(which, me, folder, sizeof folder) ||
            (mkdir(folder, 0700) != 0 && errno != EEXIST))
            continue;
        if (!control_folder_is_safe(folder, me)) {
            snprintf(why, why_size, "%s is not a folder of this user's alone", folder);
            continue;
        }
        remove_stale(folder);
        int bad = listen_in(c, folder);
        if (bad == 0) {
            memcpy(c->folder, folder, sizeof folder);
            return true;
        }
        snprintf(why, why_size, "%s: %s", folder, strerror(bad));
        if (c->listener >= 0)
            close(c->listener);
        c->listener = -1;
    }
    return false;
}

static void discard(cli_control *c)
{
    if (c->listener >= 0) {
        close(c->listener);
        unlink(c->path);
    }
    for (int i = 0; i < 2; i++)
        if (c->wake[i] >= 0)
            close(c->wake[i]);
    for (size_t i = 0; i < SLOTS; i++)
        hang_up(&c->slots[i]);
    if (c->out)
        fclose(c->out);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

cli_control *control_listen(const char *command, char *why, size_t why_size)
{
    cli_control *c = calloc(1, sizeof *c);
    if (!c) {
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    c->command = command;
    c->listener = c->wake[0] = c->wake[1] = -1;
    c->tokens = TOKENS;
    c->filled_ms = now_ms();
    pthread_mutex_init(&c->lock, NULL);
    for (size_t i = 0; i < SLOTS; i++)
        c->slots[i].fd = -1;
    /* With its buffer given, writing allocates nothing: the thread has no arena of its own. */
    c->out = fmemopen(c->answer, sizeof c->answer, "w");
    bool ok = c->out && setvbuf(c->out, c->out_buffer, _IOFBF, sizeof c->out_buffer) == 0 &&
              pipe(c->wake) == 0;
    if (!ok)
        snprintf(why, why_size, "%s", strerror(errno));
    for (int i = 0; ok && i < 2; i++)
        fcntl(c->wake[i], F_SETFD, FD_CLOEXEC);
    if (ok && open_socket(c, why, why_size))
        return c;
    discard(c);
    return NULL;
}

const char *control_folder_of(const cli_control *c)
{
    return c ? c->folder : NULL;
}

bool control_serve(cli_control *c, char *why, size_t why_size)
{
    if (!c)
        return false;
    int bad = start_thread(c);
    c->serves = bad == 0;
    if (bad)
        snprintf(why, why_size, "%s", strerror(bad));
    return c->serves;
}

cli_control *control_start(const char *command, char *why, size_t why_size)
{
    cli_control *c = control_listen(command, why, why_size);
    if (c && !control_serve(c, why, why_size))
        control_stop(&c);
    return c;
}

void control_attach(cli_control *c, alice_organizer *organizer)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->organizer = organizer;
    pthread_mutex_unlock(&c->lock);
}

void control_stop(cli_control **control)
{
    cli_control *c = control ? *control : NULL;
    if (!c)
        return;
    while (c->serves && write(c->wake[1], "", 1) < 0 && errno == EINTR)
        ;
    if (c->serves)
        pthread_join(c->thread, NULL);
    discard(c);
    *control = NULL;
}
