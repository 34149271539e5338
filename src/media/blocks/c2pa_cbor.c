/* SPDX-License-Identifier: MIT */
/*
 * What the documents of a content credential's manifest tell: its claim, its actions and
 * its ingredients, each one item of CBOR.
 *
 * CBOR comes through libcbor's streaming decoder and a window; of a document
 * only a stack of keys is kept. Depth and bytes are bounded.
 */
#include "media/blocks/c2pa_int.h"

#include <cbor.h>

#include "media/blocks/boxes.h"

enum {
    DEPTH_MOST = 16, /* of CBOR */
    WINDOW = 1024    /* longer texts are passed over */
};

static origin origin_of(const char *uri, size_t n)
{
    static const struct {
        const char *name;
        origin origin;
    } types[] = {
        {"trainedAlgorithmicMedia", ORIGIN_TRAINED},
        {"compositeWithTrainedAlgorithmicMedia", ORIGIN_COMPOSITE},
        {"digitalCapture", ORIGIN_CAMERA},
        {"computationalCapture", ORIGIN_CAMERA},
        {"compositeCapture", ORIGIN_CAMERA},
        {"multiFrameComputationalCapture", ORIGIN_CAMERA},
    };
    size_t start = n;
    while (start > 0 && uri[start - 1] != '/' && uri[start - 1] != ':')
        start--;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (is(uri + start, n - start, types[i].name))
            return types[i].origin;
    }
    return n ? ORIGIN_OTHER : ORIGIN_UNKNOWN;
}

typedef enum key {
    KEY_OTHER,
    KEY_ITEM, /* of an array */
    KEY_CLAIM_GENERATOR,
    KEY_CLAIM_GENERATOR_INFO,
    KEY_NAME,
    KEY_ACTIONS,
    KEY_ACTION,
    KEY_SOURCE_TYPE,
    KEY_SOFTWARE_AGENT,
    KEY_SOFTWARE_AGENTS,
    KEY_DESCRIPTION,
    KEY_RELATIONSHIP,
    KEY_MANIFEST,
    KEY_URL
} key;

static key key_of(const char *p, size_t n)
{
    static const struct {
        const char *name;
        key key;
    } keys[] = {
        {"claim_generator", KEY_CLAIM_GENERATOR},
        {"claim_generator_info", KEY_CLAIM_GENERATOR_INFO},
        {"name", KEY_NAME},
        {"actions", KEY_ACTIONS},
        {"action", KEY_ACTION},
        {"digitalSourceType", KEY_SOURCE_TYPE},
        {"softwareAgent", KEY_SOFTWARE_AGENT},
        {"softwareAgents", KEY_SOFTWARE_AGENTS},
        {"description", KEY_DESCRIPTION},
        {"relationship", KEY_RELATIONSHIP},
        {"c2pa_manifest", KEY_MANIFEST},
        {"activeManifest", KEY_MANIFEST},
        {"active_manifest", KEY_MANIFEST},
        {"url", KEY_URL},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (is(p, n, keys[i].name))
            return keys[i].key;
    }
    return KEY_OTHER;
}

typedef enum shape { SHAPE_ARRAY, SHAPE_MAP, SHAPE_STRING } shape;

typedef struct frame {
    shape shape;
    bool open;     /* of indefinite length */
    bool key_next; /* of a map */
    key key;       /* of the value at hand */
    uint64_t left; /* items, keys and values alike */
} frame;

typedef struct cbor {
    story *story;
    document document;
    frame frame[DEPTH_MOST];
    unsigned depth;
    bool done;    /* the document's one item is complete */
    bool damaged; /* or deeper than is followed */
    /* the action, or the ingredient, at hand */
    text action, source_type, agent, description, relationship, url;
} cbor;

static key key_at(const cbor *c, unsigned level)
{
    return level < c->depth ? c->frame[level].key : KEY_OTHER;
}

/* ---- the documents ---- */

static void value_of_claim(cbor *c, const char *p, size_t n)
{
    key top = key_at(c, 0);
    if (c->depth == 1 && top == KEY_CLAIM_GENERATOR)
        keep(&c->story->generator, p, n);
    else if (top == KEY_CLAIM_GENERATOR_INFO && c->depth <= 3 &&
             key_at(c, c->depth - 1) == KEY_NAME)
        keep(&c->story->generator_info, p, n);
}

