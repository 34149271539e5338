/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_SETTINGS_H
#define ALICE_CLI_SETTINGS_H

/* The settings of this call: flags, else environment, else the settings file, else profile,
   else the machine. */

#include <alice/config.h>

#include "command.h"

typedef enum cli_origin {
    ORIGIN_DEFAULT,
    ORIGIN_MACHINE, /* the ladder by memory */
    ORIGIN_FOLLOWS, /* it follows the limit */
    ORIGIN_PROFILE,
    ORIGIN_FILE,
    ORIGIN_ENVIRONMENT,
    ORIGIN_FLAG
} cli_origin;

enum { SETTINGS_KEY_MAX = 64 };

typedef struct cli_settings {
    alice_config given;  /* what was set */
    alice_config config; /* resolved and checked */
    const char *profile; /* NULL: none */
    cli_origin profile_origin;
    const char *file;                   /* its name; NULL: none is used */
    unsigned line[ALICE_CONFIG_FIELDS]; /* of it, where that is the origin */
    unsigned profile_line;
    cli_origin origin[ALICE_CONFIG_FIELDS]; /* by alice_config_field()'s index */
} cli_settings;

/* CLI_DONE, or CLI_USAGE after saying what is wrong. */
int settings_read(cli_settings *s, const cli_args *args);

/* Whether every --set names a setting and a value of its kind, whatever the command does with
   them. CLI_DONE, or CLI_USAGE after saying what is wrong. */
int settings_check_sets(const cli_args *args);

/* Cut "KEY=VALUE": the key into `key`, the value is answered; NULL after saying that it is
 * none. */
const char *settings_split(const char *given, char key[SETTINGS_KEY_MAX]);

/* Where files go when only the inbox was said: the folder "organized" beside it. NULL: its path
   is too long. Static. */
const char *organized_beside(const char *inbox);

/* "flag", "environment", "profile memory_constrained", … written to buf. */
const char *settings_origin(const cli_settings *s, size_t field, char *buf, size_t size);

#endif
