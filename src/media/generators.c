/* SPDX-License-Identifier: MIT */
#include "media/generators.h"

#include <string.h>

const alice__generator alice__generators[ALICE_GEN_COUNT] = {
#define ROW(id, ...) [id] = {__VA_ARGS__},
    ALICE_GENERATOR_LIST(ROW)
#undef ROW
};

bool alice__next_word(const char **list, char word[ALICE__WORD])
{
    size_t n = strcspn(*list, "|");
    if (n == 0 || n >= ALICE__WORD)
        return false;
    memcpy(word, *list, n);
    word[n] = 0;
    *list += n + ((*list)[n] == '|');
    return true;
}
