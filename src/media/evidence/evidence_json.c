/* SPDX-License-Identifier: MIT */
/*
 * JSON that generators leave behind. One pass, whatever it is:
 *
 *     {"3": {"inputs": {…}, "class_type": …}}        ComfyUI's prompt: nodes of a graph
 *     {"nodes": […], "links": […]}                   ComfyUI's workflow
 *     {"prompt": "{…}" or {…}, "workflow": {…}}      a wrapper, as video nodes write it
 *     {"sui_image_params": {…}}                      SwarmUI
 *     {"positive_prompt": …, "model": {…}}           InvokeAI 3 and later
 *     {"app_id": …, "image": {"prompt": [{…}]}}      InvokeAI 2
 *     {"base_model": …, "metadata_scheme": …}        Fooocus
 *     {"steps": …, "uc": …}                          NovelAI; with "c": Draw Things
 *     {"use_stable_diffusion_model": …}              Easy Diffusion
 *
 * Fields of known names are collected on the way, marks say who writes them;
 * at the end it is decided what the text was. JSON inside a string is read
 * through the string, not copied.
 */
#include "media/evidence/workspace.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "media/blocks/json.h"

enum mark {
    MARK_SWARM = 1,
    MARK_INVOKE = 2,
    MARK_FOOOCUS = 4,
    MARK_NOVELAI = 8,
    MARK_EASY = 16,
    MARK_DRAWTHINGS = 32,
    MARK_WORKFLOW = 64,
    MARK_LABEL = 128, /* declared as made by AI, by the law of its country */
    MARK_FIELDS = 256 /* names that only a web UI's settings have */
};

enum field { PROMPT, NEGATIVE, MODEL, SEED, SAMPLER, SCHEDULER, FIELDS };

typedef struct reading {
    alice__facts *f;
    alice__heap heap;
    alice__graph graph;
    alice__json j;
    const char *field[FIELDS];
    unsigned marks;
    unsigned level;  /* objects in objects that are read, not skipped */
    unsigned nested; /* JSON in strings in JSON */
} reading;

enum { LEVEL_MOST = 8, NESTED_MOST = 3 };

/* The next token's text goes to the heap's tail. */
static alice__json_kind next(reading *r, alice__json *j)
{
    j->text = alice__heap_tail(&r->heap, &j->room);
    return alice__json_next(j);
}

static bool skip(reading *r, alice__json *j, alice__json_kind kind)
{
    j->text = alice__heap_tail(&r->heap, &j->room);
    return alice__json_skip(j, kind);
}

static void keep_field(reading *r, enum field which, const alice__json *j,
                       alice__json_kind kind)
{
    if (r->field[which] || j->n == 0 ||
        (kind != ALICE__JSON_STRING && kind != ALICE__JSON_NUMBER))
        return;
    if (which == SEED && j->text[0] == '-')
        return; /* -1 asks for a random one */
    r->field[which] = alice__heap_keep(&r->heap, j->n);
}

static const struct known {
    const char *name;
    int field; /* or -1 */
    unsigned mark;
} known[] = {
    {"prompt", PROMPT, 0},
    {"positive_prompt", PROMPT, MARK_FIELDS},
    {"positivePrompt", PROMPT, 0},
    {"Prompt", PROMPT, 0},
    {"c", PROMPT, 0},
    {"negative_prompt", NEGATIVE, MARK_FIELDS},
    {"negativePrompt", NEGATIVE, MARK_FIELDS},
    {"negativeprompt", NEGATIVE, MARK_FIELDS},
    {"Negative Prompt", NEGATIVE, MARK_FIELDS},
    {"uc", NEGATIVE, 0},
    {"model", MODEL, 0},
    {"Model", MODEL, 0},
    {"base_model", MODEL, 0},
    {"model_weights", MODEL, MARK_INVOKE},
    {"use_stable_diffusion_model", MODEL, MARK_EASY},
    {"seed", SEED, 0},
    {"Seed", SEED, 0},
    {"sampler", SAMPLER, 0},
    {"Sampler", SAMPLER, 0},
    {"sampler_name", SAMPLER, 0},
    {"scheduler", SCHEDULER, 0},
    {"generation_mode", -1, MARK_INVOKE},
    {"rand_device", -1, MARK_INVOKE},
    {"app_version", -1, 0},
    {"positive_style_prompt", -1, MARK_INVOKE},
    {"adm_guidance", -1, MARK_FOOOCUS},
    {"base_model_hash", -1, MARK_FOOOCUS},
    {"sui_image_params", -1, MARK_SWARM},
    {"swarm_version", -1, MARK_SWARM},
    {"request_type", -1, MARK_NOVELAI},
    {"signed_hash", -1, MARK_NOVELAI},
    {"uncond_scale", -1, MARK_NOVELAI},
    {"v4_prompt", -1, MARK_NOVELAI},
    {"use_vae_model", -1, MARK_EASY},
    {"num_inference_steps", -1, MARK_FIELDS},
    {"guidance_scale", -1, MARK_FIELDS},
    {"cfgScale", -1, MARK_FIELDS},
    {"cfg_scale", -1, MARK_FIELDS},
    {"cfgscale", -1, MARK_FIELDS},
};

