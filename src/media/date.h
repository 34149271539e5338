/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_DATE_H
#define ALICE_MEDIA_DATE_H

/*
 * Dates as text, and which of them are real. Nothing here guesses: what cannot
 * be told for certain ends in a reason.
 */

#include <alice/media.h>

/* Days since 1970-01-01 of a calendar date, and back (proleptic Gregorian). */
int64_t alice__date_days(int year, int month, int day);
void alice__date_of_days(int64_t days, alice_date *out);

/*
 * Read a date, a time and a zone out of a text: EXIF "YYYY:MM:DD HH:MM:SS" with
 * any separators, fraction and zone; ISO 8601 (also without separators);
 * RFC 1123 "Fri, 15 Mar 2024 10:15:00 GMT"; ctime "Mon Mar 10 15:04:43 2008";
 * "Mar 31, 2025, 10:15 AM".
 *
 * NULL: `*out` is a complete calendar date (whether its time and zone could be
 * read stand in it). Else why not, static text; `*out` is then what had been
 * read before. A bad time does not spoil a good date. No range is checked here.
 */
const char *alice__date_parse(const char *text, size_t n, alice_date *out);

/* "+02:00", "-0530", "Z", "UTC": true and minutes east of UTC. */
bool alice__date_parse_zone(const char *text, size_t n, int *minutes);

/*
 * Whether a complete date can be true: NULL, or why not: a year before 1900,
 * after `latest_day`, the zero of an epoch (1904-01-01 or 1970-01-01 at 00:00:00,
 * in UTC where a zone is known), or where the clocks of cameras begin that were
 * never set (2000-01-01 at 00:00:00 …). A date that has no time is none of these.
 * Of a year or a month alone, its beginning is checked.
 */
const char *alice__date_doubt(const alice_date *date, int64_t latest_day);
/* Its answer for what lies after that day: this very text. */
extern const char alice__in_the_future[];

/* True for a date of the calendar (leap years counted), whatever its year. */
bool alice__date_exists(int year, int month, int day);

/* A month's number from its English name or first three letters, any case; 0: none. */
int alice__date_month(const char *text, size_t n);

/* Seconds since 1970-01-01 UTC as a date in a zone. False: beyond year 1..9999. */
bool alice__date_of_unix(int64_t seconds, int zone_minutes, alice_date *out);
/* And back; its time and zone count as 0 where they are not known. */
int64_t alice__date_unix(const alice_date *date);

/*
 * The zone of a clock on the wall that showed `local` at the moment `utc`: their
 * difference, rounded to 15 minutes. False: it is none that is in use (12 h west
 * to 14 h east), or the two are no telling of one moment (150 s apart from it).
 */
bool alice__date_zone_between(const alice_date *local, int64_t utc, int *minutes);

#endif
