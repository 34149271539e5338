/* SPDX-License-Identifier: MIT */
/*
 * The movie header of MP4, MOV, M4V, 3GP and CR3: when, how big, and where the
 * words about it stand.
 *
 *     moov ─┬─ mvhd                 creation time
 *           ├─ trak ─┬─ tkhd        size and turn
 *           │        └─ mdia ─ hdlr what it carries; minf ─ stbl ─ stsd: coded size
 *           ├─ udta, meta           movie_tags.c
 *           └─ uuid                 XMP, content credentials, Canon's EXIF
 */
#include "media/formats/bmff_file.h"
#include "media/formats/movie.h"
#include "media/formats/movie_tags.h"

#include <stdio.h>
#include <string.h>

/* Seconds from 1904-01-01, where these files count from, to 1970-01-01. */
static const int64_t epoch_1904 = 2082844800;
/* No camera wrote such files before: an earlier date is a count from 1970 by mistake. */
static const int64_t year_1980 = 315532800;

static void add_date(alice__facts *f, uint64_t time)
{
    char raw[40];
    snprintf(raw, sizeof raw, "%llu", (unsigned long long)time);
    int64_t t = time < INT64_MAX / 2 ? (int64_t)time : INT64_MAX / 2;
    int64_t unix_s = t - epoch_1904;
    if (unix_s < year_1980 && t >= year_1980 && t / 86400 <= f->latest_day)
        unix_s = t;
    alice__facts_date_unix(f, ALICE_DATE_MVHD, unix_s, raw);
}

/* The creation time behind version and flags, of mvhd and tkhd alike. False: it is not there.
 */
static bool creation_time(const uint8_t *p, size_t n, uint64_t *time)
{
    if (n < 12)
        return false;
    *time = p[0] == 1 ? alice__be64(p + 4) : alice__be32(p + 4);
    return true;
}

/* Seconds, of mvhd; 0: unknown. */
static uint32_t running_time(const uint8_t *p)
{
    uint32_t scale = alice__be32(p + (p[0] == 1 ? 20 : 12));
    uint64_t n = p[0] == 1 ? alice__be64(p + 24) : alice__be32(p + 16);
    return scale == 0 || n / scale > UINT16_MAX ? 0 : (uint32_t)(n / scale);
}

/* ---- tracks ---- */

typedef struct track {
    uint64_t width, height;
    bool turned;
    uint32_t kind; /* of hdlr: vide, soun, … */
} track;

static void read_tkhd(alice__bmff *b, const alice__box *box, track *t)
{
    uint8_t p[96];
    size_t n = alice__peek(b->parse->in, box->body, box->end, p, sizeof p);
    uint64_t time;
    if (creation_time(p, n, &time) && time && time <= UINT32_MAX && !b->second_date)
        b->second_date = (uint32_t)time;

    size_t matrix = p[0] == 1 ? 52 : 40;
    if (n < matrix + 44)
        return;
    /* a b u, c d v, x y w: a quarter turn has only b and c */
    const uint8_t *m = p + matrix;
    t->turned = alice__be32(m) == 0 && alice__be32(m + 16) == 0 && alice__be32(m + 4) != 0 &&
                alice__be32(m + 12) != 0;
    t->width = alice__be32(m + 36) >> 16;
    t->height = alice__be32(m + 40) >> 16;
}

/* Width and height as coded, for tracks whose header says none. */
static void read_stsd(alice__bmff *b, const alice__box *mdia, track *t)
{
    static const uint32_t way[] = {ALICE__BOX('m', 'i', 'n', 'f'),
                                   ALICE__BOX('s', 't', 'b', 'l'),
                                   ALICE__BOX('s', 't', 's', 'd')};
    alice__box box = *mdia;
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        alice__box inner;
        if (!alice__box_find(b->parse->in, box.body, box.end, way[i], &b->left, &inner))
            return;
        box = inner;
    }
    /* version and count; an entry's header; reserved, references, versions: then the size */
    uint8_t p[8 + 8 + 8 + 16 + 4];
    if (alice__peek(b->parse->in, box.body, box.end, p, sizeof p) == sizeof p) {
        t->width = alice__be16(p + 40);
        t->height = alice__be16(p + 42);
    }
}

