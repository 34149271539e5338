/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_TABLE_H
#define ALICE_CLI_TABLE_H

/*
 * The table in a box that all memory commands print:
 *
 *     Memory Usage
 *     ┏━━━━━━━━━┳━━━━━━━━━━┓
 *     ┃ Metric  ┃ Value    ┃
 *     ┡━━━━━━━━━╇━━━━━━━━━━┩
 *     │ Current │ 245.3 MB │
 *     └─────────┴──────────┘
 *
 * It is as wide as its content, and where that is wider than the terminal, the
 * columns that may shrink are cut. Where the locale is not UTF-8 the box is
 * drawn with + - = |.
 *
 *     static const cli_column columns[] = {{.head = "Metric"}, {.head = "Value"}};
 *     cli_table t;
 *     table_begin(&t, "Memory Usage", columns, 2);
 *     table_cell(&t, "Current");
 *     table_cell(&t, "%.1f MB", mb);
 *     table_end(&t, stdout, table_width(stdout));
 */

#include <stdio.h>

#include <alice/base.h>

typedef enum cli_shrink {
    SHRINK_NO,
    SHRINK_END,  /* "a long te…" */
    SHRINK_FRONT /* "…/the/end.c": paths, whose end says more */
} cli_shrink;

typedef struct cli_column {
    const char *head;
    bool right; /* numbers that are compared down the column */
    cli_shrink shrink;
} cli_column;

typedef struct cli_table {
    const char *title; /* NULL: none */
    const cli_column *columns;
    size_t column_count, cell_count;
    char *text; /* the cells, one after the other, each terminated */
    size_t used, room;
    bool short_of_memory;
} cli_table;

/* `columns` and `title` are borrowed until table_end(). At most 16 columns. */
void table_begin(cli_table *t, const char *title, const cli_column *columns, size_t count);

/* The next cell, row by row. What steers a terminal is shown as '?'. */
void table_cell(cli_table *t, const char *format, ...) ALICE_PRINTF(2, 3);

/* Print within `width` columns (0: as wide as it is) and end it. `to` NULL: only end it. */
void table_end(cli_table *t, FILE *to, int width);

/* The columns of the terminal behind `to`; 0: it is none. */
int table_width(FILE *to);

/* Whether the locale's text is UTF-8. */
bool text_is_utf8(void);

/*
 * Print `text` in `room` columns: cut as `shrink` says (or at its end), and
 * filled with spaces, in front where `right`. What steers a terminal and what is
 * no text in this locale is shown as '?'.
 */
void text_put(FILE *to, const char *text, int room, bool right, cli_shrink shrink);

/* How many columns it takes. */
int text_columns(const char *text);

#endif
