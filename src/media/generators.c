/* SPDX-License-Identifier: MIT */
#include "media/generators.h"

#include "base/text.h"

const alice__generator alice__generators[ALICE_GEN_COUNT] = {
#define ROW(id, ...) [id] = {__VA_ARGS__},
    ALICE_GENERATOR_LIST(ROW)
#undef ROW
};

void alice__initials_of(const char *text, size_t n, alice__initials *out)
{
    *out = (alice__initials){.of = {false}};
    for (size_t i = 0; i < n; i++)
        if (i == 0 || !alice__is_alnum(text[i - 1]))
            out->of[(unsigned char)alice__lower(text[i])] = true;
}

bool alice__next_word(const char **list, const alice__initials *initials,
                      char word[ALICE__WORD])
{
    const char *p = *list;
    while (*p && !initials->of[(unsigned char)*p]) {
        while (*p && *p != '|')
            p++;
        p += *p == '|';
    }
    size_t n = 0;
    for (; *p && *p != '|' && n < ALICE__WORD - 1; p++)
        word[n++] = *p;
    word[n] = 0;
    *list = p + (*p == '|');
    return n > 0;
}
