/* SPDX-License-Identifier: MIT */
/* Which names of a folder belong together: every rule, and what only looks like one. */
#include "test.h"
#include "random.h"

#include "organize/group_names.h"

typedef struct row {
    const char *name, *leader;
    const char *suffix; /* NULL: they do not belong together */
    alice__bond bond;
} row;

static const row rows[] = {
    /* XMP and other sidecars, both forms. */
    {"a.jpg.xmp", "a.jpg", ".jpg.xmp", ALICE__BOND_NAME},
    {"a.xmp", "a.jpg", ".xmp", ALICE__BOND_NAME},
    {"a.XMP", "a.CR2", ".XMP", ALICE__BOND_NAME},
    {"a.cr2.pp3", "a.cr2", ".cr2.pp3", ALICE__BOND_NAME},
    {"a.jpg.xmp", "a.png", NULL, 0},
    {"ab.xmp", "a.jpg", NULL, 0},
    {"A.xmp", "a.jpg", NULL, 0},
    {"a.jpg.xmp", "a.jpg.xmp", NULL, 0},
    /* Apple: AAE, and what was made of a picture. */
    {"IMG_1234.AAE", "IMG_1234.HEIC", ".AAE", ALICE__BOND_NAME},
    {"IMG_E1234.HEIC", "IMG_1234.HEIC", "-E.HEIC", ALICE__BOND_NAME},
    {"IMG_E1234.JPG", "IMG_1234.HEIC", "-E.JPG", ALICE__BOND_NAME},
    {"IMG_O1234.AAE", "IMG_1234.HEIC", "-O.AAE", ALICE__BOND_NAME},
    {"IMG_E1234.AAE", "IMG_E1234.JPG", ".AAE", ALICE__BOND_NAME},
    {"IMG_E1234.JPG", "IMG_1235.HEIC", NULL, 0},
    {"IMG_E123.JPG", "IMG_123.HEIC", NULL, 0},
    /* Takeout. */
    {"a.jpg.json", "a.jpg", ".jpg.json", ALICE__BOND_NAME},
    {"a.jpg.supplemental-metadata.json", "a.jpg", ".jpg.supplemental-metadata.json",
     ALICE__BOND_NAME},
    {"a.jpg.supplemental-me.json", "a.jpg", ".jpg.supplemental-me.json", ALICE__BOND_NAME},
    {"a.jpg.s.json", "a.jpg", ".jpg.s.json", ALICE__BOND_NAME},
    {"a.jpg..json", "a.jpg", ".jpg..json", ALICE__BOND_NAME},
    {"a.jpg(1).json", "a(1).jpg", ".jpg.json", ALICE__BOND_NAME},
    {"a.jpg.supplemental-metadata(12).json", "a(12).jpg", ".jpg.supplemental-metadata.json",
     ALICE__BOND_NAME},
    {"a(1).jpg.json", "a(1).jpg", ".jpg.json", ALICE__BOND_NAME},
    {"a.jpg(1).json", "a.jpg", NULL, 0},
    {"a.jpg(1).json", "a(2).jpg", NULL, 0},
    {"a.jpg.json", "a(1).jpg", NULL, 0},
    {"x (2).jpg.supplemental-metadata.json", "x (2).jpg", ".jpg.supplemental-metadata.json",
     ALICE__BOND_NAME},
    {"Peanut Butter Balls.supplemental-metadata.json", "Peanut Butter Balls.jpg",
     ".supplemental-metadata.json", ALICE__BOND_NAME},
    /* 46 characters, then cut: in the tail, in the extension, in the stem. */
    {"a-name-of-forty-characters-and-no-more-x.jpg.s.json",
     "a-name-of-forty-characters-and-no-more-x.jpg", ".jpg.s.json", ALICE__BOND_NAME},
    {"a-name-of-forty-three-characters-and-no-mor.jp.json",
     "a-name-of-forty-three-characters-and-no-mor.jpg", ".jp.json", ALICE__BOND_NAME},
    {"a-name-that-is-longer-than-forty-six-character.json",
     "a-name-that-is-longer-than-forty-six-characters-by-far.jpg", ".json", ALICE__BOND_NAME},
    {"a-name-that-is-longer-than-forty-six-character(3).json",
     "a-name-that-is-longer-than-forty-six-characters-by-far(3).jpg", ".json",
     ALICE__BOND_NAME},
    {"a-name-that-is-longer-than-forty-si.json",
     "a-name-that-is-longer-than-forty-six-characters-by-far.jpg", NULL, 0},
    /* 46 characters are not 46 bytes. */
    {"\xc3\xa9\xc3\xa9\xc3\xa9-name-that-is-longer-than-forty-six-charac.json",
     "\xc3\xa9\xc3\xa9\xc3\xa9-name-that-is-longer-than-forty-six-characters.jpg", ".json",
     ALICE__BOND_NAME},
    {"metadata.json", "a.jpg", NULL, 0},
    /* A Pixel's film, its JSON that of the picture. */
    {"PXL_1.MP", "PXL_1.MP.jpg", ".MP", ALICE__BOND_NAME},
    {"PXL_1.MP.jpg.json", "PXL_1.MP.jpg", ".jpg.json", ALICE__BOND_NAME},
    /* Edited copies. */
    {"a-edited.jpg", "a.jpg", "-edited.jpg", ALICE__BOND_NAME},
    {"a-bearbeitet.jpg", "a.jpg", "-bearbeitet.jpg", ALICE__BOND_NAME},
    {"a-modifi\xc3\xa9.jpg", "a.jpg", "-modifi\xc3\xa9.jpg", ALICE__BOND_NAME},
    {"a-ha editado.jpg", "a.heic", "-ha editado.jpg", ALICE__BOND_NAME},
    {"a-\xe7\xb7\xa8\xe9\x9b\x86\xe6\xb8\x88\xe3\x81\xbf.jpg", "a.jpg",
     "-\xe7\xb7\xa8\xe9\x9b\x86\xe6\xb8\x88\xe3\x81\xbf.jpg", ALICE__BOND_NAME},
    {"a-edited(1).jpg", "a(1).jpg", "-edited.jpg", ALICE__BOND_NAME},
    {"a-edited(1).jpg", "a.jpg", NULL, 0},
    {"a-collage.jpg", "a.jpg", "-collage.jpg", ALICE__BOND_NAME},
    {"a-name-that-is-nearly-as-long-as-they-get-ha edit.jpg",
     "a-name-that-is-nearly-as-long-as-they-get.jpg", "-ha edit.jpg", ALICE__BOND_NAME},
    {"a-edit.jpg", "a.jpg", NULL, 0},
    /* Cameras. */
    {"MVI_1.THM", "MVI_1.AVI", ".THM", ALICE__BOND_NAME},
    {"GH010001.LRV", "GH010001.MP4", ".LRV", ALICE__BOND_NAME},
    {"GL010001.LRV", "GX010001.MP4", ".LRV", ALICE__BOND_NAME},
    {"GL010001.LRV", "GX010002.MP4", NULL, 0},
    {"DSC_1.WAV", "DSC_1.NEF", ".WAV", ALICE__BOND_NAME},
    {"DJI_1.SRT", "DJI_1.MP4", ".SRT", ALICE__BOND_NAME},
    {"C0001M01.XML", "C0001.MP4", "M01.XML", ALICE__BOND_NAME},
    /* Of an AI picture. */
    {"a.txt", "a.png", ".txt", ALICE__BOND_NAME},
    {"a.json", "a.png", ".json", ALICE__BOND_NAME},
    {"a.mp4", "a.png", ".mp4", ALICE__BOND_SHOTS},
    /* Pairs. */
    {"a.JPG", "a.CR2", ".JPG", ALICE__BOND_NAME},
    {"a.CR2", "a.JPG", ".CR2", ALICE__BOND_NAME},
    {"a.jpg", "a.dng", ".jpg", ALICE__BOND_NAME},
    {"a.dng", "a.cr2", ".dng", ALICE__BOND_NAME},
    {"a.MOV", "a.HEIC", ".MOV", ALICE__BOND_SHOTS},
    {"a.HEIC", "a.MOV", ".HEIC", ALICE__BOND_SHOTS},
    {"a.jpg", "a.png", NULL, 0},
    {"a.mp4", "a.mov", NULL, 0},
    {"a.b.jpg", "a.cr2", NULL, 0},
    /* No media, no bond. */
    {"a.doc", "a.jpg", NULL, 0},
    {"a.xmp", "a.doc", NULL, 0},
    {"a", "a.jpg", NULL, 0},
    /* Case counts in a stem, not in an extension. */
    {"a.jpg.xmp", "a.JPG", ".jpg.xmp", ALICE__BOND_NAME},
    {"a.JPG.json", "a.jpg", ".JPG.json", ALICE__BOND_NAME},
    {"A.xmp", "a.jpg", NULL, 0},
};