static void value_of_actions(cbor *c, const char *p, size_t n)
{
    key top = key_at(c, 0);
    if (top == KEY_SOFTWARE_AGENTS && c->depth == 3 && key_at(c, 2) == KEY_NAME)
        keep(&c->story->agents, p, n);
    if (top != KEY_ACTIONS || key_at(c, 1) != KEY_ITEM)
        return;
    if (c->depth == 4 && key_at(c, 2) == KEY_SOFTWARE_AGENT && key_at(c, 3) == KEY_NAME)
        keep(&c->agent, p, n);
    if (c->depth != 3)
        return;
    switch (key_at(c, 2)) {
    case KEY_ACTION:
        keep(&c->action, p, n);
        break;
    case KEY_SOURCE_TYPE:
        keep(&c->source_type, p, n);
        break;
    case KEY_SOFTWARE_AGENT:
        keep(&c->agent, p, n);
        break;
    case KEY_DESCRIPTION:
        keep(&c->description, p, n);
        break;
    default:
        break;
    }
}

static void value_of_ingredient(cbor *c, const char *p, size_t n)
{
    key top = key_at(c, 0);
    if (c->depth == 1 && top == KEY_RELATIONSHIP)
        keep(&c->relationship, p, n);
    else if (c->depth == 1 && top == KEY_SOURCE_TYPE)
        keep(&c->source_type, p, n);
    else if (c->depth == 2 && top == KEY_MANIFEST && key_at(c, 1) == KEY_URL)
        keep(&c->url, p, n);
}

static void action_done(cbor *c)
{
    story *s = c->story;
    origin o = origin_of(c->source_type.p, c->source_type.n);
    if (is(c->action.p, c->action.n, "c2pa.created")) {
        if (!s->created || s->origin == ORIGIN_UNKNOWN)
            s->origin = o;
        s->created = true;
        keep(&s->agent, c->agent.p, c->agent.n);
        keep(&s->description, c->description.p, c->description.n);
    } else {
        s->trained_edit |= o == ORIGIN_TRAINED;
        s->composite_edit |= o == ORIGIN_COMPOSITE;
    }
    c->action.n = c->source_type.n = c->agent.n = c->description.n = 0;
}

static void ingredient_done(cbor *c)
{
    story *s = c->story;
    size_t start = c->url.n;
    while (start > 0 && c->url.p[start - 1] != '/' && c->url.p[start - 1] != '=')
        start--;
    uint64_t label = c->url.n > start ? hash(c->url.p + start, c->url.n - start) : 0;
    if (is(c->relationship.p, c->relationship.n, "parentOf")) {
        s->has_parent = true;
        if (!s->parent)
            s->parent = label;
    } else if (is(c->relationship.p, c->relationship.n, "componentOf")) {
        s->trained_component |= origin_of(c->source_type.p, c->source_type.n) == ORIGIN_TRAINED;
        if (label && s->components < COMPONENTS_MOST)
            s->component[s->components++] = label;
    }
}

/* ---- items ---- */

static void leave_frame(cbor *c)
{
    c->depth--;
    if (c->document == DOC_ACTIONS && c->depth == 2 && key_at(c, 0) == KEY_ACTIONS)
        action_done(c);
}

/* An item is complete: with it, perhaps, what holds it, and so on. */
static void item_done(cbor *c)
{
    for (;;) {
        if (c->depth == 0) {
            c->done = true;
            return;
        }
        frame *f = &c->frame[c->depth - 1];
        if (f->shape == SHAPE_STRING)
            return; /* a piece of it */
        if (f->shape == SHAPE_MAP)
            f->key_next = !f->key_next;
        if (f->open || --f->left > 0)
            return;
        leave_frame(c);
    }
}

/* An item that is neither text nor a container: as a key it is none that is known. */
static void other_item(cbor *c)
{
    if (c->depth) {
        frame *f = &c->frame[c->depth - 1];
        if (f->shape == SHAPE_MAP && f->key_next)
            f->key = KEY_OTHER;
    }
    item_done(c);
}

static void text_item(cbor *c, const char *p, size_t n)
{
    if (c->depth) {
        frame *f = &c->frame[c->depth - 1];
        if (f->shape == SHAPE_STRING)
            return;
        if (f->shape == SHAPE_MAP && f->key_next) {
            f->key = key_of(p, n);
            item_done(c);
            return;
        }
    }
    switch (c->document) {
    case DOC_CLAIM:
        value_of_claim(c, p, n);
        break;
    case DOC_ACTIONS:
        value_of_actions(c, p, n);
        break;
    case DOC_INGREDIENT:
        value_of_ingredient(c, p, n);
        break;
    }
    item_done(c);
}

