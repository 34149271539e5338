/* SPDX-License-Identifier: MIT */
#include "organize/group_names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "media/types.h"

/*
 * Google Takeout names the sidecar of "a(1).jpg" "a.jpg(1).json" or
 * "a.jpg.supplemental-metadata(1).json", and cuts what stands before "(1).json" to 46
 * characters (45, then and now; 51 with ".json"): counted in code points or in UTF-16 units.
 */
enum { CUT_LEAST = 45, CUT_USUAL = 46, CUT_MOST = 51 };

static const char supplemental[] = ".supplemental-metadata";

/* What editors put behind the stem. Takeout cuts these as well ("-ha edit"). */
static const char *const edits[] = {
    "-edited", "-bearbeitet", "-modifié",   "-modificato", "-editado", "-ha editado",
    "-editat", "-bewerkt",    "-edytowane", "-編集済み",   "-编辑",    "-effects",
    "-motion", "-animation",  "-smile",     "-collage",    "-mix",     "-отредактировано",
    "-편집됨", "-muokattu",   "-redigeret",
};

/* A part of a name. */
typedef struct part {
    const char *p;
    size_t n;
} part;

static part stem_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return (part){name, dot && dot != name ? (size_t)(dot - name) : strlen(name)};
}

static bool same(part a, part b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static bool same_letters(part a, part b)
{
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static bool starts(part a, part with)
{
    return a.n >= with.n && memcmp(a.p, with.p, with.n) == 0;
}

static part text(const char *p)
{
    return (part){p, strlen(p)};
}

/* Characters of UTF-8: its bytes but those that continue one. */
static size_t characters(part a)
{
    size_t n = 0;
    for (size_t i = 0; i < a.n; i++)
        n += ((unsigned char)a.p[i] & 0xC0) != 0x80;
    return n;
}

/* Whether `a` may have been cut by Takeout: both ways of counting, so from 45 to 51. */
static bool may_be_cut(part a)
{
    size_t n = characters(a);
    return n >= CUT_LEAST && n <= CUT_MOST;
}

/* Take "(12)" off the end; its digits, or n 0. */
static part take_number(part *a)
{
    size_t i = a->n;
    if (i < 3 || a->p[i - 1] != ')')
        return (part){a->p, 0};
    size_t end = --i;
    while (i > 0 && a->p[i - 1] >= '0' && a->p[i - 1] <= '9')
        i--;
    if (i == end || i == 0 || a->p[i - 1] != '(' || i == 1)
        return (part){a->p, 0};
    a->n = i - 1;
    return (part){a->p + i, end - i};
}

static bool is_digits(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < '0' || p[i] > '9')
            return false;
    return true;
}

static bool is_media(const char *name)
{
    alice__partner p = alice__name_kind_of(name)->partner;
    return p == ALICE__PARTNER_PHOTO || p == ALICE__PARTNER_RAW || p == ALICE__PARTNER_VIDEO;
}

static bool is_sidecar(const char *name)
{
    return alice__partner_is_sidecar(alice__name_kind_of(name)->partner);
}

/* "a-edited(1)" into "a", "-edited" and "1". False: no edited copy. */
static bool split_edited(const char *name, part *base, part *mark, part *number)
{
    part stem = stem_of(name);
    *number = take_number(&stem);
    if (!memchr(stem.p, edits[0][0], stem.n)) /* with which all begin; few names have it */
        return false;
    const bool cut = may_be_cut(stem);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        part e = text(edits[i]);
        if (stem.n > e.n && memcmp(stem.p + stem.n - e.n, e.p, e.n) == 0) {
            *base = (part){stem.p, stem.n - e.n};
            *mark = (part){stem.p + stem.n - e.n, e.n};
            return true;
        }
        /* Cut: what is left of it ends the name. */
        for (size_t n = e.n - 1; n > 3 && cut; n--) {
            if (stem.n > n && memcmp(stem.p + stem.n - n, e.p, n) == 0) {
                *base = (part){stem.p, stem.n - n};
                *mark = (part){stem.p + stem.n - n, n};
                return true;
            }
        }
    }
    return false;
}

