/* SPDX-License-Identifier: MIT */
/*
 * Who made this? A keyed text comes in; what it proves goes to the facts.
 *
 *     text ──▶ begins with { ──────────────────▶ evidence_json.c (▶ comfy.c)
 *          ├─▶ "Steps: 20, Sampler: …" ─────────▶ parameters of a web UI
 *          ├─▶ the key is one program's own ────▶ Dream, fooocus_scheme, …
 *          └─▶ a field that names software ─────▶ the table of makers
 *
 * A word in a table counts where it stands alone in its text, and for words
 * that are also people's or things' names only in fields that name software.
 */
#include "media/evidence/workspace.h"
#include "media/evidence/evidence.h"
#include "media/facts.h"

#include <string.h>

#include "base/text.h"
#include "media/generators.h"

/* ---- words ---- */

/* Where the lower-case `word` stands in the text, any case; n: nowhere. */
static size_t find(const char *text, size_t n, const char *word)
{
    size_t m = strlen(word);
    for (size_t at = 0; at + m <= n; at++) {
        size_t i = 0;
        while (i < m && alice__lower(text[at + i]) == word[i])
            i++;
        if (i == m)
            return at;
    }
    return n;
}

/* The same, not inside a longer word. */
static bool has_word(const char *text, size_t n, const char *word)
{
    size_t m = strlen(word), from = 0;
    while (from < n) {
        size_t at = from + find(text + from, n - from, word);
        if (at >= n)
            return false;
        if ((at == 0 || !alice__is_alnum(text[at - 1])) &&
            (at + m == n || !alice__is_alnum(text[at + m])))
            return true;
        from = at + 1;
    }
    return false;
}

static bool begins(const char *text, size_t n, const char *word)
{
    size_t m = strlen(word);
    return n >= m && find(text, m, word) == 0;
}

/* ---- keys ---- */

/* What the field under a key is for. */
typedef enum field_kind {
    FIELD_UNKNOWN,
    FIELD_SOFTWARE, /* names the program */
    FIELD_PERSON,   /* names a person, a company or a device: only sure words count */
    FIELD_TEXT,     /* any text; may be parameters */
    FIELD_OWN       /* a key of one generator */
} field_kind;

static const struct known_key {
    const char *key;
    field_kind kind;
} keys[] = {
    {"parameters", FIELD_TEXT},
    {"prompt", FIELD_TEXT},
    {"workflow", FIELD_TEXT},
    {"usercomment", FIELD_TEXT},
    {"comment", FIELD_TEXT},
    {"comments", FIELD_TEXT},
    {"description", FIELD_TEXT},
    {"imagedescription", FIELD_TEXT},
    {"caption", FIELD_TEXT},
    {"caption-abstract", FIELD_TEXT},
    {"xpcomment", FIELD_TEXT},
    {"xptitle", FIELD_TEXT},
    {"title", FIELD_TEXT},
    {"headline", FIELD_TEXT},
    {"specialinstructions", FIELD_TEXT},
    {"instructions", FIELD_TEXT},
    {"generation_data", FIELD_TEXT},
    {"extra_pnginfo", FIELD_TEXT},
    {"aigc", FIELD_TEXT},
    {"aiinfo", FIELD_TEXT},
    {"metadata", FIELD_TEXT},
    {"synopsis", FIELD_TEXT},
    {"\xA9"
     "cmt",
     FIELD_TEXT},
    {"\xC2\xA9"
     "cmt",
     FIELD_TEXT},
    {"\xA9"
     "des",
     FIELD_TEXT},
    {"\xC2\xA9"
     "des",
     FIELD_TEXT},
    {"icmt", FIELD_TEXT},
    {"inam", FIELD_TEXT},
    {"software", FIELD_SOFTWARE},
    {"creatortool", FIELD_SOFTWARE},
    {"originatingprogram", FIELD_SOFTWARE},
    {"processingsoftware", FIELD_SOFTWARE},
    {"aisystemused", FIELD_SOFTWARE},
    {"aisystemversionused", FIELD_SOFTWARE},
    {"encoder", FIELD_SOFTWARE},
    {"\xA9"
     "too",
     FIELD_SOFTWARE},
    {"\xC2\xA9"
     "too",
     FIELD_SOFTWARE},
    {"\xA9"
     "swr",
     FIELD_SOFTWARE},
    {"\xC2\xA9"
     "swr",
     FIELD_SOFTWARE},
    {"isft", FIELD_SOFTWARE},
    {"writingapp", FIELD_SOFTWARE},
    {"muxingapp", FIELD_SOFTWARE},
    {"generator", FIELD_SOFTWARE},
    {"claim_generator", FIELD_SOFTWARE},
    {"claim_generator_info", FIELD_SOFTWARE},
    {"softwareagent", FIELD_SOFTWARE},
    {"source", FIELD_PERSON},
    {"make", FIELD_PERSON},
    {"model", FIELD_PERSON},
    {"artist", FIELD_PERSON},
    {"author", FIELD_PERSON},
    {"creator", FIELD_PERSON},
    {"byline", FIELD_PERSON},
    {"by-line", FIELD_PERSON},
    {"iart", FIELD_PERSON},
    {"\xA9"
     "art",
     FIELD_PERSON},
    {"credit", FIELD_PERSON},
    {"copyright", FIELD_PERSON},
    {"rights", FIELD_PERSON},
    {"usageterms", FIELD_PERSON},
    {"contributor", FIELD_PERSON},
    {"producer", FIELD_PERSON},
    {"information", FIELD_TEXT},
    {"dream", FIELD_OWN},
    {"sd-metadata", FIELD_OWN},
    {"invokeai_metadata", FIELD_OWN},
    {"invokeai_graph", FIELD_OWN},
    {"invokeai_workflow", FIELD_OWN},
    {"fooocus_scheme", FIELD_OWN},
    {"sui_image_params", FIELD_OWN},
    {"use_stable_diffusion_model", FIELD_OWN},
    {"negative_prompt", FIELD_OWN},
    {"seed", FIELD_OWN},
    {"sampler_name", FIELD_OWN},
};

