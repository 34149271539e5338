/* SPDX-License-Identifier: MIT */
/*
 * The bytes of organized files. A request names a file by its number in the index, never by a
 * path.
 */
#include "serve.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <alice/preview.h>

#include "organized_file.h"

/* A file that is to be served. */
typedef struct wanted {
    cli_serve *serve;
    int fd;
    struct stat st;
    char type[16], name[256], tag[80];
    const char *mime; /* NULL: a browser does not show it */
    bool picture;
} wanted;

static bool on_wanted(void *ctx, uint64_t id, const alice_library_file *f)
{
    wanted *w = ctx;
    const char *name = strrchr(f->path, '/');
    (void)id;
    w->fd = organized_open(w->serve->folder, f->path, &w->st);
    snprintf(w->type, sizeof w->type, "%s", f->type);
    snprintf(w->name, sizeof w->name, "%s", name ? name + 1 : f->path);
    const browser_type *shown = browser_type_of(f->type);
    w->mime = shown ? shown->mime : NULL;
    w->picture = shown && shown->picture;
    snprintf(w->tag, sizeof w->tag, "\"%jx-%jx-%jx.%lx\"", (uintmax_t)w->st.st_ino,
             (uintmax_t)w->st.st_size, (uintmax_t)w->st.st_mtim.tv_sec,
             (unsigned long)w->st.st_mtim.tv_nsec);
    return false;
}

/* False: it was answered that there is none. */
static bool find(cli_serve *s, http_request *r, wanted *w)
{
    uint64_t id;
    *w = (wanted){.serve = s, .fd = -1};
    alice_status st = ALICE_E_NOENT;
    if (serve_number(r, "id", 0, &id))
        st = alice_search_file(s->search, id, on_wanted, w, &s->error);
    if (st == ALICE_OK && w->fd >= 0)
        return true;
    if (w->fd >= 0)
        close(w->fd);
    if (st != ALICE_OK && st != ALICE_E_NOENT)
        serve_fail(s, r, st);
    else
        serve_refuse(r, 404, "there is no such file, or it is not what it was any more\n");
    return false;
}

/* ---- ranges ---- */

typedef enum range { RANGE_WHOLE, RANGE_PART, RANGE_BAD } range;

static bool number_at(const char **at, uint64_t *out)
{
    size_t n = strspn(*at, "0123456789");
    if (n == 0 || n > 18)
        return false;
    *out = strtoull(*at, NULL, 10);
    *at += n;
    return true;
}

/* "bytes=A-B", "bytes=A-" or "bytes=-N". What is none of these, or several, is passed over, as
 * the protocol says; what begins past the end is bad. */
static range read_range(const char *text, uint64_t size, uint64_t *from, uint64_t *n)
{
    uint64_t first = 0, last = size ? size - 1 : 0;
    *from = 0;
    *n = size;
    if (!text || strncmp(text, "bytes=", 6) != 0)
        return RANGE_WHOLE;
    text += 6;
    if (*text == '-') {
        uint64_t tail;
        text++;
        if (!number_at(&text, &tail) || *text)
            return RANGE_WHOLE;
        if (tail == 0 || size == 0)
            return RANGE_BAD;
        first = tail < size ? size - tail : 0;
    } else {
        uint64_t end = UINT64_MAX;
        if (!number_at(&text, &first) || *text++ != '-' || (*text && !number_at(&text, &end)) ||
            *text || end < first)
            return RANGE_WHOLE;
        if (first >= size)
            return RANGE_BAD;
        last = end < last ? end : last;
    }
    *from = first;
    *n = last - first + 1;
    return RANGE_PART;
}

/* A name in a header: what is no plain letter is an underscore there. */
static void as_attachment(const wanted *w, char *out, size_t size)
{
    size_t at = (size_t)snprintf(out, size, "attachment; filename=\"");
    for (const char *p = w->name; *p && at + 3 < size; p++)
        out[at++] = *p >= ' ' && *p < 127 && *p != '"' && *p != '\\' ? *p : '_';
    snprintf(out + at, size - at, "\"");
}

