/* SPDX-License-Identifier: MIT */
/* Kyocera's RAW (Contax N Digital): texts at fixed places, written backwards; no size. */
#include <string.h>

#include "media/formats/format.h"

enum {
    HEADER = 156,
    MODEL = 0x0c,
    MODEL_N = 12,
    MAKE = 0x19,
    MAKE_N = 7,
    DATE = 0x21,
    DATE_N = 20
};

/* The text at a place, forwards; how long it is. */
static size_t text_at(const uint8_t *p, size_t n, char *to)
{
    size_t used = 0;
    for (size_t i = n; i-- > 0;)
        if (p[i] != 0)
            to[used++] = (char)p[i];
    return used;
}

static alice_status kyocera_read(alice__parse *parse)
{
    alice__facts *f = parse->facts;
    const uint8_t *p = parse->in->head.p;
    char text[DATE_N];
    alice__facts_text(f, ALICE_FACT_MAKE, ALICE__RANK_CONTAINER, "kyocera:Make", text,
                      text_at(p + MAKE, MAKE_N, text));
    alice__facts_text(f, ALICE_FACT_MODEL, ALICE__RANK_CONTAINER, "kyocera:Model", text,
                      text_at(p + MODEL, MODEL_N, text));
    alice__facts_date_text(f, ALICE_DATE_KYOCERA, text, text_at(p + DATE, DATE_N, text));
    return ALICE_OK;
}

static alice_media_type kyocera_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    bool is = head.n >= HEADER && memcmp(head.p + MAKE, "ARECOYK", MAKE_N) == 0;
    return is ? ALICE_MEDIA_RAW : ALICE_MEDIA_NONE;
}

const alice__format alice__format_kyocera = {"kyocera", kyocera_sniff, kyocera_read};