static void read_mdia(alice__bmff *b, const alice__box *mdia, track *t)
{
    alice__box hdlr;
    uint8_t p[12];
    if (alice__box_find(b->parse->in, mdia->body, mdia->end, ALICE__BOX('h', 'd', 'l', 'r'),
                        &b->left, &hdlr) &&
        alice__peek(b->parse->in, hdlr.body, hdlr.end, p, sizeof p) == sizeof p)
        t->kind = alice__be32(p + 8);
    if (t->kind == ALICE__BOX('v', 'i', 'd', 'e') && (!t->width || !t->height))
        read_stsd(b, mdia, t);
}

static alice_status read_trak(alice__bmff *b, const alice__box *trak)
{
    track t = {0};
    alice__box box;
    alice__boxes w = alice__boxes_in(b->parse->in, trak->body, trak->end, &b->left);
    while (alice__boxes_next(&w, &box)) {
        switch (box.type) {
        case ALICE__BOX('t', 'k', 'h', 'd'):
            read_tkhd(b, &box, &t);
            break;
        case ALICE__BOX('m', 'd', 'i', 'a'):
            read_mdia(b, &box, &t);
            break;
        case ALICE__BOX('u', 'd', 't', 'a'):
            alice__movie_udta(b, &box);
            break;
        case ALICE__BOX('m', 'e', 't', 'a'):
            alice__movie_meta(b, &box);
            break;
        default:
            break;
        }
    }
    bool shows = t.kind == ALICE__BOX('v', 'i', 'd', 'e') ||
                 t.kind == ALICE__BOX('p', 'i', 'c', 't') || t.kind == 0;
    if (shows && t.width * t.height > b->width * b->height) {
        b->width = t.turned ? t.height : t.width;
        b->height = t.turned ? t.width : t.height;
    }
    return w.status;
}

/* ---- the movie ---- */

alice_status alice__movie_moov(alice__bmff *b, const alice__box *moov)
{
    alice_status st = ALICE_OK;
    uint64_t time = 0;
    bool dated = false;
    alice__box box;
    alice__boxes w = alice__boxes_in(b->parse->in, moov->body, moov->end, &b->left);
    while (st == ALICE_OK && alice__boxes_next(&w, &box)) {
        uint8_t p[32];
        size_t n;
        switch (box.type) {
        case ALICE__BOX('m', 'v', 'h', 'd'):
            n = alice__peek(b->parse->in, box.body, box.end, p, sizeof p);
            dated = creation_time(p, n, &time);
            if (dated)
                add_date(b->parse->facts, time);
            if (n == sizeof p)
                b->parse->facts->film_s = running_time(p);
            break;
        case ALICE__BOX('t', 'r', 'a', 'k'):
            st = read_trak(b, &box);
            break;
        case ALICE__BOX('u', 'd', 't', 'a'):
            alice__movie_udta(b, &box);
            break;
        case ALICE__BOX('m', 'e', 't', 'a'):
            alice__movie_meta(b, &box);
            break;
        case ALICE__BOX('u', 'u', 'i', 'd'):
            st = alice__bmff_uuid(b, &box);
            break;
        case ALICE__BOX('c', 'm', 'o', 'v'):
            alice__facts_warn(b->parse->facts, "compressed movie header: not read");
            break;
        default:
            break;
        }
        if (box.cut)
            alice__facts_damaged(b->parse->facts, "cut short in the movie header");
    }
    if (time == 0 && b->second_date)
        add_date(b->parse->facts, b->second_date);
    return st != ALICE_OK ? st : w.status;
}
