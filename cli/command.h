/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_COMMAND_H
#define ALICE_CLI_COMMAND_H

/*
 * Commands and their options are data: what --help prints, what the man page and
 * the shell completions are generated from, and what the parser accepts is the
 * same. A command is one file, cmd_<name>.c, which ends with its cli_command, and
 * one line in the list of meson.build.
 */

#include <alice/base.h>

/* Exit statuses, as promised to scripts. */
enum {
    CLI_DONE = 0,
    CLI_SOME_FAILED = 1,
    CLI_USAGE = 2,
    CLI_STOPPED = 3,
    CLI_INTERRUPTED = 130
};

/* The options that commands share. Those of a single command are numbered from OPT_OWN on, in
 * its file. */
typedef enum cli_opt {
    OPT_HELP,
    OPT_INBOX,
    OPT_ORGANIZED,
    OPT_DRY_RUN,
    OPT_MAX_MEMORY,
    OPT_PROFILE,
    OPT_JOBS,
    OPT_CATALOG,
    OPT_JSON,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_SET,
    OPT_PID,
    OPT_ALL,
    OPT_CACHE_SIZE,
    OPT_FORCE,
    OPT_EXCLUDE,
    OPT_NO_PROJECT,
    OPT_CONFIG,
    OPT_TIMEZONE,
    OPT_DATE_PATTERN,
    OPT_SHARED, /* how many there are */
    OPT_OWN = 32,
    OPT_COUNT = 64,
    OPT_END = -1
} cli_opt;

typedef struct cli_option {
    const char *name;   /* without the dashes */
    char letter;        /* 0: none */
    const char *value;  /* the word for its value in help; NULL: it takes none */
    const char *choice; /* what completes it: "profile", "file", "dir", "pid", "key" or NULL */
    const char *text;
} cli_option;

typedef struct cli_args {
    bool given[OPT_COUNT];
    bool from_file[OPT_COUNT];    /* given by the settings file */
    const char *value[OPT_COUNT]; /* the last one given */
    const char *sets[32];         /* every --set */
    int set_count;
    const char *excludes[64]; /* every --exclude */
    int exclude_count;
    const char *no_projects[64 + 1]; /* every --no-project; NULL at the end */
    int no_project_count;
    const char *date_patterns[32 + 1]; /* every --date-pattern; NULL at the end */
    int date_pattern_count;
    char **words; /* what is not an option; within argv */
    int word_count;
    bool debug; /* --debug before the command */
} cli_args;

typedef struct cli_command {
    const char *name;      /* "organize", or "memory monitor" */
    const char *words;     /* the words after it, as in usage: "[INBOX [ORGANIZED]]" */
    const char *completes; /* what completes them: "dir", "file" or NULL */
    const char *summary;
    const cli_opt *options;        /* all that it takes, ends with OPT_END */
    const cli_option *own_options; /* by cli_opt, as far as they are its own */
    int least, most;               /* words it takes */
    const char *text;              /* paragraphs of help, with examples */
    int (*run)(const cli_args *args);
} cli_command;

/* All commands, in the order of help; the end is NULL. */
extern const cli_command *const cli_commands[];

const cli_option *cli_option_of(const cli_command *c, cli_opt which);

/* What help and manual say besides, see notes.c; the end of each list has a NULL name. */
typedef struct cli_note {
    const char *name, *text;
} cli_note;

extern const char cli_about[];
extern const cli_note cli_exit_statuses[], cli_environment[], cli_files[];

/* Find the command of argv, parse its options, run it. Answers the exit status. */
int cli_main(int argc, char **argv);

/* Take an option as if it were given. CLI_DONE, or CLI_USAGE after saying what is wrong. */
int cli_take_option(cli_args *args, cli_opt which, const char *value);

/* An error line on standard error: "alice: …". Answers CLI_USAGE, for `return`. */
int cli_usage_error(const char *format, ...) ALICE_PRINTF(1, 2);
void cli_error(const char *format, ...) ALICE_PRINTF(1, 2);

/* The exit status for what stopped a command. */
int cli_exit_status(alice_status status);

#endif
