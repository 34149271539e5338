/* SPDX-License-Identifier: MIT */
/*
 * XMP: RDF in XML, read as it streams by.
 *
 *     rdf:RDF ▸ rdf:Description (attributes are properties)
 *                 ▸ property ▸ [rdf:Seq, Bag, Alt ▸ rdf:li] ▸ text
 *
 * Only properties of the descriptions right below rdf:RDF count: what is nested
 * deeper (histories, ingredients, pantries) is about other files. Of a list the
 * first item that is not empty counts.
 *
 * Bounds: depth, bytes read, the text of a property (TEXT_ROOM), and what the XML
 * parser may take (xml_memory.h), which also bounds the longest attribute and the
 * number of names. Entity declarations end the reading.
 */
#include "media/blocks/blocks.h"
#include "media/evidence/evidence.h"

#include <expat.h>
#include <string.h>

#include "base/text.h"
#include "media/blocks/xml_memory.h"
#include "media/zone.h"

enum {
    DEPTH_MOST = 64,
    BYTES_MOST = 64 * 1024 * 1024,
    SLICE_MOST = 4096, /* handed to the parser at once, which copies it */
    TEXT_ROOM = 16 * 1024,
    VALUE_MOST = 16 * 1024, /* of an attribute, which the parser holds whole */
    VALUE_LEAST = 256       /* of one behind them in the same tag */
};

/* The namespaces of what is looked at. */
typedef enum space {
    NOT_OURS,
    RDF,
    XAP,
    EXIF,
    TIFF,
    PHOTOSHOP,
    DC,
    CAMERA,
    CONTAINER,
    ITEM,
    IPTC
} space;

static const char *const uris[] = {
    [RDF] = "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    [XAP] = "http://ns.adobe.com/xap/1.0/",
    [EXIF] = "http://ns.adobe.com/exif/1.0/",
    [TIFF] = "http://ns.adobe.com/tiff/1.0/",
    [PHOTOSHOP] = "http://ns.adobe.com/photoshop/1.0/",
    [DC] = "http://purl.org/dc/elements/1.1/",
    [CAMERA] = "http://ns.google.com/photos/1.0/camera/",
    [CONTAINER] = "http://ns.google.com/photos/1.0/container/",
    [ITEM] = "http://ns.google.com/photos/1.0/container/item/",
    [IPTC] = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
};

/* ---- the properties that are looked at ---- */

typedef enum what {
    IS_ORIGINAL,
    IS_CREATED,
    IS_CREATE,
    IS_DIGITIZED, /* stands in for xmp:CreateDate */
    IS_FACT,      /* and evidence */
    IS_SOURCE_TYPE,
    IS_PROMPT,
    IS_VIDEO_OFFSET, /* of a micro video, from the end of the file */
    IS_LATITUDE,
    IS_LONGITUDE,
    IS_EVIDENCE
} what;

typedef struct property {
    space space;
    const char *name;
    what what;
    alice_fact fact;
    const char *from;
} property;

