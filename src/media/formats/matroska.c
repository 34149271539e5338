/* SPDX-License-Identifier: MIT */
/*
 * Matroska and WebM: EBML elements, each an id, a size and its content.
 *
 *     EBML ─ DocType
 *     Segment ─┬─ SeekHead   where Info, Tracks and Tags stand
 *              ├─ Info       date, muxer, title
 *              ├─ Tracks     size
 *              ├─ Cluster …  the pictures: stepped over, never read
 *              └─ Tags       names and texts, often at the very end
 *
 * A file of 40 GB has some ten thousand clusters, and each step is a seek: with
 * a SeekHead none is taken, without one a bounded number. Segments and clusters
 * of unknown size (live recordings) end the walk where they cannot be stepped
 * over. Nothing allocates; nested tags are kept on a stack of fixed depth.
 */
#include <stdio.h>
#include <string.h>

#include "media/readahead.h"
#include "media/evidence/evidence.h"
#include "media/formats/format.h"

enum {
    ID_EBML = 0x1A45DFA3,
    ID_DOCTYPE = 0x4282,
    ID_SEGMENT = 0x18538067,
    ID_SEEKHEAD = 0x114D9B74,
    ID_SEEK = 0x4DBB,
    ID_SEEKID = 0x53AB,
    ID_SEEKPOSITION = 0x53AC,
    ID_INFO = 0x1549A966,
    ID_DATEUTC = 0x4461,
    ID_TITLE = 0x7BA9,
    ID_MUXINGAPP = 0x4D80,
    ID_WRITINGAPP = 0x5741,
    ID_TRACKS = 0x1654AE6B,
    ID_TRACKENTRY = 0xAE,
    ID_VIDEO = 0xE0,
    ID_PIXELWIDTH = 0xB0,
    ID_PIXELHEIGHT = 0xBA,
    ID_TAGS = 0x1254C367,
    ID_TAG = 0x7373,
    ID_SIMPLETAG = 0x67C8,
    ID_TAGNAME = 0x45A3,
    ID_TAGSTRING = 0x4487,
    ID_CLUSTER = 0x1F43B675
};

enum {
    ELEMENTS_IN_ALL = 20000,
    TOP_MOST = 512,      /* elements at the top that are stepped over */
    SEEK_MOST = 16,      /* places remembered of the SeekHeads */
    NEST_MOST = 8,       /* tags inside tags */
    NAME_MOST = 64,      /* bytes of a tag's name */
    VALUE_MOST = 256,    /* bytes of a date or a program's name */
    TEXT_MOST = 64 << 20 /* bytes of a text that are judged */
};

static const uint64_t unknown_size = UINT64_MAX;

typedef struct element {
    uint32_t id;
    uint64_t at, body, end; /* end: not past its parent */
    bool unknown;           /* of unknown size: end is its parent's */
    bool cut;
} element;

typedef struct mkv {
    alice__parse *parse;
    unsigned left;  /* elements that may still be looked at */
    uint64_t start; /* of the segment's content: positions count from there */
    uint64_t end;
    struct {
        uint32_t id;
        uint64_t at;
    } seek[SEEK_MOST];
    unsigned seeks;
    bool seek_tags; /* a SeekHead says where Tags are */
    bool info, tracks, tags;
    uint64_t width, height;
    alice_status status;
} mkv;

/* ---- elements ---- */

static size_t peek(mkv *m, uint64_t at, uint64_t end, void *to, size_t n)
{
    return alice__input_copy(m->parse->in, at, end, to, n, &m->status);
}

/* How many bytes a number takes by its first byte: 1 to 8, 0: none. */
static unsigned vint_length(uint8_t first)
{
    for (unsigned n = 1; n <= 8; n++) {
        if (first & (0x80 >> (n - 1)))
            return n;
    }
    return 0;
}

static bool next_element(mkv *m, uint64_t at, uint64_t end, element *e)
{
    uint8_t p[12];
    if (m->left == 0 || m->status != ALICE_OK)
        return false;
    m->left--;
    size_t n = peek(m, at, end, p, sizeof p);
    unsigned id_n = n ? vint_length(p[0]) : 0;
    if (id_n == 0 || id_n > 4 || n < id_n + 1)
        return false;
    uint32_t id = 0;
    for (unsigned i = 0; i < id_n; i++)
        id = id << 8 | p[i];

    unsigned size_n = vint_length(p[id_n]);
    if (size_n == 0 || n < id_n + size_n)
        return false;
    uint64_t size = p[id_n] & ((0x80u >> (size_n - 1)) - 1), ones = (0x80u >> (size_n - 1)) - 1;
    for (unsigned i = 1; i < size_n; i++) {
        size = size << 8 | p[id_n + i];
        ones = ones << 8 | 0xff;
    }
    if (size == ones)
        size = unknown_size;

    uint64_t body = at + id_n + size_n;
    *e = (element){.id = id, .at = at, .body = body, .end = end};
    e->unknown = size == unknown_size;
    e->cut = !e->unknown && size > end - body;
    if (!e->unknown && !e->cut)
        e->end = body + size;
    return true;
}

