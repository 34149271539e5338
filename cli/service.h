/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_SERVICE_H
#define ALICE_CLI_SERVICE_H

/* What a service manager is told (systemd's protocol, sd_notify(3)); nothing where there is
 * none. */

#include <stdint.h>

/* "READY=1", "STOPPING=1", "STATUS=…", or several of these, a line each. */
void service_tell(const char *state);

/* How often "WATCHDOG=1" is expected at the least, in ms, or `most` where that is sooner. */
uint64_t service_ping_ms(uint64_t most);

#endif
