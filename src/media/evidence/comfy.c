/* SPDX-License-Identifier: MIT */
/*
 * ComfyUI's graphs. A node has a class and inputs; an input is a value or a link
 * to another node. The prompt is found by walking backwards:
 *
 *     sampler ── positive ──▶ [ControlNet, guidance, combine …] ──▶ text encoder ── text
 *        │ │ └── guider ────▶ CFGGuider ── positive ──▶ …                            │
 *        │ └──── noise ─────▶ RandomNoise ── noise_seed              (a text or a link)
 *        └────── model ─────▶ [LoRA …] ──▶ loader ── ckpt_name
 *
 * Nodes are kept only if one of their inputs can lie on such a way; images,
 * masks and latents do not. A walk visits a node once, so that loops and
 * diamonds of a hostile graph cost no more than its size.
 *
 * Invariants: the inputs of a node are [first, first + count) of inputs[];
 * every text and id is terminated in the heap.
 */
#include "media/evidence/workspace.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* ---- heap ---- */

char *alice__heap_tail(const alice__heap *h, size_t *room)
{
    size_t left = h->size - h->used, most = h->size / 2;
    if (most < ALICE__HEAP_RESERVE)
        most = ALICE__HEAP_RESERVE;
    *room = left < most ? left : most;
    return h->memory + h->used;
}

char *alice__heap_keep(alice__heap *h, size_t n)
{
    if (h->size - h->used < n + 1 + ALICE__HEAP_RESERVE)
        return NULL;
    char *p = h->memory + h->used;
    h->used += n + 1;
    return p;
}

/* Keep a copy; the text may stand at the tail itself. UINT32_MAX: no room. */
static uint32_t keep_text(alice__heap *h, const char *text, size_t n)
{
    size_t at = h->used;
    if (!alice__heap_keep(h, n))
        return UINT32_MAX;
    memmove(h->memory + at, text, n);
    h->memory[at + n] = 0;
    return (uint32_t)at;
}

/* ---- words ---- */

/* Whether `text` has the lower-case `word` in it. */
static bool has(const char *text, const char *word)
{
    for (; *text; text++) {
        if (alice__lower(*text) != *word)
            continue;
        size_t i = 1;
        while (word[i] && alice__lower(text[i]) == word[i])
            i++;
        if (!word[i])
            return true;
    }
    return false;
}

static bool starts(const char *text, const char *word)
{
    while (*word && *text == *word) {
        text++;
        word++;
    }
    return !*word;
}

static bool ends(const char *text, const char *word)
{
    size_t n = strlen(text), m = strlen(word);
    return n >= m && !strcmp(text + n - m, word);
}

/* Inputs of nodes whose name says all. */
static const struct {
    const char *name;
    alice__role role;
} named_roles[] = {
    {"positive", ALICE__ROLE_POSITIVE},
    {"negative", ALICE__ROLE_NEGATIVE},
    {"text", ALICE__ROLE_TEXT},
    {"populated_text", ALICE__ROLE_FILLED_TEXT},
    {"clip_l", ALICE__ROLE_TEXT},
    {"t5xxl", ALICE__ROLE_TEXT},
    {"llama", ALICE__ROLE_TEXT},
    {"tags", ALICE__ROLE_TEXT},
    {"value", ALICE__ROLE_VALUE},
    {"int", ALICE__ROLE_VALUE},
    {"number", ALICE__ROLE_VALUE},
    {"seed", ALICE__ROLE_SEED},
    {"noise_seed", ALICE__ROLE_SEED},
    {"noise", ALICE__ROLE_NOISE},
    {"guider", ALICE__ROLE_GUIDER},
    {"sampler", ALICE__ROLE_SAMPLER},
    {"sampler_name", ALICE__ROLE_SAMPLER_NAME},
    {"model", ALICE__ROLE_MODEL},
    {"ckpt_name", ALICE__ROLE_MODEL_NAME},
    {"unet_name", ALICE__ROLE_MODEL_NAME},
    {"base_ckpt_name", ALICE__ROLE_MODEL_NAME},
    {"model_name", ALICE__ROLE_MODEL_NAME},
    {"model_path", ALICE__ROLE_MODEL_NAME},
    {"gguf_name", ALICE__ROLE_MODEL_NAME},
    {"pipe", ALICE__ROLE_OTHER},
    {"basic_pipe", ALICE__ROLE_OTHER},
    {"", ALICE__ROLE_OTHER},
    {"*", ALICE__ROLE_OTHER},
};
/* What carries pictures, not words. */
static const char *const pictures[] = {"image",       "images", "samples", "latent", "vae",
                                       "mask",        "clip",   "pixels",  "sigmas", "audio",
                                       "style_model", "video",  "frames"};

