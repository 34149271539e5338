/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_STANDING_H
#define ALICE_TESTS_STANDING_H

/* What stands below a folder, after something went wrong: whole files of known contents,
 * temporary ones of ours, and anything else, which is half. */

#include "make_media.h"
#include "tree.h"

enum { STANDING_MOST = 6 };

struct standing {
    unsigned whole[STANDING_MOST], temporary, half;
    char name[256];               /* of a half one */
    char stem[STANDING_MOST][64]; /* of a whole one */
};

/* The content that the file is; `count`: none of them. */
static inline unsigned content_of_file(const blob *known, unsigned count, int dir,
                                       const char *name)
{
    unsigned i = 0;
    while (i < count && !tree_is(dir, name, known[i].p, known[i].n))
        i++;
    return i;
}

/* Adds to `s` what is below the open folder, which is closed. */
static inline void standing_below(int dir, const blob *known, unsigned count,
                                  struct standing *s)
{
    DIR *d = fdopendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        struct stat st;
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || !strcmp(e->d_name, ".alice"))
            continue;
        assert_int_equal(fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW), 0);
        if (S_ISDIR(st.st_mode)) {
            standing_below(openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), known,
                           count, s);
            continue;
        }
        unsigned i = content_of_file(known, count, dir, e->d_name);
        if (strncmp(e->d_name, ".alice-tmp-", 11) == 0 ||
            strncmp(e->d_name, ".alice-link-", 12) == 0) {
            s->temporary++;
        } else if (i < count) {
            s->whole[i]++;
            snprintf(s->stem[i], sizeof s->stem[i], "%.*s", (int)strcspn(e->d_name, "."),
                     e->d_name);
        } else {
            s->half++;
            snprintf(s->name, sizeof s->name, "%s", e->d_name);
        }
    }
    closedir(d);
}

/* Of the folder `name` in `top`; nothing, where there is none. */
static inline struct standing standing_in(int top, const char *name, const blob *known,
                                          unsigned count)
{
    struct standing s = {.temporary = 0};
    int fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        standing_below(fd, known, count, &s);
    return s;
}

#endif