/* The last part of a key: "com.apple.quicktime.comment" is a comment, "xmp:CreatorTool" a tool.
 */
static const char *plain_key(const char *key)
{
    const char *start = key;
    for (const char *p = key; *p; p++)
        if ((*p == ':' || *p == '/' || *p == '.') && p[1])
            start = p + 1;
    return start;
}

static field_kind kind_of(alice__where where, const char *key)
{
    const char *plain = plain_key(key);
    /* The names inside content credentials are many; all but descriptions name software. */
    if (where == ALICE__IN_C2PA)
        return alice__same_word(plain, "description") ? FIELD_PERSON : FIELD_SOFTWARE;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (alice__same_word(keys[i].key, plain))
            return keys[i].kind;
    return FIELD_UNKNOWN;
}

bool alice__evidence_wanted(alice__where where, const char *key)
{
    return kind_of(where, key) != FIELD_UNKNOWN;
}

/* Static text that says where a key stood. */
/* Every place that is told by name, once. */
static const char *const places[] = {
    "png:parameters",
    "png:prompt",
    "png:workflow",
    "png:Comment",
    "png:Description",
    "png:Software",
    "png:Source",
    "png:Title",
    "png:Dream",
    "png:sd-metadata",
    "png:invokeai_metadata",
    "png:invokeai_graph",
    "png:invokeai_workflow",
    "png:fooocus_scheme",
    "png:sui_image_params",
    "png:use_stable_diffusion_model",
    "png:negative_prompt",
    "png:seed",
    "png:sampler_name",
    "png:Author",
    "png:UserComment",
    "exif:UserComment",
    "exif:ImageDescription",
    "exif:Make",
    "exif:Model",
    "exif:Software",
    "exif:Artist",
    "exif:Copyright",
    "exif:XPComment",
    "exif:XPTitle",
    "xmp:CreatorTool",
    "xmp:Credit",
    "xmp:Description",
    "xmp:UserComment",
    "xmp:Software",
    "xmp:Creator",
    "xmp:Rights",
    "xmp:Title",
    "xmp:AISystemUsed",
    "xmp:parameters",
    "xmp:prompt",
    "iptc:Credit",
    "iptc:Caption",
    "iptc:OriginatingProgram",
    "iptc:Source",
    "iptc:Headline",
    "iptc:Byline",
    "iptc:By-line",
    "iptc:SpecialInstructions",
    "c2pa:claim_generator",
    "c2pa:claim_generator_info",
    "c2pa:softwareAgent",
    "c2pa:description",
    "mp4:comment",
    "mp4:description",
    "mp4:prompt",
    "mp4:workflow",
    "mp4:software",
    "mp4:encoder",
    "mp4:parameters",
    "mp4:title",
    "matroska:COMMENT",
    "matroska:PROMPT",
    "matroska:WORKFLOW",
    "matroska:ENCODER",
    "matroska:DESCRIPTION",
    "matroska:TITLE",
    "matroska:WritingApp",
    "jpeg:Comment",
    "gif:Comment",
    "riff:ICMT",
    "riff:ISFT",
};
static const char *const prefixes[] = {"png:",      "exif:", "xmp:",  "iptc:", "c2pa:", "mp4:",
                                       "matroska:", "jpeg:", "webp:", "gif:",  "riff:"};
