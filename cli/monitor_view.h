/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_MONITOR_VIEW_H
#define ALICE_CLI_MONITOR_VIEW_H

/* What `alice memory monitor` shows: a screen of one process, or of several; tables and lines.
 */

#include "look.h"
#include "screen.h"

enum { VIEW_HISTORY = 512 };

typedef struct monitor_view {
    double elapsed, duration; /* seconds; duration 0: no end */
    bool paused;
    uint64_t history[VIEW_HISTORY]; /* resident, a ring */
    size_t history_count;           /* all that were ever put in */
    char message[160];
} monitor_view;

void view_remember(monitor_view *v, const cli_look *look);

void view_draw(cli_screen *s, const monitor_view *v, const cli_look *look);
void view_draw_all(cli_screen *s, const monitor_view *v, const cli_look *looks, size_t count);

/* The guide's table, and one with a line for each process. */
void view_table(FILE *to, const cli_look *look, int width);
void view_table_all(FILE *to, const cli_look *looks, size_t count, int width);

/* One line of text. */
void view_line(FILE *to, const monitor_view *v, const cli_look *look);

#endif
