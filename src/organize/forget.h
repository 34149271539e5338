/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_FORGET_H
#define ALICE_ORGANIZE_FORGET_H

/*
 * What the user took out of organized on purpose is not organized again. Each content has an
 * empty file, which a lost catalog does not take along:
 *
 *   ORGANIZED/.alice/forgotten/<size>-<hash of the head>/<hash of the content>
 *
 * and so has the path that it was at, since a copy that was edited has other bytes than what
 * it came from. Names in organized are given once.
 *
 *   ORGANIZED/.alice/forgotten/at/<hash of its path below organized>
 */

#include "organize/compare.h"

/* Whether anything was forgotten at all. `organized_fd` negative: nothing was. */
bool alice__forgotten_any(int organized_fd);
/* Whether a file with this size and head was: then its content decides. */
bool alice__forgotten_head(int organized_fd, uint64_t size, alice__hash head);
bool alice__forgotten_content(int organized_fd, uint64_t size, alice__hash head,
                              alice__hash content);
/* Whether what stood at a path below organized was. */
bool alice__forgotten_at(int organized_fd, const char *dest);

#endif