static const property properties[] = {
    {EXIF, "DateTimeOriginal", IS_ORIGINAL, 0, NULL},
    {PHOTOSHOP, "DateCreated", IS_CREATED, 0, NULL},
    {XAP, "CreateDate", IS_CREATE, 0, NULL},
    {EXIF, "DateTimeDigitized", IS_DIGITIZED, 0, NULL},
    {XAP, "CreatorTool", IS_FACT, ALICE_FACT_SOFTWARE, "xmp:CreatorTool"},
    {TIFF, "Software", IS_FACT, ALICE_FACT_SOFTWARE, "xmp:Software"},
    {TIFF, "Make", IS_FACT, ALICE_FACT_MAKE, "xmp:Make"},
    {TIFF, "Model", IS_FACT, ALICE_FACT_MODEL, "xmp:Model"},
    {IPTC, "DigitalSourceType", IS_SOURCE_TYPE, 0, "xmp:DigitalSourceType"},
    {IPTC, "DigitalSourcefileType", IS_SOURCE_TYPE, 0, "xmp:DigitalSourceType"},
    {IPTC, "AIPromptInformation", IS_PROMPT, 0, "xmp:AIPromptInformation"},
    {CAMERA, "MicroVideoOffset", IS_VIDEO_OFFSET, 0, "xmp:MicroVideo"},
    {EXIF, "GPSLatitude", IS_LATITUDE, 0, NULL},
    {EXIF, "GPSLongitude", IS_LONGITUDE, 0, NULL},
    {IPTC, "AISystemUsed", IS_EVIDENCE, 0, NULL},
    {IPTC, "AISystemVersionUsed", IS_EVIDENCE, 0, NULL},
    {PHOTOSHOP, "Credit", IS_EVIDENCE, 0, NULL},
    {PHOTOSHOP, "Source", IS_EVIDENCE, 0, NULL},
    {DC, "description", IS_EVIDENCE, 0, NULL},
    {DC, "title", IS_EVIDENCE, 0, NULL},
    {DC, "creator", IS_EVIDENCE, 0, NULL},
    {EXIF, "UserComment", IS_EVIDENCE, 0, NULL},
    {TIFF, "ImageDescription", IS_EVIDENCE, 0, NULL},
    {TIFF, "Artist", IS_EVIDENCE, 0, NULL},
};

/* ---- the reading ---- */

/* What a prefix means from an element on, and in what it holds. */
typedef struct binding {
    unsigned depth;
    space space;
    char prefix[28]; /* empty: of names without one */
} binding;

enum { BINDINGS = 64 }; /* the first so many count */

typedef struct xmp {
    alice__facts *facts;
    XML_Parser parser;
    unsigned depth;
    unsigned rdf;    /* depth of rdf:RDF; 0: not inside */
    unsigned nested; /* depth of an element that is no part of the property's text; 0: none */
    const property *property;
    bool complete; /* the first item of its list was read */
    bool ended;    /* the root was closed: what follows is padding */
    bool refused;
    char *text;
    size_t text_n;
    char digitized[40];
    size_t digitized_n;
    bool placed[2];
    int32_t degrees[2]; /* latitude, longitude */
    unsigned bound;
    binding bindings[BINDINGS];
} xmp;

/*
 * ---- names ----
 *
 * The parser could resolve them, all of them, which takes as long as all else that it does; but
 * few are looked at.
 */

/* xmlns:prefix="uri", xmlns="uri" */
static void bind_prefixes(xmp *x, const XML_Char **attributes)
{
    for (; attributes[0]; attributes += 2) {
        const char *prefix = attributes[0] + 5;
        if (strncmp(attributes[0], "xmlns", 5) != 0 || (*prefix && *prefix != ':'))
            continue;
        prefix += *prefix == ':';
        size_t n = strlen(prefix);
        if (x->bound == BINDINGS || n >= sizeof x->bindings[0].prefix)
            continue;
        binding *b = &x->bindings[x->bound++];
        *b = (binding){.depth = x->depth};
        memcpy(b->prefix, prefix, n + 1);
        for (size_t i = 1; i < sizeof uris / sizeof *uris; i++)
            if (strcmp(attributes[1], uris[i]) == 0)
                b->space = (space)i;
    }
}

static void unbind(xmp *x)
{
    while (x->bound > 0 && x->bindings[x->bound - 1].depth == x->depth)
        x->bound--;
}

static space space_of(const xmp *x, const XML_Char *name, const char *local)
{
    size_t n = local > name ? (size_t)(local - name) - 1 : 0;
    if (n >= sizeof x->bindings[0].prefix)
        return NOT_OURS;
    for (unsigned i = x->bound; i-- > 0;)
        if (strncmp(x->bindings[i].prefix, name, n) == 0 && !x->bindings[i].prefix[n])
            return x->bindings[i].space;
    return NOT_OURS;
}

static const char *local_name(const XML_Char *name)
{
    const char *colon = strchr(name, ':');
    return colon ? colon + 1 : name;
}

