/* SPDX-License-Identifier: MIT */
/*
 * A pull stream around the brotli decoder. The library frees without saying how
 * much, so each block carries its size in front of it.
 */
#include "media/blocks/brotli_stream.h"

#include <string.h>

/* A window of 16 MB may be asked for by any file; what metadata needs is far less. */
enum { DECODER_MOST = 1 << 20 };

typedef union block_head {
    size_t size;
    max_align_t align;
} block_head;

static void *take(void *ctx, size_t n)
{
    alice__brotli *s = ctx;
    void *p;
    if (n > DECODER_MOST - s->held) {
        s->status = ALICE_E_TOOBIG;
        return NULL;
    }
    alice_status st = alice_env_alloc(&s->parse->env, n + sizeof(block_head), ALICE_HERE, &p);
    if (st != ALICE_OK) {
        s->status = st;
        return NULL;
    }
    block_head *head = p;
    head->size = n;
    s->held += n;
    return head + 1;
}

static void give_back(void *ctx, void *p)
{
    alice__brotli *s = ctx;
    if (!p)
        return;
    block_head *head = (block_head *)p - 1;
    s->held -= head->size;
    alice_env_free(&s->parse->env, head, head->size + sizeof(block_head));
}

static alice_status stop(alice__brotli *s, alice_status why)
{
    s->done = true;
    if (s->status == ALICE_OK)
        s->status = why;
    if (s->status == ALICE_E_DAMAGED || s->status == ALICE_E_TOOBIG)
        alice__facts_warn(s->parse->facts, "compressed metadata: %s",
                          alice_status_text(s->status));
    return s->status;
}

static alice_status brotli_next(alice__text_stream *stream, alice_bytes *window)
{
    alice__brotli *s = stream->ctx;
    uint8_t *to = s->out;
    size_t room = s->room < s->left ? s->room : (size_t)s->left;
    *window = (alice_bytes){0};
    while (!s->done && to == s->out) {
        if (room == 0)
            return stop(s, ALICE_E_TOOBIG);
        const uint8_t *from = s->rest.p;
        BrotliDecoderResult got =
            BrotliDecoderDecompressStream(s->decoder, &s->rest.n, &from, &room, &to, NULL);
        s->rest.p = from;
        if (got == BROTLI_DECODER_RESULT_ERROR)
            return stop(s, ALICE_E_DAMAGED);
        if (got == BROTLI_DECODER_RESULT_SUCCESS)
            s->done = true;
        if (got == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT && to == s->out) {
            alice_status st = s->source.stream.next(&s->source.stream, &s->rest);
            if (st != ALICE_OK || s->rest.n == 0)
                return stop(s, st != ALICE_OK ? st : ALICE_E_DAMAGED);
        }
    }
    *window = (alice_bytes){s->out, (size_t)(to - s->out)};
    s->left -= window->n;
    return ALICE_OK;
}

alice_status alice__brotli_open(alice__brotli *s, const alice__parse *parse, uint64_t offset,
                                uint64_t n, uint64_t most)
{
    enum { IN = ALICE__SCRATCH / 4 };
    *s = (alice__brotli){.stream = {brotli_next, s}, .parse = parse, .left = most};
    alice__text_in(&s->source, parse->in, offset, n, parse->scratch, IN);
    s->out = parse->scratch + IN;
    s->room = ALICE__SCRATCH - IN;
    s->decoder = BrotliDecoderCreateInstance(take, give_back, s);
    if (!s->decoder)
        return s->status != ALICE_OK ? s->status : ALICE_E_NOMEM;
    return ALICE_OK;
}

void alice__brotli_close(alice__brotli *s)
{
    if (s->decoder)
        BrotliDecoderDestroyInstance(s->decoder);
    s->decoder = NULL;
}