/* Apple's "IMG_E1234" (what was made of it) and "IMG_O1234" (of an earlier edit) into
 * "IMG_1234" and the letter. */
static bool split_apple(const char *name, char base[9], char *letter)
{
    part stem = stem_of(name);
    if (stem.n != 9 || memcmp(stem.p, "IMG_", 4) != 0 ||
        (stem.p[4] != 'E' && stem.p[4] != 'O') || !is_digits(stem.p + 5, 4))
        return false;
    snprintf(base, 9, "IMG_%.4s", stem.p + 5);
    *letter = stem.p[4];
    return true;
}

/* The low-resolution film of GoPro's "GH010001.MP4" or "GX010001.MP4" is "GL010001.LRV". */
static bool is_gopro_low(part stem)
{
    return stem.n == 8 && memcmp(stem.p, "GL", 2) == 0 && is_digits(stem.p + 2, 6);
}

/* Sony's "C0001M01.XML" belongs to "C0001.MP4". */
static bool split_sony(const char *name, part *base)
{
    part stem = stem_of(name);
    if (alice__name_kind_of(name)->partner != ALICE__PARTNER_XML || stem.n < 5 ||
        stem.p[stem.n - 3] != 'M' || !is_digits(stem.p + stem.n - 2, 2))
        return false;
    *base = (part){stem.p, stem.n - 3};
    return true;
}

/* A Pixel's "a.MP" is the film in "a.MP.jpg", kept apart. */
static bool is_pixel_film(const char *name)
{
    part stem = stem_of(name);
    return strcmp(name + stem.n, ".MP") == 0;
}

unsigned alice__group_follows(const char *name)
{
    part base, mark, number;
    char apple[9], letter;
    if (is_sidecar(name))
        return 2;
    return is_media(name) && (split_edited(name, &base, &mark, &number) ||
                              split_apple(name, apple, &letter) || is_pixel_film(name));
}

unsigned alice__group_rank(const char *name)
{
    alice__partner p = alice__name_kind_of(name)->partner;
    return p == ALICE__PARTNER_PHOTO ? 0 : p == ALICE__PARTNER_RAW ? 1 : 2;
}

unsigned alice__group_comes_later(const char *name)
{
    part stem = stem_of(name);
    unsigned later = alice__group_follows(name);
    return later                                            ? later
           : is_media(name) && alice__group_rank(name) == 2 ? take_number(&stem).n > 0
                                                            : 0;
}

/* Fill a suffix of two parts. False: it is too long to be one. */
static alice__bond bond(char *suffix, part a, part b)
{
    int n = snprintf(suffix, ALICE__GROUP_NAME, "%.*s%.*s", (int)a.n, a.p, (int)b.n, b.p);
    return n > 0 && n < ALICE__GROUP_NAME / 2 ? ALICE__BOND_NAME : ALICE__BOND_NONE;
}

/*
 * Takeout's sidecar. `base` is its name without ".json", `leader` a medium: "a(1).jpg" is
 * looked for as "a.jpg" where the sidecar's number is 1.
 */
static bool takeout(part base, const char *leader, part *rest)
{
    char whole[ALICE__GROUP_NAME];
    part number = take_number(&base), stem = stem_of(leader), own = stem;
    const char *extension = leader + stem.n;
    part theirs = take_number(&own);
    if (number.n > 0 && !same(number, theirs))
        own = stem, theirs.n = 0;
    if (number.n > 0 && theirs.n == 0)
        return false;
    if (number.n == 0)
        own = stem;
    int n =
        snprintf(whole, sizeof whole, "%.*s%s%s", (int)own.n, own.p, extension, supplemental);
    if (n <= 0 || (size_t)n >= sizeof whole)
        return false;
    part full = {whole, (size_t)n}, medium = {whole, own.n + strlen(extension)};
    *rest = (part){base.p + own.n, base.n > own.n ? base.n - own.n : 0};
    /* Whole, or as far as it goes: at least the medium's name, or cut in it. */
    if (starts(full, base) && (base.n >= medium.n || may_be_cut(base)))
        return true;
    /* Without the extension: "a.supplemental-metadata.json". */
    part tail = {base.p + own.n, rest->n};
    return starts(base, own) &&
           (tail.n == 0 || (tail.n > 4 && starts(text(supplemental), tail)));
}