static bool is_element(const xmp *x, const XML_Char *full, space in, const char *name)
{
    const char *local = local_name(full);
    return alice__same(local, name) && space_of(x, full, local) == in;
}

/* An attribute without a prefix is in no namespace, an element is in the one around it. */
static bool is_attribute(const xmp *x, const XML_Char *full, space in, const char *name)
{
    return local_name(full) > full && is_element(x, full, in, name);
}

static const property *property_of(const xmp *x, const XML_Char *full)
{
    const char *local = local_name(full);
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (alice__same(local, properties[i].name) &&
            space_of(x, full, local) == properties[i].space)
            return &properties[i];
    return NULL;
}

static uint64_t number(const char *text, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n && text[i] >= '0' && text[i] <= '9' && v < UINT32_MAX; i++)
        v = v * 10 + (uint64_t)(text[i] - '0');
    return v;
}

/* "48,51.4612N" or "2,17,40E": degrees, minutes and maybe seconds, of which the last may have a
 * fraction. False: it is no position. */
static bool read_degrees(const char *text, size_t n, const char sides[2], int32_t *out)
{
    const char *end = text + n;
    int64_t sum = 0, parts = 1; /* of a degree */
    for (unsigned part = 0; part < 3 && text < end; part++, parts *= 60) {
        const char *first = text;
        int64_t v = 0, of = 1;
        for (; text < end && alice__is_digit(*text) && text - first < 3; text++)
            v = v * 10 + (*text - '0');
        if (text == first || (part > 0 && v >= 60))
            return false;
        if (text < end && *text == '.')
            for (text++; text < end && alice__is_digit(*text); text++)
                if (of < ALICE__DEGREE) {
                    of *= 10;
                    v = v * 10 + (*text - '0');
                }
        sum += v * ALICE__DEGREE / (of * parts);
        if (text < end && *text == ',')
            text++;
        else
            break;
    }
    if (end - text != 1 || (*text != sides[0] && *text != sides[1]))
        return false;
    *out = (int32_t)(*text == sides[1] ? -sum : sum);
    return true;
}

static void report(xmp *x, const property *p, const char *text, size_t n)
{
    alice__facts *f = x->facts;
    switch (p->what) {
    case IS_ORIGINAL:
        alice__facts_date_text(f, ALICE_DATE_XMP_ORIGINAL, text, n);
        break;
    case IS_CREATED:
        alice__facts_date_text(f, ALICE_DATE_XMP_CREATED, text, n);
        break;
    case IS_CREATE:
        alice__facts_date_text(f, ALICE_DATE_XMP_CREATE, text, n);
        break;
    case IS_DIGITIZED:
        x->digitized_n = n < sizeof x->digitized ? n : sizeof x->digitized;
        memcpy(x->digitized, text, x->digitized_n);
        break;
    case IS_SOURCE_TYPE:
        alice__facts_source_type(f, text, n, p->from);
        break;
    case IS_PROMPT:
        alice__facts_text(f, ALICE_FACT_PROMPT, ALICE__RANK_XMP, p->from, text, n);
        break;
    case IS_FACT:
        alice__facts_text(f, p->fact, ALICE__RANK_XMP, p->from, text, n);
        alice__evidence_text(f, ALICE__IN_XMP, p->name, text, n);
        break;
    case IS_VIDEO_OFFSET:
        if (f->motion_length == 0) {
            f->motion_length = number(text, n);
            f->motion_from = p->from;
        }
        break;
    case IS_LATITUDE:
        x->placed[0] = read_degrees(text, n, "NS", &x->degrees[0]);
        break;
    case IS_LONGITUDE:
        x->placed[1] = read_degrees(text, n, "EW", &x->degrees[1]);
        break;
    case IS_EVIDENCE:
        alice__evidence_text(f, ALICE__IN_XMP, p->name, text, n);
        break;
    }
}

static bool is_blank(const char *p, size_t n)
{
    while (n > 0 && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) {
        p++;
        n--;
    }
    return n == 0;
}

