/* SPDX-License-Identifier: MIT */
/*
 * Paths out of facts. Everything that reaches a path from a file or its name
 * goes through alice__safe_component(), so no name can climb out of its folder,
 * hide itself, or be refused by a file system that the tree is later copied to.
 */
#include "organize/plan.h"

#include <stdio.h>
#include <string.h>

/* Decode one UTF-8 character at p (n > 0 bytes left). 0: not UTF-8; else its length. */
static size_t decode_utf8(const unsigned char *p, size_t n, uint32_t *code)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len;
    if (p[0] < 0x80) {
        *code = p[0];
        return 1;
    }
    if (p[0] >= 0xC2 && p[0] < 0xE0)
        len = 2;
    else if (p[0] >= 0xE0 && p[0] < 0xF0)
        len = 3;
    else if (p[0] >= 0xF0 && p[0] < 0xF5)
        len = 4;
    else
        return 0;
    if (n < len)
        return 0;
    uint32_t c = p[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    if (c < least[len] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        return 0;
    *code = c;
    return len;
}

static size_t encode_utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* Separators, controls, what FAT and SMB refuse, and what turns text around or hides in it. */
static bool is_unsafe(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7F && c < 0xA0))
        return true;
    if (c < 0x80)
        return strchr("/\\:*?\"<>|", (int)c) != NULL;
    return (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF || (c >= 0xFFF0 && c <= 0xFFFF);
}

size_t alice__safe_component(const char *text, size_t n, char *out, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t used = 0;
    while (n > 0 && (*p == '.' || *p == ' ')) {
        p++;
        n--;
    }
    while (n > 0) {
        uint32_t c = 0;
        size_t len = decode_utf8(p, n, &c);
        size_t step = len ? len : 1;
        if (used + step + 1 > size)
            break;
        if (len == 0 || is_unsafe(c)) {
            out[used++] = '_';
        } else {
            memcpy(out + used, p, len);
            used += len;
        }
        p += step;
        n -= step;
    }
    while (used > 0 && (out[used - 1] == '.' || out[used - 1] == ' '))
        used--;
    if (used == 0 && size > 1)
        out[used++] = '_';
    out[used] = 0;
    return used;
}

static uint32_t fold_character(uint32_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c + 32;
    if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3AB) ||
        (c >= 0x410 && c <= 0x42F))
        return c + 32;
    if (c >= 0x400 && c <= 0x40F)
        return c + 80;
    /* Latin Extended-A and the rest of Cyrillic come in pairs, capital first. */
    if ((c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177) ||
        (c >= 0x460 && c <= 0x481) || (c >= 0x48A && c <= 0x4BF) ||
        (c >= 0x4D0 && c <= 0x52F) || (c >= 0x1E00 && c <= 0x1EFF))
        return c | 1;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
        return c & 1 ? c + 1 : c;
    return c;
}

void alice__fold_case(const char *name, char *out, size_t size)
{
    const unsigned char *p = (const unsigned char *)name;
    size_t n = strlen(name), used = 0;
    while (n > 0) {
        uint32_t c = 0;
        char bytes[4];
        size_t len = decode_utf8(p, n, &c), step = len ? len : 1, made = 1;
        if (len)
            made = encode_utf8(fold_character(c), bytes);
        else
            bytes[0] = (char)*p;
        if (used + made + 1 > size)
            break;
        memcpy(out + used, bytes, made);
        used += made;
        p += step;
        n -= step;
    }
    out[used] = 0;
}

/* Folders that a device or a program makes, which name no project; folded. With a '*' it is how
 * they end. */
static const char *const no_projects[] = {
    "dcim",      "camera",          "camera roll",    "download",
    "downloads", "*.photoslibrary", "*.photolibrary", "*.aplibrary",
};

/* "100APPLE", "101_PANA": as cameras number theirs (DCF). */
static bool is_camera_folder(const char *name)
{
    size_t i = 0;
    for (; name[i]; i++) {
        bool digit = name[i] >= '0' && name[i] <= '9';
        bool letter = (name[i] >= 'A' && name[i] <= 'Z') || name[i] == '_';
        if (i < 3 ? !digit : i == 3 ? !letter : !letter && !digit)
            return false;
    }
    return i == 8;
}

static bool is_no_project(const char *folder)
{
    char folded[ALICE__PROJECT_MAX];
    alice__fold_case(folder, folded, sizeof folded);
    size_t n = strlen(folded);
    for (size_t i = 0; i < sizeof no_projects / sizeof *no_projects; i++) {
        const char *word = no_projects[i];
        size_t m = strlen(word + (*word == '*'));
        if (*word == '*' ? n > m && strcmp(folded + n - m, word + 1) == 0
                         : strcmp(folded, word) == 0)
            return true;
    }
    return is_camera_folder(folder);
}

void alice__plan_project(const char *folders, char *out, size_t size)
{
    size_t n = strcspn(folders, "/");
    if (n > 0)
        alice__safe_component(folders, n, out, size);
    if (n == 0 || is_no_project(out))
        snprintf(out, size, "uncategorized");
}

/* The extension of a name, without its dot, or NULL: what follows the last dot, up to 10
 * letters and digits. */
static const char *extension_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot || dot == name)
        return NULL;
    size_t n = strlen(dot + 1);
    if (n == 0 || n > 10)
        return NULL;
    for (const char *p = dot + 1; *p; p++) {
        if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')))
            return NULL;
    }
    return dot + 1;
}

alice_status alice__plan_path(const alice__plan *plan, char *out, size_t size)
{
    const char *ext = extension_of(plan->name);
    char stem[100] = "";
    if (plan->keep_name) {
        size_t n = ext ? (size_t)(ext - 1 - plan->name) : strlen(plan->name);
        stem[0] = '-';
        alice__safe_component(plan->name, n, stem + 1, sizeof stem - 1);
    }
    /* Where not even the modification time is a date that can be, no day is made up. */
    char day[24] = "undated";
    if (plan->date.year != 0)
        alice_date_text(&plan->date, day, sizeof day);
    int n = snprintf(out, size, "%s/%s/%s/%s-%05llu%s.%s", day, plan->project, plan->source,
                     plan->project, (unsigned long long)plan->number, stem,
                     ext ? ext : alice_media_extension(plan->type));
    return n > 0 && (size_t)n < size ? ALICE_OK : ALICE_E_TOOBIG;
}
