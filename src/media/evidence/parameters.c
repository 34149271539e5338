/* SPDX-License-Identifier: MIT */
/*
 * The parameters text of the Stable Diffusion web UI and programs like it:
 *
 *     a red boat on a lake,                  the prompt, any number of lines
 *     evening light
 *     Negative prompt: blurry, text          maybe; any number of lines
 *     Steps: 20, Sampler: Euler a, Seed: 1, Model: "a, b", Version: v1.6.0
 *
 * Draw Things writes the negative prompt as a line that begins with a dash.
 * Values may be quoted, or JSON in brackets, with commas inside.
 */
#include "media/evidence/workspace.h"
#include "media/facts.h"

#include <string.h>

typedef struct span {
    const char *p;
    size_t n;
} span;

static size_t find(span s, size_t from, const char *word)
{
    size_t m = strlen(word);
    for (size_t at = from; at + m <= s.n; at++)
        if (!memcmp(s.p + at, word, m))
            return at;
    return s.n;
}

/* The start of the last line that begins with "Steps: <digit>", or n. */
static size_t settings_line(span s)
{
    size_t last = s.n;
    for (size_t at = find(s, 0, "Steps: "); at < s.n; at = find(s, at + 1, "Steps: ")) {
        bool starts = at == 0 || s.p[at - 1] == '\n' || s.p[at - 1] == '\r';
        /* Some programs join the lines: "….Steps: 15, Sampler: …" */
        bool joined = at > 0 && s.p[at - 1] != ' ' && last == s.n;
        if ((starts || joined) && at + 7 < s.n && s.p[at + 7] >= '0' && s.p[at + 7] <= '9')
            last = at;
    }
    return last;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static span trimmed(span s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* The end of a value that begins at `at`: the comma or line end after it. */
static size_t value_end(span s, size_t at)
{
    if (at < s.n && s.p[at] == '"') {
        for (size_t i = at + 1; i < s.n; i++) {
            if (s.p[i] == '\\')
                i++;
            else if (s.p[i] == '"')
                return i + 1;
        }
        return s.n;
    }
    size_t depth = 0;
    bool bracket = at < s.n && (s.p[at] == '[' || s.p[at] == '{');
    for (size_t i = at; i < s.n; i++) {
        if (s.p[i] == '\n' || (s.p[i] == ',' && depth == 0))
            return i;
        if (bracket && (s.p[i] == '[' || s.p[i] == '{'))
            depth++;
        if (bracket && depth > 0 && (s.p[i] == ']' || s.p[i] == '}'))
            depth--;
    }
    return s.n;
}

static bool is(span s, const char *word)
{
    return s.n == strlen(word) && !memcmp(s.p, word, s.n);
}

/* What the settings line tells besides. */
typedef struct settings {
    span sampler, seed, model, hash, version, app;
    unsigned pairs;
} settings;

static void read_settings(span s, settings *out)
{
    size_t at = 0;
    memset(out, 0, sizeof *out);
    while (at < s.n && s.p[at] != '\n') {
        size_t colon = at;
        while (colon < s.n && s.p[colon] != ':' && s.p[colon] != ',' && s.p[colon] != '\n')
            colon++;
        if (colon >= s.n || s.p[colon] == '\n')
            return;
        if (s.p[colon] == ',') {
            at = colon + 1;
            continue;
        }
        span key = trimmed((span){s.p + at, colon - at});
        size_t start = colon + 1;
        while (start < s.n && s.p[start] == ' ')
            start++;
        size_t end = value_end(s, start);
        span value = trimmed((span){s.p + start, end - start});
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
            value = (span){value.p + 1, value.n - 2};
        out->pairs++;
        if (is(key, "Sampler"))
            out->sampler = value;
        else if (is(key, "Seed"))
            out->seed = value;
        else if (is(key, "Model"))
            out->model = value;
        else if (is(key, "Model hash"))
            out->hash = value;
        else if (is(key, "Version"))
            out->version = value;
        else if (is(key, "App"))
            out->app = value;
        at = end;
        while (at < s.n && s.p[at] != ',' && s.p[at] != '\n')
            at++;
        if (at < s.n && s.p[at] == ',')
            at++;
    }
}

/* The prompt and the negative prompt before the settings. */
static void split(span head, span *prompt, span *negative)
{
    size_t at = find(head, 0, "Negative prompt:");
    while (at < head.n && at > 0 && head.p[at - 1] == ' ')
        at = find(head, at + 1, "Negative prompt:");
    *prompt = trimmed((span){head.p, at});
    *negative = (span){NULL, 0};
    if (at < head.n) {
        *negative = trimmed((span){head.p + at + 16, head.n - at - 16});
        return;
    }
    span body = *prompt;
    size_t line = body.n;
    while (line > 0 && body.p[line - 1] != '\n')
        line--;
    if (line > 0 && line + 1 < body.n && body.p[line] == '-' && body.p[line + 1] != '-') {
        *negative = trimmed((span){body.p + line + 1, body.n - line - 1});
        *prompt = trimmed((span){body.p, line});
    }
}

static alice_generator writer(const settings *s)
{
    if (find(s->version, 0, "ComfyUI") < s->version.n)
        return ALICE_GEN_COMFYUI;
    if (find(s->version, 0, "Fooocus") < s->version.n)
        return ALICE_GEN_FOOOCUS;
    if (find(s->app, 0, "Swarm") < s->app.n || find(s->version, 0, "Swarm") < s->version.n)
        return ALICE_GEN_SWARMUI;
    return ALICE_GEN_STABLEDIFFUSION;
}

bool alice__evidence_parameters(alice__facts *f, const char *from, const char *text, size_t n)
{
    span all = {text, n}, prompt, negative;
    size_t at = settings_line(all);
    settings s;
    if (at == n)
        return false;
    read_settings((span){text + at, n - at}, &s);
    if (s.pairs < 3 || (s.sampler.n == 0 && s.seed.n == 0))
        return false;
    split((span){text, at}, &prompt, &negative);
    alice__facts_generator(f, writer(&s), ALICE__PROOF_TEXT, from);
    span model = s.model.n > 0 ? s.model : s.hash;
    alice__facts_text(f, ALICE_FACT_PROMPT, ALICE__AI_PARAMETERS, from, prompt.p, prompt.n);
    alice__facts_text(f, ALICE_FACT_NEGATIVE_PROMPT, ALICE__AI_PARAMETERS, from, negative.p,
                      negative.n);
    alice__facts_text(f, ALICE_FACT_AI_MODEL, ALICE__AI_PARAMETERS, from, model.p, model.n);
    alice__facts_text(f, ALICE_FACT_SEED, ALICE__AI_PARAMETERS, from, s.seed.p, s.seed.n);
    alice__facts_text(f, ALICE_FACT_SAMPLER, ALICE__AI_PARAMETERS, from, s.sampler.p,
                      s.sampler.n);
    return true;
}