alice__bond alice__group_bond(const char *name, const char *leader, char *suffix)
{
    const alice__name_kind *ours = alice__name_kind_of(name);
    part stem = stem_of(name), theirs = stem_of(leader), base, mark, number;
    part extension = text(name + stem.n);
    char apple[9], letter = 0, letters[3] = "-";
    suffix[0] = 0;
    if (strlen(name) >= ALICE__GROUP_NAME || strlen(leader) >= ALICE__GROUP_NAME ||
        !is_media(leader) || strcmp(name, leader) == 0)
        return ALICE__BOND_NONE;
    if (split_apple(name, apple, &letter) && same(theirs, text(apple))) {
        letters[1] = letter;
        letters[2] = 0;
        return bond(suffix, text(letters), extension);
    }
    if (is_sidecar(name)) {
        /* Programs change the case of extensions: "a.jpg.xmp" is that of "a.JPG". */
        if (same(stem, theirs) || (starts(stem, theirs) && same_letters(stem, text(leader))))
            return bond(suffix, (part){name + theirs.n, stem.n - theirs.n}, extension);
        if (ours->partner == ALICE__PARTNER_JSON && takeout(stem, leader, &base))
            return bond(suffix, base, extension);
        if (split_sony(name, &base) && same(base, theirs))
            return bond(suffix, (part){name + base.n, 3}, extension);
        if (ours->partner == ALICE__PARTNER_LOW_RES && is_gopro_low(stem) && theirs.n == 8 &&
            (memcmp(theirs.p, "GH", 2) == 0 || memcmp(theirs.p, "GX", 2) == 0) &&
            memcmp(theirs.p + 2, stem.p + 2, 6) == 0)
            return bond(suffix, (part){name, 0}, extension);
        return ALICE__BOND_NONE;
    }
    if (!is_media(name))
        return ALICE__BOND_NONE;
    if (split_edited(name, &base, &mark, &number)) {
        part own = theirs, of = {own.p, 0};
        if (number.n > 0)
            of = take_number(&own);
        if (same(base, own) && (number.n == 0 || same(number, of)))
            return bond(suffix, mark, extension);
    }
    alice__partner other = alice__name_kind_of(leader)->partner;
    if (is_pixel_film(name) && same(theirs, text(name)))
        return bond(suffix, extension, (part){name, 0});
    if (!same(stem, theirs) || (ours->partner == other && other != ALICE__PARTNER_RAW))
        return ALICE__BOND_NONE;
    if (bond(suffix, extension, (part){name, 0}) == ALICE__BOND_NONE)
        return ALICE__BOND_NONE;
    return ours->partner == ALICE__PARTNER_VIDEO || other == ALICE__PARTNER_VIDEO
               ? ALICE__BOND_SHOTS
               : ALICE__BOND_NAME;
}

/* The first `most` characters of a name. */
static part first_characters(part a, size_t most)
{
    size_t i = 0, seen = 0;
    while (i < a.n && (((unsigned char)a.p[i] & 0xc0) == 0x80 || seen++ < most))
        i++;
    return (part){a.p, i};
}

