/* SPDX-License-Identifier: MIT */
/*
 * Paths out of facts. Everything that reaches a path from a file or its name
 * goes through alice__safe_component(), so no name can climb out of its folder,
 * hide itself, or be refused by a file system that the tree is later copied to.
 */
#include "organize/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

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
    size_t used = 0;
    while (n > 0 && (*text == '.' || *text == ' ')) {
        text++;
        n--;
    }
    while (n > 0) {
        uint32_t c = 0;
        size_t len = alice_utf8_decode(text, n, &c);
        size_t step = len ? len : 1;
        if (used + step + 1 > size)
            break;
        if (len == 0 || is_unsafe(c)) {
            out[used++] = '_';
        } else {
            memcpy(out + used, text, len);
            used += len;
        }
        text += step;
        n -= step;
    }
    while (used > 0 && (out[used - 1] == '.' || out[used - 1] == ' '))
        used--;
    if (used == 0 && size > 1)
        out[used++] = '_';
    out[used] = 0;
    return used;
}

/* Folders that a device or a program makes, which name no project; folded. With a '*' it is how
 * they end. */
static const char *const no_projects[] = {
    "dcim",           "camera",      "camera roll", "download", "downloads", "*.photoslibrary",
    "*.photolibrary", "*.aplibrary", "takeout",
};

/* The folder of an export that has the albums, in the languages in which it is named otherwise;
 * folded. */
static const char *const google_photos[] = {
    "google photos",   "google fotos",       "google foto",        "google foto's",
    "google foto’s",   "google zdjęcia",     "google fotky",       "google fotografie",
    "google poze",     "google fotografii",  "google fotografije", "google fotoğraflar",
    "google kuvat",    "google-kuvat",       "google foton",       "google bilder",
    "google billeder", "google fotók",       "google nuotraukos",  "google fotoattēli",
    "google fotod",    "google фото",        "google фотографии",  "google снимки",
    "google слике",    "φωτογραφίες google", "google φωτογραφίες", "google フォト",
    "google 포토",     "google 相册",        "google 照片",        "google 相簿",
    "google תמונות",   "תמונות google",      "صور google",
};

bool alice__is_google_photos(const char *folder)
{
    char folded[ALICE__PROJECT_MAX];
    alice__fold_case(folder, folded, sizeof folded);
    for (size_t i = 0; i < sizeof google_photos / sizeof *google_photos; i++)
        if (strcmp(folded, google_photos[i]) == 0)
            return true;
    return false;
}

/* "100APPLE", "101_PANA": as cameras number theirs (DCF). */
static bool is_camera_folder(const char *name)
{
    size_t i = 0;
    for (; name[i]; i++) {
        bool digit = alice__is_digit(name[i]);
        bool letter = (name[i] >= 'A' && name[i] <= 'Z') || name[i] == '_';
        if (i < 3 ? !digit : i == 3 ? !letter : !letter && !digit)
            return false;
    }
    return i == 8;
}

static bool is_word(const char *folded, const char *word)
{
    size_t n = strlen(folded), m = strlen(word + (*word == '*'));
    return *word == '*' ? n > m && strcmp(folded + n - m, word + 1) == 0
                        : strcmp(folded, word) == 0;
}

static bool is_no_project(const char *folder, const char *const *more)
{
    char folded[ALICE__PROJECT_MAX], word[ALICE__PROJECT_MAX];
    alice__fold_case(folder, folded, sizeof folded);
    for (size_t i = 0; i < sizeof no_projects / sizeof *no_projects; i++)
        if (is_word(folded, no_projects[i]))
            return true;
    for (; more && *more; more++) {
        alice__fold_case(*more, word, sizeof word);
        if (is_word(folded, word))
            return true;
    }
    return is_camera_folder(folder) || alice__is_google_photos(folder);
}

void alice__plan_project(const char *folders, const char *const *more, char *out, size_t size)
{
    size_t n = strcspn(folders, "/");
    if (n > 0)
        alice__safe_component(folders, n, out, size);
    if (n == 0 || is_no_project(out, more))
        snprintf(out, size, "uncategorized");
}

const char *alice__plan_extension(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot || dot == name)
        return NULL;
    size_t n = strlen(dot + 1);
    if (n == 0 || n > 10)
        return NULL;
    for (const char *p = dot + 1; *p; p++) {
        if (!alice__is_alnum(*p))
            return NULL;
    }
    return dot + 1;
}

alice_status alice__plan_path(const alice__plan *plan, char *out, size_t size)
{
    const char *ext = alice__plan_extension(plan->name);
    char stem[100] = "";
    if (plan->keep_name) {
        size_t n = ext ? (size_t)(ext - 1 - plan->name) : strlen(plan->name);
        stem[0] = '-';
        alice__safe_component(plan->name, n, stem + 1, sizeof stem - 1);
    }
    /* Where not even the modification time is a date that can be, no day is made up. */
    char day[24];
    const char *when = plan->undated ? plan->undated : "undated";
    if (plan->date.year != 0) {
        alice_date_text(&plan->date, day, sizeof day);
        when = day;
    }
    int n = snprintf(out, size, "%s/%s/%s/%s-%05llu%s.%s", when, plan->project, plan->source,
                     plan->project, (unsigned long long)plan->number, stem,
                     ext ? ext : alice_media_extension(plan->type));
    return n > 0 && (size_t)n < size ? ALICE_OK : ALICE_E_TOOBIG;
}
