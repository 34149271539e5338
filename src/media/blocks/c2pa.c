/* SPDX-License-Identifier: MIT */
/*
 * Content credentials: a store of manifests in JUMBF boxes, the last of which
 * is the active one and tells of this file; those before it tell of what went
 * into it.
 *
 *     jumb c2pa ─┬─ jumb urn:uuid:1  an ingredient's
 *                └─ jumb urn:uuid:2 ─┬─ jumb c2pa.assertions ─┬─ c2pa.actions      cbor
 *                   the active one   │                        └─ c2pa.ingredient   cbor
 *                                    ├─ jumb c2pa.claim          cbor
 *                                    └─ jumb c2pa.signature
 *
 * What a picture is, is said where it was created. An active manifest that only
 * opened and changed its parent leads on to the parent's; a component that was
 * generated makes the whole a composite, not generated.
 *
 * CBOR comes through libcbor's streaming decoder and a window; of a document
 * only a stack of keys is kept. Depth, boxes and bytes are bounded. Signatures
 * are not verified: this says where a file claims to come from.
 */
#include <cbor.h>
#include <string.h>

#include "media/blocks/boxes.h"
#include "media/readahead.h"
#include "media/blocks/blocks.h"
#include "media/evidence/evidence.h"

enum {
    BOXES_MOST = 4000,
    MANIFESTS_MOST = 64, /* of a store that has more, the last */
    CHAIN_MOST = 8,      /* parents of parents */
    COMPONENTS_MOST = 8,
    DEPTH_MOST = 16,     /* of CBOR */
    WORK_MOST = 4 << 20, /* bytes of CBOR in all */
    WINDOW = 1024,       /* longer texts are passed over */
    TEXT_MOST = 160
};

/* ---- what a manifest tells ---- */

typedef enum origin {
    ORIGIN_UNKNOWN,
    ORIGIN_CAMERA,
    ORIGIN_TRAINED,   /* generated */
    ORIGIN_COMPOSITE, /* with generated parts */
    ORIGIN_OTHER      /* drawn, scanned, … */
} origin;

typedef struct text {
    char p[TEXT_MOST];
    size_t n;
} text;

typedef struct story {
    text generator;      /* claim_generator */
    text generator_info; /* claim_generator_info's name */
    text agent;          /* software that created it */
    text description;    /* of its creation */
    text agents;         /* the first of the list that actions refer to */
    bool created;        /* there is such an action */
    origin origin;       /* by it */
    bool trained_edit, composite_edit, trained_component;
    bool has_parent;
    uint64_t parent; /* hash of its manifest's label; 0: it has none */
    uint64_t component[COMPONENTS_MOST];
    unsigned components;
} story;

static bool is(const char *p, size_t n, const char *want)
{
    return n == strlen(want) && memcmp(p, want, n) == 0;
}

static bool begins(const char *p, size_t n, const char *want)
{
    return n >= strlen(want) && memcmp(p, want, strlen(want)) == 0;
}

/* The first that is told stays. */
static void keep(text *t, const char *p, size_t n)
{
    if (t->n || n == 0)
        return;
    t->n = n < sizeof t->p ? n : sizeof t->p;
    memcpy(t->p, p, t->n);
}

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

static uint64_t hash(const char *p, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)p[i]) * UINT64_C(0x100000001b3);
    return h ? h : 1;
}

/* ---- CBOR ---- */

typedef enum document { DOC_CLAIM, DOC_ACTIONS, DOC_INGREDIENT } document;

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
        c->depth--;
        if (c->document == DOC_ACTIONS && c->depth == 2 && key_at(c, 0) == KEY_ACTIONS)
            action_done(c);
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

static void on_u8(void *ctx, uint8_t v)
{
    (void)v;
    other_item(ctx);
}

static void on_u16(void *ctx, uint16_t v)
{
    (void)v;
    other_item(ctx);
}

static void on_u32(void *ctx, uint32_t v)
{
    (void)v;
    other_item(ctx);
}

