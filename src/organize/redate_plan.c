/* SPDX-License-Identifier: MIT */
/*
 * Paths by a layout that a tree has not yet, or has in part: what stands right stays, so that a
 * redating that was cut off goes on where it was, and one that is asked for twice does nothing.
 *
 * What was organized by the usual layout shows its project, its origin and its number, which
 * are kept. Of others the project is that of the folder they came from, and a number is theirs
 * where the name begins with the project. Numbers that are nowhere to be seen are given anew.
 */
#include "organize/redate_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "media/names.h"
#include "organize/compare.h"
#include "organize/group_names.h"
#include "port/fs.h"

enum { CANDIDATES = 16, HOPS = 4, DIGITS_MOST = 18, TRIES = 1000 };

size_t alice__redate_shared(const char *dest)
{
    const char *project = strchr(dest, '/');
    size_t n = project ? strcspn(project + 1, "/") : 0;
    const char *leaf = n ? strchr(project + 1 + n + 1, '/') : NULL;
    if (!leaf || project[1 + n] != '/' || strchr(leaf + 1, '/') ||
        strncmp(leaf + 1, project + 1, n) != 0 || leaf[1 + n] != '-')
        return 0;
    const char *number = leaf + 1 + n + 1;
    size_t digits = strspn(number, "0123456789");
    return digits ? (size_t)(number - dest) + digits : 0;
}

size_t alice__redate_stem(const char *dest)
{
    const char *slash = strrchr(dest, '/'), *leaf = slash ? slash + 1 : dest;
    const char *dot = strrchr(leaf, '.');
    return dot && dot > leaf ? (size_t)(dot - dest) : strlen(dest);
}

/* ---- who belongs together ---- */

typedef struct search {
    const char *name; /* of whom */
    int64_t id;
    int64_t found[CANDIDATES]; /* ascending: who was placed first leads */
    size_t count;
} search;

static bool look(void *ctx, const alice__sibling *s)
{
    search *t = ctx;
    char suffix[ALICE__GROUP_NAME];
    if (s->placed >= t->id ||
        (alice__group_bond(t->name, s->name, suffix) == ALICE__BOND_NONE &&
         alice__group_bond(s->name, t->name, suffix) == ALICE__BOND_NONE))
        return false;
    size_t i = t->count;
    if (i == CANDIDATES && s->placed > t->found[i - 1])
        return false;
    i -= i == CANDIDATES;
    for (; i > 0 && t->found[i - 1] > s->placed; i--)
        t->found[i] = t->found[i - 1];
    t->found[i] = s->placed;
    t->count += t->count < CANDIDATES;
    return false;
}

/* Whether one at `dest` may follow one at `leader`: it has the same path up to a mark. */
static bool follows(const char *dest, const char *leader)
{
    size_t n = alice__redate_stem(leader);
    return strncmp(dest, leader, n) == 0 && dest[n] && !alice__is_alnum(dest[n]) &&
           !strchr(dest + n, '/');
}

/* Who leads `*id`, at `dest`: both change to that one. `*led` false: nobody does. */
static alice_status find_leader(alice_organizer *o, int64_t *id, char dest[ALICE__DEST_MAX],
                                bool *led)
{
    char name[ALICE__GROUP_NAME], from[ALICE__GROUP_NAME], to[ALICE__GROUP_NAME];
    char there[ALICE__DEST_MAX];
    search t = {.name = name, .id = *id};
    int64_t dir = 0;
    *led = false;
    alice_status st = alice__catalog_place(o->catalog, *id, &dir, name, sizeof name);
    if (st == ALICE_E_TOOBIG || st == ALICE_E_NOENT)
        return ALICE_OK; /* no name that has partners */
    for (unsigned i = 0; st == ALICE_OK && alice__group_range(name, i, from, to); i++)
        st = alice__catalog_siblings(o->catalog, dir, from, to, look, &t);
    for (size_t i = 0; i < t.count && st == ALICE_OK && !*led; i++) {
        st = alice__catalog_dest(o->catalog, t.found[i], there, sizeof there);
        if (st == ALICE_OK && follows(dest, there)) {
            *led = true;
            *id = t.found[i];
            snprintf(dest, ALICE__DEST_MAX, "%s", there);
        }
    }
    return st;
}

alice_status alice__redate_group(alice_organizer *o, int64_t id, const char *dest,
                                 alice__hash *key)
{
    char leader[ALICE__DEST_MAX];
    bool led = true;
    alice_status st = ALICE_OK;
    snprintf(leader, sizeof leader, "%s", dest);
    /* A sidecar of an edited copy of a picture follows the picture in the end. */
    for (int i = 0; i < HOPS && led && st == ALICE_OK; i++)
        st = find_leader(o, &id, leader, &led);
    *key = alice__hash_of_bytes(leader, alice__redate_stem(leader));
    return st;
}

