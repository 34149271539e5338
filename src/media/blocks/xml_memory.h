/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_BLOCKS_XML_MEMORY_H
#define ALICE_MEDIA_BLOCKS_XML_MEMORY_H

/*
 * What the XML parser takes while it reads one packet: paid by an env, and bounded.
 *
 * expat's allocator has no context, so who pays is told to it by a thread-local pointer, set by
 * begin and put back by end: no state outlives a packet, and threads do not see one another's.
 */

#include <expat.h>

#include <alice/env.h>

typedef struct alice__xml_memory {
    const alice_env *env; /* borrowed */
    size_t taken;
    alice_status refused; /* by the env; where it is our own bound, the packet is at fault */
    char *slab;           /* small pieces are parts of it, and go with it */
    size_t slab_used;
    struct alice__xml_memory *before;
} alice__xml_memory;

/* For XML_ParserCreate_MM(), between begin and end of the same thread. */
extern const XML_Memory_Handling_Suite alice__xml_memory_suite;

/* On failure there is nothing to end. */
alice_status alice__xml_memory_begin(alice__xml_memory *m, const alice_env *env);
/* The parser was freed before. */
void alice__xml_memory_end(alice__xml_memory *m);

#endif
