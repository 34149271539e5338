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
 * Boxes and bytes are bounded. Signatures are not verified: this says where a file
 * claims to come from.
 */
#include "media/blocks/c2pa_int.h"

#include "media/blocks/blocks.h"
#include "media/blocks/boxes.h"
#include "media/evidence/evidence.h"
#include "media/readahead.h"

enum {
    BOXES_MOST = 4000,
    MANIFESTS_MOST = 64, /* of a store that has more, the last */
    CHAIN_MOST = 8,      /* parents of parents */
    WORK_MOST = 4 << 20  /* bytes of CBOR in all */
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
        alice__c2pa_document(&s->in, &s->work, kind, tale, box.body, box.end);
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