/* Whether `name` is looked for by its leader: in a range of that, or among its followers. */
static bool is_looked_for(const char *name, const char *leader)
{
    char from[ALICE__GROUP_NAME], to[ALICE__GROUP_NAME];
    bool found = false;
    for (unsigned k = 0; !found && alice__group_range(leader, k, from, to); k++)
        found = strcmp(name, from) >= 0 && strcmp(name, to) < 0;
    for (unsigned k = 0; !found && alice__group_followers(leader, k, from, to); k++)
        found = strcmp(name, from) >= 0 && strcmp(name, to) < 0;
    return found;
}

static void every_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const row *r = &rows[i];
        char suffix[ALICE__GROUP_NAME], from[ALICE__GROUP_NAME], to[ALICE__GROUP_NAME];
        alice__bond bond = alice__group_bond(r->name, r->leader, suffix);
        if (bond != r->bond || (r->suffix && strcmp(suffix, r->suffix) != 0))
            fail_msg("%s of %s: bond %d, suffix %s", r->name, r->leader, (int)bond, suffix);
        /* The leader stands in one of the ranges in which it is looked for. */
        bool found = r->suffix == NULL;
        for (unsigned k = 0; !found && alice__group_range(r->name, k, from, to); k++)
            found = strcmp(r->leader, from) >= 0 && strcmp(r->leader, to) < 0;
        if (!found)
            fail_msg("%s is not looked for beside %s", r->leader, r->name);
        if (r->suffix && !is_looked_for(r->name, r->leader))
            fail_msg("%s is not looked for by %s", r->name, r->leader);
        /* Who has its place only beside another comes after it, or is of a pair. */
        if (r->bond == ALICE__BOND_NAME && !alice__group_follows(r->name))
            assert_int_equal(alice__group_bond(r->leader, r->name, suffix), ALICE__BOND_NAME);
    }
}

