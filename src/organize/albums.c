/* SPDX-License-Identifier: MIT */
/*
 * Albums of an export of Google Photos: a folder is one, its metadata.json names it. The
 * folders of the years are none, they hold everything once more.
 *
 *   Takeout/Google Photos/Paris/{metadata.json, IMG_1.jpg}  ─▶ "Paris"
 *   Takeout/Google Photos/Photos from 2020/IMG_1.jpg        ─▶ none; its twin is in "Paris"
 */
#include "organize/run.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "media/blocks/json.h"
#include "organize/plan.h"
#include "port/fs.h"

enum { JSON_MOST = 16 * 1024 }; /* the title stands at its beginning */

/* ---- folders of years ---- */

/* Before or behind the year; folded. */
static const char *const before_year[] = {
    "photos from ", "fotos von ",    "fotos aus ",       "fotos aus dem jahr ",
    "photos de ",   "fotos de ",     "fotos del ",       "fotos d'",
    "foto dal ",    "foto del ",     "foto's uit ",      "foto’s uit ",
    "zdjęcia z ",   "фото за ",      "фотографии за ",   "фотографії за ",
    "fotky z ",     "fotografie z ", "fotografii din ",  "foton från ",
    "bilder fra ",  "bilder från ",  "billeder fra ",    "valokuvat ",
    "kuvat ",       "fényképek - ",  "fotoğraflar ",     "foto dari ",
    "ảnh từ ",      "snímky z ",     "φωτογραφίες από ",
};
static const char *const behind_year[] = {
    " 年の写真", "年の写真", "年のフォト", "년의 사진",
    "년 사진",   "年的照片", "年的相片",   "年相片",
};

static bool is_year(const char *p)
{
    const bool digits = alice__is_digit(p[0]) && alice__is_digit(p[1]) &&
                        alice__is_digit(p[2]) && alice__is_digit(p[3]);
    return digits && (memcmp(p, "18", 2) == 0 || memcmp(p, "19", 2) == 0 ||
                      memcmp(p, "20", 2) == 0 || memcmp(p, "21", 2) == 0);
}

/* Whether an export calls the folder of a year so, in one of its languages. */
static bool is_year_folder(const char *name)
{
    char folded[ALICE__PROJECT_MAX];
    alice__fold_case(name, folded, sizeof folded);
    const size_t n = strlen(folded);
    for (size_t i = 0; i < sizeof before_year / sizeof *before_year; i++) {
        const size_t m = strlen(before_year[i]);
        if (n == m + 4 && memcmp(folded, before_year[i], m) == 0 && is_year(folded + m))
            return true;
    }
    for (size_t i = 0; i < sizeof behind_year / sizeof *behind_year; i++)
        if (n > 4 && is_year(folded) && strcmp(folded + 4, behind_year[i]) == 0)
            return true;
    return false;
}

bool alice__album_names_place(const alice_organizer *o)
{
    return o->options.albums || (o->own_layout && o->layout.uses[ALICE__TOKEN_ALBUM]);
}

unsigned alice__album_folder_rank(const char *name)
{
    return is_year_folder(name);
}

/* A year at one of its ends, in words that are not known; or a day, for which older exports
 * made a folder. */
static bool may_be_of_a_time(const char *name)
{
    const size_t n = strlen(name);
    return n >= 4 && (is_year(name) || is_year(name + n - 4));
}

/* ---- titles ---- */

