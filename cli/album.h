/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_ALBUM_H
#define ALICE_CLI_ALBUM_H

/*
 * A static album: a folder to be shared, with a page, its style and copies of pictures.
 *
 *     DIR/index.html  album.css  files/00001.jpg …  small/00001.jpg …
 *
 * Nothing is overwritten: DIR is made, or was empty, and each name in it is taken once.
 */

#include <stdint.h>
#include <stdio.h>

#include <alice/library.h>

typedef struct album {
    int dir, files, small; /* open folders; -1: not open */
    FILE *page;
    bool with_facts; /* copies are whole, and facts stand on the page */
    uint32_t day;    /* of the heading that was written last */
    bool headed;
    unsigned long long pictures, not_shown, not_stripped, gone;
    uint64_t bytes;
    const char *what; /* what failed, with errno */
} album;

/* False: `what` and errno say why. What was made stays. */
bool album_open(album *a, const char *dir, const char *title);
/* Add a file, which is open as `fd`; that stays the caller's. False: as above. */
bool album_add(album *a, int fd, const alice_library_file *file);
/* The page gets its name when all of it is there. False: as above. */
bool album_close(album *a, bool whole);

#endif
