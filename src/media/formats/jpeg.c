/* SPDX-License-Identifier: MIT */
/*
 * JPEG: the segments before the scan. What fits a segment is read from one; what
 * was too long for one is put together again without holding it:
 *
 *     SOI │APP1 Exif│APP1 XMP│APP1 XMP+ …│APP11 JUMBF …│APP13 8BIM …│SOF│…│SOS▒▒▒▒
 *
 *  - extended XMP: a text stream that looks up piece after piece by GUID and offset;
 *  - C2PA: a span reader that walks the APP11 segments of one box;
 *  - Photoshop resources: joined in a block of 128 KB at most.
 *
 * Segments are bounded in number. One segment is at most 64 KB, which the parse's scratch
 * holds. The coded data is looked at only where the file ends, to see whether it was cut.
 */
#include "media/blocks/blocks.h"
#include "media/evidence/evidence.h"
#include "media/formats/afcp.h"
#include "media/formats/crw.h"
#include "media/formats/format.h"

#include <string.h>

enum {
    SEGMENTS_MOST = 20000,
    JUNK_MOST = 4096,       /* bytes that do not belong, between two segments */
    RESTARTS_MOST = 64,     /* how often a scattered extended XMP is searched from its start */
    PACKET_NAME_MOST = 128, /* bytes before a packet of XMP that has a strange name */
    BOXES_MOST = 4,         /* JUMBF boxes of one file */
    JOINED_MOST = 128 * 1024, /* Photoshop resources of several segments */
    TAIL = 4096               /* bytes before the file's end that show whether it was cut */
};

enum {
    M_SOF0 = 0xc0,
    M_DHT = 0xc4,
    M_JPG = 0xc8,
    M_DAC = 0xcc,
    M_SOF15 = 0xcf,
    M_RST0 = 0xd0,
    M_SOI = 0xd8,
    M_EOI = 0xd9,
    M_SOS = 0xda,
    M_DQT = 0xdb,
    M_DRI = 0xdd,
    M_APP0 = 0xe0,
    M_APP1 = 0xe1,
    M_APP11 = 0xeb,
    M_APP13 = 0xed,
    M_COM = 0xfe,
    M_TEM = 0x01
};

/* Names with their NUL. */
static const char xmp_name[] = "http://ns.adobe.com/xap/1.0/";
static const char more_name[] = "http://ns.adobe.com/xmp/extension/";
static const char photoshop_name[] = "Photoshop 3.0";
static const char photoshop_old_name[] = "Adobe_Photoshop2.5:";

enum { GUID = 32, MORE_HEAD = sizeof more_name + GUID + 8, JUMBF_HEAD = 8, BOX_HEAD = 8 };

/* ---- segments ---- */

typedef struct segment {
    unsigned marker;
    uint64_t offset; /* of the content, after the length */
    size_t n;        /* of the content */
} segment;

typedef struct segments {
    const alice__input *in;
    uint64_t at; /* of the next marker */
    unsigned left;
    bool junk;
    unsigned last; /* the marker met last; 0: none where one has to be */
    alice_status status;
} segments;

static segments segments_from(const alice__input *in, uint64_t at)
{
    return (segments){.in = in, .at = at, .left = SEGMENTS_MOST};
}

/* Find the next marker; fill bytes and what does not belong are passed over. */
static unsigned next_marker(segments *s)
{
    uint8_t room[64];
    bool after_ff = false;
    for (unsigned passed = 0; passed < JUNK_MOST;) {
        uint64_t left = s->in->size > s->at ? s->in->size - s->at : 0;
        /* Usually a marker stands right here: do not ask for more than it. */
        size_t n = passed == 0 ? 2 : sizeof room;
        n = left < n ? (size_t)left : n;
        const uint8_t *p = n > 0 ? alice__input_at(s->in, s->at, n, room, &s->status) : NULL;
        if (!p)
            return 0;
        for (size_t i = 0; i < n; i++) {
            if (p[i] == 0xff) {
                after_ff = true;
            } else if (after_ff && p[i] != 0) {
                s->at += i + 1;
                return p[i];
            } else {
                after_ff = false;
                s->junk = true;
            }
        }
        s->at += n;
        passed += (unsigned)n;
    }
    return 0;
}