static const struct known *known_of(const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (alice__same(known[i].name, name))
            return &known[i];
    return NULL;
}

/* ---- graphs: the prompt's form ---- */

/* ["4", 0]: a link; anything else in an array tells nothing. */
static bool link_input(reading *r, alice__json *j, alice__role role)
{
    char id[64] = "";
    unsigned depth = j->depth, place = 0;
    bool link = true;
    alice__json_kind kind;
    while ((kind = next(r, j)) > ALICE__JSON_BAD) {
        if (j->depth < depth)
            break;
        if (place == 0 && j->n < sizeof id &&
            (kind == ALICE__JSON_STRING || kind == ALICE__JSON_NUMBER))
            memcpy(id, j->text, j->n + 1);
        else if (place != 1 || kind != ALICE__JSON_NUMBER)
            link = false;
        place++;
    }
    if (kind <= ALICE__JSON_BAD)
        return false;
    if (link && place == 2 && id[0])
        alice__node_input(&r->graph, role, ALICE__INPUT_NODE, id, strlen(id));
    return true;
}

static bool value_input(reading *r, alice__json *j, alice__role role)
{
    alice__json_kind kind = next(r, j);
    if (kind <= ALICE__JSON_BAD)
        return false;
    if (kind == ALICE__JSON_ARRAY)
        return link_input(r, j, role);
    if (kind == ALICE__JSON_STRING)
        alice__node_input(&r->graph, role, ALICE__INPUT_TEXT, j->text, j->n);
    else if (kind == ALICE__JSON_NUMBER &&
             (role == ALICE__ROLE_SEED || role == ALICE__ROLE_VALUE))
        alice__node_input(&r->graph, role, ALICE__INPUT_NUMBER, j->text, j->n);
    return kind != ALICE__JSON_OBJECT || skip(r, j, kind);
}

static bool inputs_by_name(reading *r, alice__json *j)
{
    alice__json_kind kind;
    while ((kind = next(r, j)) == ALICE__JSON_KEY) {
        alice__role role = alice__graph_role(j->text);
        if (role == ALICE__ROLE_NONE ? !skip(r, j, kind) : !value_input(r, j, role))
            return false;
    }
    return kind == ALICE__JSON_OBJECT_END;
}

/* The object after a key that may be a node's id. */
static bool prompt_node(reading *r, alice__json *j, const char *id)
{
    alice__node_draft d;
    alice__json_kind kind;
    alice__node_begin(&r->graph, &d, id);
    while ((kind = next(r, j)) == ALICE__JSON_KEY) {
        bool is_inputs = !strcmp(j->text, "inputs"), is_class = !strcmp(j->text, "class_type");
        if (!is_inputs && !is_class) {
            if (!skip(r, j, kind))
                break;
            continue;
        }
        kind = next(r, j);
        if (is_class && kind == ALICE__JSON_STRING)
            alice__node_class(&r->graph, &d, j->text);
        if (is_inputs && kind == ALICE__JSON_OBJECT) {
            if (!inputs_by_name(r, j)) {
                kind = ALICE__JSON_BAD;
                break;
            }
        } else if (!skip(r, j, kind)) {
            break;
        }
    }
    alice__node_end(&r->graph, &d, true, 0);
    return kind == ALICE__JSON_OBJECT_END;
}

/* ---- graphs: the workflow's form ---- */