/* An item of a container: the video of a motion photo is the one that says so. */
static void see_item(xmp *x, const XML_Char **attributes)
{
    uint64_t length = 0, padding = 0;
    bool video = false;
    for (; attributes[0]; attributes += 2) {
        const char *value = attributes[1];
        if (is_attribute(x, attributes[0], ITEM, "Semantic"))
            video = strcmp(value, "MotionPhoto") == 0;
        else if (is_attribute(x, attributes[0], ITEM, "Length"))
            length = number(value, strlen(value));
        else if (is_attribute(x, attributes[0], ITEM, "Padding"))
            padding = number(value, strlen(value));
    }
    if (!video || length == 0)
        return;
    x->facts->motion_length = length;
    x->facts->motion_padding = padding;
    x->facts->motion_from = "xmp:MotionPhoto";
}

static void start_property(xmp *x, const XML_Char *name, const XML_Char **attributes)
{
    x->property = property_of(x, name);
    x->text_n = 0;
    x->complete = false;
    x->nested = 0;
    if (!x->property)
        return;
    for (; attributes[0]; attributes += 2)
        if (is_attribute(x, attributes[0], RDF, "resource"))
            report(x, x->property, attributes[1], strlen(attributes[1]));
}

static void start_inside(xmp *x, const XML_Char *name)
{
    static const char *const through[] = {"Seq", "Bag", "Alt", "li", "value", "Description"};
    bool is_through = false;
    for (size_t i = 0; i < sizeof through / sizeof *through; i++)
        is_through |= is_element(x, name, RDF, through[i]);
    if (!is_through)
        x->nested = x->depth;
    else if (!is_blank(x->text, x->text_n))
        x->complete = true;
    else
        x->text_n = 0;
}

static void XMLCALL on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    xmp *x = ctx;
    if (!alice__work_on(&x->facts->work, ALICE__WORK_ENTRIES, 1)) {
        x->ended = true;
        (void)XML_StopParser(x->parser, XML_FALSE);
        return;
    }
    if (++x->depth > DEPTH_MOST) {
        x->refused = true;
        (void)XML_StopParser(x->parser, XML_FALSE);
        return;
    }
    bind_prefixes(x, attributes);
    if (!x->rdf) {
        if (is_element(x, name, RDF, "RDF"))
            x->rdf = x->depth;
    } else if (x->depth == x->rdf + 1) {
        for (; attributes[0] && alice__work_on(&x->facts->work, ALICE__WORK_ENTRIES, 1);
             attributes += 2) {
            bool prefixed = local_name(attributes[0]) > attributes[0];
            const property *p = prefixed ? property_of(x, attributes[0]) : NULL;
            if (p)
                report(x, p, attributes[1], strlen(attributes[1]));
        }
    } else if (x->depth == x->rdf + 2) {
        start_property(x, name, attributes);
    } else if (x->property && !x->nested) {
        start_inside(x, name);
    } else if (is_element(x, name, CONTAINER, "Item")) {
        see_item(x, attributes);
    }
}

static void XMLCALL on_end(void *ctx, const XML_Char *name)
{
    xmp *x = ctx;
    (void)name;
    if (x->rdf && x->depth == x->rdf) {
        x->rdf = 0;
    } else if (x->rdf && x->depth == x->rdf + 2) {
        if (x->property && !is_blank(x->text, x->text_n))
            report(x, x->property, x->text, x->text_n);
        x->property = NULL;
    } else if (x->property && x->nested == 0) {
        x->complete |= !is_blank(x->text, x->text_n);
    }
    if (x->nested == x->depth)
        x->nested = 0;
    unbind(x);
    if (--x->depth == 0) { /* the padding behind is as long as most packets */
        x->ended = true;
        (void)XML_StopParser(x->parser, XML_FALSE);
    }
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int n)
{
    xmp *x = ctx;
    if (!x->property || x->nested || x->complete || n <= 0)
        return;
    size_t room = TEXT_ROOM - x->text_n, now = (size_t)n < room ? (size_t)n : room;
    memcpy(x->text + x->text_n, text, now);
    x->text_n += now;
}