/* The next segment with content. False: the scan, the end, or nothing that makes sense. */
static bool next_segment(segments *s, segment *out)
{
    uint8_t room[2];
    while (s->left > 0 && s->status == ALICE_OK) {
        unsigned marker = next_marker(s);
        s->left--;
        s->last = marker;
        if (marker == 0 || marker == M_EOI || marker == M_SOS)
            return false;
        if (marker == M_TEM || (marker >= M_RST0 && marker <= M_SOI))
            continue;
        const uint8_t *p = alice__input_at(s->in, s->at, 2, room, &s->status);
        unsigned length = p ? alice__be16(p) : 0;
        if (length < 2)
            return false;
        *out = (segment){marker, s->at + 2, length - 2};
        s->at += length;
        return true;
    }
    return false;
}

/* ---- extended XMP ---- */

typedef struct xmp_pieces {
    alice__text_stream stream;
    alice__parse *parse;
    segments at;
    uint64_t first; /* of the first piece's marker */
    uint32_t got;   /* bytes handed out: the offset of the piece that is wanted */
    unsigned restarts;
    char guid[GUID];
} xmp_pieces;

static bool is_wanted(const xmp_pieces *x, const uint8_t *p)
{
    return memcmp(p, more_name, sizeof more_name) == 0 &&
           memcmp(p + sizeof more_name, x->guid, GUID) == 0 &&
           alice__be32(p + sizeof more_name + GUID + 4) == x->got;
}

/* Find the piece that is wanted; mostly it is the next segment, else searched from the start.
 */
static bool next_piece(xmp_pieces *x, segment *s)
{
    uint8_t room[MORE_HEAD];
    bool again = false;
    for (;;) {
        while (next_segment(&x->at, s)) {
            const uint8_t *p = NULL;
            if (s->marker == M_APP1 && s->n > MORE_HEAD)
                p = alice__input_at(x->parse->in, s->offset, MORE_HEAD, room, &x->at.status);
            if (p && is_wanted(x, p))
                return true;
        }
        if (again || x->at.status != ALICE_OK || x->restarts == RESTARTS_MOST)
            return false;
        again = true;
        x->restarts++;
        x->at = segments_from(x->parse->in, x->first);
    }
}

static alice_status pieces_next(alice__text_stream *stream, alice_bytes *window)
{
    xmp_pieces *x = stream->ctx;
    segment s;
    *window = (alice_bytes){0};
    if (!next_piece(x, &s))
        return x->at.status;

    size_t n = s.n - MORE_HEAD;
    const uint8_t *p = alice__input_at(x->parse->in, s.offset + MORE_HEAD, n, x->parse->scratch,
                                       &x->at.status);
    if (!p)
        return x->at.status;
    x->got += (uint32_t)n;
    *window = (alice_bytes){p, n};
    return ALICE_OK;
}

/* ---- C2PA over APP11 ---- */

typedef struct jumbf_box {
    unsigned id;
    uint64_t first; /* of the first piece's marker */
    uint64_t size;  /* of all its pieces */
} jumbf_box;

typedef struct jumbf_pieces {
    alice__span_reader reader;
    const alice__input *in;
    const jumbf_box *box;
    segments at;
    uint32_t sequence;  /* of the piece under the cursor; 0: none yet */
    uint64_t start;     /* of its bytes in the box */
    uint64_t offset, n; /* of its bytes in the file */
} jumbf_pieces;

