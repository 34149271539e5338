/* SPDX-License-Identifier: MIT */
/*
 * PNG and APNG: a walk from chunk header to chunk header; picture data is passed
 * over, so that texts after it cost one small fetch each. Texts are streams:
 *
 *     chunk ──▶ range (and its CRC) ──▶ [inflate] ──▶ evidence, XMP, profile, facts
 *                scratch, lower half     upper half
 *
 * What all texts of a file may give is bounded (TEXT_MOST), so that a chunk which
 * inflates to gigabytes ends early, in constant memory. Inflating takes about
 * 40 KB from the parse's env while it lasts, a profile up to 64 KB.
 */
#include "media/blocks/blocks.h"
#include "media/evidence/evidence.h"
#include "media/formats/format.h"

#include <string.h>

#include "base/text.h"
#include "media/inflate.h"

enum {
    CHUNKS_MOST = 200000,
    PREFIX_MOST = 1024,           /* key, language and translated key of a text */
    KEY_MOST = 80,                /* with its NUL */
    VALUE_MOST = 1024,            /* of a text that becomes a fact */
    TEXT_MOST = 64 * 1024 * 1024, /* bytes of text, inflated, that are looked at in one file */
    PROFILE_MOST = 64 * 1024,
    HALF = ALICE__SCRATCH / 2
};

#define TYPE(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

typedef struct png {
    alice__parse *parse;
    uint64_t text_left; /* of TEXT_MOST */
    bool has_header, has_image, bad_crc, cut_text;
    alice_status status;
} png;

typedef struct chunk {
    uint32_t type;
    uint64_t offset; /* of its content */
    uint64_t n;      /* what is there of it */
    bool whole;
} chunk;

/* ---- the text of a chunk, as a stream ---- */

typedef struct text_source {
    alice__text_stream stream; /* what it gives: plain or inflated */
    png *png;
    alice__text_range range;
    uint32_t crc;    /* of type and content so far */
    uint64_t crc_at; /* where the chunk's own stands; 0: not to be checked */
    bool packed, inflating, ended;
    z_stream z;
} text_source;

/* The next window of the chunk as it stands in the file. */
static alice_status raw_next(text_source *s, alice_bytes *window)
{
    alice_status st = s->range.stream.next(&s->range.stream, window);
    if (st != ALICE_OK)
        return st;
    if (window->n > 0) {
        s->crc = (uint32_t)crc32_z(s->crc, window->p, window->n);
    } else if (s->crc_at) {
        uint8_t room[4];
        const uint8_t *p = alice__input_at(s->png->parse->in, s->crc_at, 4, room, &st);
        if (p && alice__be32(p) != s->crc)
            s->png->bad_crc = true;
        s->crc_at = 0;
    }
    return st;
}

/* Give out no more than the file may. */
static void give(text_source *s, alice_bytes *window, const uint8_t *p, size_t n)
{
    png *g = s->png;
    if (n > g->text_left) {
        n = (size_t)g->text_left;
        g->cut_text = true;
        s->ended = true;
    }
    g->text_left -= n;
    *window = (alice_bytes){p, n};
}

static alice_status plain_next(alice__text_stream *stream, alice_bytes *window)
{
    text_source *s = stream->ctx;
    alice_bytes raw = {0};
    *window = (alice_bytes){0};
    if (s->ended)
        return ALICE_OK;
    alice_status st = raw_next(s, &raw);
    if (st == ALICE_OK)
        give(s, window, raw.p, raw.n);
    return st;
}

static alice_status inflate_next(alice__text_stream *stream, alice_bytes *window)
{
    text_source *s = stream->ctx;
    uint8_t *out = s->png->parse->scratch + HALF;
    *window = (alice_bytes){0};
    if (s->ended)
        return ALICE_OK;
    s->z.next_out = out;
    s->z.avail_out = HALF;
    while (s->z.avail_out > 0) {
        if (s->z.avail_in == 0) {
            alice_bytes raw = {0};
            alice_status st = raw_next(s, &raw);
            if (st != ALICE_OK)
                return st;
            if (raw.n == 0) /* cut: what was inflated so far counts */
                break;
            s->z.next_in = (z_const Bytef *)raw.p;
            s->z.avail_in = (uInt)raw.n;
        }
        int z = inflate(&s->z, Z_NO_FLUSH);
        if (z == Z_MEM_ERROR) {
            s->png->parse->facts->denied = ALICE_E_NOMEM;
            return ALICE_E_NOMEM;
        }
        if (z != Z_OK && z != Z_BUF_ERROR) {
            s->ended = true; /* the end, or damage */
            break;
        }
    }
    give(s, window, out, HALF - s->z.avail_out);
    return ALICE_OK;
}