/* Takeout's: whole or cut, with the long ending or without, the number moved or not. */
static void takeout_sidecar(part stem, part extension, unsigned i, char *out)
{
    static const size_t cuts[] = {0, CUT_USUAL, CUT_LEAST, CUT_MOST};
    char whole[ALICE__GROUP_NAME];
    part own = stem, number = {stem.p, 0};
    if (i / 8 == 1)
        number = take_number(&own);
    if (i / 8 == 1 && number.n == 0)
        return;
    int n = snprintf(whole, sizeof whole, "%.*s%.*s%s", (int)own.n, own.p, (int)extension.n,
                     extension.p, i / 4 % 2 == 0 ? supplemental : "");
    if (n <= 0 || (size_t)n >= sizeof whole)
        return;
    part all = {whole, (size_t)n}, base = all;
    size_t most = cuts[i % 4];
    if (most > 0)
        base = first_characters(all, most);
    if (most == 0 ? characters(all) > CUT_MOST : base.n == all.n)
        return;
    n = number.n > 0 ? snprintf(out, ALICE__GROUP_NAME, "%.*s(%.*s).json", (int)base.n, base.p,
                                (int)number.n, number.p)
                     : snprintf(out, ALICE__GROUP_NAME, "%.*s.json", (int)base.n, base.p);
    if (n >= ALICE__GROUP_NAME)
        out[0] = 0;
}

bool alice__group_sidecar(const char *name, unsigned i, char *out)
{
    static const char *const endings[] = {".xmp", ".XMP", ".json",
                                          ".supplemental-metadata.json"};
    enum { TAKEOUT = 6, ALL = TAKEOUT + 16 };
    part stem = stem_of(name), extension = text(name + stem.n), base, mark, number;
    int n = 0;
    out[0] = 0;
    if (i >= 2 * ALL || strlen(name) >= ALICE__GROUP_NAME)
        return false;
    if (i < 2)
        n = snprintf(out, ALICE__GROUP_NAME, "%s%s", name, endings[i]);
    else if (i < TAKEOUT)
        n = snprintf(out, ALICE__GROUP_NAME, "%.*s%s", (int)stem.n, stem.p, endings[i - 2]);
    else if (i < ALL)
        takeout_sidecar(stem, extension, i - TAKEOUT, out);
    else if (i >= ALL + TAKEOUT && split_edited(name, &base, &mark, &number)) {
        char original[ALICE__GROUP_NAME];
        n = number.n > 0 ? snprintf(original, sizeof original, "%.*s(%.*s)", (int)base.n,
                                    base.p, (int)number.n, number.p)
                         : snprintf(original, sizeof original, "%.*s", (int)base.n, base.p);
        takeout_sidecar(text(original), extension, i - ALL - TAKEOUT, out);
    }
    if (n >= ALICE__GROUP_NAME)
        out[0] = 0;
    return true;
}

/* [stem + '.', stem + '/'): those with this very stem, however many "stem (1)" there are. */
static bool range_of_stem(part stem, char *from, char *to)
{
    if (stem.n == 0 || stem.n + 2 >= ALICE__GROUP_NAME)
        return false;
    memcpy(from, stem.p, stem.n);
    memcpy(to, stem.p, stem.n);
    memcpy(from + stem.n, ".", 2);
    memcpy(to + stem.n, "/", 2);
    return true;
}

/* [stem, stem + '/'): the stem itself, and what has a '.' or '(' or '-' behind it. */
static bool range(part stem, part number, char *from, char *to)
{
    int n = number.n ? snprintf(from, ALICE__GROUP_NAME, "%.*s(%.*s)", (int)stem.n, stem.p,
                                (int)number.n, number.p)
                     : snprintf(from, ALICE__GROUP_NAME, "%.*s", (int)stem.n, stem.p);
    if (n <= 0 || n + 1 >= ALICE__GROUP_NAME)
        return false;
    memcpy(to, from, (size_t)n);
    to[n] = '/';
    to[n + 1] = 0;
    return true;
}