static const char *const others[] = {"png:text",  "exif:text", "xmp:text",      "iptc:text",
                                     "c2pa:text", "mp4:text",  "matroska:text", "jpeg:text",
                                     "webp:text", "gif:text",  "riff:text"};
_Static_assert(sizeof prefixes / sizeof *prefixes == ALICE__IN_RIFF + 1,
               "prefixes[] follows alice__where");
_Static_assert(sizeof others / sizeof *others == ALICE__IN_RIFF + 1,
               "others[] follows alice__where");

static const char *place_of(alice__where where, const char *key)
{
    const char *plain = plain_key(key);
    if ((unsigned)where > ALICE__IN_RIFF)
        return "text";
    if (where == ALICE__IN_MP4) {
        const char *p = (unsigned char)*plain == 0xC2 ? plain + 1 : plain;
        if ((unsigned char)*p == 0xA9)
            plain = alice__same_word(p + 1, "cmt")   ? "comment"
                    : alice__same_word(p + 1, "des") ? "description"
                                                     : "encoder";
    }
    size_t n = strlen(prefixes[where]);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!strncmp(places[i], prefixes[where], n) && alice__same_word(places[i] + n, plain))
            return places[i];
    return others[where];
}

/* ---- makers ---- */

static alice_generator maker_of(const char *text, size_t n, bool software)
{
    char word[ALICE__WORD];
    alice__initials initials;
    alice__initials_of(text, n, &initials);
    for (size_t i = 0; i < ALICE_GEN_COUNT; i++) {
        const alice__generator *g = &alice__generators[i];
        for (const char *p = g->words; alice__next_word(&p, &initials, word);)
            if (has_word(text, n, word))
                return (alice_generator)i;
        for (const char *p = software ? g->common_words : "";
             alice__next_word(&p, &initials, word);)
            if (has_word(text, n, word))
                return (alice_generator)i;
    }
    return ALICE_GEN_NONE;
}