/* What stands before the box's bytes in each piece; false: not a piece of a box. */
static bool read_piece_head(const alice__input *in, const segment *s, unsigned *id,
                            uint32_t *sequence, alice_status *status)
{
    uint8_t room[JUMBF_HEAD];
    if (s->marker != M_APP11 || s->n < JUMBF_HEAD + BOX_HEAD)
        return false;
    const uint8_t *p = alice__input_at(in, s->offset, JUMBF_HEAD, room, status);
    if (!p || p[0] != 'J' || p[1] != 'P')
        return false;
    *id = alice__be16(p + 2);
    *sequence = alice__be32(p + 4);
    return true;
}

static void rewind_pieces(jumbf_pieces *j)
{
    j->at = segments_from(j->in, j->box->first);
    j->sequence = 0;
    j->start = j->n = 0;
}

static bool next_box_piece(jumbf_pieces *j)
{
    segment s;
    while (next_segment(&j->at, &s)) {
        unsigned id = 0;
        uint32_t sequence = 0;
        if (!read_piece_head(j->in, &s, &id, &sequence, &j->at.status) || id != j->box->id)
            continue;
        if (j->sequence != 0 && sequence != j->sequence + 1)
            return false; /* one is missing: what follows would be garbage */
        uint64_t skip = JUMBF_HEAD + (j->sequence != 0 ? BOX_HEAD : 0);
        j->start += j->n;
        j->offset = s.offset + skip;
        j->n = s.n - skip;
        j->sequence = sequence;
        return true;
    }
    return false;
}

static alice_status jumbf_read(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    jumbf_pieces *j = ctx;
    *got = 0;
    if (offset < j->start)
        rewind_pieces(j);
    while (*got < n) {
        uint64_t want = offset + *got;
        if (want >= j->start + j->n) {
            if (!next_box_piece(j))
                return j->at.status;
            continue;
        }
        uint64_t here = j->start + j->n - want;
        size_t now = n - *got < here ? n - *got : (size_t)here;
        uint8_t *out = (uint8_t *)to + *got;
        const uint8_t *p =
            alice__input_at(j->in, j->offset + (want - j->start), now, out, &j->at.status);
        if (!p)
            return j->at.status;
        if (p != out)
            memcpy(out, p, now);
        *got += now;
    }
    return ALICE_OK;
}

/* ---- what a file has ---- */

typedef struct jpeg {
    alice__parse *parse;
    bool sized;
    uint64_t more_first; /* of the first segment of extended XMP; 0: none */
    bool has_guid;
    char guid[GUID];
    unsigned boxes;
    jumbf_box box[BOXES_MOST];
    unsigned photoshop_count;
    uint64_t photoshop_first;
    size_t photoshop_size;
} jpeg;

static uint64_t marker_of(const segment *s)
{
    return s->offset - 4;
}

static bool begins(alice_bytes b, const char *name, size_t n)
{
    return b.n >= n && memcmp(b.p, name, n) == 0;
}

/* Where the TIFF header begins after "Exif\0\0", which some writers misspell or move; 0: no
 * EXIF. */
static size_t exif_start(alice_bytes b)
{
    for (size_t i = 0; i <= 4 && i + 6 <= b.n; i++) {
        const uint8_t *p = b.p + i;
        if ((p[0] | 32) == 'e' && (p[1] | 32) == 'x' && (p[2] | 32) == 'i' &&
            (p[3] | 32) == 'f' && p[4] == 0)
            return i + 6;
    }
    return 0;
}

/* The name under which the rest of the packet stands in extended XMP. */
static void find_guid(jpeg *j, alice_bytes packet)
{
    static const char key[] = "HasExtendedXMP";
    enum { KEY = sizeof key - 1 };
    if (packet.n < KEY + 16 + GUID)
        return;
    const uint8_t *at = packet.p, *last = packet.p + packet.n - (KEY + 16 + GUID);
    for (; at <= last && !j->has_guid; at++) {
        at = memchr(at, 'H', (size_t)(last - at) + 1);
        if (!at)
            return;
        if (memcmp(at, key, KEY) != 0)
            continue;
        /* An attribute (="…") or an element (>…). */
        const uint8_t *p = at + KEY, *end = p + 16;
        while (p < end && *p != '"' && *p != '\'' && *p != '>')
            p++;
        if (p == end)
            continue;
        memcpy(j->guid, p + 1, GUID);
        j->has_guid = true;
    }
}