static void open_item(cbor *c, shape what, bool open, uint64_t left)
{
    if (c->depth) {
        frame *f = &c->frame[c->depth - 1];
        if (f->shape == SHAPE_MAP && f->key_next)
            f->key = KEY_OTHER;
    }
    if (c->depth == DEPTH_MOST) {
        c->damaged = true;
        return;
    }
    c->frame[c->depth++] = (frame){.shape = what,
                                   .open = open,
                                   .key_next = what == SHAPE_MAP,
                                   .key = what == SHAPE_ARRAY ? KEY_ITEM : KEY_OTHER,
                                   .left = left};
    if (!open && left == 0) {
        c->depth--;
        item_done(c);
    }
}

/* ---- libcbor's events ---- */

/* A number, a truth: none of these means anything here. */
#define OTHER(name, type)                   \
    static void name(void *ctx, type value) \
    {                                       \
        (void)value;                        \
        other_item(ctx);                    \
    }

OTHER(on_u8, uint8_t)
OTHER(on_u16, uint16_t)
OTHER(on_u32, uint32_t)
OTHER(on_u64, uint64_t)
OTHER(on_float, float)
OTHER(on_double, double)
OTHER(on_bool, bool)

static void on_simple(void *ctx)
{
    other_item(ctx);
}

static void on_bytes(void *ctx, cbor_data p, size_t n)
{
    cbor *c = ctx;
    (void)p;
    (void)n;
    if (c->depth == 0 || c->frame[c->depth - 1].shape != SHAPE_STRING)
        other_item(c);
}

static void on_text(void *ctx, cbor_data p, size_t n)
{
    text_item(ctx, (const char *)p, n);
}

static void on_string_start(void *ctx)
{
    open_item(ctx, SHAPE_STRING, true, 0);
}

static void on_array(void *ctx, size_t n)
{
    open_item(ctx, SHAPE_ARRAY, false, n);
}

static void on_open_array(void *ctx)
{
    open_item(ctx, SHAPE_ARRAY, true, 0);
}

static void on_map(void *ctx, size_t n)
{
    cbor *c = ctx;
    if (n > SIZE_MAX / 2)
        c->damaged = true;
    else
        open_item(c, SHAPE_MAP, false, 2 * (uint64_t)n);
}

static void on_open_map(void *ctx)
{
    open_item(ctx, SHAPE_MAP, true, 0);
}

/* A tag belongs to the item that follows. */
static void on_tag(void *ctx, uint64_t v)
{
    (void)ctx;
    (void)v;
}

static void on_break(void *ctx)
{
    cbor *c = ctx;
    if (c->depth == 0 || !c->frame[c->depth - 1].open) {
        c->damaged = true;
        return;
    }
    leave_frame(c);
    item_done(c);
}

static const struct cbor_callbacks events = {
    .uint8 = on_u8,
    .uint16 = on_u16,
    .uint32 = on_u32,
    .uint64 = on_u64,
    .negint64 = on_u64,
    .negint32 = on_u32,
    .negint16 = on_u16,
    .negint8 = on_u8,
    .byte_string_start = on_string_start,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = on_string_start,
    .indef_array_start = on_open_array,
    .array_start = on_array,
    .indef_map_start = on_open_map,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_simple,
    .null = on_simple,
    .boolean = on_bool,
    .indef_break = on_break,
};

void alice__c2pa_document(const alice__input *in, uint64_t *work, document kind, story *tale,
                          uint64_t at, uint64_t end)
{
    uint8_t window[WINDOW];
    size_t have = 0, used = 0;
    cbor c = {.story = tale, .document = kind};
    while (!c.done && !c.damaged) {
        struct cbor_decoder_result got = {.status = CBOR_DECODER_NEDATA, .required = 1};
        if (used < have)
            got = cbor_stream_decode(window + used, have - used, &events, &c);
        if (got.status == CBOR_DECODER_FINISHED) {
            used += got.read;
            continue;
        }
        if (got.status != CBOR_DECODER_NEDATA || *work == 0)
            break;

        /* more is needed: move up what is left of the window, and fill it */
        memmove(window, window + used, have - used);
        have -= used;
        used = 0;
        size_t room = sizeof window - have;
        if (room > *work)
            room = (size_t)*work;
        size_t more = room ? alice__peek(in, at, end, window + have, room) : 0;
        at += more;
        have += more;
        *work -= more;
        if (more)
            continue;
        /* a text that is longer than the window is passed over as something unknown */
        if (have < sizeof window || got.required <= have || got.required - have > end - at)
            break;
        at += got.required - have;
        have = 0;
        on_bytes(&c, NULL, 0);
    }
    if (kind == DOC_INGREDIENT)
        ingredient_done(&c);
}
