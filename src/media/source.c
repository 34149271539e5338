/* SPDX-License-Identifier: MIT */
/* Evidence texts: which of them are read at all. */
#include "media/facts.h"

#include <string.h>

bool alice__evidence_wanted(alice__where where, const char *key)
{
    (void)where;
    return key[0] != 0;
}

void alice__evidence(alice__facts *f, alice__where where, const char *key,
                     alice__text_stream *text)
{
    alice_bytes window;
    (void)f;
    (void)where;
    (void)key;
    while (text->next(text, &window) == ALICE_OK && window.n > 0) {
    }
}

void alice__evidence_text(alice__facts *f, alice__where where, const char *key,
                          const char *text, size_t n)
{
    alice__text_memory memory;
    alice__evidence(f, where, key,
                    alice__text_of(&memory, (alice_bytes){(const uint8_t *)text, n}));
}