static uint32_t number_of(const alice__json *j)
{
    return (uint32_t)strtoul(j->text, NULL, 10);
}

/* Types of links that carry words, seeds, models; the others are left out. */
static bool carries(const char *type)
{
    static const char *const not [] = {
        "IMAGE",       "LATENT",        "VAE",    "MASK",  "CLIP",        "CLIP_VISION",
        "CONTROL_NET", "UPSCALE_MODEL", "SIGMAS", "AUDIO", "STYLE_MODEL", "CLIP_VISION_OUTPUT"};
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
        if (alice__same(type, not [i]))
            return false;
    return true;
}

/* {"name": "positive", "type": "CONDITIONING", "link": 4} */
static bool slot_in(reading *r, alice__json *j)
{
    alice__role role = ALICE__ROLE_NONE;
    alice__json_kind kind;
    uint32_t link = 0;
    bool linked = false, wanted = true;
    while ((kind = next(r, j)) == ALICE__JSON_KEY) {
        bool name = !strcmp(j->text, "name"), type = !strcmp(j->text, "type");
        bool is_link = !strcmp(j->text, "link");
        kind = next(r, j);
        if (name && kind == ALICE__JSON_STRING)
            role = alice__graph_role(j->text);
        if (type && kind == ALICE__JSON_STRING)
            wanted = carries(j->text);
        if (is_link && kind == ALICE__JSON_NUMBER) {
            link = number_of(j);
            linked = true;
        }
        if (!skip(r, j, kind))
            return false;
    }
    if (linked && wanted)
        alice__node_link(&r->graph, role, link);
    return kind == ALICE__JSON_OBJECT_END;
}

/* {"name": "MODEL", "type": "MODEL", "links": [1, 2]} */
static bool slot_out(reading *r, alice__json *j)
{
    alice__json_kind kind;
    bool wanted = true;
    while ((kind = next(r, j)) == ALICE__JSON_KEY) {
        bool type = !strcmp(j->text, "type"), links = !strcmp(j->text, "links");
        kind = next(r, j);
        if (type && kind == ALICE__JSON_STRING)
            wanted = carries(j->text);
        if (!links || kind != ALICE__JSON_ARRAY) {
            if (!skip(r, j, kind))
                return false;
            continue;
        }
        while ((kind = next(r, j)) == ALICE__JSON_NUMBER)
            if (wanted)
                alice__node_output(&r->graph, number_of(j));
        if (kind != ALICE__JSON_ARRAY_END)
            return false;
    }
    return kind == ALICE__JSON_OBJECT_END;
}

static bool widgets(reading *r, alice__json *j, alice__json_kind kind)
{
    if (kind == ALICE__JSON_OBJECT)
        return inputs_by_name(r, j);
    if (kind != ALICE__JSON_ARRAY)
        return kind != ALICE__JSON_BAD;
    while ((kind = next(r, j)) > ALICE__JSON_BAD && kind != ALICE__JSON_ARRAY_END) {
        if (kind == ALICE__JSON_STRING)
            alice__node_input(&r->graph, ALICE__ROLE_WIDGET, ALICE__INPUT_TEXT, j->text, j->n);
        else if (kind == ALICE__JSON_NUMBER)
            alice__node_input(&r->graph, ALICE__ROLE_WIDGET, ALICE__INPUT_NUMBER, j->text,
                              j->n);
        else if (!skip(r, j, kind))
            return false;
    }
    return kind == ALICE__JSON_ARRAY_END;
}

/* An array of objects, each read by `each`. */
static bool objects(reading *r, alice__json *j, alice__json_kind kind,
                    bool (*each)(reading *, alice__json *))
{
    if (kind != ALICE__JSON_ARRAY)
        return skip(r, j, kind);
    while ((kind = next(r, j)) > ALICE__JSON_BAD && kind != ALICE__JSON_ARRAY_END)
        if (kind == ALICE__JSON_OBJECT ? !each(r, j) : !skip(r, j, kind))
            return false;
    return kind == ALICE__JSON_ARRAY_END;
}