alice__role alice__graph_role(const char *name)
{
    for (size_t i = 0; i < sizeof named_roles / sizeof *named_roles; i++)
        if (alice__same(name, named_roles[i].name))
            return named_roles[i].role;
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++)
        if (alice__same(name, pictures[i]))
            return ALICE__ROLE_NONE;
    if (starts(name, "latent") || starts(name, "image") || has(name, "encoder") ||
        starts(name, "clip_") || starts(name, "vae") || has(name, "control_net") ||
        has(name, "prefix") || ends(name, "_format"))
        return ALICE__ROLE_NONE;
    if (has(name, "negative"))
        return ALICE__ROLE_NEGATIVE;
    if (has(name, "positive"))
        return ALICE__ROLE_POSITIVE;
    if (starts(name, "cond"))
        return ALICE__ROLE_CONDITIONING;
    if (ends(name, "_name"))
        return ALICE__ROLE_NONE;
    if (has(name, "prompt") || has(name, "text") || has(name, "string"))
        return ALICE__ROLE_TEXT;
    if (ends(name, "seed"))
        return ALICE__ROLE_SEED;
    if (starts(name, "any") || starts(name, "input") || starts(name, "pipe"))
        return ALICE__ROLE_OTHER;
    return ALICE__ROLE_NONE;
}

/* ---- building ---- */

void alice__graph_on(alice__graph *g, alice__heap *heap, void *workspace, size_t size)
{
    memset(g, 0, sizeof *g);
    g->heap = heap;
    g->node_room = (uint16_t)(size / 128);
    g->input_room = (uint16_t)(size / 32);
    g->link_room = (uint16_t)(size / 64);
    g->nodes = workspace;
    g->inputs = (alice__graph_input *)(void *)(g->nodes + g->node_room);
    g->links = (alice__graph_link *)(void *)(g->inputs + g->input_room);
    char *rest = (char *)(g->links + g->link_room);
    *heap = (alice__heap){.memory = rest, .size = size - (size_t)(rest - (char *)workspace)};
}

void alice__node_begin(alice__graph *g, alice__node_draft *d, const char *id)
{
    memset(d, 0, sizeof *d);
    d->heap_mark = g->heap->used;
    d->input_mark = g->input_count;
    d->link_mark = g->link_count;
    d->id = keep_text(g->heap, id, strlen(id));
    d->lost = d->id == UINT32_MAX;
}

void alice__node_class(alice__graph *g, alice__node_draft *d, const char *name)
{
    if (d->has_name)
        return;
    d->has_name = true;
    d->name = keep_text(g->heap, name, strlen(name));
    d->lost |= d->name == UINT32_MAX;
}

static void add_input(alice__graph *g, alice__role role, alice__input_kind kind, uint32_t value)
{
    if (g->input_count == g->input_room) {
        g->full = true;
        return;
    }
    g->inputs[g->input_count++] =
        (alice__graph_input){.role = (uint8_t)role, .kind = (uint8_t)kind, .value = value};
}

void alice__node_input(alice__graph *g, alice__role role, alice__input_kind kind,
                       const char *text, size_t n)
{
    if (role == ALICE__ROLE_NONE || n == 0)
        return;
    uint32_t at = keep_text(g->heap, text, n);
    if (at == UINT32_MAX)
        g->full = true;
    else
        add_input(g, role, kind, at);
}

void alice__node_link(alice__graph *g, alice__role role, uint32_t number)
{
    if (role != ALICE__ROLE_NONE)
        add_input(g, role, ALICE__INPUT_LINK, number);
}

void alice__node_output(alice__graph *g, uint32_t number)
{
    if (g->link_count == g->link_room) {
        g->full = true;
        return;
    }
    g->links[g->link_count++] = (alice__graph_link){.number = number, .node = UINT16_MAX};
}

/* Words that widgets of samplers hold besides the sampler's name. */
static bool is_switch(const char *text)
{
    static const char *const words[] = {"enable",         "disable",   "randomize",
                                        "fixed",          "increment", "decrement",
                                        "increment-wrap", "image",     "default"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(text, words[i]))
            return true;
    return false;
}

/*
 * A workflow's widgets have an order, no names. The class says what the first
 * number and the texts are.
 */
