/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_SETTINGS_FILE_H
#define ALICE_CLI_SETTINGS_FILE_H

/*
 * The settings file: $XDG_CONFIG_HOME/alice/settings.yaml, or what --config names. Sections of
 * keys, as a table has them: the library's settings (memory and performance), and those that
 * stand for an option of a command. libyaml is loaded only where a file stands.
 */

#include "command.h"

typedef enum cli_row_kind {
    ROW_TEXT,
    ROW_PATH, /* from / or ~ on */
    ROW_UINT,
    ROW_YES,  /* true: as if the option were given */
    ROW_NO,   /* false: so */
    ROW_LIST, /* the option once for each */
    ROW_FIELD /* of alice_config; no option */
} cli_row_kind;

typedef struct cli_row {
    const char *key;    /* "paths.inbox" */
    const char *option; /* its option, without the dashes */
    cli_row_kind kind;
    const char *usual; /* what `config init` shows */
    const char *text;
} cli_row;

/* Rows that are options, by index; NULL past the last. */
const cli_row *settings_row(size_t index);

typedef struct cli_setting {
    const char *key;    /* the table's */
    const cli_row *row; /* NULL: a field of alice_config */
    const char *value;
    unsigned line;
} cli_setting;

enum { SETTINGS_MOST = 128, SETTINGS_FILE_BYTES = 64 * 1024 };

typedef struct cli_settings_file {
    char path[4096];
    char pool[SETTINGS_FILE_BYTES]; /* keys and values */
    size_t used;
    cli_setting all[SETTINGS_MOST];
    size_t count;
} cli_settings_file;

/* Read `n` bytes of YAML. CLI_DONE, or `why` says what is wrong: CLI_USAGE in the text,
   CLI_STOPPED where it cannot be read at all. */
int settings_file_parse(cli_settings_file *f, const char *text, size_t n, char *why,
                        size_t size);

/* The file of this call, read once; `*out` NULL: there is none. CLI_DONE, or an exit status
   after saying what is wrong. */
int settings_file(const cli_args *args, const cli_settings_file **out);

/* Options of the command that were not given have what the file says. The same answers. */
int settings_file_apply(cli_args *args, const cli_command *command);

/* Of libyaml, which is loaded; NULL: it is not there, and a settings file is refused. */
const char *settings_file_yaml(void);

/* Write a new file with every setting in a comment. An exit status. */
int settings_file_init(const cli_args *args);

#endif