static uint64_t number(mkv *m, const element *e)
{
    uint8_t p[8];
    uint64_t v = 0;
    size_t n = peek(m, e->body, e->end, p, sizeof p);
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static alice_media_type matroska_sniff(alice_bytes head, uint64_t file_size)
{
    alice__input in = alice__input_of(head);
    alice__parse parse = {.in = &in};
    mkv m = {.parse = &parse, .left = 64};
    element ebml, e;
    (void)file_size;
    if (!next_element(&m, 0, head.n, &ebml) || ebml.id != ID_EBML)
        return ALICE_MEDIA_NONE;
    for (uint64_t at = ebml.body; at < ebml.end && next_element(&m, at, ebml.end, &e);
         at = e.end) {
        char type[9] = "";
        if (e.id != ID_DOCTYPE)
            continue;
        peek(&m, e.body, e.end, type, sizeof type - 1);
        return strcmp(type, "webm") == 0       ? ALICE_MEDIA_WEBM
               : strcmp(type, "matroska") == 0 ? ALICE_MEDIA_MKV
                                               : ALICE_MEDIA_NONE;
    }
    return ALICE_MEDIA_NONE;
}

/* ---- what stands in it ---- */

static void add_text(mkv *m, alice_fact fact, unsigned rank, const char *from, const element *e)
{
    char text[VALUE_MOST];
    size_t n = peek(m, e->body, e->end, text, sizeof text);
    alice__facts_text(m->parse->facts, fact, rank, from, text, n);
}

static void add_evidence(mkv *m, const char *key, const element *e)
{
    alice__text_range range;
    if (alice__evidence_wanted(ALICE__IN_MATROSKA, key))
        alice__evidence(
            m->parse->facts, ALICE__IN_MATROSKA, key,
            alice__text_in(&range, m->parse->in, e->body,
                           e->end - e->body < TEXT_MOST ? e->end - e->body : TEXT_MOST,
                           m->parse->scratch, ALICE__SCRATCH));
}

/* Nanoseconds since 2001-01-01. */
static void add_date(mkv *m, const element *e)
{
    static const int64_t year_2001 = 978307200;
    if (e->end - e->body > 8)
        return;
    uint64_t bits = number(m, e);
    size_t n = (size_t)(e->end - e->body);
    if (n > 0 && n < 8 && bits >> (8 * n - 1)) /* a short negative number */
        bits |= ~(uint64_t)0 << (8 * n);
    int64_t ns = bits <= INT64_MAX ? (int64_t)bits : -(int64_t)(~bits) - 1;
    int64_t s = ns / 1000000000 - (ns % 1000000000 < 0);
    char raw[40];
    snprintf(raw, sizeof raw, "%lld ns since 2001", (long long)ns);
    alice__facts_date_unix(m->parse->facts, ALICE_DATE_MATROSKA, year_2001 + s, raw);
}

static void read_info(mkv *m, const element *info)
{
    element e;
    for (uint64_t at = info->body; at < info->end && next_element(m, at, info->end, &e);
         at = e.end) {
        switch (e.id) {
        case ID_DATEUTC:
            add_date(m, &e);
            break;
        case ID_WRITINGAPP:
            add_text(m, ALICE_FACT_SOFTWARE, ALICE__RANK_CONTAINER, "matroska:WritingApp", &e);
            add_evidence(m, "WritingApp", &e);
            break;
        case ID_MUXINGAPP:
            add_text(m, ALICE_FACT_SOFTWARE, ALICE__RANK_TEXT, "matroska:MuxingApp", &e);
            break;
        case ID_TITLE:
            add_evidence(m, "TITLE", &e);
            break;
        default:
            break;
        }
    }
}

static void read_video(mkv *m, const element *video)
{
    element e;
    uint64_t width = 0, height = 0;
    for (uint64_t at = video->body; at < video->end && next_element(m, at, video->end, &e);
         at = e.end) {
        if (e.id == ID_PIXELWIDTH)
            width = number(m, &e);
        else if (e.id == ID_PIXELHEIGHT)
            height = number(m, &e);
    }
    if (width <= UINT32_MAX && height <= UINT32_MAX && width * height > m->width * m->height) {
        m->width = width;
        m->height = height;
    }
}

static void read_tracks(mkv *m, const element *tracks)
{
    element track, e;
    for (uint64_t at = tracks->body;
         at < tracks->end && next_element(m, at, tracks->end, &track); at = track.end) {
        if (track.id != ID_TRACKENTRY)
            continue;
        for (uint64_t in = track.body; in < track.end && next_element(m, in, track.end, &e);
             in = e.end) {
            if (e.id == ID_VIDEO)
                read_video(m, &e);
        }
    }
}

/* ---- tags ---- */

/* Names are capitals by custom; programs write what they like. */
static bool name_is(const char *name, const char *want)
{
    for (; *name && *want; name++, want++) {
        char c = *name >= 'a' && *name <= 'z' ? (char)(*name - 32) : *name;
        if (c != *want)
            return false;
    }
    return *name == *want;
}

static void add_tag(mkv *m, const char *name, const element *value)
{
    static const struct {
        const char *name, *from;
        int fact; /* -1: a date */
    } known[] = {
        {"DATE_RECORDED", NULL, -1},
        {"DATE_DIGITIZED", NULL, -1},
        {"CREATION_TIME", NULL, -1},
        {"COM.APPLE.QUICKTIME.CREATIONDATE", NULL, -1},
        {"DATE", NULL, -1},
        {"COM.APPLE.QUICKTIME.MAKE", "matroska:make", ALICE_FACT_MAKE},
        {"COM.APPLE.QUICKTIME.MODEL", "matroska:model", ALICE_FACT_MODEL},
        {"COM.ANDROID.MANUFACTURER", "matroska:make", ALICE_FACT_MAKE},
        {"COM.ANDROID.MODEL", "matroska:model", ALICE_FACT_MODEL},
        {"MAKE", "matroska:make", ALICE_FACT_MAKE},
        {"MODEL", "matroska:model", ALICE_FACT_MODEL},
        {"COM.APPLE.QUICKTIME.CONTENT.IDENTIFIER", "matroska:content.identifier",
         ALICE_FACT_CONTENT_ID},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!name_is(name, known[i].name))
            continue;
        if (known[i].fact >= 0) {
            add_text(m, (alice_fact)known[i].fact, ALICE__RANK_CONTAINER, known[i].from, value);
            break;
        }
        char text[VALUE_MOST];
        size_t n = peek(m, value->body, value->end, text, 40);
        if (n >= 10) /* a year alone is when it came out */
            alice__facts_date_text(m->parse->facts, ALICE_DATE_MATROSKA, text, n);
        return;
    }
    add_evidence(m, name, value);
}