/* Where a packet of XMP begins, and 1, that some programs write under another name, or under
 * none; 0: nowhere. */
static size_t packet_start(alice_bytes b)
{
    static const char *const starts[] = {"<?xpacket", "<x:xmpmeta", "<rdf:RDF"};
    for (size_t at = 0; at < b.n && at < PACKET_NAME_MOST; at++)
        for (size_t i = 0; b.p[at] == '<' && i < sizeof starts / sizeof *starts; i++) {
            size_t n = strlen(starts[i]);
            if (b.n - at > n && memcmp(b.p + at, starts[i], n) == 0)
                return at + 1;
        }
    return 0;
}

static void see_app1(jpeg *j, const segment *s, alice_bytes b)
{
    alice__text_memory memory;
    size_t tiff = exif_start(b);
    if (tiff > 0) {
        alice__exif_block(j->parse->facts, (alice_bytes){b.p + tiff, b.n - tiff});
    } else if (begins(b, "II*\0", 4) || begins(b, "MM\0*", 4)) {
        alice__exif_block(j->parse->facts, b); /* without its name */
    } else if (begins(b, xmp_name, sizeof xmp_name - 1)) {
        /* The NUL after the name is missing now and then. */
        size_t skip = sizeof xmp_name - 1;
        while (skip < b.n && b.p[skip] == 0)
            skip++;
        alice_bytes packet = {b.p + skip, b.n - skip};
        find_guid(j, packet);
        alice__xmp(j->parse->facts, &j->parse->env, alice__text_of(&memory, packet));
    } else if (begins(b, more_name, sizeof more_name)) {
        if (b.n <= MORE_HEAD || j->more_first)
            return;
        j->more_first = marker_of(s);
        if (!j->has_guid)
            memcpy(j->guid, b.p + sizeof more_name, GUID);
    } else if (packet_start(b) > 0) {
        size_t skip = packet_start(b) - 1;
        alice_bytes packet = {b.p + skip, b.n - skip};
        alice__xmp(j->parse->facts, &j->parse->env, alice__text_of(&memory, packet));
    }
}

static void see_app11(jpeg *j, const segment *s, alice_status *status)
{
    unsigned id = 0;
    uint32_t sequence = 0;
    if (!read_piece_head(j->parse->in, s, &id, &sequence, status))
        return;
    for (unsigned i = 0; i < j->boxes; i++) {
        if (j->box[i].id == id) {
            j->box[i].size += s->n - JUMBF_HEAD - BOX_HEAD;
            return;
        }
    }
    if (j->boxes < BOXES_MOST)
        j->box[j->boxes++] = (jumbf_box){id, marker_of(s), s->n - JUMBF_HEAD};
}

/* Where Photoshop's resources begin in an APP13; 0: it holds something else. */
static size_t photoshop_start(alice_bytes b)
{
    if (begins(b, photoshop_name, sizeof photoshop_name))
        return sizeof photoshop_name;
    if (begins(b, photoshop_old_name, sizeof photoshop_old_name - 1))
        return sizeof photoshop_old_name - 1;
    return 0;
}

static bool is_sof(unsigned marker)
{
    return marker >= M_SOF0 && marker <= M_SOF15 && marker != M_DHT && marker != M_JPG &&
           marker != M_DAC;
}

static void see_sof(jpeg *j, alice_bytes b)
{
    alice__cur c = alice__cur_of(b.p, b.n);
    alice__cur_skip(&c, 1); /* bits of a sample */
    unsigned height = alice__cur_be16(&c), width = alice__cur_be16(&c);
    if (c.bad)
        return;
    j->sized = true;
    alice__facts_size(j->parse->facts, width, height);
}