static void who_follows(void **state)
{
    (void)state;
    static const char *const follow[] = {"a.xmp",         "a.jpg.json", "a.AAE", "a-edited.jpg",
                                         "IMG_E1234.JPG", "PXL_1.MP",   "a.txt", "a.LRV"};
    static const char *const lead[] = {"a.jpg",       "a.mov",      "a.MP.jpg", "a.doc",
                                       "a",           "edited.jpg", "-edited",  "IMG_1234.HEIC",
                                       "IMG_EDIT.JPG"};
    for (size_t i = 0; i < sizeof follow / sizeof *follow; i++)
        assert_true(alice__group_follows(follow[i]));
    for (size_t i = 0; i < sizeof lead / sizeof *lead; i++)
        assert_false(alice__group_follows(lead[i]));
}

/* Names made of the pieces that the rules look at, and of any bytes: nothing is written past.
 */
static void any_names(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "a",
        "IMG_",
        "E1234",
        "(1)",
        "(",
        ")",
        ".",
        ".jpg",
        ".json",
        ".supplemental-metadata",
        ".xmp",
        "-edited",
        "-ha edit",
        "\xc3",
        "\xff",
        "M01",
        ".XML",
        "GL010001",
        ".LRV",
        ".MP",
        "a-long-piece-of-a-name-that-is-cut-somewhere-or-other",
        "0",
        " "};
    struct random r = {.state = 11};
    for (unsigned n = 0; n < 200000; n++) {
        char name[2][400], suffix[ALICE__GROUP_NAME], from[ALICE__GROUP_NAME],
            to[ALICE__GROUP_NAME];
        for (int k = 0; k < 2; k++) {
            name[k][0] = 0;
            for (unsigned parts = 1 + random_below(&r, 7); parts > 0; parts--)
                strcat(name[k], pieces[random_below(&r, sizeof pieces / sizeof *pieces)]);
        }
        alice__bond bond = alice__group_bond(name[0], name[1], suffix);
        assert_true(strlen(suffix) < ALICE__GROUP_NAME);
        assert_true(bond == ALICE__BOND_NONE || (suffix[0] && !strchr(suffix, '/')));
        (void)alice__group_follows(name[0]);
        bool ranged = bond == ALICE__BOND_NONE;
        for (unsigned k = 0; alice__group_range(name[0], k, from, to); k++) {
            assert_true(strcmp(from, to) < 0);
            ranged |= strcmp(name[1], from) >= 0 && strcmp(name[1], to) < 0;
        }
        if (!ranged)
            fail_msg("%s is not looked for beside %s", name[1], name[0]);
        if (bond != ALICE__BOND_NONE && !is_looked_for(name[0], name[1]))
            fail_msg("%s is not looked for by %s", name[0], name[1]);
    }
}