static void name_widgets(alice__graph *g, const alice__node_draft *d)
{
    const char *name = g->heap->memory + d->name;
    bool samples = has(name, "sampler"), noise = has(name, "noise") || has(name, "seed");
    bool loads = has(name, "checkpoint") || has(name, "unet") || has(name, "diffusionmodel") ||
                 has(name, "gguf") || has(name, "diffusersloader");
    bool writes = !samples && !loads &&
                  (has(name, "text") || has(name, "prompt") || has(name, "primitive") ||
                   has(name, "string") || has(name, "wildcard"));
    bool number = samples || noise || has(name, "primitive");
    bool word = samples || loads;
    for (uint16_t i = d->input_mark; i < g->input_count; i++) {
        alice__graph_input *in = &g->inputs[i];
        if (in->role != ALICE__ROLE_WIDGET)
            continue;
        in->role = ALICE__ROLE_NONE;
        if (in->kind == ALICE__INPUT_NUMBER) {
            if (number)
                in->role = samples || noise ? ALICE__ROLE_SEED : ALICE__ROLE_VALUE;
            number = false;
        } else if (!is_switch(g->heap->memory + in->value)) {
            if (word)
                in->role = samples ? ALICE__ROLE_SAMPLER_NAME : ALICE__ROLE_MODEL_NAME;
            else if (writes)
                in->role = ALICE__ROLE_TEXT;
            word = false;
        }
    }
}

/* Take out what was given no role, and of a bypassed node all but its links. */
static void drop_inputs(alice__graph *g, const alice__node_draft *d, bool bypassed)
{
    uint16_t kept = d->input_mark;
    for (uint16_t i = d->input_mark; i < g->input_count; i++) {
        const alice__graph_input *in = &g->inputs[i];
        bool link = in->kind == ALICE__INPUT_LINK || in->kind == ALICE__INPUT_NODE;
        if (in->role != ALICE__ROLE_NONE && (link || !bypassed))
            g->inputs[kept++] = *in;
    }
    g->input_count = kept;
}

void alice__node_end(alice__graph *g, alice__node_draft *d, bool api, int mode)
{
    if (d->has_name) {
        g->seen++;
        g->api_seen += api;
        if (!d->lost) {
            if (!api)
                name_widgets(g, d);
            drop_inputs(g, d, mode == 4);
        }
    }
    uint16_t count = (uint16_t)(g->input_count - d->input_mark);
    bool keep = d->has_name && !d->lost && count > 0 && mode != 2;
    if (keep && g->node_count == g->node_room) {
        g->full = true;
        keep = false;
    }
    if (!keep) {
        g->full |= d->lost;
        g->heap->used = d->heap_mark;
        g->input_count = d->input_mark;
        g->link_count = d->link_mark;
        return;
    }
    for (uint16_t i = d->link_mark; i < g->link_count; i++)
        g->links[i].node = g->node_count;
    g->nodes[g->node_count++] = (alice__graph_node){
        .id = d->id, .name = d->name, .first = d->input_mark, .count = count};
}

/* ---- walking ---- */

typedef struct walk {
    const alice__graph *g;
    uint8_t
        visited[576 / 8 + 1]; /* a bit a node; node_room of the largest workspace that counts */
    unsigned depth;
} walk;

enum { DEPTH_MOST = 64 };

static const char *text_of(const alice__graph *g, const alice__graph_input *in)
{
    return g->heap->memory + in->value;
}

static const char *class_of(const alice__graph *g, const alice__graph_node *n)
{
    return g->heap->memory + n->name;
}

/* The node that an input is linked to, or NULL. */
static const alice__graph_node *target(const alice__graph *g, const alice__graph_input *in)
{
    if (in->kind == ALICE__INPUT_NODE) {
        const char *id = text_of(g, in);
        for (uint16_t i = 0; i < g->node_count; i++)
            if (!strcmp(g->heap->memory + g->nodes[i].id, id))
                return &g->nodes[i];
    } else if (in->kind == ALICE__INPUT_LINK) {
        for (uint16_t i = 0; i < g->link_count; i++)
            if (g->links[i].number == in->value && g->links[i].node < g->node_count)
                return &g->nodes[g->links[i].node];
    }
    return NULL;
}

static const alice__graph_input *input_of(const alice__graph *g, const alice__graph_node *n,
                                          alice__role role)
{
    for (uint16_t i = 0; i < n->count; i++)
        if (g->inputs[n->first + i].role == role)
            return &g->inputs[n->first + i];
    return NULL;
}