static void see_segment(jpeg *j, const segment *s, alice_status *status)
{
    alice__parse *parse = j->parse;
    if (s->marker == M_APP11) {
        see_app11(j, s, status);
        return;
    }
    if (s->marker != M_APP0 && s->marker != M_APP1 && s->marker != M_APP13 &&
        s->marker != M_COM && !is_sof(s->marker))
        return;
    const uint8_t *p = alice__input_at(parse->in, s->offset, s->n, parse->scratch, status);
    alice_bytes b = {p, s->n};
    if (!p || s->n == 0)
        return;
    if (s->marker == M_APP0) {
        if (b.n >= 14 && memcmp(b.p, "II", 2) == 0 && memcmp(b.p + 6, "HEAPJPGM", 8) == 0)
            *status =
                alice__crw_heap(parse, s->offset + alice__le32(b.p + 2), s->offset + s->n);
    } else if (s->marker == M_APP1) {
        see_app1(j, s, b);
    } else if (s->marker == M_COM) {
        alice__evidence_text(parse->facts, ALICE__IN_JPEG, "Comment", (const char *)b.p, b.n);
    } else if (s->marker == M_APP13) {
        size_t skip = photoshop_start(b);
        if (skip == 0)
            return;
        if (j->photoshop_count++ == 0)
            j->photoshop_first = marker_of(s);
        j->photoshop_size += b.n - skip;
    } else {
        see_sof(j, b);
    }
}

/* ---- what is put together after all segments were seen ---- */

static void read_more_xmp(jpeg *j)
{
    xmp_pieces x = {.parse = j->parse,
                    .first = j->more_first,
                    .at = segments_from(j->parse->in, j->more_first)};
    memcpy(x.guid, j->guid, GUID);
    x.stream = (alice__text_stream){pieces_next, &x};
    alice__xmp(j->parse->facts, &j->parse->env, &x.stream);
}

static void read_boxes(jpeg *j)
{
    for (unsigned i = 0; i < j->boxes; i++) {
        jumbf_pieces pieces = {.in = j->parse->in, .box = &j->box[i]};
        pieces.reader = (alice__span_reader){jumbf_read, &pieces, j->box[i].size};
        rewind_pieces(&pieces);
        alice__c2pa(j->parse->facts, &j->parse->env, &pieces.reader);
    }
}

/* Each of the Photoshop segments, in order: into `joined`, or told one by one. */
static alice_status walk_photoshop(jpeg *j, uint8_t *joined, size_t room)
{
    segments all = segments_from(j->parse->in, j->photoshop_first);
    segment s;
    size_t used = 0;
    while (next_segment(&all, &s)) {
        if (s.marker != M_APP13)
            continue;
        const uint8_t *p =
            alice__input_at(j->parse->in, s.offset, s.n, j->parse->scratch, &all.status);
        size_t skip = p ? photoshop_start((alice_bytes){p, s.n}) : 0;
        if (skip == 0)
            continue;
        if (!joined) {
            alice__photoshop_block(j->parse->facts, (alice_bytes){p + skip, s.n - skip});
            continue;
        }
        size_t n = s.n - skip < room - used ? s.n - skip : room - used;
        memcpy(joined + used, p + skip, n);
        used += n;
    }
    if (joined)
        alice__photoshop_block(j->parse->facts, (alice_bytes){joined, used});
    return all.status;
}

static alice_status read_photoshop(jpeg *j)
{
    void *joined = NULL;
    size_t room = j->photoshop_size < JOINED_MOST ? j->photoshop_size : JOINED_MOST;
    alice_status st = ALICE_OK;
    if (j->photoshop_count > 1 && room > 0)
        st = alice_env_alloc(&j->parse->env, room, ALICE_HERE, &joined);
    if (st != ALICE_OK)
        j->parse->facts->denied = st;
    st = walk_photoshop(j, joined, joined ? room : 0);
    alice_env_free(&j->parse->env, joined, room);
    return st;
}

/* ---- the end ---- */

typedef enum tail {
    TAIL_ENDED, /* the end marker stands in it */
    TAIL_CODED, /* it is coded data */
    TAIL_OTHER  /* it is something else, that follows the picture or may do so */
} tail;