/* What a text chunk is: its key and where its text begins. */
typedef struct text_chunk {
    char key[KEY_MOST];
    size_t skip;
    bool packed;
} text_chunk;

static alice_status source_open(text_source *s, png *g, const chunk *c, const text_chunk *t)
{
    uint8_t room[PREFIX_MOST];
    alice__parse *parse = g->parse;
    alice_status st = ALICE_OK;
    *s = (text_source){.png = g, .packed = t->packed};
    s->stream = (alice__text_stream){t->packed ? inflate_next : plain_next, s};
    (void)alice__text_in(&s->range, parse->in, c->offset + t->skip, c->n - t->skip,
                         parse->scratch, HALF);
    if (c->whole) {
        /* The type stands right before the content. */
        const uint8_t *p = alice__input_at(parse->in, c->offset - 4, 4, room, &st);
        if (p)
            s->crc = (uint32_t)crc32_z(0, p, 4);
        p = p ? alice__input_at(parse->in, c->offset, t->skip, room, &st) : NULL;
        if (p) {
            s->crc = (uint32_t)crc32_z(s->crc, p, t->skip);
            s->crc_at = c->offset + c->n;
        }
    }
    if (st != ALICE_OK || !t->packed)
        return st;
    st = alice__inflate_begin(&s->z, &parse->env, ALICE__INFLATE_ZLIB);
    s->inflating = st == ALICE_OK;
    return st;
}

static void source_close(text_source *s)
{
    if (s->inflating)
        inflateEnd(&s->z);
    s->inflating = false;
    if (s->png->status == ALICE_OK)
        s->png->status = s->range.status;
}

/* ---- texts ---- */

/* Key, flags and where the text begins. False: not a text chunk as it should be. */
static bool read_prefix(png *g, const chunk *c, text_chunk *t)
{
    uint8_t room[PREFIX_MOST];
    size_t n = c->n < PREFIX_MOST ? (size_t)c->n : PREFIX_MOST;
    const uint8_t *p =
        n > 0 ? alice__input_at(g->parse->in, c->offset, n, room, &g->status) : NULL;
    const uint8_t *nul = p ? memchr(p, 0, n < KEY_MOST ? n : KEY_MOST) : NULL;
    if (!nul)
        return false;
    memcpy(t->key, p, (size_t)(nul - p) + 1);
    t->packed = false;

    alice__cur rest = alice__cur_of(nul + 1, n - (size_t)(nul - p) - 1);
    if (c->type == TYPE('z', 'T', 'X', 't')) {
        t->packed = true;
        if (alice__cur_u8(&rest) != 0)
            return false;
    } else if (c->type == TYPE('i', 'T', 'X', 't')) {
        t->packed = alice__cur_u8(&rest) != 0;
        alice__cur_skip(&rest, 1);
        for (int i = 0; i < 2 && !rest.bad; i++) { /* language, translated key */
            const uint8_t *end = rest.left > 0 ? memchr(rest.p, 0, rest.left) : NULL;
            if (!end)
                return false;
            alice__cur_skip(&rest, (size_t)(end - rest.p) + 1);
        }
    }
    t->skip = n - rest.left;
    return !rest.bad;
}

/* Keys that hold when the picture was made, however they are spelled. */
static bool is_creation_key(const char *key)
{
    static const char *const names[] = {"creationtime", "creationdate", "createdate",
                                        "datetimeoriginal", "exifdatetimeoriginal"};
    char plain[KEY_MOST];
    size_t n = 0;
    for (; *key; key++) {
        if (alice__is_alpha(*key))
            plain[n++] = alice__lower(*key);
    }
    plain[n] = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(plain, names[i]) == 0)
            return true;
    return false;
}

/* The first bytes of a text. */
static size_t read_value(text_source *s, char *to, size_t room)
{
    size_t n = 0;
    alice_bytes window;
    while (n < room && s->stream.next(&s->stream, &window) == ALICE_OK && window.n > 0) {
        size_t now = window.n < room - n ? window.n : room - n;
        memcpy(to + n, window.p, now);
        n += now;
    }
    return n;
}

static void add_fact(png *g, text_source *s, bool software)
{
    char value[VALUE_MOST];
    size_t n = read_value(s, value, sizeof value);
    if (software)
        alice__facts_text(g->parse->facts, ALICE_FACT_SOFTWARE, ALICE__RANK_TEXT,
                          "png:Software", value, n);
    else
        alice__facts_date_text(g->parse->facts, ALICE_DATE_PNG, value, n);
}