void serve_file(cli_serve *s, http_request *r)
{
    wanted w;
    char text[96], attachment[320];
    uint64_t from, n;
    if (!find(s, r, &w))
        return;
    uint64_t size = (uint64_t)w.st.st_size;
    const char *since = http_header(r, "If-Range"), *none = http_header(r, "If-None-Match");
    /* Of a file that is another by now the part would not fit. */
    const char *part = since && strcmp(since, w.tag) != 0 ? NULL : http_header(r, "Range");
    range kind = read_range(part, size, &from, &n);
    serve_guard(r, "default-src 'none'; sandbox; frame-ancestors 'none'",
                "private, max-age=0, must-revalidate");
    http_add(r, "ETag", w.tag);
    http_add(r, "Accept-Ranges", "bytes");
    if (none && strcmp(none, w.tag) == 0) {
        close(w.fd);
        http_answer_static(r, 304, NULL, "", 0);
    } else if (kind == RANGE_BAD) {
        close(w.fd);
        snprintf(text, sizeof text, "bytes */%" PRIu64, size);
        http_add(r, "Content-Range", text);
        http_answer_text(r, 416, "the file ends before that\n");
    } else {
        if (kind == RANGE_PART) {
            snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, from,
                     from + n - 1, size);
            http_add(r, "Content-Range", text);
        }
        if (!w.mime || http_argument(r, "download")) {
            as_attachment(&w, attachment, sizeof attachment);
            http_add(r, "Content-Disposition", attachment);
        }
        http_answer_file(r, kind == RANGE_PART ? 206 : 200,
                         w.mime ? w.mime : "application/octet-stream", w.fd, from, n);
    }
}

/* ---- previews ---- */

/* A card with the type's name: one of alice's own, whatever the catalog says. */
static void answer_card(http_request *r, const wanted *w)
{
    alice_media_type type = media_type_of(w->type);
    char card[640];
    int n =
        snprintf(card, sizeof card,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 160 160\">"
                 "<rect width=\"160\" height=\"160\" fill=\"#7f8aa0\" fill-opacity=\".16\"/>"
                 "<path d=\"M56 42h32l18 18v58H56z\" fill=\"none\" stroke=\"#7f8aa0\" "
                 "stroke-width=\"4\" stroke-linejoin=\"round\"/>"
                 "<text x=\"81\" y=\"98\" text-anchor=\"middle\" font-family=\"sans-serif\" "
                 "font-size=\"15\" font-weight=\"600\" fill=\"#7f8aa0\">%.6s</text></svg>",
                 type == ALICE_MEDIA_NONE ? "file" : alice_media_name(type));
    http_answer_copy(r, 200, "image/svg+xml", card, (size_t)n);
}

/* The head that turns a JPEG: an Exif segment with its orientation alone. */
static const unsigned char turned[] = {
    0xff, 0xd8, 0xff, 0xe1, 0,    34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0,
    8,    0,    1,    1,    0x12, 0,  3,   0,   0,   0,   1, 0, 1,   0,   0, 0,  0, 0, 0};
enum { TURNED_WAY = 31, SOI = 2 };

/* A preview lies as its picture does, and does not say how. */
static bool answer_turned(cli_serve *s, http_request *r, const wanted *w,
                          const alice_preview *p)
{
    char *to = s->room + sizeof turned;
    size_t n = (size_t)p->bytes - SOI;
    if (pread(w->fd, to, n, (off_t)p->offset + SOI) != (ssize_t)n)
        return false;
    memcpy(s->room, turned, sizeof turned);
    s->room[TURNED_WAY] = (char)p->orientation;
    http_answer_copy(r, 200, "image/jpeg", s->room, sizeof turned + n);
    return true;
}

/* What stands for a file in the overview: the one place that knows where such a picture comes
 * from. A small picture is shown as it is, a large one by the preview inside it. */
void serve_preview(cli_serve *s, http_request *r)
{
    wanted w;
    alice_preview p;
    if (!find(s, r, &w))
        return;
    uint64_t size = (uint64_t)w.st.st_size;
    serve_guard(r, "default-src 'none'; sandbox; frame-ancestors 'none'",
                "private, max-age=600");
    bool small = w.picture && size > 0 && size <= SERVE_SMALL;
    bool inside = !small && alice_preview_find(&s->env, w.fd, SERVE_PREVIEW, &p) == ALICE_OK;
    if (inside && p.orientation > 1 && answer_turned(s, r, &w, &p)) {
        close(w.fd);
    } else if (inside) {
        http_answer_file(r, 200, "image/jpeg", w.fd, p.offset, p.bytes);
    } else if (w.picture && size > 0 && size <= SERVE_WHOLE) {
        http_answer_file(r, 200, w.mime, w.fd, 0, size);
    } else {
        close(w.fd);
        answer_card(r, &w);
    }
}
