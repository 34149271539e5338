/* SPDX-License-Identifier: MIT */
/*
 * GIF: size, comments, and the XMP application extension.
 *
 *     GIF89a │screen│colours│ ▸ ! extension: sub-blocks, 0 │ ▸ , frame: sub-blocks, 0 │ ; │
 *
 * Sub-blocks are at most 255 bytes, so that passing over a frame means reading it;
 * frames are therefore looked through for READ_MOST bytes only. Texts nearly
 * always stand before the first.
 */
#include "media/blocks/blocks.h"
#include "media/evidence/evidence.h"
#include "media/formats/format.h"

#include <string.h>

enum {
    READ_MOST = 4 * 1024 * 1024,
    WINDOW = 32 * 1024, /* the lower half of the scratch; a stream's windows take the upper */
    XMP_TRAILER = 258,
    TAIL = 1024 /* bytes before the file's end that are looked at where the frames were not */
};

/* A reader that goes forward through a window. */
typedef struct gif {
    alice__parse *parse;
    uint64_t at;
    const uint8_t *window;
    uint64_t window_at;
    size_t window_n;
    bool blocks_ended; /* the terminator of the sub-blocks in hand was met */
    alice_status status;
} gif;

/* Borrow `n` (at most 256) bytes and pass over them; NULL at the end. */
static const uint8_t *take(gif *g, size_t n)
{
    if (g->at < g->window_at || g->at - g->window_at > g->window_n ||
        n > g->window_n - (size_t)(g->at - g->window_at)) {
        uint64_t left = g->at < g->parse->in->size ? g->parse->in->size - g->at : 0;
        size_t want = left < WINDOW ? (size_t)left : WINDOW;
        if (g->at < g->parse->in->head.n && g->parse->in->head.n - (size_t)g->at >= n &&
            g->parse->in->head.n - (size_t)g->at < want)
            want = g->parse->in->head.n - (size_t)g->at;
        if (want < n || n == 0)
            return NULL;
        g->window = alice__input_at(g->parse->in, g->at, want, g->parse->scratch, &g->status);
        g->window_at = g->at;
        g->window_n = g->window ? want : 0;
        if (!g->window)
            return NULL;
    }
    const uint8_t *p = g->window + (g->at - g->window_at);
    g->at += n;
    return p;
}

/* The next sub-block; false from the terminator on, or where the file is cut. */
static bool next_block(gif *g, alice_bytes *b)
{
    const uint8_t *length = g->blocks_ended ? NULL : take(g, 1);
    size_t n = length ? *length : 0;
    const uint8_t *p = n > 0 ? take(g, n) : NULL;
    *b = (alice_bytes){p, p ? n : 0};
    g->blocks_ended = p == NULL;
    return p != NULL;
}

static bool skip_blocks(gif *g, uint64_t limit)
{
    alice_bytes b;
    while (next_block(g, &b))
        if (g->at > limit)
            return false;
    return true;
}

static alice_status blocks_next(alice__text_stream *stream, alice_bytes *window)
{
    gif *g = stream->ctx;
    (void)next_block(g, window);
    return g->status;
}

/*
 * XMP stands as it is, not in sub-blocks; a trailer of descending bytes leads a
 * reader of sub-blocks out of it. They are used to find its end, then it is read
 * from its start.
 */
static void see_xmp(gif *g)
{
    alice__text_range text;
    uint64_t start = g->at;
    (void)skip_blocks(g, start + READ_MOST);
    uint64_t n = g->at - start;
    n -= n > XMP_TRAILER ? XMP_TRAILER : 0;
    alice__xmp(g->parse->facts, &g->parse->env,
               alice__text_in(&text, g->parse->in, start, n, g->parse->scratch + WINDOW,
                              ALICE__SCRATCH - WINDOW));
    if (text.status != ALICE_OK)
        g->status = text.status;
}

static bool see_extension(gif *g)
{
    const uint8_t *label = take(g, 1);
    alice_bytes b;
    if (!label)
        return false;
    g->blocks_ended = false;
    if (*label == 0xfe) {
        alice__text_stream text = {blocks_next, g};
        alice__evidence(g->parse->facts, ALICE__IN_GIF, "Comment", &text);
    } else if (*label == 0xff) {
        if (!next_block(g, &b))
            return g->status == ALICE_OK;
        if (b.n == 11 && memcmp(b.p, "XMP DataXMP", 11) == 0) {
            see_xmp(g);
            return g->status == ALICE_OK;
        }
    }
    return skip_blocks(g, g->at + READ_MOST);
}

static size_t colours(unsigned flags)
{
    return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

static bool see_frame(gif *g)
{
    const uint8_t *p = take(g, 9); /* place, size, flags */
    if (!p)
        return false;
    g->at += colours(p[8]) + 1; /* and the width of codes */
    g->blocks_ended = false;
    return skip_blocks(g, READ_MOST);
}

/* Whether what ends the last frame and the file stands in the last bytes; zeros may follow. */
static bool is_whole(gif *g)
{
    const alice__input *in = g->parse->in;
    uint64_t at = in->size > TAIL ? in->size - TAIL : 0;
    uint8_t *p = g->parse->scratch;
    size_t n = alice__input_copy(in, at, in->size, p, TAIL, &g->status);
    bool zeros = true;
    for (size_t i = 0; i + 1 < n; i++) {
        zeros = zeros && p[i] == 0;
        if (p[i] == 0 && p[i + 1] == ';')
            return true;
    }
    return zeros;
}

static alice_status gif_read(alice__parse *parse)
{
    gif g = {.parse = parse, .at = 6};
    const uint8_t *p = take(&g, 7);
    bool frame = false, ended = false, more = p != NULL;
    if (p) {
        alice__facts_size(parse->facts, alice__le16(p), alice__le16(p + 2));
        g.at += colours(p[4]);
    }
    while (more && g.status == ALICE_OK && g.at < READ_MOST &&
           alice__work_on(&parse->facts->work, ALICE__WORK_ENTRIES, 1)) {
        p = take(&g, 1);
        if (!p) {
            more = false;
        } else if (*p == '!') {
            more = see_extension(&g);
        } else if (*p == ',') {
            frame = true;
            more = see_frame(&g);
        } else if (*p == ';') {
            ended = true;
            more = false;
        } else if (*p != 0) { /* a stray terminator is harmless */
            more = false;
        }
    }
    if (g.status == ALICE_OK && g.at >= READ_MOST && !ended && !is_whole(&g))
        alice__facts_damaged(parse->facts, "GIF: cut before its end");
    if (g.status != ALICE_OK)
        return g.status;
    if (g.at < READ_MOST && !parse->facts->work.cut[ALICE__WORK_ENTRIES] &&
        (!frame || !ended)) {
        alice__facts_warn(parse->facts, "GIF: %s", frame ? "cut before its end" : "no picture");
        return ALICE_E_DAMAGED;
    }
    return ALICE_OK;
}

static alice_media_type gif_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    return head.n >= 6 && (memcmp(head.p, "GIF89a", 6) == 0 || memcmp(head.p, "GIF87a", 6) == 0)
               ? ALICE_MEDIA_GIF
               : ALICE_MEDIA_NONE;
}

const alice__format alice__format_gif = {"gif", gif_sniff, gif_read};
