/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_ENTROPY_H
#define ALICE_PORT_ENTROPY_H

#include <stdint.h>

/* 64 bits that nobody outside can guess: for hash seeds, not for keys. Never waits, never
 * fails. */
uint64_t alice__random64(void);

#endif
