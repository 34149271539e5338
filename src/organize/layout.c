/* SPDX-License-Identifier: MIT */
#include "organize/layout.h"

#include <stdio.h>
#include <string.h>

#include <alice/organize.h>

#include "base/error.h"
#include "base/text.h"

enum {
    FOLDER_MAX = 200, /* bytes of a folder's name, with its NUL */
    STEM_MAX = 160,   /* of a file's, so that "-2", a suffix and an extension find room */
    FOLDERS_MAX = 16
};

static const char *const names[ALICE__TOKEN_COUNT] = {
    [ALICE__TOKEN_DATE] = "date",     [ALICE__TOKEN_PROJECT] = "project",
    [ALICE__TOKEN_ORIGIN] = "origin", [ALICE__TOKEN_CAMERA] = "camera",
    [ALICE__TOKEN_TYPE] = "type",     [ALICE__TOKEN_NUMBER] = "number",
    [ALICE__TOKEN_NAME] = "name",     [ALICE__TOKEN_EXT] = "ext",
    [ALICE__TOKEN_HASH] = "hash",     [ALICE__TOKEN_MODEL] = "model",
    [ALICE__TOKEN_SEED] = "seed",     [ALICE__TOKEN_ALBUM] = "album"};

static const struct {
    const char *name, *layout;
} presets[] = {
    {"guide", "{date}/{project}/{origin}/{project}-{number:05}"},
    {"year-month", "{date:%Y}/{date:%Y-%m}/{name}"},
    {"year/date", "{date:%Y}/{date}/{name}"},
    {"camera", "{camera|unknown}/{date}/{name}"},
    {"flat", "{date}-{name}"},
};

alice_status alice_layout_preset(size_t index, const char **name, const char **layout)
{
    if (index >= sizeof presets / sizeof *presets)
        return ALICE_E_END;
    *name = presets[index].name;
    *layout = presets[index].layout;
    return ALICE_OK;
}

/* ---- reading it ---- */

typedef struct reading {
    alice__layout *out;
    alice_error *error;
    size_t at;
} reading;

static alice_status wrong(const reading *r, size_t at, const char *what)
{
    return alice__fail(r->error, ALICE_E_INVAL, 0,
                       "the layout, at character %zu (\"%.12s\"): %s", at + 1,
                       r->out->text + at, what);
}

static alice_status add(reading *r, alice__layout_part part, size_t at)
{
    if (r->out->n == ALICE__LAYOUT_PARTS)
        return wrong(r, at, "it has more than 64 parts");
    r->out->part[r->out->n++] = part;
    r->out->uses[part.token] = true;
    return ALICE_OK;
}

static alice_status check_date(const reading *r, size_t at, size_t n)
{
    const char *t = r->out->text;
    for (size_t i = at; i < at + n; i++) {
        if (t[i] == '%' && (i + 1 == at + n || !strchr("YymdHMSj%", t[i + 1])))
            return wrong(r, i, "a date has %Y, %y, %m, %d, %j, %H, %M, %S and %%");
        i += t[i] == '%';
    }
    return n ? ALICE_OK : wrong(r, at, "a date's format is missing");
}

static alice_status check_digits(const reading *r, size_t at, size_t n, unsigned most)
{
    unsigned value = 0;
    for (size_t i = at; i < at + n; i++) {
        if (!alice__is_digit(r->out->text[i]) || n > 2)
            return wrong(r, at, "here is a number of digits, as in {number:05} and {hash:8}");
        value = value * 10 + (unsigned)(r->out->text[i] - '0');
    }
    return n && value >= 1 && value <= most ? ALICE_OK
                                            : wrong(r, at,
                                                    most == 32 ? "a hash has 1 to 32 digits"
                                                               : "a number has 1 to 18 digits");
}

