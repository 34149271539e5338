/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_COMMAND_H
#define ALICE_CLI_COMMAND_H

/*
 * The commands and their options, as one table: what --help prints, what the
 * man pages and the shell completions are generated from, and what the parser
 * accepts is the same data. A new command is one file and one line in
 * command.c.
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

/* Every option that some command has. A command lists those that it takes. */
typedef enum cli_opt {
    OPT_HELP,
    OPT_INBOX,
    OPT_ORGANIZED,
    OPT_COPY,
    OPT_MOVE,
    OPT_DRY_RUN,
    OPT_KEEP_NAMES,
    OPT_MAX_MEMORY,
    OPT_PROFILE,
    OPT_JOBS,
    OPT_CATALOG,
    OPT_JSON,
    OPT_REPORT,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_SET,
    OPT_PID,
    OPT_ALL,
    OPT_DURATION,
    OPT_INTERVAL,
    OPT_TOP,
    OPT_HTML,
    OPT_CACHE_SIZE,
    OPT_EVERY,
    OPT_COUNT,
    OPT_END = -1
} cli_opt;

typedef struct cli_option {
    const char *name;   /* without the dashes */
    char letter;        /* 0: none */
    const char *value;  /* the word for its value in help; NULL: it takes none */
    const char *choice; /* what completes it: "profile", "file", "dir", "pid", "key" or NULL */
    const char *text;
} cli_option;

extern const cli_option cli_options[OPT_COUNT];

typedef struct cli_args {
    bool given[OPT_COUNT];
    const char *value[OPT_COUNT]; /* the last one given */
    const char *sets[32];         /* every --set */
    int set_count;
    const char *words[1024]; /* what is not an option; more are an error */
    int word_count;
    bool debug; /* --debug before the command */
} cli_args;

typedef struct cli_command {
    const char *name;      /* "organize", or "memory monitor" */
    const char *words;     /* the words after it, as in usage: "[INBOX [ORGANIZED]]" */
    const char *completes; /* what completes them: "dir", "file" or NULL */
    const char *summary;
    const cli_opt *options; /* ends with OPT_END */
    int least, most;        /* words it takes */
    const char *text;       /* paragraphs of help, with examples */
    int (*run)(const cli_args *args);
} cli_command;

/* All commands, in the order of help; the end has a NULL name. */
extern const cli_command cli_commands[];

/* What help and manual say besides, see notes.c; the end of each list has a NULL name. */
typedef struct cli_note {
    const char *name, *text;
} cli_note;

extern const char cli_about[];
extern const cli_note cli_exit_statuses[], cli_environment[], cli_files[];

/* The commands: one file each. */
int cmd_organize(const cli_args *args);
int cmd_info(const cli_args *args);
int cmd_config(const cli_args *args);
int cmd_demo(const cli_args *args);
int cmd_memory_monitor(const cli_args *args);
int cmd_memory_gc(const cli_args *args);
int cmd_memory_profile(const cli_args *args);
int cmd_memory_optimize(const cli_args *args);
int cmd_memory_test(const cli_args *args);

/* Find the command of argv, parse its options, run it. Answers the exit status. */
int cli_main(int argc, char **argv);

/* An error line on standard error: "alice: …". Answers CLI_USAGE, for `return`. */
int cli_usage_error(const char *format, ...) ALICE_PRINTF(1, 2);
void cli_error(const char *format, ...) ALICE_PRINTF(1, 2);

/* How many letters two words differ by, at most 9: good enough to name the nearest. */
int cli_distance(const char *a, const char *b);

/* The exit status for what stopped a command. */
int cli_exit_status(alice_status status);

#endif