/* Entities serve no purpose in XMP but to blow it up. */
static void XMLCALL on_entity(void *ctx, const XML_Char *name, int parameter,
                              const XML_Char *value, int value_length, const XML_Char *base,
                              const XML_Char *system_id, const XML_Char *public_id,
                              const XML_Char *notation)
{
    xmp *x = ctx;
    (void)name;
    (void)parameter;
    (void)value;
    (void)value_length;
    (void)base;
    (void)system_id;
    (void)public_id;
    (void)notation;
    x->refused = true;
    (void)XML_StopParser(x->parser, XML_FALSE);
}

static bool is_padding(alice_bytes w)
{
    if (w.p[0] == 0)
        return w.n < 3 || w.p[1] != '<' || w.p[2] != 0;
    return is_blank((const char *)w.p, 1);
}

/*
 * The parser holds a whole tag, and a phone's depth map is one attribute of megabytes:
 * what is longer than any value we look at is left out, up to its closing quote. Not in
 * UTF-16, which nobody writes with such values.
 */
typedef struct cutter {
    enum { IN_TEXT, AT_TAG, IN_TAG, IN_VALUE } state;
    uint8_t quote;
    bool entity; /* between & and ; */
    bool off;
    size_t length; /* of the value so far */
    size_t most;   /* of it */
    size_t left;   /* of VALUE_MOST for the tag in hand */
} cutter;

/* Whether the next byte is left out. */
static bool cuts(cutter *c, uint8_t byte)
{
    switch (c->state) {
    case IN_TEXT:
        if (byte == '<') {
            c->state = AT_TAG;
            c->left = VALUE_MOST;
        }
        return false;
    case AT_TAG: /* of comments, declarations and instructions nothing is cut */
        c->state = byte == '!' || byte == '?' || byte == '/' ? IN_TEXT : IN_TAG;
        return false;
    case IN_TAG:
        if (byte == '>')
            c->state = IN_TEXT;
        if (byte == '"' || byte == '\'') {
            c->state = IN_VALUE;
            c->quote = byte;
            c->length = 0;
            c->most = c->left > VALUE_LEAST ? c->left : VALUE_LEAST;
            c->entity = false;
        }
        return false;
    case IN_VALUE:
        if (byte == c->quote) {
            c->state = IN_TAG;
            c->left -= c->length < c->left ? c->length : c->left;
            return false;
        }
        break;
    }
    /* Neither a character nor an entity is cut in the middle. */
    bool begun = c->length > c->most;
    if (!begun && (c->length < c->most || c->entity || (byte & 0xc0) == 0x80 || byte == '&')) {
        c->entity = byte == '&' || (c->entity && byte != ';');
        c->length += c->length < c->most;
        return false;
    }
    c->length = c->most + 1;
    return true;
}

/* How many of the next bytes are surely not cut out, and leave the state as it is. */
static size_t whole(cutter *c, const uint8_t *p, size_t n)
{
    if (c->off)
        return n;
    if (c->state == IN_TEXT) {
        const uint8_t *tag = memchr(p, '<', n);
        return tag ? (size_t)(tag - p) : n;
    }
    if (c->state != IN_VALUE || c->length >= c->most)
        return 0;
    size_t most = c->most - c->length < n ? c->most - c->length : n;
    const uint8_t *end = memchr(p, c->quote, most);
    if (!end)
        return 0;
    c->length += (size_t)(end - p);
    return (size_t)(end - p);
}

/* Hand on what is not cut out. */
static enum XML_Status feed(xmp *x, cutter *c, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t from = i;
        for (;;) {
            i += whole(c, p + i, n - i);
            if (i == n || cuts(c, p[i]))
                break;
            i++;
        }
        if (i > from &&
            XML_Parse(x->parser, (const char *)p + from, (int)(i - from), 0) != XML_STATUS_OK)
            return XML_STATUS_ERROR;
        if (i < n)
            i++; /* the byte that was left out */
        if (x->ended)
            break;
    }
    return XML_STATUS_OK;
}