static void on_u64(void *ctx, uint64_t v)
{
    (void)v;
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

static void on_float(void *ctx, float v)
{
    (void)v;
    other_item(ctx);
}

static void on_double(void *ctx, double v)
{
    (void)v;
    other_item(ctx);
}

static void on_simple(void *ctx)
{
    other_item(ctx);
}

static void on_bool(void *ctx, bool v)
{
    (void)v;
    other_item(ctx);
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
    c->depth--;
    if (c->document == DOC_ACTIONS && c->depth == 2 && key_at(c, 0) == KEY_ACTIONS)
        action_done(c);
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

/* ---- the store ---- */

typedef struct manifest {
    uint64_t label; /* its hash */
    uint64_t at, end;
} manifest;

typedef struct store {
    alice__input in;
    uint32_t left; /* boxes */
    uint64_t work; /* bytes of CBOR that may still be read */
    manifest manifest[MANIFESTS_MOST];
    unsigned manifests; /* all there were; the last MANIFESTS_MOST are kept */
} store;

static void read_cbor(store *s, document kind, story *tale, uint64_t at, uint64_t end)
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
        if (got.status != CBOR_DECODER_NEDATA || s->work == 0)
            break;

        /* more is needed: move up what is left of the window, and fill it */
        memmove(window, window + used, have - used);
        have -= used;
        used = 0;
        size_t room = sizeof window - have;
        if (room > s->work)
            room = (size_t)s->work;
        size_t more = room ? alice__peek(&s->in, at, end, window + have, room) : 0;
        at += more;
        have += more;
        s->work -= more;
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

/* A superbox's label, out of the description that is its first box; `*inside` is where the
 * others begin. */
static bool superbox(store *s, const alice__box *box, text *label, uint64_t *inside)
{
    uint8_t p[17 + TEXT_MOST];
    alice__box jumd;
    alice__boxes w = alice__boxes_in(&s->in, box->body, box->end, &s->left);
    if (box->type != ALICE__BOX('j', 'u', 'm', 'b') || !alice__boxes_next(&w, &jumd) ||
        jumd.type != ALICE__BOX('j', 'u', 'm', 'd'))
        return false;
    size_t n = alice__peek(&s->in, jumd.body, jumd.end, p, sizeof p);
    label->n = 0;
    if (n > 17 && (p[16] & 2)) {
        const uint8_t *nul = memchr(p + 17, 0, n - 17);
        keep(label, (const char *)p + 17, nul ? (size_t)(nul - p) - 17 : n - 17);
    }
    *inside = jumd.end;
    return true;
}

/* The CBOR box in a superbox. */
static void read_document(store *s, document kind, story *tale, uint64_t at, uint64_t end)
{
    alice__box box;
    if (alice__box_find(&s->in, at, end, ALICE__BOX('c', 'b', 'o', 'r'), &s->left, &box))
        read_cbor(s, kind, tale, box.body, box.end);
}

static void read_assertions(store *s, story *tale, uint64_t at, uint64_t end)
{
    alice__box box;
    text label = {.n = 0};
    uint64_t inside;
    alice__boxes w = alice__boxes_in(&s->in, at, end, &s->left);
    while (alice__boxes_next(&w, &box)) {
        if (!superbox(s, &box, &label, &inside))
            continue;
        if (begins(label.p, label.n, "c2pa.actions"))
            read_document(s, DOC_ACTIONS, tale, inside, box.end);
        else if (begins(label.p, label.n, "c2pa.ingredient"))
            read_document(s, DOC_INGREDIENT, tale, inside, box.end);
    }
}

static void read_manifest(store *s, const manifest *m, story *tale)
{
    alice__box box;
    text label = {.n = 0};
    uint64_t inside;
    memset(tale, 0, sizeof *tale);
    alice__boxes w = alice__boxes_in(&s->in, m->at, m->end, &s->left);
    while (alice__boxes_next(&w, &box)) {
        if (!superbox(s, &box, &label, &inside))
            continue;
        if (is(label.p, label.n, "c2pa.assertions"))
            read_assertions(s, tale, inside, box.end);
        else if (begins(label.p, label.n, "c2pa.claim"))
            read_document(s, DOC_CLAIM, tale, inside, box.end);
    }
}

static void find_manifests(store *s, uint64_t at, uint64_t end)
{
    alice__box box;
    text label = {.n = 0};
    uint64_t inside;
    alice__boxes w = alice__boxes_in(&s->in, at, end, &s->left);
    while (alice__boxes_next(&w, &box)) {
        if (!superbox(s, &box, &label, &inside))
            continue;
        s->manifest[s->manifests++ % MANIFESTS_MOST] =
            (manifest){.label = hash(label.p, label.n), .at = inside, .end = box.end};
    }
}

static const manifest *find_manifest(const store *s, uint64_t label)
{
    unsigned n = s->manifests < MANIFESTS_MOST ? s->manifests : MANIFESTS_MOST;
    for (unsigned i = 0; label && i < n; i++) {
        if (s->manifest[i].label == label)
            return &s->manifest[i];
    }
    return NULL;
}

static bool generated_component(store *s, const story *whole)
{
    for (unsigned i = 0; i < whole->components; i++) {
        story part;
        const manifest *m = find_manifest(s, whole->component[i]);
        if (!m)
            continue;
        read_manifest(s, m, &part);
        if (part.origin == ORIGIN_TRAINED || part.origin == ORIGIN_COMPOSITE ||
            part.trained_edit || part.composite_edit)
            return true;
    }
    return whole->trained_component;
}

/* ---- the judgement ---- */

static void report(alice__facts *f, const story *s)
{
    const struct {
        const char *key;
        const text *text;
    } texts[] = {
        {"softwareAgent", s->agent.n ? &s->agent : &s->agents},
        {"action", &s->description}, /* in words; "description" would be that of the picture */
        {"claim_generator_info", &s->generator_info},
        {"claim_generator", &s->generator},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].text->n)
            alice__evidence_text(f, ALICE__IN_C2PA, texts[i].key, texts[i].text->p,
                                 texts[i].text->n);
    }
}

