/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_PLACE_H
#define ALICE_BASE_PLACE_H

/* Where something was taken, as whole numbers. */

#include <stdint.h>

enum { ALICE__DEGREE = 10000 }; /* positions are in ten-thousandths of a degree */

static inline int32_t alice__place_number(double degrees)
{
    return (int32_t)(degrees * ALICE__DEGREE + (degrees < 0 ? -0.5 : 0.5));
}

#endif
