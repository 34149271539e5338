/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_WORKSPACE_H
#define ALICE_MEDIA_WORKSPACE_H

/*
 * What the readers of evidence texts share: evidence/fields.c (who wrote it, plain
 * texts), evidence_json.c (JSON of any generator), comfy.c (graphs).
 *
 * They work on a workspace: memory lent for one text, cut into a heap of texts and,
 * for graphs, tables of a fixed share. What does not fit is left out; nothing
 * is ever allocated.
 */

#include "media/evidence/evidence.h"

/* ---- the heap of texts ---- */

typedef struct alice__heap {
    char *memory;
    size_t size, used;
} alice__heap;

/* Room that is always left for a token which is only looked at. */
enum { ALICE__HEAP_RESERVE = 256 };

/*
 * Where the next text may be written, terminated; `*room` is at least
 * ALICE__HEAP_RESERVE. It is kept by alice__heap_keep(), else overwritten next.
 */
char *alice__heap_tail(const alice__heap *h, size_t *room);
/* Keep the terminated text of `n` bytes at the tail. NULL: only the reserve is left. */
char *alice__heap_keep(alice__heap *h, size_t n);

/* ---- graphs ---- */

/* What an input of a node is to the walk. */
typedef enum alice__role {
    ALICE__ROLE_NONE, /* looked at by nobody: not kept */
    ALICE__ROLE_OTHER,
    ALICE__ROLE_POSITIVE,
    ALICE__ROLE_NEGATIVE,
    ALICE__ROLE_CONDITIONING,
    ALICE__ROLE_TEXT,
    ALICE__ROLE_FILLED_TEXT, /* the text after wildcards were filled in: beats TEXT */
    ALICE__ROLE_VALUE,
    ALICE__ROLE_SEED,
    ALICE__ROLE_NOISE,
    ALICE__ROLE_GUIDER,
    ALICE__ROLE_SAMPLER,
    ALICE__ROLE_SAMPLER_NAME,
    ALICE__ROLE_MODEL,
    ALICE__ROLE_MODEL_NAME,
    ALICE__ROLE_WIDGET /* of a workflow, before its node's class is known */
} alice__role;

typedef struct alice__graph_input {
    uint8_t role;
    uint8_t kind;   /* alice__input_kind */
    uint32_t value; /* heap offset of a text, number or node id; or a link's number */
} alice__graph_input;

typedef enum alice__input_kind {
    ALICE__INPUT_TEXT,
    ALICE__INPUT_NUMBER,
    ALICE__INPUT_NODE,
    ALICE__INPUT_LINK
} alice__input_kind;

typedef struct alice__graph_node {
    uint32_t id, name; /* heap offsets: its id and its class */
    uint16_t first, count;
} alice__graph_node;

typedef struct alice__graph_link {
    uint32_t number;
    uint16_t node;
} alice__graph_link;

typedef struct alice__graph {
    alice__heap *heap;
    alice__graph_node *nodes;
    alice__graph_input *inputs;
    alice__graph_link *links;
    uint16_t node_room, input_room, link_room;
    uint16_t node_count, input_count, link_count;
    bool full;         /* something was left out */
    uint32_t seen;     /* nodes with a class, also those that were not kept */
    uint32_t api_seen; /* of them, in the form of the API */
} alice__graph;

/* Cut a workspace into tables and heap. */
void alice__graph_on(alice__graph *g, alice__heap *heap, void *workspace, size_t size);

/* Texts that a walk found; borrowed from the heap. */
enum { ALICE__TEXTS_MOST = 16 };
typedef struct alice__texts {
    const char *text[ALICE__TEXTS_MOST];
    unsigned count;
} alice__texts;

typedef struct alice__graph_answer {
    alice__texts prompt, negative;
    const char *model, *seed, *sampler; /* NULL: not found */
} alice__graph_answer;

/* What an input's name means. */
alice__role alice__graph_role(const char *name);

/* Building: a node is begun, gets inputs, and is kept or dropped at its end. */
typedef struct alice__node_draft {
    size_t heap_mark;
    uint16_t input_mark, link_mark;
    uint32_t id;
    uint32_t name;
    bool has_name, lost;
} alice__node_draft;
void alice__node_begin(alice__graph *g, alice__node_draft *d, const char *id);
void alice__node_class(alice__graph *g, alice__node_draft *d, const char *name);
/* A text, number or node id; copied from the heap's tail or elsewhere. */
void alice__node_input(alice__graph *g, alice__role role, alice__input_kind kind,
                       const char *text, size_t n);
void alice__node_link(alice__graph *g, alice__role role, uint32_t number);
void alice__node_output(alice__graph *g, uint32_t number);
/* `api`: of a prompt; else of a workflow, whose widgets are now given roles. `mode`: 2 muted, 4
 * bypassed. */
void alice__node_end(alice__graph *g, alice__node_draft *d, bool api, int mode);

/* Walk from the sampler to its texts. */
void alice__graph_solve(const alice__graph *g, alice__graph_answer *a);

/* ---- JSON ---- */

/* Read a JSON text that begins with {; tells the facts it holds. `key` is where it stood. */
void alice__evidence_json(alice__facts *f, const char *from, const char *key,
                          alice__text_stream *text, void *workspace, size_t size);

/* ---- plain texts ---- */

/* Parameters as the Stable Diffusion web UI and programs like it write them. False: it is no
 * such text.
 */
bool alice__evidence_parameters(alice__facts *f, const char *from, const char *text, size_t n);

#endif
