/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* realpath() */
#include "keep_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <alice/media.h>

#include "command.h"

enum { OF_SAME = 1, OF_PICTURES = 2, OF_BOTH = 3 };

static const struct {
    const char *name;
    alice_keep keep;
    unsigned of;
} names[] = {{"oldest", ALICE_KEEP_OLDEST, OF_BOTH},
             {"newest", ALICE_KEEP_NEWEST, OF_BOTH},
             {"shortest-path", ALICE_KEEP_SHORTEST, OF_BOTH},
             {"longest-path", ALICE_KEEP_LONGEST, OF_BOTH},
             {"has-sidecar", ALICE_KEEP_HAS_SIDECAR, OF_SAME},
             {"largest", ALICE_KEEP_LARGEST, OF_PICTURES}};

/* Whether each of "raw>heic>jpeg" is a type. */
static bool are_types(const char *list)
{
    while (*list) {
        size_t n = strcspn(list, ">");
        bool known = n == 3 && strncmp(list, "raw", n) == 0;
        for (int i = 1; !known && i < ALICE_MEDIA_COUNT; i++) {
            const char *name = alice_media_name((alice_media_type)i);
            known = strlen(name) == n && strncmp(name, list, n) == 0;
        }
        if (!known)
            return false;
        list += n + (list[n] != 0);
    }
    return true;
}

static int read_rule(alice_keep_rule *rule, const char *word, bool pictures)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, word) == 0 &&
            (names[i].of & (pictures ? OF_PICTURES : OF_SAME))) {
            *rule = (alice_keep_rule){.keep = names[i].keep};
            return CLI_DONE;
        }
    }
    if (strncmp(word, "under:", 6) == 0 && word[6]) {
        *rule = (alice_keep_rule){.keep = ALICE_KEEP_UNDER, .under = word + 6};
        return CLI_DONE;
    }
    if (pictures && strncmp(word, "format:", 7) == 0 && word[7] && are_types(word + 7)) {
        *rule = (alice_keep_rule){.keep = ALICE_KEEP_FORMAT, .under = word + 7};
        return CLI_DONE;
    }
    if (!pictures && (strcmp(word, "largest") == 0 || strncmp(word, "format:", 7) == 0))
        return cli_usage_error("--keep %s: files that have the same bytes have one size "
                               "and one format; this is for pictures that look alike "
                               "(alice similar)",
                               word);
    return cli_usage_error("--keep: there is no rule '%s'; there are oldest, newest, "
                           "shortest-path, longest-path%s under:DIR%s",
                           word, pictures ? " and" : ", has-sidecar and",
                           pictures ? ", and of pictures largest and format:TYPE>TYPE… (raw, "
                                      "heic, jpeg, …)"
                                    : "");
}

/* The rest of `path` below `folder`, both real; NULL: it is not there. */
static const char *rest_below(const char *folder, const char *path)
{
    size_t n = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    if (strncmp(folder, path, n) != 0 || (path[n] != '/' && path[n] != 0))
        return NULL;
    return path + n + (path[n] == '/');
}

/* DIR as the person names it is another text than the paths that are shown below PATH: `under`
 * is made to begin as those do. */
static int place_under(alice_keep_rule *rule, const char *const *paths, size_t path_count,
                       char text[2 * PATH_MAX])
{
    char dir[PATH_MAX], top[PATH_MAX];
    const char *inside = NULL;
    size_t holds = 0;
    if (!realpath(rule->under, dir))
        return cli_usage_error("--keep under:%s: %s", rule->under, strerror(errno));
    for (size_t i = 0; i < path_count; i++) {
        if (!realpath(paths[i], top))
            continue; /* it is told when it is looked through */
        const char *below = rest_below(top, dir);
        size_t n = strlen(paths[i]);
        if (below) {
            snprintf(text, 2 * (size_t)PATH_MAX, "%s%s%s", paths[i],
                     *below && n && paths[i][n - 1] != '/' ? "/" : "", below);
            rule->under = text;
            return CLI_DONE;
        }
        if (rest_below(dir, top)) {
            inside = paths[i];
            holds++;
        }
    }
    if (holds == 0)
        return cli_usage_error("--keep under:%s: it is in none of the folders that are looked "
                               "through",
                               rule->under);
    if (holds > 1)
        return cli_usage_error(
            "--keep under:%s: several of the folders that are looked through "
            "are in it: name one",
            rule->under);
    snprintf(text, 2 * (size_t)PATH_MAX, "%s", inside);
    rule->under = text;
    return CLI_DONE;
}

int keep_rules_read(keep_rules *k, const char *text, bool pictures, const char *const *paths,
                    size_t path_count)
{
    int bad = CLI_DONE;
    k->count = 0;
    if ((size_t)snprintf(k->text, sizeof k->text, "%s", text) >= sizeof k->text)
        return cli_usage_error("--keep is too long");
    for (char *word = k->text, *next; !bad && word; word = next) {
        next = strchr(word, ',');
        if (next)
            *next++ = 0;
        if (k->count == KEEP_RULES_MOST)
            return cli_usage_error("--keep takes at most %d rules", KEEP_RULES_MOST);
        bad = read_rule(&k->rule[k->count++], word, pictures);
    }
    for (size_t i = 0; !bad && i < k->count; i++)
        if (k->rule[i].keep == ALICE_KEEP_UNDER)
            bad = place_under(&k->rule[i], paths, path_count, k->under[i]);
    return bad;
}