/* Follow the active manifest to where the picture was created. */
static void judge(store *s, alice__facts *f)
{
    static const char trained[] = "trainedAlgorithmicMedia";
    static const char composite[] = "compositeWithTrainedAlgorithmicMedia";
    const char *from = "c2pa:digitalSourceType";
    story active, root;
    bool edited = false;
    const manifest *m = &s->manifest[(s->manifests - 1) % MANIFESTS_MOST];
    read_manifest(s, m, &active);
    root = active;
    for (unsigned i = 0; i < CHAIN_MOST; i++) {
        edited |= root.composite_edit || generated_component(s, &root);
        const manifest *parent = root.created ? NULL : find_manifest(s, root.parent);
        edited |= root.trained_edit && !root.created && root.has_parent;
        if (!parent || parent == m)
            break;
        m = parent;
        read_manifest(s, m, &root);
    }

    if (!root.created && !root.has_parent && root.trained_edit)
        root.origin = ORIGIN_TRAINED;
    switch (root.origin) {
    case ORIGIN_TRAINED:
        alice__facts_source_type(f, trained, sizeof trained - 1, from);
        break;
    case ORIGIN_COMPOSITE:
        edited = true;
        break;
    case ORIGIN_CAMERA:
        f->camera_claim = true;
        break;
    case ORIGIN_UNKNOWN:
    case ORIGIN_OTHER:
        break;
    }
    if (edited)
        alice__facts_source_type(f, composite, sizeof composite - 1, from);
    if (root.origin == ORIGIN_TRAINED || (root.origin == ORIGIN_UNKNOWN && !edited)) {
        report(f, &root);
        report(f, &active);
    }
}

static alice_status span_fetch(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    const alice__span_reader *r = ctx;
    return r->read(r->ctx, offset, to, n, got);
}

void alice__c2pa(alice__facts *f, const alice_env *env, const alice__span_reader *jumbf)
{
    alice__span_reader reader = *jumbf;
    store s = {.left = BOXES_MOST, .work = WORK_MOST};
    alice__box box;
    text label = {.n = 0};
    uint64_t inside;
    (void)env; /* nothing is allocated */
    alice__input all = {.size = jumbf->size, .fetch = span_fetch, .ctx = &reader};
    alice__readahead ahead;
    alice__readahead_open(&ahead, &all);
    s.in = ahead.input;
    alice__boxes w = alice__boxes_in(&s.in, 0, jumbf->size, &s.left);
    while (alice__boxes_next(&w, &box)) {
        if (superbox(&s, &box, &label, &inside) && is(label.p, label.n, "c2pa"))
            find_manifests(&s, inside, box.end);
    }
    if (s.manifests)
        judge(&s, f);
}