static bool in_coded_data(unsigned marker)
{
    return marker == 0 || marker == 0xff || (marker >= M_RST0 && marker < M_SOI) ||
           marker == M_SOS || marker == M_DHT || marker == M_DQT || marker == M_DRI;
}

/*
 * In coded data FF is always followed by 00, by a restart marker, or by what stands between
 * two scans. So FF D9 is an end wherever it is met, and what follows a picture does not look
 * like coded data: films have other markers, texts no high bytes, tables are full of zeros.
 */
static tail judge_tail(alice_bytes b)
{
    size_t stuffed = 0, zeros = 0, high = 0;
    bool other = false;
    if (b.n < 2)
        return TAIL_OTHER;
    const uint8_t *last = b.p + b.n - 1;
    if (last[-1] == 0xff && last[0] == M_EOI) /* as it should be */
        return TAIL_ENDED;
    for (const uint8_t *p = b.p; p < last && (p = memchr(p, 0xff, (size_t)(last - p))); p++) {
        if (p[1] == M_EOI)
            return TAIL_ENDED;
        other |= !in_coded_data(p[1]);
        stuffed += p[1] == 0;
    }
    for (size_t i = 0; i + 1 < b.n; i++) {
        zeros += b.p[i] == 0;
        high += b.p[i] >> 7;
    }
    bool dense = zeros < b.n / 8 + stuffed && high > b.n / 4;
    return !other && stuffed > 0 && dense ? TAIL_CODED : TAIL_OTHER;
}

/* Whether the coded data from `at` on ends. What was read from the head costs nothing. */
static alice_status read_end(alice__parse *parse, uint64_t at)
{
    const alice__input *in = parse->in;
    alice_status st = ALICE_OK;
    uint64_t left = in->size > at ? in->size - at : 0;
    bool all = in->size <= in->head.n || left <= TAIL;
    size_t n = all ? (size_t)left : TAIL;
    const uint8_t *p = n > 0 ? alice__input_at(in, in->size - n, n, parse->scratch, &st) : NULL;
    tail is = p ? judge_tail((alice_bytes){p, n}) : TAIL_OTHER;
    if (st == ALICE_OK && is != TAIL_ENDED && (all || is == TAIL_CODED))
        alice__facts_damaged(parse->facts, "JPEG: cut before its end");
    bool trailer = p && n > 12 && memcmp(p + n - 12, "AXS", 3) == 0;
    return trailer ? alice__afcp(parse) : st;
}

static alice_status jpeg_read(alice__parse *parse)
{
    jpeg j = {.parse = parse};
    segments all = segments_from(parse->in, 2);
    segment s;
    while (next_segment(&all, &s))
        see_segment(&j, &s, &all.status);
    bool scan = all.last == M_SOS, cut = all.last == 0 && all.at >= parse->in->size;
    if (j.more_first && all.status == ALICE_OK)
        read_more_xmp(&j);
    if (j.photoshop_count > 0 && all.status == ALICE_OK)
        all.status = read_photoshop(&j);
    if (all.status == ALICE_OK)
        read_boxes(&j);

    if (all.status != ALICE_OK)
        return all.status;
    if (all.junk)
        alice__facts_warn(parse->facts,
                          "JPEG: bytes between its segments that do not belong there");
    if (!j.sized) {
        alice__facts_warn(parse->facts, "JPEG: ends before its picture begins");
        return ALICE_E_DAMAGED;
    }
    if (cut)
        alice__facts_damaged(parse->facts, "JPEG: cut before its picture");
    return scan ? read_end(parse, all.at) : ALICE_OK;
}

static alice_media_type jpeg_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    return head.n >= 3 && head.p[0] == 0xff && head.p[1] == M_SOI && head.p[2] == 0xff
               ? ALICE_MEDIA_JPEG
               : ALICE_MEDIA_NONE;
}

const alice__format alice__format_jpeg = {"jpeg", jpeg_sniff, jpeg_read};
