/* SPDX-License-Identifier: MIT */
/*
 * Who may ask. The token stands in the path and not in a cookie: a browser adds cookies by
 * itself to what another page asks for, and shows those of one port to the servers of all
 * others. A page that reaches this address by a name of its own (DNS rebinding) names that as
 * the host.
 */
#include "serve.h"

#include <string.h>
#include <strings.h>

/* Takes as long wherever the two differ. */
static bool same(const char *a, const char *b, size_t n)
{
    unsigned differ = 0;
    for (size_t i = 0; i < n; i++)
        differ |= (unsigned char)a[i] ^ (unsigned char)b[i];
    return differ == 0;
}

bool serve_login(const char *password, char *out, size_t size)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char plain[300];
    int got = snprintf(plain, sizeof plain, "alice:%s", password);
    size_t n = (size_t)got, at = 6;
    if (got < 0 || n >= sizeof plain || size < 6 + (n + 2) / 3 * 4 + 1)
        return false;
    memcpy(out, "Basic ", 6);
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = 0;
        for (size_t k = 0; k < 3; k++)
            three = three << 8 | (i + k < n ? (unsigned char)plain[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            out[at++] = i + k <= n ? digits[three >> (18 - 6 * k) & 63] : '=';
    }
    out[at] = 0;
    return true;
}

void serve_guard(http_request *r, const char *policy, const char *cache)
{
    http_add(r, "Content-Security-Policy", policy);
    http_add(r, "Cache-Control", cache);
    http_add(r, "Referrer-Policy", "no-referrer");
    http_add(r, "X-Content-Type-Options", "nosniff");
    http_add(r, "X-Frame-Options", "DENY");
    http_add(r, "Cross-Origin-Resource-Policy", "same-origin");
    http_add(r, "Cross-Origin-Opener-Policy", "same-origin");
}

static const char refused[] = "default-src 'none'; frame-ancestors 'none'";

void serve_refuse(http_request *r, unsigned status, const char *text)
{
    serve_guard(r, refused, "no-store");
    http_answer_text(r, status, text);
}

void serve_fail(const cli_serve *s, http_request *r, alice_status st)
{
    bool busy = st == ALICE_E_BUSY; /* a run is under way */
    if (busy)
        http_add(r, "Retry-After", "2");
    serve_guard(r, refused, "no-store");
    /* The next request has an error of its own, maybe before this is sent. */
    const char *text = *s->error.text ? s->error.text : alice_status_text(st);
    http_answer_copy(r,
                     busy                  ? 503
                     : st == ALICE_E_NOENT ? 404
                                           : 500,
                     "text/plain; charset=utf-8", text, strlen(text));
}

static bool is_host(const cli_serve *s, const char *name)
{
    for (size_t i = 0; i < SERVE_HOSTS; i++)
        if (*s->hosts[i] && strcasecmp(s->hosts[i], name) == 0)
            return true;
    return false;
}

/* Browsers say of a request which page makes it. Only this page may, and a person who opens
 * the address, be it from a link. */
static bool comes_from_elsewhere(const cli_serve *s, const http_request *r)
{
    const char *origin = http_header(r, "Origin"), *site = http_header(r, "Sec-Fetch-Site");
    const char *to = http_header(r, "Sec-Fetch-Dest");
    if (origin && (strncmp(origin, "http://", 7) != 0 || !is_host(s, origin + 7)))
        return true;
    return site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0 &&
           (!to || strcmp(to, "document") != 0);
}

bool serve_gate(cli_serve *s, http_request *r, const char *path, const char **rest)
{
    const char *host = http_header(r, "Host"), *login = http_header(r, "Authorization");
    if (!host || !is_host(s, host)) {
        serve_refuse(r, 421, "this is not the address that alice printed\n");
        return false;
    }
    if (comes_from_elsewhere(s, r)) {
        serve_refuse(r, 403, "another page asked for this\n");
        return false;
    }
    if (strlen(path) < 1 + SERVE_TOKEN + 1 || !same(path + 1, s->token, SERVE_TOKEN) ||
        path[1 + SERVE_TOKEN] != '/') {
        serve_refuse(r, 404,
                     "there is nothing here: open the whole address that alice "
                     "printed\n");
        return false;
    }
    size_t n = strlen(s->login);
    if (n && (!login || strlen(login) != n || !same(login, s->login, n))) {
        http_add(r, "WWW-Authenticate", "Basic realm=\"alice\", charset=\"UTF-8\"");
        serve_refuse(r, 401, "the name is alice, the password that of --password-file\n");
        return false;
    }
    *rest = path + 1 + SERVE_TOKEN;
    return true;
}