static bool workflow_node(reading *r, alice__json *j)
{
    alice__node_draft d;
    alice__json_kind kind;
    bool ok = true;
    int mode = 0;
    alice__node_begin(&r->graph, &d, "");
    while (ok && (kind = next(r, j)) == ALICE__JSON_KEY) {
        char key[16] = "";
        if (j->n < sizeof key)
            memcpy(key, j->text, j->n + 1);
        kind = next(r, j);
        if (!strcmp(key, "type") && kind == ALICE__JSON_STRING)
            alice__node_class(&r->graph, &d, j->text);
        else if (!strcmp(key, "mode") && kind == ALICE__JSON_NUMBER)
            mode = (int)number_of(j);
        else if (!strcmp(key, "inputs"))
            ok = objects(r, j, kind, slot_in);
        else if (!strcmp(key, "outputs"))
            ok = objects(r, j, kind, slot_out);
        else if (!strcmp(key, "widgets_values"))
            ok = widgets(r, j, kind);
        else
            ok = skip(r, j, kind);
    }
    ok = ok && kind == ALICE__JSON_OBJECT_END;
    alice__node_end(&r->graph, &d, false, mode);
    return ok;
}

/* ---- objects ---- */

/* What an object is, by the key that it is the value of. */
enum place {
    PLACE_TOP,    /* fields, nodes, wrappers */
    PLACE_FIELDS, /* fields only */
    PLACE_MODEL   /* names of a model */
};

static bool object(reading *r, alice__json *j, enum place place);

static bool model_object(reading *r, alice__json *j)
{
    alice__json_kind kind;
    while ((kind = next(r, j)) == ALICE__JSON_KEY) {
        bool name = !strcmp(j->text, "name") || !strcmp(j->text, "model_name");
        kind = next(r, j);
        if (name)
            keep_field(r, MODEL, j, kind);
        if (!skip(r, j, kind))
            return false;
    }
    return kind == ALICE__JSON_OBJECT_END;
}

/* [{"prompt": "…", "weight": 1.0}] or ["…", …]: the first text. */
static bool prompt_list(reading *r, alice__json *j, enum field which)
{
    alice__json_kind kind;
    while ((kind = next(r, j)) > ALICE__JSON_BAD && kind != ALICE__JSON_ARRAY_END) {
        keep_field(r, which, j, kind);
        if (kind == ALICE__JSON_OBJECT ? !object(r, j, PLACE_FIELDS) : !skip(r, j, kind))
            return false;
    }
    return kind == ALICE__JSON_ARRAY_END;
}

/* A string that may be JSON of its own; else it is the field's text. */
static bool string_value(reading *r, alice__json *j, alice__json_string *s, int field)
{
    alice_bytes window = {NULL, 0};
    (void)s->stream.next(&s->stream, &window);
    size_t i = 0;
    while (i < window.n && (window.p[i] == ' ' || window.p[i] == '\n' || window.p[i] == '\t'))
        i++;
    if (i < window.n && window.p[i] == '{' && r->nested < NESTED_MOST) {
        alice__json inner;
        r->nested++;
        size_t room;
        char *tail = alice__heap_tail(&r->heap, &room);
        alice__json_open(&inner, &s->stream, tail, room);
        inner.window = (alice_bytes){window.p + i, window.n - i};
        if (next(r, &inner) == ALICE__JSON_OBJECT)
            (void)object(r, &inner, PLACE_TOP);
        r->nested--;
    } else if (field >= 0 && !r->field[field] && i < window.n) {
        size_t room, n = 0;
        char *tail = alice__heap_tail(&r->heap, &room);
        while (window.n > 0) {
            size_t take = window.n < room - 1 - n ? window.n : room - 1 - n;
            memcpy(tail + n, window.p, take);
            n += take;
            if (take < window.n || s->stream.next(&s->stream, &window) != ALICE_OK)
                break;
        }
        tail[n] = 0;
        r->field[field] = alice__heap_keep(&r->heap, n);
    }
    return alice__json_string_end(s) && j->reason == NULL;
}

/* Text values that say who wrote them. */
static unsigned mark_of_value(const char *key, const char *text)
{
    if (!strcmp(key, "app_id") && strstr(text, "InvokeAI"))
        return MARK_INVOKE;
    if (!strcmp(key, "metadata_scheme") && !strcmp(text, "fooocus"))
        return MARK_FOOOCUS;
    if (!strcmp(key, "version") && !strncmp(text, "Fooocus", 7))
        return MARK_FOOOCUS;
    return 0;
}