/* ---- what its path shows ---- */

typedef struct shown {
    bool usual; /* it stands in the usual layout */
    char day[24], project[ALICE__PROJECT_MAX], source[ALICE__SOURCE_MAX];
    bool has_number;
    uint64_t number;
} shown;

/* A number of up to 18 digits, which end where they end. */
static bool read_number(const char *text, uint64_t *number)
{
    size_t n = strspn(text, "0123456789");
    *number = n > 0 && n <= DIGITS_MOST ? strtoull(text, NULL, 10) : 0;
    return *number > 0;
}

static void read_path(const alice__replan *p, shown *s)
{
    const char *slash = strrchr(p->dest, '/'), *leaf = slash ? slash + 1 : p->dest;
    memset(s, 0, sizeof *s);
    s->usual = alice__redate_shared(p->dest) > 0;
    if (s->usual) {
        const char *project = strchr(p->dest, '/') + 1, *source = strchr(project, '/') + 1;
        snprintf(s->day, sizeof s->day, "%.*s", (int)(project - 1 - p->dest), p->dest);
        snprintf(s->project, sizeof s->project, "%.*s", (int)(source - 1 - project), project);
        snprintf(s->source, sizeof s->source, "%.*s", (int)(leaf - 1 - source), source);
    } else {
        char source[ALICE__SOURCE_MAX];
        alice__plan_project(p->folders, p->o->options.no_projects, s->project,
                            sizeof s->project);
        size_t n = alice__source_name(p->info, p->name, source, sizeof source);
        alice__safe_component(source, n, s->source, sizeof s->source);
    }
    size_t n = strlen(s->project);
    s->has_number = strncmp(leaf, s->project, n) == 0 && leaf[n] == '-' &&
                    read_number(leaf + n + 1, &s->number);
}

/* ---- paths ---- */

static bool is_taken(const alice_organizer *o, const char *to)
{
    alice__fs_stat s;
    return alice__fs_stat_at(o->organized_fd, to, &s) != -ENOENT;
}

/* Whether `dest` is the path of this plan, or one of those with "-2" and so on behind it. */
static bool is_path_of(const alice__replan *p, const alice__plan *plan)
{
    char path[ALICE__DEST_MAX];
    size_t base = 0;
    if (alice__layout_path(&p->o->layout, plan, 1, path, sizeof path, &base) != ALICE_OK ||
        strncmp(p->dest, path, base) != 0)
        return false;
    const char *rest = p->dest + base;
    size_t digits = *rest == '-' ? strspn(rest + 1, "0123456789") : 0;
    return strcmp(rest + (digits ? digits + 1 : 0), path + base) == 0;
}

/* Whether it stands where the layout has it, with whatever number its path shows. */
static bool stands_right(const alice__replan *p, alice__plan *plan)
{
    const uint64_t own = plan->number;
    if (is_path_of(p, plan))
        return true;
    if (!p->o->layout.uses[ALICE__TOKEN_NUMBER])
        return false;
    for (const char *at = p->dest; *at;) {
        size_t n = strspn(at, "0123456789");
        if (read_number(at, &plan->number) && is_path_of(p, plan))
            return true;
        at += n ? n : 1;
    }
    plan->number = own;
    return false;
}

/* Stems of this run: each file that leads has one of its own, whatever its extension is. */
static alice_status claim(const alice__replan *p, const char *stem, size_t n, uint64_t *number)
{
    char text[ALICE__DEST_MAX], key[ALICE__DEST_MAX];
    snprintf(text, sizeof text, "%.*s", (int)n, stem);
    alice__fold_case(text, key, sizeof key);
    return alice__catalog_number(p->o->catalog, key, p->stems, number);
}

alice_status alice__redate_stands(alice_organizer *o, const char *stems, const char *dest)
{
    char text[ALICE__DEST_MAX], key[ALICE__DEST_MAX];
    snprintf(text, sizeof text, "%.*s", (int)alice__redate_stem(dest), dest);
    alice__fold_case(text, key, sizeof key);
    return alice__catalog_number_past(o->catalog, key, stems, 1);
}

/* A path that nobody has and nobody is to get. The counter of its name is that of this run, so
 * that what was taken back and comes again has no "-2"; later runs go on behind it. */