/* ---- old profiles: "\n<type>\n<length>\n<hex>" ---- */

typedef struct hex_reader {
    enum { BEFORE_NAME, IN_NAME, BEFORE_LENGTH, IN_LENGTH, IN_HEX } state;
    int high; /* the first digit of a byte, or -1 */
    size_t n;
} hex_reader;

static int hex_digit(unsigned c)
{
    if (c >= '0' && c <= '9')
        return (int)(c - '0');
    c |= 32;
    return c >= 'a' && c <= 'f' ? (int)(c - 'a') + 10 : -1;
}

static void hex_step(hex_reader *h, uint8_t c, uint8_t *to)
{
    bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0;
    int digit;
    switch (h->state) {
    case BEFORE_NAME:
        if (!blank)
            h->state = IN_NAME;
        break;
    case IN_NAME:
        if (c == '\n')
            h->state = BEFORE_LENGTH;
        break;
    case BEFORE_LENGTH:
        if (!blank)
            h->state = IN_LENGTH;
        break;
    case IN_LENGTH:
        if (blank)
            h->state = IN_HEX;
        break;
    case IN_HEX:
        digit = hex_digit(c);
        if (digit < 0)
            break;
        if (h->high < 0) {
            h->high = digit;
        } else {
            to[h->n++] = (uint8_t)(h->high << 4 | digit);
            h->high = -1;
        }
        break;
    }
}

static size_t read_hex(text_source *s, uint8_t *to, size_t room)
{
    hex_reader h = {.state = BEFORE_NAME, .high = -1};
    alice_bytes window;
    while (h.n < room && s->stream.next(&s->stream, &window) == ALICE_OK && window.n > 0)
        for (size_t i = 0; i < window.n && h.n < room; i++)
            hex_step(&h, window.p[i], to);
    return h.n;
}

static bool begins(alice_bytes b, const char *with, size_t n)
{
    return b.n >= n && memcmp(b.p, with, n) == 0;
}

/* A profile by what it is, not by its name: APP1 may be EXIF or XMP. */
static void add_profile(alice__parse *parse, alice_bytes b)
{
    static const char xmp_name[] = "http://ns.adobe.com/xap/1.0/"; /* with its NUL */
    static const char photoshop_name[] = "Photoshop 3.0";          /* with its NUL */
    alice__text_memory memory;
    if (begins(b, "Exif\0\0", 6)) {
        alice__exif_block(parse->facts, (alice_bytes){b.p + 6, b.n - 6});
    } else if (begins(b, "II*\0", 4) || begins(b, "MM\0*", 4)) {
        alice__exif_block(parse->facts, b);
    } else if (begins(b, "8BIM", 4)) {
        alice__photoshop_block(parse->facts, b);
    } else if (begins(b, photoshop_name, sizeof photoshop_name)) {
        alice__photoshop_block(parse->facts, (alice_bytes){b.p + sizeof photoshop_name,
                                                           b.n - sizeof photoshop_name});
    } else if (begins(b, "\x1c", 1)) {
        alice__iptc_block(parse->facts, b);
    } else {
        size_t skip = begins(b, xmp_name, sizeof xmp_name) ? sizeof xmp_name : 0;
        if (skip > 0 || begins(b, "<", 1))
            alice__xmp(parse->facts, &parse->env,
                       alice__text_of(&memory, (alice_bytes){b.p + skip, b.n - skip}));
    }
}

static alice_status read_profile(png *g, text_source *s, const chunk *c)
{
    void *block = NULL;
    size_t room = PROFILE_MOST;
    if (!s->packed && c->n / 2 < room)
        room = (size_t)(c->n / 2) + 1;
    alice_status st = alice_env_alloc(&g->parse->env, room, ALICE_HERE, &block);
    if (st != ALICE_OK)
        return st;
    size_t n = read_hex(s, block, room);
    source_close(s); /* gives its memory back before XML takes some */
    add_profile(g->parse, (alice_bytes){block, n});
    alice_env_free(&g->parse->env, block, room);
    return ALICE_OK;
}

