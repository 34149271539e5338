/* SPDX-License-Identifier: MIT */
#include "media/names.h"

#include <string.h>

#include "media/facts.h"

void alice__facts_from_name(alice__facts *f, const char *name)
{
    (void)f;
    (void)name;
}

void alice__facts_from_folders(alice__facts *f, const char *folders)
{
    (void)f;
    (void)folders;
}

void alice__facts_from_mtime(alice__facts *f, int64_t mtime_s, int zone_minutes)
{
    (void)f;
    (void)mtime_s;
    (void)zone_minutes;
}

size_t alice__source_name(const alice_media_info *info, const char *name, char *buf, size_t cap)
{
    (void)info;
    (void)name;
    if (cap < 8)
        return 0;
    memcpy(buf, "unknown", 8);
    return 7;
}
