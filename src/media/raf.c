/* SPDX-License-Identifier: MIT */
#include "media/facts.h"

static alice_media_type sniff(alice_bytes head, uint64_t file_size)
{
    (void)head;
    (void)file_size;
    return ALICE_MEDIA_NONE;
}

static alice_status read_raf(alice__lab *lab)
{
    (void)lab;
    return ALICE_E_UNSUPPORTED;
}

const alice__format alice__format_raf = {.name = "raf", .sniff = sniff, .read = read_raf};