/* A SimpleTag that is open: the name may come after the text, so it is told at its end. */
typedef struct open_tag {
    uint64_t end;
    element value; /* id 0: none yet */
    char name[NAME_MOST];
} open_tag;

static void read_tag(mkv *m, const element *tag)
{
    open_tag open[NEST_MOST];
    unsigned depth = 0;
    uint64_t at = tag->body;
    for (;;) {
        element e;
        uint64_t end = depth ? open[depth - 1].end : tag->end;
        if (at >= end || !next_element(m, at, end, &e)) {
            if (depth == 0)
                return;
            open_tag *done = &open[--depth];
            if (done->name[0] && done->value.id)
                add_tag(m, done->name, &done->value);
            at = done->end;
            continue;
        }
        at = e.end;
        if (e.id == ID_SIMPLETAG && depth < NEST_MOST) {
            open[depth++] = (open_tag){.end = e.end};
            at = e.body;
        } else if (depth && e.id == ID_TAGNAME) {
            open_tag *o = &open[depth - 1];
            memset(o->name, 0, sizeof o->name);
            peek(m, e.body, e.end, o->name, sizeof o->name - 1);
        } else if (depth && e.id == ID_TAGSTRING) {
            open[depth - 1].value = e;
        }
    }
}

static void read_tags(mkv *m, const element *tags)
{
    element e;
    for (uint64_t at = tags->body; at < tags->end && next_element(m, at, tags->end, &e);
         at = e.end) {
        if (e.id == ID_TAG)
            read_tag(m, &e);
    }
}

/* ---- the segment ---- */

