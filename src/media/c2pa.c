/* SPDX-License-Identifier: MIT */
#include "media/facts.h"

void alice__c2pa(alice__facts *f, const alice_env *env, const alice__span_reader *jumbf)
{
    (void)f;
    (void)env;
    (void)jumbf;
}
