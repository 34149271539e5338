/* SPDX-License-Identifier: MIT */
/* The scope: a suspension of the monitor's periodic collection, with a collection at each end.
 */
#include <alice/reclaim.h>

#include "mem/monitor_int.h"

void alice_scope_begin(alice_scope *scope, alice_monitor *monitor)
{
    if (!scope)
        return;
    scope->monitor = monitor;
    if (monitor && alice__monitor_suspend(monitor))
        alice__monitor_collect_for_scope(monitor);
}

void alice_scope_end(alice_scope *scope)
{
    if (!scope || !scope->monitor)
        return;
    alice_monitor *monitor = scope->monitor;
    scope->monitor = NULL;
    if (alice__monitor_resume(monitor))
        alice__monitor_collect_for_scope(monitor);
}

alice_status alice_scope_run(alice_monitor *monitor, alice_status (*fn)(void *ctx), void *ctx)
{
    if (!fn)
        return ALICE_E_INVAL;
    alice_scope scope;
    alice_scope_begin(&scope, monitor);
    alice_status st = fn(ctx);
    alice_scope_end(&scope);
    return st;
}