/* True the first time; so every walk ends. */
static bool enter(walk *w, const alice__graph_node *n)
{
    size_t i = (size_t)(n - w->g->nodes);
    if (w->depth >= DEPTH_MOST || i / 8 >= sizeof w->visited ||
        (w->visited[i / 8] >> (i % 8) & 1))
        return false;
    w->visited[i / 8] |= (uint8_t)(1u << (i % 8));
    return true;
}

static void add_text(alice__texts *out, const char *text)
{
    while (*text == ' ' || *text == '\n' || *text == '\t' || *text == '\r')
        text++;
    if (!*text || out->count == ALICE__TEXTS_MOST)
        return;
    for (unsigned i = 0; i < out->count; i++)
        if (!strcmp(out->text[i], text))
            return;
    out->text[out->count++] = text;
}

static void texts_behind(walk *w, const alice__graph_node *n, alice__role side,
                         alice__texts *out);

/* All inputs of a role: their texts, and what is behind their links. */
static bool follow(walk *w, const alice__graph_node *n, alice__role role, alice__role side,
                   alice__texts *out)
{
    bool any = false;
    for (uint16_t i = 0; i < n->count; i++) {
        const alice__graph_input *in = &w->g->inputs[n->first + i];
        if (in->role != role)
            continue;
        any = true;
        if (in->kind == ALICE__INPUT_TEXT) {
            add_text(out, text_of(w->g, in));
            continue;
        }
        const alice__graph_node *next = target(w->g, in);
        if (next && enter(w, next)) {
            w->depth++;
            texts_behind(w, next, side, out);
            w->depth--;
        }
    }
    return any;
}

/* The texts that flow out of a node, on the given side where it has two. */
static void texts_behind(walk *w, const alice__graph_node *n, alice__role side,
                         alice__texts *out)
{
    if (has(class_of(w->g, n), "zeroout"))
        return; /* an empty conditioning, whatever goes in */
    if (input_of(w->g, n, ALICE__ROLE_POSITIVE) || input_of(w->g, n, ALICE__ROLE_NEGATIVE)) {
        follow(w, n, side, side, out);
        return;
    }
    if (follow(w, n, ALICE__ROLE_FILLED_TEXT, side, out) && out->count > 0)
        return;
    bool text = follow(w, n, ALICE__ROLE_TEXT, side, out);
    text |= follow(w, n, ALICE__ROLE_VALUE, side, out);
    bool conditioning = follow(w, n, ALICE__ROLE_CONDITIONING, side, out);
    if (!text && !conditioning)
        follow(w, n, ALICE__ROLE_OTHER, side, out);
}

static void texts_of(const alice__graph *g, const alice__graph_node *sampler, alice__role side,
                     alice__texts *out)
{
    walk w = {.g = g};
    out->count = 0;
    const alice__graph_node *n = sampler;
    for (int hops = 0; n && hops < 4; hops++) {
        if (!enter(&w, n))
            return;
        if (input_of(g, n, side)) {
            follow(&w, n, side, side, out);
            return;
        }
        if (side == ALICE__ROLE_POSITIVE &&
            follow(&w, n, ALICE__ROLE_CONDITIONING, side, out) && out->count > 0)
            return;
        const alice__graph_input *guider = input_of(g, n, ALICE__ROLE_GUIDER);
        n = guider ? target(g, guider) : NULL;
    }
}

/* The first value of a role, through links that carry nothing else. */
static const char *value_of(walk *w, const alice__graph_node *n, alice__role role)
{
    const alice__graph_input *in = input_of(w->g, n, role);
    if (!in)
        in = input_of(w->g, n, ALICE__ROLE_VALUE);
    if (!in && role == ALICE__ROLE_SEED)
        in = input_of(w->g, n, ALICE__ROLE_NOISE);
    if (!in)
        in = input_of(w->g, n, ALICE__ROLE_OTHER);
    if (!in)
        return NULL;
    if (in->kind == ALICE__INPUT_TEXT || in->kind == ALICE__INPUT_NUMBER)
        return text_of(w->g, in);
    const alice__graph_node *next = target(w->g, in);
    if (!next || !enter(w, next))
        return NULL;
    w->depth++;
    const char *value = value_of(w, next, role);
    w->depth--;
    return value;
}