static alice_status token_named(const reading *r, size_t at, size_t n, uint8_t *token)
{
    char given[24], text[96];
    const char *nearest = NULL;
    unsigned least = 4;
    snprintf(given, sizeof given, "%.*s", (int)(n < 20 ? n : 20), r->out->text + at);
    for (size_t i = ALICE__TOKEN_DATE; i < ALICE__TOKEN_COUNT; i++) {
        unsigned d = alice_edit_distance(given, names[i]);
        if (d < least) {
            least = d;
            nearest = names[i];
            *token = (uint8_t)i;
        }
    }
    if (nearest && least == 0)
        return ALICE_OK;
    if (nearest)
        snprintf(text, sizeof text, "there is no {%s}; did you mean {%s}?", given, nearest);
    else
        snprintf(text, sizeof text,
                 "there is no {%s}; the manual and `alice organize --help` list them", given);
    return wrong(r, at, text);
}

static alice_status read_token(reading *r)
{
    const char *t = r->out->text;
    alice__layout_part p = {.token = ALICE__TOKEN_LITERAL};
    size_t begin = r->at, at = begin + 1, end = at + strcspn(t + at, "{}");
    if (t[end] != '}')
        return wrong(r, begin, "a '{' without its '}'; a brace itself is written {{");
    size_t n = strcspn(t + at, ":|}");
    alice_status st = token_named(r, at, n, &p.token);
    size_t i = at + n;
    if (st == ALICE_OK && t[i] == ':') {
        p.arg = (uint16_t)++i;
        p.arg_n = (uint16_t)strcspn(t + i, "|}");
        st = p.token == ALICE__TOKEN_DATE     ? check_date(r, i, p.arg_n)
             : p.token == ALICE__TOKEN_NUMBER ? check_digits(r, i, p.arg_n, 18)
             : p.token == ALICE__TOKEN_HASH   ? check_digits(r, i, p.arg_n, 32)
                                              : wrong(r, i, "this one takes no format");
        i += p.arg_n;
    }
    if (st == ALICE_OK && t[i] == '|') {
        p.has_word = true;
        p.word = (uint16_t)++i;
        p.word_n = (uint16_t)(end - i);
        if (memchr(t + i, '/', p.word_n))
            st = wrong(r, i, "the word for what is absent is a part of one name, without '/'");
    }
    r->at = end + 1;
    return st == ALICE_OK ? add(r, p, begin) : st;
}

static alice_status read_literal(reading *r)
{
    const char *t = r->out->text;
    size_t at = r->at, n = strcspn(t + at, "{}/");
    if (n == 0) { /* "{{" and "}}" are one brace */
        if (t[at + 1] != t[at])
            return wrong(r, at, "a '}' without its '{'; a brace itself is written }}");
        n = 1;
        r->at++;
    }
    r->at += n;
    for (size_t i = at; i < at + n; i++)
        if ((unsigned char)t[i] < 0x20 || t[i] == 0x7F || t[i] == '\\')
            return wrong(r, i, "this character is in no name");
    return add(r,
               (alice__layout_part){
                   .token = ALICE__TOKEN_LITERAL, .arg = (uint16_t)at, .arg_n = (uint16_t)n},
               at);
}

/* What begins a name: a dot would hide it, or lead out. */
static alice_status check_name(const reading *r)
{
    char c = r->out->text[r->at];
    if (c == '.')
        return wrong(r, r->at,
                     "no name begins with a dot: it would be hidden, or lead out of organized");
    return c == '/' || c == 0 ? wrong(r, r->at, "here is a name missing") : ALICE_OK;
}

alice_status alice__layout_parse(alice__layout *out, const char *text, alice_error *error)
{
    reading r = {.out = out, .error = error};
    size_t folders = 0;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (strcmp(text, presets[i].name) == 0)
            text = presets[i].layout;
    if (strlen(text) >= sizeof out->text)
        return alice__fail(error, ALICE_E_INVAL, 0, "the layout is longer than %zu characters",
                           sizeof out->text - 1);
    memcpy(out->text, text, strlen(text));
    if (*text == '/')
        return wrong(&r, 0, "it begins below organized, without a '/'");
    if (!strchr(text, '{')) /* a misspelt preset, or one path for all */
        return wrong(
            &r, 0,
            "it has no {token} and is no preset (guide, year-month, year/date, camera, "
            "flat)");
    alice_status st = check_name(&r);
    while (st == ALICE_OK && text[r.at]) {
        if (text[r.at] == '{' && text[r.at + 1] != '{') {
            st = read_token(&r);
        } else if (text[r.at] != '/') {
            st = read_literal(&r);
        } else {
            st = add(&r, (alice__layout_part){.token = ALICE__TOKEN_SLASH}, r.at++);
            if (st == ALICE_OK && ++folders > FOLDERS_MAX)
                st = wrong(&r, r.at - 1, "it is more than 16 folders deep");
            if (st == ALICE_OK)
                st = check_name(&r);
        }
    }
    size_t n = out->n;
    out->ends_in_ext = st == ALICE_OK && n >= 2 && out->part[n - 1].token == ALICE__TOKEN_EXT &&
                       out->part[n - 2].token == ALICE__TOKEN_LITERAL &&
                       out->text[out->part[n - 2].arg + out->part[n - 2].arg_n - 1] == '.';
    return st;
}

