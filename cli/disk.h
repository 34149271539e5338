/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_DISK_H
#define ALICE_CLI_DISK_H

/* What lies behind a path: the file system, and whether its disk turns. */

#include <stdbool.h>
#include <stddef.h>

typedef enum cli_disk_kind {
    DISK_UNKNOWN,
    DISK_ROTATING,
    DISK_SOLID,
    DISK_NETWORK,
    DISK_MEMORY
} cli_disk_kind;

typedef struct cli_disk {
    cli_disk_kind kind;
    char file_system[32]; /* "ext4"; "" where it cannot be told */
    char source[128];     /* "/dev/sda1", "server:/photos"; cut */
} cli_disk;

void disk_look(const char *path, cli_disk *out);

/* "rotating disk", "solid state disk", … Static text. */
const char *disk_kind_name(cli_disk_kind kind);

#endif
