/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_SCREEN_H
#define ALICE_CLI_SCREEN_H

/*
 * A full-screen view on a terminal, with a few escape sequences that every
 * terminal of the last thirty years knows: a grid of cells is drawn into, then
 * shown at once. (A library for it would add 300 KB to what every command
 * weighs, organize under its limit included; see docs/dependencies.md.)
 */

#include <stdio.h>

#include <alice/base.h>

typedef enum screen_style {
    STYLE_PLAIN = 0,
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_GREEN,
    STYLE_YELLOW,
    STYLE_RED,
    STYLE_CYAN,
    STYLE_REVERSE
} screen_style;

typedef struct screen_cell {
    char text[7]; /* one character, terminated; "": the right half of a wide one */
    unsigned char style;
} screen_cell;

typedef struct cli_screen {
    int rows, columns;
    screen_cell *cells;
    bool colors, utf8;
    bool open; /* the terminal is ours */
} cli_screen;

/* Whether standard output is a terminal that can show one. */
bool screen_possible(void);

/* Take the terminal over, and give it back. Between the two, signals that end a program are
 * told by screen_wait(). */
bool screen_open(cli_screen *s);
void screen_close(cli_screen *s);

/* Begin an empty picture of the terminal's present size; false: no memory. */
bool screen_begin(cli_screen *s);
/* Write at a place; what is outside is cut off. Answers the column after it. */
int screen_put(cli_screen *s, int row, int column, screen_style style, const char *text);
int screen_print(cli_screen *s, int row, int column, screen_style style, const char *format,
                 ...) ALICE_PRINTF(5, 6);
/* Show it. False: the terminal is gone. */
bool screen_show(cli_screen *s);

/* Wait, at most so long, for a key, which is answered, or for one of these. */
enum { SCREEN_NOTHING = 0, SCREEN_RESIZED = -1, SCREEN_STOP = -2 };
int screen_wait(int timeout_ms);

#endif