alice_status alice_layout_check(const char *layout, alice_error *error)
{
    alice__layout unused;
    return layout ? alice__layout_parse(&unused, layout, error) : ALICE_OK;
}

/* ---- writing paths ---- */

typedef struct writing {
    const alice__plan *plan;
    char *out;
    size_t size, used;
    char name[1024]; /* the one under way, raw */
    size_t n;
    bool full; /* there was no room */
} writing;

static void put(writing *w, const char *text, size_t n)
{
    for (size_t i = 0; i < n && w->n + 1 < sizeof w->name; i++)
        w->name[w->n++] = text[i] == '/' ? '_' : text[i];
}

static void put_out(writing *w, const char *text, size_t n)
{
    if (n >= w->size - w->used) {
        w->full = true;
        return;
    }
    memcpy(w->out + w->used, text, n);
    w->used += n;
    w->out[w->used] = 0;
}

/* A folder ends; one without a name is left out. */
static void end_folder(writing *w)
{
    char safe[FOLDER_MAX];
    if (w->n) {
        size_t n = alice__safe_component(w->name, w->n, safe, sizeof safe);
        put_out(w, safe, n);
        put_out(w, "/", 1);
    }
    w->n = 0;
}

static unsigned day_of_year(const alice_date *d)
{
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool leap = (d->year % 4 == 0 && d->year % 100 != 0) || d->year % 400 == 0;
    return (unsigned)before[(d->month - 1) % 12] + d->day + (leap && d->month > 2 ? 1u : 0u);
}

/* One field of a date; 0: it is not known. */
static int date_field(const alice_date *d, char field, char out[16])
{
    unsigned year = (unsigned)d->year;
    switch (field) {
    case 'Y':
        return snprintf(out, 16, "%04u", year);
    case 'y':
        return snprintf(out, 16, "%02u", year % 100);
    case 'm':
        return d->month ? snprintf(out, 16, "%02u", d->month) : 0;
    case 'd':
        return d->day ? snprintf(out, 16, "%02u", d->day) : 0;
    case 'j':
        return d->day ? snprintf(out, 16, "%03u", day_of_year(d)) : 0;
    case 'H':
        return d->has_time ? snprintf(out, 16, "%02u", d->hour) : 0;
    case 'M':
        return d->has_time ? snprintf(out, 16, "%02u", d->minute) : 0;
    case 'S':
        return d->has_time ? snprintf(out, 16, "%02u", d->second) : 0;
    default:
        return snprintf(out, 16, "%c", field); /* "%%" */
    }
}

/* As far as the date is known: of a year, "%Y/%m" is "1985". False: nothing of it is. */
static bool put_date(writing *w, const char *format, size_t n)
{
    const alice_date *d = &w->plan->date;
    const size_t used = w->used, began = w->n;
    size_t known = w->n;
    bool any = false;
    if (d->year == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        char text[16];
        if (format[i] == '/') {
            end_folder(w);
            known = 0;
        } else if (format[i] != '%') {
            put(w, format + i, 1);
        } else {
            int m = date_field(d, format[++i], text);
            if (m <= 0) {
                w->n = known; /* what stood before it was its separator */
                break;
            }
            put(w, text, (size_t)m);
            known = w->n;
            any = true;
        }
    }
    if (!any) {
        w->n = began;
        w->used = used;
        w->out[used] = 0;
    }
    return any;
}

static bool put_text(writing *w, const char *text)
{
    if (!text || !*text)
        return false;
    put(w, text, strlen(text));
    return true;
}