bool alice__group_range(const char *name, unsigned i, char *from, char *to)
{
    part stem = stem_of(name), base, mark, number = {name, 0}, none = {name, 0};
    char apple[9], letter, gopro[9];
    if (strlen(name) + 2 >= ALICE__GROUP_NAME || (!is_sidecar(name) && !is_media(name)))
        return false;
    if (i == 0)
        return range(stem, none, from, to);
    if (i > 2)
        return false;
    if (split_apple(name, apple, &letter))
        return i == 1 && range(text(apple), none, from, to);
    if (split_sony(name, &base))
        return i == 1 && range(base, none, from, to);
    if (alice__name_kind_of(name)->partner == ALICE__PARTNER_LOW_RES && is_gopro_low(stem)) {
        snprintf(gopro, sizeof gopro, "G%c%.6s", i == 1 ? 'H' : 'X', stem.p + 2);
        return range(text(gopro), none, from, to);
    }
    if (is_media(name) && split_edited(name, &base, &mark, &number))
        return i == 1 && range(base, number, from, to);
    if (is_media(name)) { /* "a(2).MOV" may be the film of "a.HEIC" */
        base = stem;
        return i == 1 && take_number(&base).n && range_of_stem(base, from, to);
    }
    if (alice__name_kind_of(name)->partner != ALICE__PARTNER_JSON) {
        char medium[ALICE__GROUP_NAME];
        snprintf(medium, sizeof medium, "%.*s", (int)stem.n, stem.p);
        return i == 1 && is_media(medium) && range_of_stem(stem_of(medium), from, to);
    }
    /* Takeout: without its number, what is left of the tail, and the extension. */
    base = stem;
    number = take_number(&base);
    bool cut = may_be_cut(base);
    for (size_t n = sizeof supplemental - 1; n > 0; n--) {
        if (base.n > n && memcmp(base.p + base.n - n, supplemental, n) == 0) {
            base.n -= n;
            break;
        }
    }
    if (i == 1) {
        char medium[ALICE__GROUP_NAME];
        snprintf(medium, sizeof medium, "%.*s", (int)base.n, base.p);
        part own = stem_of(medium);
        return range(is_media(medium) ? own : base, number, from, to);
    }
    if (!cut)
        return false;
    /* Cut inside the medium's name: all that begin so. */
    memcpy(from, base.p, base.n);
    from[base.n] = 0;
    memcpy(to, from, base.n);
    memcpy(to + base.n, "\xff", 2);
    return true;
}

/* All that begin so. */
static bool beginning(const char *text, size_t n, char *from, char *to)
{
    snprintf(from, ALICE__GROUP_NAME, "%.*s", (int)n, text);
    snprintf(to, ALICE__GROUP_NAME, "%.*s\xff", (int)n, text);
    return true;
}

bool alice__group_followers(const char *name, unsigned i, char *from, char *to)
{
    char first[2][ALICE__GROUP_NAME];
    unsigned n = 0;
    part stem = stem_of(name), base = stem;
    if (strlen(name) + 2 >= ALICE__GROUP_NAME || !is_media(name))
        return false;
    const bool numbered = take_number(&base).n > 0;
    if (stem.n == 8 && memcmp(stem.p, "IMG_", 4) == 0 && is_digits(stem.p + 4, 4)) {
        /* "IMG_E1234.JPG", "IMG_O1234.AAE" */
        snprintf(first[n++], sizeof *first, "IMG_E%.4s", stem.p + 4);
        snprintf(first[n++], sizeof *first, "IMG_O%.4s", stem.p + 4);
    } else if (stem.n == 8 && stem.p[0] == 'G' && is_digits(stem.p + 2, 6)) {
        snprintf(first[n++], sizeof *first, "GL%.6s", stem.p + 2);
    } else { /* Sony's "C0001M01.XML" */
        snprintf(first[n++], sizeof *first, "%.*sM", (int)stem.n, stem.p);
    }
    if (i < n)
        return beginning(first[i], strlen(first[i]), from, to);
    /* Of "a(1).jpg" also "a-edited(1).jpg" and "a.jpg(1).json". */
    if (numbered && i-- == n)
        return range(base, (part){name, 0}, from, to);
    /* Takeout's, cut inside this name: as many characters have no fewer bytes. */
    return i == n && strlen(name) >= CUT_LEAST &&
           beginning(name, base.n < CUT_LEAST ? base.n : CUT_LEAST, from, to);
}