static alice_status find_free(const alice__replan *p, const alice__plan *plan,
                              char to[ALICE__DEST_MAX])
{
    const alice__layout *l = &p->o->layout;
    char first[ALICE__DEST_MAX], key[ALICE__DEST_MAX];
    uint64_t again = 1, mine = 1;
    size_t base = 0;
    alice_status st = alice__layout_path(l, plan, 1, to, ALICE__DEST_MAX, &base);
    if (st != ALICE_OK || (l->uses[ALICE__TOKEN_NUMBER] && l->uses[ALICE__TOKEN_PROJECT] &&
                           l->uses[ALICE__TOKEN_ORIGIN]))
        return st;
    snprintf(first, sizeof first, "%.*s", (int)base, to);
    for (int i = 0; st == ALICE_OK && i < TRIES; i++) {
        st = claim(p, first, strlen(first), &again);
        if (st == ALICE_OK && again > 1)
            st = alice__layout_path(l, plan, again, to, ALICE__DEST_MAX, &base);
        if (st == ALICE_OK && again > 1)
            st = claim(p, to, alice__redate_stem(to), &mine);
        if (st == ALICE_OK && mine == 1 && !is_taken(p->o, to))
            break;
    }
    /* Where it is taken after all, that is found when it is to go. */
    alice__fold_case(first, key, sizeof key);
    return st == ALICE_OK
               ? alice__catalog_number_past(p->o->catalog, key, ALICE__LAYOUT_COUNTER, again)
               : st;
}

/* The hash of all its bytes, where the layout wants it. */
static alice_status hash_of(const alice__replan *p, char text[33])
{
    const alice__reading_whole how = alice__organizer_reading(p->o);
    alice__fs_stat s;
    alice__hash content;
    int fd = -1;
    *text = 0;
    if (!p->o->layout.uses[ALICE__TOKEN_HASH])
        return ALICE_OK;
    int bad = alice__fs_open_read(p->o->organized_fd, p->dest, &fd);
    if (!bad)
        bad = alice__fs_stat_fd(fd, &s);
    alice_status st =
        bad ? alice__status_of_errno(-bad) : alice__content_hash(&how, fd, s.size, &content);
    alice__fs_close(fd);
    if (st == ALICE_OK)
        snprintf(text, 33, "%016llx%016llx", (unsigned long long)content.high,
                 (unsigned long long)content.low);
    return st;
}

/* The usual layout. One that stands in it changes its day and nothing else. */
static alice_status usual_path(const alice__replan *p, alice__plan *plan, const shown *s,
                               const char *key, char to[ALICE__DEST_MAX])
{
    char day[16];
    uint64_t mine = 1;
    alice_status st = ALICE_OK;
    bool numbered = s->has_number;
    if (s->usual) {
        alice_date_text(&plan->date, day, sizeof day);
        int n = snprintf(to, ALICE__DEST_MAX, "%s%s", plan->date.year ? day : s->day,
                         strchr(p->dest, '/'));
        return n > 0 && n < ALICE__DEST_MAX ? ALICE_OK : ALICE_E_TOOBIG;
    }
    for (int i = 0; st == ALICE_OK && i < TRIES; i++) {
        if (!numbered)
            st = alice__catalog_number(p->o->catalog, key, plan->source, &plan->number);
        numbered = false; /* it was its own, and is somebody else's here */
        if (st == ALICE_OK)
            st = alice__plan_path(plan, to, ALICE__DEST_MAX);
        if (st == ALICE_OK)
            st = claim(p, to, alice__redate_stem(to), &mine);
        if (st == ALICE_OK && mine == 1 && !is_taken(p->o, to))
            break;
    }
    return st == ALICE_OK
               ? alice__catalog_number_past(p->o->catalog, key, plan->source, plan->number)
               : st;
}

alice_status alice__redate_path(const alice__replan *p, char to[ALICE__DEST_MAX])
{
    alice_organizer *o = p->o;
    alice__plan_texts texts;
    shown s;
    char hash[33], key[ALICE__PROJECT_MAX];
    read_path(p, &s);
    alice__plan plan = {
        .date = p->info->date,
        .undated = s.usual && p->info->date.year == 0 ? s.day : o->options.undated_folder,
        .project = s.project,
        .source = s.source,
        .number = s.has_number ? s.number : 0,
        .name = p->name,
        .type = p->info->type,
        .album = p->album,
        .hash = hash};
    alice__plan_facts(&plan, &texts, p->info);
    alice__fold_case(s.project, key, sizeof key);
    if (!o->own_layout)
        return usual_path(p, &plan, &s, key, to);
    alice_status st = hash_of(p, hash);
    if (st == ALICE_OK && stands_right(p, &plan)) {
        snprintf(to, ALICE__DEST_MAX, "%s", p->dest);
        return ALICE_OK;
    }
    if (st == ALICE_OK && o->layout.uses[ALICE__TOKEN_NUMBER] && plan.number == 0)
        st = alice__catalog_number(o->catalog, key, plan.source, &plan.number);
    return st == ALICE_OK ? find_free(p, &plan, to) : st;
}