/* Feed the packet, without what may stand before its first character. */
static enum XML_Status parse(xmp *x, alice__text_stream *packet)
{
    uint64_t left = BYTES_MOST;
    bool begun = false;
    cutter c = {.state = IN_TEXT};
    alice_bytes w = {0};
    while (left > 0 && !x->ended) {
        if (w.n == 0 && (packet->next(packet, &w) != ALICE_OK || w.n == 0))
            break;
        /* A zero may be the first half of a "<" in UTF-16. */
        while (!begun && w.n > 0 && left > 0 && is_padding(w)) {
            w.p++;
            w.n--;
            left--;
        }
        if (w.n == 0 || left == 0)
            continue;
        if (!begun)
            c.off = w.p[0] == 0 || w.p[0] >= 0xfe || (w.n > 1 && w.p[1] == 0); /* UTF-16 */
        begun = true;
        size_t now = w.n < SLICE_MOST ? w.n : SLICE_MOST;
        now = now < left ? now : (size_t)left;
        /* What is left out costs little. */
        bool passing = c.state == IN_VALUE && c.length > c.most;
        if (!alice__work_on(&x->facts->work, ALICE__WORK_XMP, passing ? now / 16 : now))
            return XML_STATUS_OK;
        if (feed(x, &c, w.p, now) != XML_STATUS_OK)
            return XML_STATUS_ERROR;
        w.p += now;
        w.n -= now;
        left -= now;
    }
    if (!begun)
        return XML_STATUS_OK;
    return x->ended ? XML_STATUS_OK : XML_Parse(x->parser, "", 0, 1);
}

static void warn(const xmp *x)
{
    if (x->refused)
        alice__facts_warn(x->facts,
                          "XMP: declares entities or is nested too deep; not read on");
    else if (XML_GetErrorCode(x->parser) == XML_ERROR_NO_MEMORY)
        alice__facts_warn(x->facts, "XMP: needs more memory than it may take");
    else
        alice__facts_warn(x->facts, "XMP: %s", XML_ErrorString(XML_GetErrorCode(x->parser)));
}

/* The parser's way through the packet. */
static void read_packet(xmp *x, alice__xml_memory *memory, alice__text_stream *packet)
{
    alice__facts *f = x->facts;
    x->parser = XML_ParserCreate_MM(NULL, &alice__xml_memory_suite, NULL);
    if (!x->parser) {
        alice__facts_warn(f, "XMP: no memory to read it");
        f->denied = memory->refused;
        return;
    }
    /* What is read is bounded, so the salt need not be the system's entropy. */
    (void)XML_SetHashSalt(x->parser, 0x616c6963);
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, on_start, on_end);
    XML_SetCharacterDataHandler(x->parser, on_text);
    XML_SetEntityDeclHandler(x->parser, on_entity);
    if (parse(x, packet) != XML_STATUS_OK && !x->ended) {
        warn(x);
        if (memory->refused != ALICE_OK)
            f->denied = memory->refused;
    }
    XML_ParserFree(x->parser);
}

void alice__xmp(alice__facts *f, const alice_env *env, alice__text_stream *packet)
{
    alice__xml_memory memory;
    xmp x = {.facts = f};
    void *text = NULL;
    alice_status st = alice_env_alloc(env, TEXT_ROOM, ALICE_HERE, &text);
    if (st == ALICE_OK) {
        x.text = text;
        st = alice__xml_memory_begin(&memory, env);
    }
    if (st == ALICE_OK) {
        read_packet(&x, &memory, packet);
        alice__xml_memory_end(&memory);
    } else {
        alice__facts_warn(f, "XMP: no memory to read it");
        f->denied = st;
    }
    alice_env_free(env, text, TEXT_ROOM);
    if (x.digitized_n > 0)
        alice__facts_date_text(f, ALICE_DATE_XMP_CREATE, x.digitized, x.digitized_n);
    if (x.placed[0] && x.placed[1])
        alice__facts_position(f, x.degrees[0], x.degrees[1]);
}
