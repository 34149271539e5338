/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_H
#define ALICE_MEM_H

/**
 * @file mem.h
 * The whole memory toolkit, libalice-mem, in one include.
 */

#include <alice/base.h>
#include <alice/batch.h>
#include <alice/budget.h>
#include <alice/cache.h>
#include <alice/config.h>
#include <alice/env.h>
#include <alice/executor.h>
#include <alice/limit.h>
#include <alice/monitor.h>
#include <alice/pool.h>
#include <alice/profile.h>
#include <alice/reader.h>
#include <alice/reclaim.h>
#include <alice/text.h>
#include <alice/weak_cache.h>

#endif
