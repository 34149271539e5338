/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "http_lib.h"

enum { HEADERS_MOST = 12, BLOCK = 16 * 1024, OF_LIBRARY = 4 * 1024, SPARE = 8 };

/* libmicrohttpd ends a connection that is idle; one that sends a byte now and then is not.
   So the time of a request's head is kept here. */
typedef struct caller {
    int fd; /* -1: free */
    bool asking;
    bool ended; /* it was hung up on */
    uint64_t since_ms;
} caller;

struct cli_http {
    http_lib lib;
    struct MHD_Daemon *daemon;
    const alice_env *env;
    http_handler handler;
    void *ctx;
    caller callers[HTTP_CONNECTIONS];
};

struct http_request {
    cli_http *h;
    struct MHD_Connection *connection;
    bool answered;
    enum MHD_Result result;
    size_t count;
    struct {
        const char *name, *value;
    } headers[HEADERS_MOST];
};

/* An answer that is kept until it is sent. */
typedef struct copy {
    const alice_env *env;
    size_t n;
    char bytes[];
} copy;

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

size_t http_bytes(void)
{
    return (size_t)HTTP_CONNECTIONS * (HTTP_REQUEST_BYTES + BLOCK + OF_LIBRARY);
}

int http_listen(struct sockaddr_storage *at, socklen_t n)
{
    int on = 1, fd = socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const char *what = "socket";
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        what = bind(fd, (struct sockaddr *)at, n)           ? "the address cannot be taken"
               : listen(fd, SOMAXCONN)                      ? "listening"
               : getsockname(fd, (struct sockaddr *)at, &n) ? "the port is not told"
                                                            : NULL;
    }
    if (!what)
        return fd;
    cli_error("%s: %s%s", what, strerror(errno),
              errno == EADDRINUSE ? "; give another --port, or none" : "");
    if (fd >= 0)
        close(fd);
    return -1;
}

/* ---- who calls ---- */

static int socket_of(cli_http *h, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *i =
        h->lib.MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    return i ? i->connect_fd : -1;
}

static caller *caller_of(cli_http *h, int fd)
{
    for (size_t i = 0; i < HTTP_CONNECTIONS; i++)
        if (h->callers[i].fd == fd)
            return &h->callers[i];
    return NULL;
}

/* The library sees the end of the connection, and gives it back. */
static void hang_up(caller *k)
{
    k->ended = true;
    shutdown(k->fd, SHUT_RDWR);
}

/* Room for who comes: of those that ask nothing, who has been silent for longest has to go. One
   that is answered is spared, so that idle connections cannot keep the page from anybody. */
static void make_room(cli_http *h)
{
    caller *oldest = NULL;
    size_t free_ones = 0;
    for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
        caller *k = &h->callers[i];
        if (k->fd < 0)
            free_ones++;
        else if (k->asking && !k->ended && (!oldest || k->since_ms < oldest->since_ms))
            oldest = k;
    }
    if (free_ones < SPARE && oldest)
        hang_up(oldest);
}

static void on_connection(void *ctx, struct MHD_Connection *c, void **own,
                          enum MHD_ConnectionNotificationCode code)
{
    cli_http *h = ctx;
    (void)own;
    int fd = socket_of(h, c);
    bool begins = code == MHD_CONNECTION_NOTIFY_STARTED;
    if (begins)
        make_room(h);
    caller *k = fd < 0 ? NULL : caller_of(h, begins ? -1 : fd);
    if (k)
        *k = begins ? (caller){.fd = fd, .asking = true, .since_ms = now_ms()}
                    : (caller){.fd = -1};
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **own,
                         enum MHD_RequestTerminationCode code)
{
    cli_http *h = ctx;
    (void)own, (void)code;
    caller *k = caller_of(h, socket_of(h, c));
    if (k) {
        k->asking = true;
        k->since_ms = now_ms();
    }
}

/* Hang up on who takes too long to ask. */
static void end_slow(cli_http *h)
{
    uint64_t now = now_ms();
    for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
        caller *k = &h->callers[i];
        if (k->fd >= 0 && k->asking && now - k->since_ms > HTTP_REQUEST_S * UINT64_C(1000))
            hang_up(k);
    }
}

/* ---- requests ---- */

/* Whether more than a head comes. A request that says in two ways where it ends could be two to
   a server in front of this one. */
static bool has_body(cli_http *h, struct MHD_Connection *c)
{
    const char *n = h->lib.MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");
    return h->lib.MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Transfer-Encoding") ||
           h->lib.MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Expect") ||
           (n && strcmp(n, "0") != 0);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_n, void **own)
{
    cli_http *h = ctx;
    http_request r = {.h = h, .connection = c, .result = MHD_NO};
    (void)version, (void)upload;
    if (*upload_n) /* nobody has to send anything */
        return MHD_NO;
    /* The first call comes with the head. An answer to that ends the connection. */
    if (!*own && has_body(h, c)) {
        http_answer_text(&r, 400, "a request to this page has no body\n");
        return r.result;
    }
    if (!*own) {
        *own = h;
        return MHD_YES;
    }
    caller *k = caller_of(h, socket_of(h, c));
    if (k)
        k->asking = false;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        http_add(&r, "Allow", "GET, HEAD");
        http_answer_text(&r, 405, "this page is only read: GET and HEAD are all there is\n");
    } else {
        h->handler(h->ctx, &r, path);
    }
    if (!r.answered)
        http_answer_text(&r, 500, "the request was not answered\n");
    return r.result;
}

