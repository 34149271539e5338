/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_MAP_WINDOW_H
#define ALICE_MEM_MAP_WINDOW_H

/* What the reader asks of an alice_map besides the public functions. */

#include <alice/reader.h>

/* Let go of the window, so that what it showed can leave the page cache. */
void alice__map_leave(alice_map *map);

/* Windows that were mapped so far. */
uint64_t alice__map_windows(const alice_map *map);

/* Memory that is charged for it. */
size_t alice__map_bytes(const alice_map *map);

#endif
