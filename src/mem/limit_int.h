/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_LIMIT_INT_H
#define ALICE_MEM_LIMIT_INT_H

#include <alice/limit.h>

/* alice_limit_effective_by() with `root` before /proc and /sys. */
size_t alice__limit_effective_at(const char *root, size_t limit, char *file, size_t size);

#endif