static bool put_number(writing *w, const char *format, size_t n)
{
    char text[32];
    int digits = 5;
    if (n)
        digits = n == 1 ? format[0] - '0' : (format[0] - '0') * 10 + format[1] - '0';
    snprintf(text, sizeof text, "%0*llu", digits, (unsigned long long)w->plan->number);
    return put_text(w, text);
}

static bool put_hash(writing *w, const char *format, size_t n)
{
    const char *hash = w->plan->hash;
    size_t digits = 32;
    if (n)
        digits = (size_t)(n == 1 ? format[0] - '0' : (format[0] - '0') * 10 + format[1] - '0');
    if (!hash || !*hash)
        return false;
    put(w, hash, strlen(hash) < digits ? strlen(hash) : digits);
    return true;
}

static bool put_token(writing *w, const alice__layout *l, const alice__layout_part *p,
                      const char *ext)
{
    const alice__plan *plan = w->plan;
    const char *arg = l->text + p->arg;
    switch ((alice__token)p->token) {
    case ALICE__TOKEN_LITERAL:
        put(w, arg, p->arg_n);
        return true;
    case ALICE__TOKEN_DATE:
        if (put_date(w, p->arg_n ? arg : "%Y-%m-%d", p->arg_n ? p->arg_n : 8))
            return true;
        return plan->date.year == 0 && !p->has_word &&
               put_text(w, plan->undated ? plan->undated : "undated");
    case ALICE__TOKEN_PROJECT:
        return put_text(w, plan->project);
    case ALICE__TOKEN_ORIGIN:
        return put_text(w, plan->source);
    case ALICE__TOKEN_CAMERA:
        return put_text(w, plan->camera);
    case ALICE__TOKEN_TYPE:
        return put_text(w, alice_media_class_of(plan->type) == ALICE_CLASS_VIDEO ? "video"
                                                                                 : "photo");
    case ALICE__TOKEN_NUMBER:
        return put_number(w, arg, p->arg_n);
    case ALICE__TOKEN_NAME: {
        const char *own = alice__plan_extension(plan->name);
        put(w, plan->name, own ? (size_t)(own - 1 - plan->name) : strlen(plan->name));
        return true;
    }
    case ALICE__TOKEN_EXT:
        return put_text(w, ext);
    case ALICE__TOKEN_HASH:
        return put_hash(w, arg, p->arg_n);
    case ALICE__TOKEN_MODEL:
        return put_text(w, plan->model);
    case ALICE__TOKEN_SEED:
        return put_text(w, plan->seed);
    case ALICE__TOKEN_ALBUM:
        return put_text(w, plan->album);
    case ALICE__TOKEN_SLASH:
    case ALICE__TOKEN_COUNT:
        break;
    }
    return true;
}

alice_status alice__layout_path(const alice__layout *layout, const alice__plan *plan,
                                uint64_t again, char *out, size_t size, size_t *base)
{
    writing w = {.plan = plan, .out = out, .size = size};
    const char *ext = alice__plan_extension(plan->name);
    char safe[STEM_MAX], tail[48];
    if (!ext)
        ext = alice_media_extension(plan->type);
    out[0] = 0;
    /* ".{ext}" at the end comes of itself. */
    for (size_t i = 0; i < layout->n - layout->ends_in_ext; i++) {
        const alice__layout_part *p = &layout->part[i];
        if (p->token == ALICE__TOKEN_SLASH)
            end_folder(&w);
        else if (!put_token(&w, layout, p, ext))
            put(&w, layout->text + p->word, p->word_n);
    }
    if (w.n == 0)
        put_text(&w, alice_media_class_of(plan->type) == ALICE_CLASS_VIDEO ? "video" : "photo");
    /* Without the dot before ".{ext}", which goes with the trailing ones. */
    put_out(&w, safe, alice__safe_component(w.name, w.n, safe, sizeof safe));
    *base = w.used;
    int n = again > 1 ? snprintf(tail, sizeof tail, "-%llu.%s", (unsigned long long)again, ext)
                      : snprintf(tail, sizeof tail, ".%s", ext);
    put_out(&w, tail, (size_t)n);
    return w.full ? ALICE_E_TOOBIG : ALICE_OK;
}
