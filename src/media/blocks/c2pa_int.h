/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_C2PA_INT_H
#define ALICE_MEDIA_C2PA_INT_H

/*
 * What the parts of the content credentials share: c2pa.c (boxes, manifests, the
 * judgement) and c2pa_cbor.c (what the documents of a manifest tell).
 */

#include <string.h>

#include "media/input.h"

enum { COMPONENTS_MOST = 8, TEXT_MOST = 160 };

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

static inline bool is(const char *p, size_t n, const char *want)
{
    return n == strlen(want) && memcmp(p, want, n) == 0;
}

static inline bool begins(const char *p, size_t n, const char *want)
{
    return n >= strlen(want) && memcmp(p, want, strlen(want)) == 0;
}

/* The first that is told stays. */
static inline void keep(text *t, const char *p, size_t n)
{
    if (t->n || n == 0)
        return;
    t->n = n < sizeof t->p ? n : sizeof t->p;
    memcpy(t->p, p, t->n);
}

static inline uint64_t hash(const char *p, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)p[i]) * UINT64_C(0x100000001b3);
    return h ? h : 1;
}

typedef enum document { DOC_CLAIM, DOC_ACTIONS, DOC_INGREDIENT } document;

/*
 * Read the CBOR at [at, end), and keep in `tale` what it tells. `*work` are the bytes
 * that may still be read, of all documents together.
 */
void alice__c2pa_document(const alice__input *in, uint64_t *work, document kind, story *tale,
                          uint64_t at, uint64_t end);

#endif
