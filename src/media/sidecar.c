/* SPDX-License-Identifier: MIT */
#include "media/sidecar.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "media/blocks/blocks.h"
#include "media/blocks/json.h"
#include "media/zone.h"

enum {
    JSON_MOST = 256 * 1024, /* Takeout's have a few KB; what has no date by here is another's */
    SIDECARS_MOST = 64,
    TEXT_ROOM = 64
};

/* "-122.4194". False: it is no number of degrees; none that is one needs an exponent. */
static bool degrees_of(const char *text, int32_t *out)
{
    const bool minus = *text == '-';
    int32_t v = 0;
    unsigned n = 0;
    text += minus;
    for (; alice__is_digit(*text) && n < 3; n++)
        v = v * 10 + (*text++ - '0');
    if (n == 0 || (*text != 0 && *text != '.'))
        return false;
    text += *text == '.';
    for (int32_t unit = ALICE__DEGREE; unit > 1; unit /= 10)
        v = v * 10 + (alice__is_digit(*text) ? *text++ - '0' : 0);
    while (alice__is_digit(*text))
        text++;
    *out = minus ? -v : v;
    return *text == 0;
}

typedef enum part { PART_NONE, PART_TAKEN, PART_PLACE } part;

static part part_of(const char *key)
{
    if (strcmp(key, "photoTakenTime") == 0)
        return PART_TAKEN;
    return strcmp(key, "geoData") == 0 || strcmp(key, "geoDataExif") == 0 ? PART_PLACE
                                                                          : PART_NONE;
}

/*
 * {…, "photoTakenTime": {"timestamp": "1710498030", …}, "geoData": {"latitude": 48.85,
 * "longitude": 2.29, …}, …}: seconds since 1970, UTC, and where.
 */
static void read_json(alice__facts *f, alice__text_stream *in)
{
    char text[TEXT_ROOM];
    int32_t degrees[2];
    bool known[2] = {false, false};
    part inside = PART_NONE;
    alice__json j;
    alice__json_open(&j, in, text, sizeof text);
    for (alice__json_kind kind; (kind = alice__json_next(&j)) > ALICE__JSON_BAD;) {
        if (inside != PART_NONE && kind == ALICE__JSON_OBJECT_END) {
            if (known[0] && known[1])
                alice__facts_position(f, degrees[0], degrees[1]);
            known[0] = known[1] = false;
            inside = PART_NONE;
        }
        if (kind != ALICE__JSON_KEY)
            continue;
        const bool east = strcmp(text, "longitude") == 0;
        const part found = inside == PART_NONE ? part_of(text) : PART_NONE;
        if (found != PART_NONE) {
            kind = alice__json_next(&j);
            if (kind == ALICE__JSON_OBJECT)
                inside = found;
            else if (!alice__json_skip(&j, kind))
                return;
        } else if (inside == PART_TAKEN && strcmp(text, "timestamp") == 0) {
            char *end = text;
            kind = alice__json_next(&j);
            long long seconds = strtoll(text, &end, 10);
            if ((kind == ALICE__JSON_STRING || kind == ALICE__JSON_NUMBER) && !j.cut &&
                end != text && *end == 0)
                alice__facts_date_unix(f, ALICE_DATE_SIDECAR, seconds, text);
            if (!alice__json_skip(&j, kind))
                return;
        } else if (inside == PART_PLACE && (east || strcmp(text, "latitude") == 0)) {
            kind = alice__json_next(&j);
            known[east] =
                kind == ALICE__JSON_NUMBER && !j.cut && degrees_of(text, &degrees[east]);
            if (!alice__json_skip(&j, kind))
                return;
        } else if (!alice__json_skip(&j, ALICE__JSON_KEY)) {
            return;
        }
    }
}

/* XMP tells all it knows to facts of its own, of which the best date is taken over. */
static alice_status read_xmp(const alice__parse *parse, alice__text_stream *in)
{
    static const alice_date_source sources[] = {ALICE_DATE_XMP_ORIGINAL, ALICE_DATE_XMP_CREATED,
                                                ALICE_DATE_XMP_CREATE};
    alice_media_info info;
    alice__facts own;
    char arena[64];
    alice__facts_begin(&own, &info, arena, sizeof arena, 0);
    own.latest_day = parse->facts->latest_day;
    own.work = parse->facts->work;
    alice__xmp(&own, &parse->env, in);
    parse->facts->work = own.work;
    alice_date_candidate *to = &parse->facts->info->dates[ALICE_DATE_SIDECAR];
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        const alice_date_candidate *c = &info.dates[sources[i]];
        if (c->verdict == ALICE_DATE_ABSENT || to->verdict == ALICE_DATE_OUTRANKED)
            continue;
        if (to->verdict == ALICE_DATE_ABSENT || c->verdict == ALICE_DATE_OUTRANKED)
            *to = *c;
    }
    return own.denied;
}

/* What it is: its first byte that is no blank. */
static alice_status read_one(const alice__parse *parse, const alice__input *in)
{
    uint8_t first[16];
    alice_status st = ALICE_OK;
    size_t n = alice__input_copy(in, 0, in->size, first, sizeof first, &st), i = 0;
    alice__text_range range = {.status = ALICE_OK};
    if (n >= 3 && memcmp(first, "\xef\xbb\xbf", 3) == 0)
        i = 3;
    while (i < n && (first[i] == ' ' || (first[i] >= '\t' && first[i] <= '\r')))
        i++;
    if (st != ALICE_OK || i == n)
        return st;
    uint64_t most = first[i] == '{' && in->size > JSON_MOST ? JSON_MOST : in->size;
    alice__text_stream *text =
        alice__text_in(&range, in, 0, most, parse->scratch, ALICE__SCRATCH);
    if (first[i] == '{')
        read_json(parse->facts, text);
    else if (first[i] == '<')
        st = read_xmp(parse, text);
    return st == ALICE_OK ? range.status : st;
}

alice_status alice__sidecar_date(const alice__parse *parse, const alice__sidecars *sidecars)
{
    const alice_date_candidate *have = &parse->facts->info->dates[ALICE_DATE_SIDECAR];
    alice_status st = ALICE_OK;
    for (unsigned i = 0; i < SIDECARS_MOST && have->verdict != ALICE_DATE_OUTRANKED; i++) {
        alice__input in = {.size = 0};
        st = sidecars->next(sidecars->ctx, &in);
        if (st == ALICE_OK) {
            in.work = &parse->facts->work;
            st = read_one(parse, &in);
        }
        if (st == ALICE_E_END)
            return ALICE_OK;
        if (st == ALICE_E_BUDGET || st == ALICE_E_NOMEM || parse->facts->work.stopped)
            return st != ALICE_OK ? st : ALICE_E_CANCELLED;
        if (st != ALICE_OK)
            alice__facts_warn(parse->facts, "its sidecar: %s", alice_status_text(st));
    }
    return ALICE_OK;
}