cli_http *http_open(int listener, const alice_env *env, http_handler handler, void *ctx)
{
    cli_http *h = calloc(1, sizeof *h);
    if (!h || !http_lib_open(&h->lib)) {
        if (!h)
            cli_error("%s", strerror(ENOMEM));
        close(listener);
        free(h);
        return NULL;
    }
    h->env = env;
    h->handler = handler;
    h->ctx = ctx;
    for (size_t i = 0; i < HTTP_CONNECTIONS; i++)
        h->callers[i].fd = -1;
    /* With select(), as few descriptors as these allow: its epoll misses the end of a
       connection that came with the last bytes, and would keep it until it is idle for too
       long. */
    h->daemon = h->lib.MHD_start_daemon(
        MHD_NO_FLAG, 0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)HTTP_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_REQUEST_BYTES,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, h, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!h->daemon) {
        cli_error("the web server did not start: %s", strerror(errno));
        close(listener);
        free(h);
        return NULL;
    }
    return h;
}

bool http_run(cli_http *h, int ms)
{
    end_slow(h);
    return h->lib.MHD_run_wait(h->daemon, ms) == MHD_YES || errno == EINTR;
}

void http_close(cli_http **h)
{
    if (!h || !*h)
        return;
    (*h)->lib.MHD_stop_daemon((*h)->daemon);
    free(*h);
    *h = NULL;
}

const char *http_header(const http_request *r, const char *name)
{
    return r->h->lib.MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *http_argument(const http_request *r, const char *name)
{
    return r->h->lib.MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* ---- answers ---- */

void http_add(http_request *r, const char *name, const char *value)
{
    if (r->count < HEADERS_MOST) {
        r->headers[r->count].name = name;
        r->headers[r->count++].value = value;
    }
}

static void give(http_request *r, unsigned status, const char *type,
                 struct MHD_Response *response)
{
    const http_lib *lib = &r->h->lib;
    r->answered = true;
    if (!response) /* no memory for it: the connection ends */
        return;
    bool whole = true;
    if (type)
        whole = lib->MHD_add_response_header(response, "Content-Type", type) == MHD_YES;
    for (size_t i = 0; whole && i < r->count; i++)
        whole = lib->MHD_add_response_header(response, r->headers[i].name,
                                             r->headers[i].value) == MHD_YES;
    /* Without one of its headers it would not be the answer that is meant. */
    if (whole)
        r->result = lib->MHD_queue_response(r->connection, status, response);
    lib->MHD_destroy_response(response);
}

void http_answer_static(http_request *r, unsigned status, const char *type, const void *bytes,
                        size_t n)
{
    /* Its declaration knows no const; what is persistent is only read. */
    give(r, status, type,
         r->h->lib.MHD_create_response_from_buffer(n, (void *)(uintptr_t)bytes,
                                                   MHD_RESPMEM_PERSISTENT));
}

void http_answer_text(http_request *r, unsigned status, const char *text)
{
    http_answer_static(r, status, "text/plain; charset=utf-8", text, strlen(text));
}

static ssize_t read_copy(void *ctx, uint64_t at, char *to, size_t n)
{
    const copy *c = ctx;
    if (at >= c->n)
        return MHD_CONTENT_READER_END_OF_STREAM;
    n = n < c->n - at ? n : (size_t)(c->n - at);
    memcpy(to, c->bytes + at, n);
    return (ssize_t)n;
}

static void free_copy(void *ctx)
{
    copy *c = ctx;
    alice_env_free(c->env, c, sizeof *c + c->n);
}

void http_answer_copy(http_request *r, unsigned status, const char *type, const void *bytes,
                      size_t n)
{
    void *got;
    if (alice_env_alloc(r->h->env, sizeof(copy) + n, ALICE_HERE, &got) != ALICE_OK) {
        http_add(r, "Retry-After", "1");
        http_answer_text(r, 503, "there is no memory left within the limit: ask again\n");
        return;
    }
    copy *c = got;
    c->env = r->h->env;
    c->n = n;
    memcpy(c->bytes, bytes, n);
    struct MHD_Response *response =
        r->h->lib.MHD_create_response_from_callback(n, BLOCK, read_copy, c, free_copy);
    if (!response)
        free_copy(c);
    give(r, status, type, response);
}

void http_answer_file(http_request *r, unsigned status, const char *type, int fd,
                      uint64_t offset, uint64_t n)
{
    struct MHD_Response *response =
        n ? r->h->lib.MHD_create_response_from_fd_at_offset64(n, fd, offset) : NULL;
    if (!response)
        close(fd);
    if (!response && n == 0)
        http_answer_static(r, status, type, "", 0);
    else
        give(r, status, type, response);
}
