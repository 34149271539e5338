/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_AFCP_H
#define ALICE_MEDIA_AFCP_H

#include "media/parse.h"

/* The IPTC block that old archives hang on behind a JPEG or TIFF; one look at its last bytes.
 */
alice_status alice__afcp(const alice__parse *parse);

#endif
