/* SPDX-License-Identifier: MIT */
/* The allocation hooks while there is no profile to tell: no alice_profile can exist. */
#include "mem/profile_hook.h"

void alice__profile_took(alice_profile *profile, const alice_site *site, void *p, size_t size)
{
    (void)profile;
    (void)site;
    (void)p;
    (void)size;
}

void alice__profile_gave(alice_profile *profile, void *p, size_t size)
{
    (void)profile;
    (void)p;
    (void)size;
}

void alice__census_add(alice_census *census, const void *handle, const char *type,
                       const void *return_address, const alice_account *account)
{
    (void)census;
    (void)handle;
    (void)type;
    (void)return_address;
    (void)account;
}

void alice__census_remove(alice_census *census, const void *handle)
{
    (void)census;
    (void)handle;
}