/* One reading of a chunk's text by what its key wants: facts first, then evidence. */
static void see_text(png *g, const chunk *c)
{
    static const char profile[] = "Raw profile type ";
    text_chunk t;
    text_source s;
    alice_status st = ALICE_OK;
    if (!read_prefix(g, c, &t))
        return;
    bool software = strcmp(t.key, "Software") == 0, date = is_creation_key(t.key);
    if (software || date) {
        st = source_open(&s, g, c, &t);
        if (st == ALICE_OK)
            add_fact(g, &s, software);
        source_close(&s);
    }
    if (st == ALICE_OK && strncmp(t.key, profile, sizeof profile - 1) == 0) {
        st = source_open(&s, g, c, &t);
        if (st == ALICE_OK)
            st = read_profile(g, &s, c);
        source_close(&s);
    } else if (st == ALICE_OK && strcmp(t.key, "XML:com.adobe.xmp") == 0) {
        st = source_open(&s, g, c, &t);
        if (st == ALICE_OK)
            alice__xmp(g->parse->facts, &g->parse->env, &s.stream);
        source_close(&s);
    } else if (st == ALICE_OK && alice__evidence_wanted(ALICE__IN_PNG, t.key)) {
        st = source_open(&s, g, c, &t);
        if (st == ALICE_OK)
            alice__evidence(g->parse->facts, ALICE__IN_PNG, t.key, &s.stream);
        source_close(&s);
    }
    if (st == ALICE_E_NOMEM || st == ALICE_E_BUDGET)
        g->parse->facts->denied = st;
    else if (st != ALICE_OK)
        g->status = st;
}

/* ---- chunks ---- */

static void see_header(png *g, const chunk *c)
{
    uint8_t room[13];
    const uint8_t *p =
        c->n >= 13 ? alice__input_at(g->parse->in, c->offset, 13, room, &g->status) : NULL;
    if (!p || g->has_header)
        return;
    g->has_header = true;
    alice__facts_size(g->parse->facts, alice__be32(p), alice__be32(p + 4));
}

static void see_chunk(png *g, const chunk *c)
{
    alice__span_range span;
    switch (c->type) {
    case TYPE('I', 'H', 'D', 'R'):
        see_header(g, c);
        break;
    case TYPE('I', 'D', 'A', 'T'):
        g->has_image = true;
        break;
    case TYPE('a', 'c', 'T', 'L'):
        g->parse->facts->info->type = ALICE_MEDIA_APNG;
        break;
    case TYPE('e', 'X', 'I', 'f'):
        g->status = alice__exif_range(g->parse, c->offset, c->n);
        break;
    case TYPE('t', 'E', 'X', 't'):
    case TYPE('z', 'T', 'X', 't'):
    case TYPE('i', 'T', 'X', 't'):
        see_text(g, c);
        break;
    case TYPE('c', 'a', 'B', 'X'):
        alice__c2pa(g->parse->facts, &g->parse->env,
                    alice__span_in(&span, g->parse->in, c->offset, c->n));
        break;
    default:
        break;
    }
}

static alice_status png_read(alice__parse *parse)
{
    png g = {.parse = parse, .text_left = TEXT_MOST};
    uint64_t at = 8, size = parse->in->size;
    bool ended = false;
    for (unsigned i = 0; i < CHUNKS_MOST && !ended && g.status == ALICE_OK; i++) {
        uint8_t room[8];
        const uint8_t *p = alice__input_at(parse->in, at, 8, room, &g.status);
        if (!p)
            break;
        uint64_t n = alice__be32(p), left = size - at - 8;
        chunk c = {.type = alice__be32(p + 4), .offset = at + 8, .n = n < left ? n : left};
        c.whole = left >= n + 4;
        ended = c.type == TYPE('I', 'E', 'N', 'D');
        see_chunk(&g, &c);
        if (!c.whole)
            break;
        at += 8 + n + 4;
    }
    if (g.status != ALICE_OK)
        return g.status;
    if (!g.has_header || !g.has_image || !ended) {
        alice__facts_warn(parse->facts, "PNG: %s",
                          !g.has_header  ? "no header"
                          : !g.has_image ? "no picture"
                                         : "cut before its end");
        return ALICE_E_DAMAGED;
    }
    if (parse->facts->denied != ALICE_OK)
        alice__facts_warn(parse->facts, "PNG: no memory to read all its texts");
    else if (g.cut_text)
        alice__facts_warn(parse->facts, "PNG: texts of more than %d MB, not read to their end",
                          TEXT_MOST / (1024 * 1024));
    else if (g.bad_crc)
        alice__facts_warn(parse->facts, "PNG: a text whose checksum is wrong");
    return ALICE_OK;
}

static alice_media_type png_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    return head.n >= 8 && memcmp(head.p, "\x89PNG\r\n\x1a\n", 8) == 0 ? ALICE_MEDIA_PNG
                                                                      : ALICE_MEDIA_NONE;
}

const alice__format alice__format_png = {"png", png_sniff, png_read};
