/* SPDX-License-Identifier: MIT */
#include "album.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <alice/media.h>
#include <alice/preview.h>
#include <alice/text.h>

#include "organized_file.h"
#include "strip.h"
#include "web_files.h"

enum { PREVIEW_MOST = 256 * 1024, SMALL = 96 * 1024, PIECE = 64 * 1024 };

static const char page_part[] = "index.html.part", page_name[] = "index.html";

/* ---- text ---- */

/* Of others: what is no text, or would be markup, is written so that it is neither. */
static void put_html(FILE *to, const char *text)
{
    size_t left = strlen(text);
    for (const char *p = text; left > 0;) {
        uint32_t c = 0;
        size_t n = alice_utf8_decode(p, left, &c);
        if (n == 0 || (c < 0x20 && c != '\n') || c == 0x7f)
            fputs("\xef\xbf\xbd", to);
        else if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
            fprintf(to, "&#%u;", (unsigned)c);
        else
            fwrite(p, 1, n, to);
        p += n ? n : 1;
        left -= n ? n : 1;
    }
}

static void put_day(FILE *to, uint32_t day)
{
    static const char *const months[] = {
        "",     "January", "February",  "March",   "April",    "May",     "June",
        "July", "August",  "September", "October", "November", "December"};
    unsigned month = day / 100 % 100;
    if (!day)
        fputs("Without a date", to);
    else if (month < 1 || month > 12)
        fprintf(to, "%u", day / 10000);
    else if (day % 100)
        fprintf(to, "%u %s %u", day % 100, months[month], day / 10000);
    else
        fprintf(to, "%s %u", months[month], day / 10000);
}

/* ---- files ---- */

static bool failed(album *a, const char *what)
{
    a->what = what;
    return false;
}

/* A new file; NULL: errno. */
static FILE *make_file(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w+");
    if (fd >= 0 && !f)
        close(fd);
    return f;
}

static bool is_empty(int dir)
{
    int own = dup(dir);
    DIR *d = own < 0 ? NULL : fdopendir(own);
    bool empty = d != NULL;
    for (struct dirent *e; empty && (e = readdir(d)) != NULL;)
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    if (d)
        closedir(d);
    else if (own >= 0)
        close(own);
    return empty;
}

static int make_folder(int dir, const char *name)
{
    if (mkdirat(dir, name, 0777) != 0)
        return -1;
    return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool write_style(album *a)
{
    FILE *f = make_file(a->dir, "album.css");
    if (!f)
        return false;
    for (const web_file *w = web_files; w->name; w++)
        if (strcmp(w->name, "album.css") == 0)
            fwrite(w->bytes, 1, w->n, f);
    bool bad = ferror(f) != 0;
    return fclose(f) == 0 && !bad;
}

bool album_open(album *a, const char *dir, const char *title)
{
    a->dir = a->files = a->small = -1;
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return failed(a, "the folder cannot be made");
    a->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (a->dir < 0)
        return failed(a, "the folder cannot be opened");
    if (!is_empty(a->dir)) {
        errno = ENOTEMPTY;
        return failed(a, "an album is made in a new or empty folder");
    }
    if ((a->files = make_folder(a->dir, "files")) < 0 ||
        (a->small = make_folder(a->dir, "small")) < 0 || !write_style(a) ||
        !(a->page = make_file(a->dir, page_part)))
        return failed(a, "the album cannot be begun");
    fputs("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'self'; img-src 'self'; media-src 'self'\">\n<title>",
          a->page);
    put_html(a->page, title);
    fputs("</title>\n<link rel=\"stylesheet\" href=\"album.css\">\n<h1>", a->page);
    put_html(a->page, title);
    fputs("</h1>\n", a->page);
    return true;
}

/* All bytes from where `from` stands. */
static bool copy_all(FILE *from, FILE *to)
{
    char piece[PIECE];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, from)) > 0)
        if (fwrite(piece, 1, n, to) != n)
            return false;
    return !ferror(from) && fflush(to) == 0;
}

/* A stream over an open file, whose descriptor stays the caller's. */
static FILE *reader_of(int fd, uint64_t offset)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    FILE *f = own < 0 || lseek(own, (off_t)offset, SEEK_SET) < 0 ? NULL : fdopen(own, "r");
    if (own >= 0 && !f)
        close(own);
    return f;
}