/* What turns text around or hides in it, and what ends a line. */
static bool is_hidden(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

/* One line of UTF-8 without blanks at its ends. */
static void make_plain(const char *text, size_t n, char *out, size_t size)
{
    size_t used = 0;
    while (n > 0) {
        uint32_t c = 0;
        const size_t len = alice_utf8_decode(text, n, &c), step = len ? len : 1;
        const bool hidden = len && is_hidden(c);
        if (used + step + 1 > size)
            break;
        if (len && !hidden && !(c == ' ' && used == 0)) {
            memcpy(out + used, text, len);
            used += len;
        } else if (!len || c == '\n' || c == '\t' || c == '\r') {
            if (used > 0)
                out[used++] = ' ';
        }
        text += step;
        n -= step;
    }
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = 0;
}

/* {"title": "Paris", "access": …, "date": {…}}, and formerly {"albumData": {"title": …, …}}. */
static void title_of(const uint8_t *json, size_t n, bool sure, char *out, size_t size)
{
    char text[ALICE__ALBUM_MAX * 2], title[ALICE__ALBUM_MAX * 2];
    alice__text_memory memory;
    alice__json j;
    alice__json_kind kind;
    bool known = sure;
    size_t length = 0;
    alice__json_open(&j, alice__text_of(&memory, (alice_bytes){json, n}), text, sizeof text);
    out[0] = 0;
    if (alice__json_next(&j) != ALICE__JSON_OBJECT)
        return;
    while ((kind = alice__json_next(&j)) > ALICE__JSON_BAD) {
        if (kind != ALICE__JSON_KEY)
            continue;
        if (strcmp(text, "photoTakenTime") == 0) /* of a picture that is called so */
            return;
        known |= strcmp(text, "access") == 0 || strcmp(text, "date") == 0 ||
                 strcmp(text, "albumData") == 0;
        if (strcmp(text, "albumData") == 0) {
            kind = alice__json_next(&j);
            if (kind != ALICE__JSON_OBJECT && !alice__json_skip(&j, kind))
                break;
        } else if (strcmp(text, "title") == 0 && length == 0) {
            kind = alice__json_next(&j);
            if (kind == ALICE__JSON_STRING) {
                memcpy(title, text, j.n);
                length = j.n;
            } else if (!alice__json_skip(&j, kind)) {
                break;
            }
        } else if (!alice__json_skip(&j, ALICE__JSON_KEY)) {
            break;
        }
    }
    if (known)
        make_plain(title, length, out, size);
}

/* The file that names an album, in the languages of exports. */
static const char *const metadata[] = {
    "metadata.json",     "Metadaten.json", "métadonnées.json", "me\u0301tadonne\u0301es.json",
    "metadatos.json",    "metadati.json",  "metadados.json",   "metadades.json",
    "metagegevens.json", "metadane.json",  "metadáta.json",    "metadata\u0301.json",
    "metaadat.json",     "metadatok.json", "metaveri.json",    "meta veriler.json",
    "метаданные.json",   "метадані.json",  "メタデータ.json",  "메타데이터.json",
    "元数据.json",       "中繼資料.json",
};

/* The title that stands in the folder; "". */
static alice_status read_title(alice__flow *x, int folder, bool sure, char *out, size_t size)
{
    alice_env env = alice__organizer_env(x->o, x->o->acc_batch);
    void *room = NULL;
    alice_status st = ALICE_OK;
    out[0] = 0;
    for (size_t i = 0; !out[0] && i < sizeof metadata / sizeof *metadata; i++) {
        alice__fs_stat s;
        size_t got = 0;
        int fd = -1;
        if (alice__fs_open_read(folder, metadata[i], &fd) != 0)
            continue;
        if (!room)
            st = alice_env_alloc(&env, JSON_MOST, ALICE_HERE, &room);
        if (st == ALICE_OK && alice__fs_stat_fd(fd, &s) == 0 && s.kind == ALICE__FS_FILE &&
            alice__fs_read_at(fd, 0, room, JSON_MOST, &got) == 0)
            title_of(room, got, sure, out, size);
        alice__fs_close(fd);
        if (st != ALICE_OK)
            break;
    }
    alice_env_free(&env, room, room ? JSON_MOST : 0);
    return st;
}

/* ---- folders ---- */

/* The last name of a path of folders; of one whose name is too long, nothing. */
static void take_last(char *path, char name[256])
{
    char *slash = strrchr(path, '/');
    const char *last = slash ? slash + 1 : path;
    const size_t n = strlen(last);
    name[0] = 0;
    if (n < 256)
        memcpy(name, last, n + 1);
    if (slash)
        *slash = 0;
}

static alice_status find(alice__flow *x, alice__folder *folder)
{
    char path[2 * ALICE__PATH_MAX], name[256], above[256];
    const char *below = alice__folder_path(folder);
    x->album[0] = 0;
    snprintf(path, sizeof path, "%s%s%s", x->o->inbox, *below ? "/" : "", below);
    take_last(path, name);
    take_last(path, above);
    if (is_year_folder(name) || alice__is_google_photos(name))
        return ALICE_OK;
    const bool sure = alice__is_google_photos(above);
    alice_status st = read_title(x, alice__folder_fd(folder), sure, x->album, sizeof x->album);
    if (st == ALICE_OK && is_year_folder(x->album))
        x->album[0] = 0;
    else if (st == ALICE_OK && sure && !x->album[0] && !may_be_of_a_time(name))
        make_plain(name, strlen(name), x->album, sizeof x->album);
    return st;
}

alice_status alice__album_of(alice__flow *x, alice__folder *folder, const char **title)
{
    *title = NULL;
    if (x->album_folder != alice__folder_serial(folder)) {
        alice_status st = find(x, folder);
        if (st != ALICE_OK)
            return st;
        x->album_folder = alice__folder_serial(folder);
    }
    if (x->album[0])
        *title = x->album;
    return ALICE_OK;
}

alice_status alice__album_note(alice__flow *x, alice__folder *folder, int64_t id)
{
    const char *title = NULL;
    alice_status st = id ? alice__album_of(x, folder, &title) : ALICE_OK;
    return st == ALICE_OK && title ? alice__catalog_in_album(x->o->catalog, id, title) : st;
}