/* Each name where a sidecar is sought belongs to the medium by the rules above, and all of
 * Takeout's and XMP's forms are sought, but for tails that are cut short of what fits. */
static void sidecars_are_sought_by_the_names_they_have(void **state)
{
    static const char *const known[][2] = {
        {"a.jpg", "a.jpg.xmp"},
        {"a.CR2", "a.XMP"},
        {"a.jpg", "a.jpg.json"},
        {"a.jpg", "a.jpg.supplemental-metadata.json"},
        {"a(1).jpg", "a.jpg(1).json"},
        {"a(12).jpg", "a.jpg.supplemental-metadata(12).json"},
        {"x (2).jpg", "x (2).jpg.supplemental-metadata.json"},
        {"Peanut Butter Balls.jpg", "Peanut Butter Balls.supplemental-metadata.json"},
        {"a-name-of-forty-characters-and-no-more-x.jpg",
         "a-name-of-forty-characters-and-no-more-x.jpg.s.json"},
        {"a-name-that-is-longer-than-forty-six-characters-by-far(3).jpg",
         "a-name-that-is-longer-than-forty-six-character(3).json"},
        {"a-edited.jpg", "a.jpg.supplemental-metadata.json"},
        {"a-bearbeitet(1).jpg", "a.jpg(1).json"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        char out[ALICE__GROUP_NAME], suffix[ALICE__GROUP_NAME];
        bool met = false;
        for (unsigned i = 0; alice__group_sidecar(known[k][0], i, out); i++) {
            met |= strcmp(out, known[k][1]) == 0;
            if (out[0] && !strstr(known[k][0], "edit") && !strstr(known[k][0], "bearbeitet") &&
                alice__group_bond(out, known[k][0], suffix) == ALICE__BOND_NONE)
                fail_msg("%s is sought for %s, and is not its own", out, known[k][0]);
        }
        if (!met)
            fail_msg("%s is not sought for %s", known[k][1], known[k][0]);
    }
    char out[ALICE__GROUP_NAME], longest[ALICE__GROUP_NAME + 10];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    assert_false(alice__group_sidecar(longest, 0, out));
    longest[ALICE__GROUP_NAME - 1] = 0;
    for (unsigned i = 0; alice__group_sidecar(longest, i, out); i++)
        assert_true(strlen(out) < ALICE__GROUP_NAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sidecars_are_sought_by_the_names_they_have),
        cmocka_unit_test(every_rule),
        cmocka_unit_test(who_follows),
        cmocka_unit_test(any_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