static const char *seed_of(const alice__graph *g, const alice__graph_node *n)
{
    walk w = {.g = g};
    const alice__graph_input *noise = input_of(g, n, ALICE__ROLE_NOISE);
    if (noise && !input_of(g, n, ALICE__ROLE_SEED)) {
        const alice__graph_node *source = target(g, noise);
        return source && enter(&w, source) ? value_of(&w, source, ALICE__ROLE_SEED) : NULL;
    }
    return input_of(g, n, ALICE__ROLE_SEED) ? value_of(&w, n, ALICE__ROLE_SEED) : NULL;
}

static const char *sampler_of(const alice__graph *g, const alice__graph_node *n)
{
    walk w = {.g = g};
    if (input_of(g, n, ALICE__ROLE_SAMPLER_NAME))
        return value_of(&w, n, ALICE__ROLE_SAMPLER_NAME);
    const alice__graph_input *in = input_of(g, n, ALICE__ROLE_SAMPLER);
    const alice__graph_node *source = in ? target(g, in) : NULL;
    if (!source)
        return NULL;
    const char *name = NULL;
    if (input_of(g, source, ALICE__ROLE_SAMPLER_NAME))
        name = value_of(&w, source, ALICE__ROLE_SAMPLER_NAME);
    return name ? name : class_of(g, source);
}

/* Down the model's links to the loader. */
static const char *model_of(const alice__graph *g, const alice__graph_node *n)
{
    walk w = {.g = g};
    while (n && enter(&w, n)) {
        const alice__graph_input *name = input_of(g, n, ALICE__ROLE_MODEL_NAME);
        if (name && name->kind == ALICE__INPUT_TEXT)
            return text_of(g, name);
        const alice__graph_input *in = input_of(g, n, ALICE__ROLE_MODEL);
        if (in && in->kind == ALICE__INPUT_TEXT)
            return text_of(g, in);
        if (!in)
            in = input_of(g, n, ALICE__ROLE_GUIDER);
        if (!in)
            in = input_of(g, n, ALICE__ROLE_OTHER);
        n = in ? target(g, in) : NULL;
    }
    return NULL;
}

/* A node from which a picture comes: it is told what to draw. */
static bool is_sampler(const alice__graph *g, const alice__graph_node *n)
{
    const alice__graph_input *to = input_of(g, n, ALICE__ROLE_POSITIVE);
    if (input_of(g, n, ALICE__ROLE_GUIDER))
        return true;
    bool noise = input_of(g, n, ALICE__ROLE_SEED) || input_of(g, n, ALICE__ROLE_NOISE);
    return (to && (noise || has(class_of(g, n), "sampler"))) ||
           (has(class_of(g, n), "sampler") && noise);
}

/* Where the graph has one text encoder only, its text is the prompt. */
static void only_text(const alice__graph *g, alice__texts *out)
{
    const alice__graph_node *one = NULL;
    for (uint16_t i = 0; i < g->node_count; i++) {
        if (!has(class_of(g, &g->nodes[i]), "textencode"))
            continue;
        if (one)
            return;
        one = &g->nodes[i];
    }
    if (one) {
        walk w = {.g = g};
        (void)enter(&w, one);
        texts_behind(&w, one, ALICE__ROLE_POSITIVE, out);
    }
}

void alice__graph_solve(const alice__graph *g, alice__graph_answer *a)
{
    const alice__graph_node *sampler = NULL;
    memset(a, 0, sizeof *a);
    for (uint16_t i = 0; i < g->node_count; i++) {
        const alice__graph_node *n = &g->nodes[i];
        if (!is_sampler(g, n))
            continue;
        if (!sampler)
            sampler = n;
        texts_of(g, n, ALICE__ROLE_POSITIVE, &a->prompt);
        if (a->prompt.count > 0) {
            sampler = n;
            break;
        }
    }
    if (sampler) {
        texts_of(g, sampler, ALICE__ROLE_NEGATIVE, &a->negative);
        a->seed = seed_of(g, sampler);
        a->sampler = sampler_of(g, sampler);
        a->model = model_of(g, sampler);
    }
    if (a->prompt.count == 0)
        only_text(g, &a->prompt);
    for (uint16_t i = 0; !a->model && i < g->node_count; i++) {
        const alice__graph_input *in = input_of(g, &g->nodes[i], ALICE__ROLE_MODEL_NAME);
        const char *name = class_of(g, &g->nodes[i]);
        if (in && in->kind == ALICE__INPUT_TEXT && has(name, "loader") && !has(name, "upscale"))
            a->model = text_of(g, in);
    }
}