static void read_seek_head(mkv *m, const element *head)
{
    element seek, e;
    for (uint64_t at = head->body; at < head->end && next_element(m, at, head->end, &seek);
         at = seek.end) {
        if (seek.id != ID_SEEK)
            continue;
        uint64_t id = 0, position = UINT64_MAX;
        for (uint64_t in = seek.body; in < seek.end && next_element(m, in, seek.end, &e);
             in = e.end) {
            if (e.id == ID_SEEKID)
                id = number(m, &e);
            else if (e.id == ID_SEEKPOSITION)
                position = number(m, &e);
        }
        for (unsigned i = 0; i < m->seeks; i++) {
            if (m->seek[i].at - m->start == position)
                id = 0; /* told already */
        }
        bool wanted = id == ID_INFO || id == ID_TRACKS || id == ID_TAGS || id == ID_SEEKHEAD;
        if (wanted && position < m->end - m->start && m->seeks < SEEK_MOST) {
            m->seek[m->seeks].id = (uint32_t)id;
            m->seek[m->seeks++].at = m->start + position;
            m->seek_tags |= id == ID_TAGS;
        }
    }
}

/* True when it was one that says something. */
static bool read_top(mkv *m, const element *e)
{
    switch (e->id) {
    case ID_INFO:
        if (!m->info)
            read_info(m, e);
        m->info = true;
        return true;
    case ID_TRACKS:
        if (!m->tracks)
            read_tracks(m, e);
        m->tracks = true;
        return true;
    case ID_TAGS:
        read_tags(m, e);
        m->tags = true;
        return true;
    default:
        return false;
    }
}

/* Step through the segment from its start, as far as it takes. */
static void read_forward(mkv *m)
{
    element e;
    uint64_t at = m->start;
    bool clusters = false;
    for (unsigned i = 0; i < TOP_MOST && at < m->end && next_element(m, at, m->end, &e); i++) {
        if (e.id == ID_SEEKHEAD)
            read_seek_head(m, &e);
        else if (e.id != ID_TAGS || !m->seek_tags)
            read_top(m, &e); /* else the seek list will come to it */
        clusters |= e.id == ID_CLUSTER;
        if (e.unknown)
            break;
        if (clusters && (m->seek_tags || e.cut))
            break;
        if (e.cut) {
            alice__facts_damaged(m->parse->facts,
                                 "cut short: an element claims more than the file has");
            break;
        }
        at = e.end;
    }
}

static alice_status matroska_read_ahead(alice__parse *parse)
{
    mkv m = {.parse = parse, .left = ELEMENTS_IN_ALL};
    element e;
    if (!next_element(&m, 0, parse->in->size, &e) || e.id != ID_EBML)
        return m.status != ALICE_OK ? m.status : ALICE_E_DAMAGED;
    uint64_t at = e.end;
    for (unsigned i = 0; i < 8 && e.id != ID_SEGMENT; i++) {
        if (!next_element(&m, at, parse->in->size, &e)) {
            alice__facts_warn(parse->facts, "no segment");
            return m.status != ALICE_OK ? m.status : ALICE_E_DAMAGED;
        }
        at = e.end;
    }
    if (e.id != ID_SEGMENT)
        return ALICE_E_DAMAGED;
    if (e.cut)
        alice__facts_damaged(parse->facts,
                             "cut short: the segment claims more than the file has");
    m.start = e.body;
    m.end = e.end;

    read_forward(&m);
    for (unsigned i = 0; i < m.seeks; i++) { /* a SeekHead may add to the list */
        bool known =
            (m.seek[i].id == ID_INFO && m.info) || (m.seek[i].id == ID_TRACKS && m.tracks);
        if (known || !next_element(&m, m.seek[i].at, m.end, &e) || e.id != m.seek[i].id)
            continue;
        if (e.id == ID_SEEKHEAD)
            read_seek_head(&m, &e);
        else
            read_top(&m, &e);
    }
    alice__facts_size(parse->facts, m.width, m.height);
    if (m.status == ALICE_OK && !m.info && !m.tracks)
        return ALICE_E_DAMAGED;
    return m.status;
}

static alice_status matroska_read(alice__parse *parse)
{
    alice__readahead ahead;
    alice__parse ahead_parse = *parse;
    alice__readahead_open(&ahead, parse->in);
    ahead_parse.in = &ahead.input;
    return alice__readahead_end(&ahead, matroska_read_ahead(&ahead_parse));
}

const alice__format alice__format_matroska = {
    .name = "matroska", .sniff = matroska_sniff, .read = matroska_read};
