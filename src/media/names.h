/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_NAMES_H
#define ALICE_MEDIA_NAMES_H

/*
 * What names tell: dates and generators in file names, dates in folder names,
 * screenshots; and the other way round, the name of a file's source.
 */

#include "media/facts.h"

/*
 * A date in a file's name, by the patterns that cameras, phones, messengers and
 * generators are known to write; what could be read in two ways is none.
 * `name` is the last path component. False: none. Dates are not checked against
 * today, but exist in the calendar; `*at` and `*length` (may be NULL) say
 * where in the name it stands.
 */
bool alice__name_date(const char *name, alice_date *out, size_t *at, size_t *length);

/* The generator whose pattern of names this is, or ALICE_GEN_NONE. */
alice_generator alice__name_generator(const char *name);

/* Whether the name, or what the file says of itself, is that of a screenshot. `info` may be
 * NULL. */
bool alice__is_screenshot(const char *name, const alice_media_info *info);

/*
 * The source folder of a file, into `buf` of `cap` bytes (64 suffice), always
 * terminated, never empty: the first of
 *
 *     the generator's name                       "comfyui"
 *     "screenshot"  where the file calls itself one
 *     camera-[<brand>-]<model>  when a make or a model is known, in lower-case
 *         letters and digits, all else one dash. The brand is the make's first
 *         word ("Eastman Kodak" is kodak); it is left out where the model has
 *         it ("Canon EOS 40D" is camera-canon-eos-40d) or is known without it
 *         ("iPhone 7" is camera-iphone-7, "COOLPIX P1" camera-coolpix-p1)
 *     "whatsapp", "signal", "telegram", "facebook"  by the file's name
 *     "screenshot", "video", "unknown"
 *
 * Answers the length.
 */
size_t alice__source_name(const alice_media_info *info, const char *name, char *buf,
                          size_t cap);

/* ---- what name, folders and the file system tell of one file ---- */

/* `name` is the file's name, `folders` its path below the inbox, `mtime_s` its modification
 * time. */
void alice__facts_from_name(alice__facts *f, const char *name);
void alice__facts_from_folders(alice__facts *f, const char *folders);
/* `zone_minutes`: of the local zone at that time. */
void alice__facts_from_mtime(alice__facts *f, int64_t mtime_s, int zone_minutes);

#endif