static bool is_wrapper(const char *key)
{
    static const char *const names[] = {"prompt",        "workflow",         "extraMetadata",
                                        "extra_pnginfo", "sui_image_params", "comment",
                                        "parameters"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (alice__same(key, names[i]))
            return true;
    return false;
}

/* The value of one key of the top. */
static bool top_value(reading *r, alice__json *j, const char *key, int field)
{
    alice__json_string s;
    bool wrapper = is_wrapper(key);
    j->text = alice__heap_tail(&r->heap, &j->room);
    alice__json_kind kind = wrapper ? alice__json_next_streamed(j, &s) : alice__json_next(j);
    if (kind <= ALICE__JSON_BAD)
        return false;
    if (wrapper && kind == ALICE__JSON_STRING)
        return string_value(r, j, &s, field);
    if (kind == ALICE__JSON_OBJECT) {
        if (!strcmp(key, "sui_image_params") || !strcmp(key, "image"))
            return object(r, j, PLACE_FIELDS);
        if (!strcmp(key, "AIGC")) {
            r->marks |= MARK_LABEL;
            return skip(r, j, kind);
        }
        if (wrapper)
            return object(r, j, PLACE_TOP);
        return field == MODEL ? object(r, j, PLACE_MODEL) : prompt_node(r, j, key);
    }
    if (kind == ALICE__JSON_ARRAY) {
        if (!strcmp(key, "nodes")) {
            r->marks |= MARK_WORKFLOW;
            return objects(r, j, kind, workflow_node);
        }
        return skip(r, j, kind);
    }
    if (kind == ALICE__JSON_STRING)
        r->marks |= mark_of_value(key, j->text);
    if (field >= 0) {
        if (!strcmp(key, "model_weights"))
            r->field[MODEL] = NULL; /* more exact than InvokeAI's "model" */
        keep_field(r, (enum field)field, j, kind);
    }
    return true;
}

static bool field_value(reading *r, alice__json *j, int field)
{
    alice__json_kind kind = next(r, j);
    if (kind == ALICE__JSON_ARRAY && (field == PROMPT || field == NEGATIVE))
        return prompt_list(r, j, (enum field)field);
    if (kind == ALICE__JSON_OBJECT && field == MODEL)
        return object(r, j, PLACE_MODEL);
    if (field >= 0)
        keep_field(r, (enum field)field, j, kind);
    return skip(r, j, kind);
}

/* The object that has just begun, to its end. */
static bool object(reading *r, alice__json *j, enum place place)
{
    alice__json_kind kind;
    if (r->level == LEVEL_MOST)
        return skip(r, j, ALICE__JSON_OBJECT);
    if (place == PLACE_MODEL)
        return model_object(r, j);
    r->level++;
    while ((kind = next(r, j)) == ALICE__JSON_KEY) {
        char key[64] = "";
        if (j->n < sizeof key)
            memcpy(key, j->text, j->n + 1);
        const struct known *k = known_of(key);
        int field = k ? k->field : -1;
        if (k)
            r->marks |= k->mark;
        if (!strcmp(key, "c"))
            r->marks |= MARK_DRAWTHINGS;
        if (place == PLACE_TOP ? !top_value(r, j, key, field) : !field_value(r, j, field)) {
            kind = ALICE__JSON_BAD;
            break;
        }
    }
    r->level--;
    return kind == ALICE__JSON_OBJECT_END;
}

/* ---- what it was ---- */

static void report(reading *r, alice_fact fact, alice__ai_rank rank, const char *from,
                   const char *text)
{
    if (text && text[0])
        alice__facts_text(r->f, fact, rank, from, text, strlen(text));
}

static void report_fields(reading *r, alice__ai_rank rank, const char *from)
{
    static const alice_fact facts[FIELDS] = {ALICE_FACT_PROMPT,   ALICE_FACT_NEGATIVE_PROMPT,
                                             ALICE_FACT_AI_MODEL, ALICE_FACT_SEED,
                                             ALICE_FACT_SAMPLER,  ALICE_FACT_SAMPLER};
    for (int i = 0; i < FIELDS; i++)
        report(r, facts[i], rank, from, r->field[i]);
}

/* The texts of a graph, one a line. They lie in the heap: join them at its tail. */
static void report_texts(reading *r, alice_fact fact, alice__ai_rank rank, const char *from,
                         const alice__texts *texts)
{
    if (texts->count <= 1) {
        report(r, fact, rank, from, texts->count ? texts->text[0] : NULL);
        return;
    }
    size_t left = r->heap.size - r->heap.used, n = 0;
    char *to = r->heap.memory + r->heap.used;
    for (unsigned i = 0; i < texts->count; i++) {
        size_t m = strlen(texts->text[i]);
        while (m > 0 && strchr(" \t\r\n", texts->text[i][m - 1]))
            m--;
        if (n + m + 1 > left)
            m = left - n - 1;
        memcpy(to + n, texts->text[i], m);
        n += m;
        if (n + 1 >= left)
            break;
        if (i + 1 < texts->count)
            to[n++] = '\n';
    }
    alice__facts_text(r->f, fact, rank, from, to, n);
}

static void report_graph(reading *r, const char *from)
{
    alice__graph_answer a;
    alice__graph_solve(&r->graph, &a);
    alice__ai_rank rank = r->graph.api_seen ? ALICE__AI_GRAPH : ALICE__AI_WORKFLOW;
    report_texts(r, ALICE_FACT_PROMPT, rank, from, &a.prompt);
    report_texts(r, ALICE_FACT_NEGATIVE_PROMPT, rank, from, &a.negative);
    report(r, ALICE_FACT_AI_MODEL, rank, from, a.model);
    report(r, ALICE_FACT_SEED, rank, from, a.seed);
    report(r, ALICE_FACT_SAMPLER, rank, from, a.sampler);
    report_fields(r, ALICE__AI_FIELD,
                  from); /* where the graph is silent, its wrapper may speak */
}

static alice_generator writer(const reading *r, const char *key)
{
    unsigned m = r->marks;
    if (m & MARK_SWARM)
        return ALICE_GEN_SWARMUI;
    if ((m & MARK_INVOKE) || !strncmp(key, "invokeai", 8) || !strcmp(key, "sd-metadata"))
        return ALICE_GEN_INVOKEAI;
    if (m & MARK_FOOOCUS)
        return ALICE_GEN_FOOOCUS;
    if (m & MARK_EASY)
        return ALICE_GEN_EASYDIFFUSION;
    if ((m & MARK_DRAWTHINGS) && r->field[NEGATIVE] && r->field[SAMPLER])
        return ALICE_GEN_DRAWTHINGS;
    if ((m & MARK_NOVELAI) ||
        (r->field[NEGATIVE] && r->field[SAMPLER] && r->field[SEED] && !(m & MARK_FIELDS)))
        return ALICE_GEN_NOVELAI; /* "uc" is what NovelAI calls it */
    if ((m & MARK_FIELDS) && r->field[PROMPT] && (r->field[SEED] || r->field[SAMPLER]))
        return ALICE_GEN_STABLEDIFFUSION;
    return ALICE_GEN_NONE;
}

void alice__evidence_json(alice__facts *f, const char *from, const char *key,
                          alice__text_stream *text, void *workspace, size_t size)
{
    reading r;
    memset(&r, 0, sizeof r);
    r.f = f;
    alice__graph_on(&r.graph, &r.heap, workspace, size);
    size_t room;
    char *tail = alice__heap_tail(&r.heap, &room);
    alice__json_open(&r.j, text, tail, room);
    if (next(&r, &r.j) != ALICE__JSON_OBJECT)
        return;
    (void)object(&r, &r.j, PLACE_TOP); /* what stood before a break still counts */

    alice_generator g = writer(&r, key);
    bool graph = r.graph.api_seen > 0 || ((r.marks & MARK_WORKFLOW) && r.graph.seen > 0);
    bool others = g == ALICE_GEN_SWARMUI || g == ALICE_GEN_INVOKEAI;
    if (graph && !others) {
        alice__facts_generator(f, ALICE_GEN_COMFYUI, ALICE__PROOF_GRAPH, from);
        report_graph(&r, from);
    } else if (g != ALICE_GEN_NONE) {
        alice__facts_generator(f, g, ALICE__PROOF_TEXT, from);
        report_fields(&r, ALICE__AI_PARAMETERS, from);
    } else if (r.marks & MARK_LABEL) {
        alice__facts_generator(f, ALICE_GEN_UNNAMED, ALICE__PROOF_DECLARED, from);
    }
}