/* One copy below `dir`: whole, or without what it tells. A damaged one leaves no copy. */
static strip_end put_file(int dir, const char *name, int fd, uint64_t offset, const char *type,
                          unsigned orientation, bool whole)
{
    FILE *from = reader_of(fd, offset), *to = from ? make_file(dir, name) : NULL;
    strip_end end = STRIP_FAILED;
    if (to)
        end = !whole               ? strip_copy(from, to, type, orientation)
              : copy_all(from, to) ? STRIP_DONE
                                   : STRIP_FAILED;
    int why = errno;
    if (from)
        fclose(from);
    if (to && fclose(to) != 0 && end == STRIP_DONE) {
        end = STRIP_FAILED;
        why = errno;
    }
    if (to && end != STRIP_DONE)
        unlinkat(dir, name, 0); /* it was made here */
    errno = why;
    return end;
}

/* ---- the page ---- */

static void put_facts(FILE *to, const alice_library_file *f)
{
    const struct {
        const char *name, *text;
    } facts[] = {{"Camera", *f->model ? f->model : f->make},
                 {"Generator", strcmp(f->generator, "none") == 0 ? "" : f->generator},
                 {"Model", f->ai_model},
                 {"Seed", f->seed},
                 {"Prompt", f->prompt},
                 {"Negative prompt", f->negative_prompt}};
    fputs("<dl>", to);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (*facts[i].text) {
            fprintf(to, "<dt>%s<dd>", facts[i].name);
            put_html(to, facts[i].text);
        }
    if (f->placed)
        fprintf(to, "<dt>Place<dd>%.4f, %.4f", f->latitude, f->longitude);
    fputs("</dl>", to);
}

static void put_entry(album *a, const alice_library_file *f, const char *name, bool small,
                      bool video)
{
    if (!a->headed || a->day != f->day) {
        fputs(a->headed ? "</section>\n<section><h2>" : "<section><h2>", a->page);
        put_day(a->page, f->day);
        fputs("</h2>\n", a->page);
        a->headed = true;
        a->day = f->day;
    }
    if (video)
        fprintf(a->page, "<figure><video controls preload=\"none\" src=\"files/%s\"></video>",
                name);
    else
        fprintf(
            a->page,
            "<figure><a href=\"files/%s\"><img loading=\"lazy\" decoding=\"async\" alt=\"\" "
            "src=\"%s/%.10s%s\"></a>",
            name, small ? "small" : "files", name, small ? ".jpg" : strchr(name, '.'));
    if (a->with_facts)
        put_facts(a->page, f);
    fputs("</figure>\n", a->page);
}

bool album_add(album *a, int fd, const alice_library_file *f)
{
    const browser_type *shown = browser_type_of(f->type);
    char name[32], small_name[32];
    alice_preview p = {.orientation = 1};
    if (!shown || (!a->with_facts && !strip_knows(f->type))) {
        *(shown ? &a->not_stripped : &a->not_shown) += 1;
        return true;
    }
    const char *extension = alice_media_extension(media_type_of(f->type));
    snprintf(name, sizeof name, "%010llu.%s", a->pictures + 1, extension);
    snprintf(small_name, sizeof small_name, "%010llu.jpg", a->pictures + 1);
    bool inside = alice_preview_find(NULL, fd, PREVIEW_MOST, &p) == ALICE_OK;
    strip_end end = put_file(a->files, name, fd, 0, f->type, p.orientation, a->with_facts);
    if (end == STRIP_FAILED)
        return failed(a, "a file cannot be copied");
    if (end != STRIP_DONE) {
        a->not_stripped++;
        return true;
    }
    /* What a camera put beside its picture shows it as it was: what was cut or made unreadable
       afterwards may still be seen there. */
    bool small = inside && a->with_facts && f->bytes > SMALL;
    if (small) {
        end = put_file(a->small, small_name, fd, p.offset, "jpeg", p.orientation, false);
        if (end == STRIP_FAILED)
            return failed(a, "a preview cannot be copied");
        small = end == STRIP_DONE;
    }
    a->pictures++;
    a->bytes += f->bytes;
    put_entry(a, f, name, small, strncmp(shown->mime, "video/", 6) == 0);
    return ferror(a->page) == 0 || failed(a, "the page cannot be written");
}

bool album_close(album *a, bool whole)
{
    bool good = true;
    if (a->page) {
        fputs(a->headed ? "</section>\n</html>\n" : "<p>Nothing is in it.</p>\n</html>\n",
              a->page);
        good = fflush(a->page) == 0 && fsync(fileno(a->page)) == 0 && !ferror(a->page);
        good = fclose(a->page) == 0 && good;
        /* A link never replaces what stands there. */
        if (whole && good)
            good = linkat(a->dir, page_part, a->dir, page_name, 0) == 0 &&
                   unlinkat(a->dir, page_part, 0) == 0;
        if (!good)
            a->what = "the page cannot be written";
    }
    int why = errno;
    const int all[] = {a->small, a->files, a->dir};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] >= 0)
            close(all[i]);
    errno = why;
    return good;
}