/* Content credentials that a camera, or the camera of a phone, signs itself. */
static bool is_camera_claim(const char *text, size_t n)
{
    static const char *const words[] = {"pixel camera",
                                        "pixel_camera",
                                        "leica",
                                        "nikon",
                                        "canon",
                                        "sony",
                                        "fujifilm",
                                        "panasonic",
                                        "lumix",
                                        "galaxy",
                                        "samsung",
                                        "hasselblad",
                                        "truepic_lens_ios",
                                        "truepic_lens_android",
                                        "truepic lens ios",
                                        "truepic lens android"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (has_word(text, n, words[i]))
            return true;
    return false;
}

static void judge_software(alice__facts *f, alice__where where, const char *from,
                           field_kind kind, const char *text, size_t n)
{
    alice_generator g = maker_of(text, n, kind == FIELD_SOFTWARE);
    if (g != ALICE_GEN_NONE)
        alice__facts_generator(
            f, g, where == ALICE__IN_C2PA ? ALICE__PROOF_MANIFEST : ALICE__PROOF_SOFTWARE,
            from);
    else if (where == ALICE__IN_C2PA && is_camera_claim(text, n))
        f->camera_claim = true;
    if (find(text, n, "edited with google ai") < n)
        alice__facts_source_type(f, "compositeWithTrainedAlgorithmicMedia", 36, from);
}

/* ---- texts of one generator ---- */

static void report(alice__facts *f, alice_fact fact, alice__ai_rank rank, const char *from,
                   const char *text, size_t n)
{
    alice__facts_text(f, fact, rank, from, text, n);
}

/* InvokeAI 1: "a prompt" -s 50 -S 123 -A k_lms */
static void judge_dream(alice__facts *f, const char *from, const char *text, size_t n)
{
    alice__facts_generator(f, ALICE_GEN_INVOKEAI, ALICE__PROOF_TEXT, from);
    size_t at = 0, end = n;
    if (n > 0 && text[0] == '"') {
        at = 1;
        end = at;
        while (end < n && !(text[end] == '"' && (end + 1 == n || text[end + 1] == ' ')))
            end++;
    } else {
        end = find(text, n, " -s ");
    }
    report(f, ALICE_FACT_PROMPT, ALICE__AI_PARAMETERS, from, text + at, end - at);
    for (size_t i = end; i + 3 < n; i++) {
        if (text[i] != ' ' || text[i + 1] != '-' || text[i + 3] != ' ')
            continue;
        size_t start = i + 4, stop = start;
        while (stop < n && text[stop] != ' ')
            stop++;
        if (text[i + 2] == 'S')
            report(f, ALICE_FACT_SEED, ALICE__AI_PARAMETERS, from, text + start, stop - start);
        if (text[i + 2] == 'A')
            report(f, ALICE_FACT_SAMPLER, ALICE__AI_PARAMETERS, from, text + start,
                   stop - start);
    }
}

/* Midjourney: "a red boat --ar 16:9 --v 6.0 Job ID: 01234567-…" */
static bool judge_midjourney(alice__facts *f, const char *from, const char *text, size_t n)
{
    size_t at = find(text, n, "job id:");
    if (at >= n)
        return false;
    size_t id = at + 7, digits = 0;
    while (id < n && text[id] == ' ')
        id++;
    for (size_t i = id; i < n && i < id + 36; i++)
        digits += alice__is_alnum(text[i]) || text[i] == '-';
    if (digits != 36)
        return false;
    alice__facts_generator(f, ALICE_GEN_MIDJOURNEY, ALICE__PROOF_TEXT, from);
    report(f, ALICE_FACT_PROMPT, ALICE__AI_PARAMETERS, from, text, at);
    size_t seed = find(text, at, "--seed ");
    if (seed < at) {
        size_t end = seed += 7;
        while (end < at && text[end] >= '0' && text[end] <= '9')
            end++;
        report(f, ALICE_FACT_SEED, ALICE__AI_PARAMETERS, from, text + seed, end - seed);
    }
    return true;
}

/* Grok: a signature in base 64, and nothing else. */
static bool judge_grok(alice__facts *f, const char *from, const char *text, size_t n)
{
    if (!begins(text, n, "signature: ") || n < 80)
        return false;
    for (size_t i = 11; i < n; i++)
        if (!alice__is_alnum(text[i]) && !strchr("+/=", text[i]))
            return false;
    alice__facts_generator(f, ALICE_GEN_GROK, ALICE__PROOF_SOFTWARE, from);
    return true;
}

static void judge_own(alice__facts *f, const char *from, const char *key, const char *text,
                      size_t n)
{
    if (alice__same_word(key, "dream"))
        judge_dream(f, from, text, n);
    else if (alice__same_word(key, "fooocus_scheme"))
        alice__facts_generator(f, ALICE_GEN_FOOOCUS, ALICE__PROOF_TEXT, from);
    else if (begins(key, strlen(key), "invokeai") || alice__same_word(key, "sd-metadata"))
        alice__facts_generator(f, ALICE_GEN_INVOKEAI, ALICE__PROOF_TEXT, from);
    else if (alice__same_word(key, "sui_image_params"))
        alice__facts_generator(f, ALICE_GEN_SWARMUI, ALICE__PROOF_TEXT, from);
    else if (alice__same_word(key, "use_stable_diffusion_model")) {
        alice__facts_generator(f, ALICE_GEN_EASYDIFFUSION, ALICE__PROOF_TEXT, from);
        report(f, ALICE_FACT_AI_MODEL, ALICE__AI_FIELD, from, text, n);
    } else if (alice__same_word(key, "negative_prompt"))
        report(f, ALICE_FACT_NEGATIVE_PROMPT, ALICE__AI_LOOSE, from, text, n);
    else if (alice__same_word(key, "seed"))
        report(f, ALICE_FACT_SEED, ALICE__AI_LOOSE, from, text, n);
    else if (alice__same_word(key, "sampler_name"))
        report(f, ALICE_FACT_SAMPLER, ALICE__AI_LOOSE, from, text, n);
}

static void judge_text(alice__facts *f, alice__where where, const char *from, const char *key,
                       const char *text, size_t n)
{
    if (judge_midjourney(f, from, text, n) || judge_grok(f, from, text, n) ||
        alice__evidence_parameters(f, from, text, n))
        return;
    /* As iOS marks them. */
    if (where == ALICE__IN_EXIF && alice__same_word(key, "usercomment") && n == 10 &&
        begins(text, n, "screenshot"))
        f->info->screenshot = true;
    /* A description is a prompt if the picture proves to be of a generator that writes it so.
     */
    if (where == ALICE__IN_PNG &&
        (alice__same_word(key, "description") || alice__same_word(key, "prompt")))
        report(f, ALICE_FACT_PROMPT, ALICE__AI_LOOSE, from, text, n);
    if (where == ALICE__IN_PNG && alice__same_word(key, "title") &&
        has_word(text, n, "novelai"))
        alice__facts_generator(f, ALICE_GEN_NOVELAI, ALICE__PROOF_SOFTWARE, from);
    if (find(text, n, "made with google ai") < n || find(text, n, "imagined with ai") < n)
        judge_software(f, where, from, FIELD_PERSON, text, n);
}

/* ---- the stream ---- */

/* A stream of which the first window was looked at. */
typedef struct peeked {
    alice__work *work; /* pays for what is read */
    alice__text_stream stream;
    alice__text_stream *in;
    alice_bytes first;
} peeked;

static alice_status peeked_next(alice__text_stream *s, alice_bytes *window)
{
    peeked *p = s->ctx;
    if (p->first.n > 0) {
        *window = p->first;
        p->first.n = 0;
        return ALICE_OK;
    }
    alice_status st = p->in->next(p->in, window);
    if (st != ALICE_OK || alice__work_on(p->work, ALICE__WORK_EVIDENCE, window->n))
        return st;
    *window = (alice_bytes){0};
    return ALICE_OK;
}

static void drop(peeked *p, size_t n)
{
    p->first.p += n;
    p->first.n -= n;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0xEF || c == 0xBB ||
           c == 0xBF;
}

/* To the first byte that is no blank (and no byte order mark). */
static bool open_peeked(peeked *p, alice__work *work, alice__text_stream *text)
{
    *p = (peeked){.work = work, .stream = {peeked_next, p}, .in = text};
    for (;;) {
        if (text->next(text, &p->first) != ALICE_OK || p->first.n == 0 ||
            !alice__work_on(work, ALICE__WORK_EVIDENCE, p->first.n))
            return false;
        while (p->first.n > 0 && is_blank(p->first.p[0]))
            drop(p, 1);
        if (p->first.n > 0)
            return true;
    }
}

/* "prompt:{…}", "Workflow: {…}": as ComfyUI writes into EXIF. The key it has then. */
static const char *written_key(peeked *p, const char *key)
{
    static const char *const words[] = {"prompt", "workflow"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(words[i]);
        const char *text = (const char *)p->first.p;
        if (p->first.n < n + 2 || !begins(text, n, words[i]) || text[n] != ':')
            continue;
        size_t at = n + 1;
        while (at < p->first.n && text[at] == ' ')
            at++;
        if (at < p->first.n && text[at] == '{') {
            drop(p, at);
            return words[i];
        }
    }
    return key;
}

/* As much of the stream as fits, without a terminator. */
static size_t collect(alice__text_stream *s, char *to, size_t room)
{
    alice_bytes window;
    size_t n = 0;
    while (n < room && s->next(s, &window) == ALICE_OK && window.n > 0) {
        size_t take = window.n < room - n ? window.n : room - n;
        memcpy(to + n, window.p, take);
        n += take;
    }
    return n;
}

void alice__evidence(alice__facts *f, alice__where where, const char *key,
                     alice__text_stream *text)
{
    _Alignas(16) char little[8192];
    void *workspace = f->workspace ? f->workspace : little;
    size_t size = f->workspace ? f->workspace_size : sizeof little;
    field_kind kind = kind_of(where, key);
    peeked p;
    if (kind == FIELD_UNKNOWN ||
        !alice__work_on(&f->work, ALICE__WORK_EVIDENCE, ALICE__WORK_LOOK) ||
        !open_peeked(&p, &f->work, text))
        return;
    const char *from = place_of(where, key);
    const char *plain = written_key(&p, plain_key(key));
    if (p.first.p[0] == '{') {
        alice__evidence_json(f, from, plain, &p.stream, workspace, size);
        return;
    }
    char *to = workspace;
    size_t n = collect(&p.stream, to, size);
    while (n > 0 && (is_blank((uint8_t)to[n - 1]) || to[n - 1] == 0))
        n--;
    if (n == 0)
        return;
    if (kind == FIELD_OWN)
        judge_own(f, from, plain, to, n);
    else if (kind == FIELD_TEXT)
        judge_text(f, where, from, plain, to, n);
    else
        judge_software(f, where, from, kind, to, n);
    if (where == ALICE__IN_PNG && alice__same_word(plain, "source"))
        report(f, ALICE_FACT_AI_MODEL, ALICE__AI_LOOSE, from, to, n); /* NovelAI's model */
}

void alice__evidence_text(alice__facts *f, alice__where where, const char *key,
                          const char *text, size_t n)
{
    alice__text_memory memory;
    alice__evidence(f, where, key,
                    alice__text_of(&memory, (alice_bytes){(const uint8_t *)text, n}));
}
