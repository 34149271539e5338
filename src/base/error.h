/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_ERROR_H
#define ALICE_BASE_ERROR_H

/* Filling an alice_error, and telling an errno as a status. */

#include <alice/base.h>

/* Fill `error` (may be NULL) and answer `status`. */
alice_status alice__fail(alice_error *error, alice_status status, int os_error,
                         const char *format, ...) ALICE_PRINTF(4, 5);

/* The status that an errno means. */
alice_status alice__status_of_errno(int os_error);

#endif
