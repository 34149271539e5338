/* SPDX-License-Identifier: MIT */
/* Do something whenever files have arrived below a folder. */
#include <stdio.h>
#include <stdlib.h>

#include <alice/arrivals.h>

int main(int argc, char **argv)
{
    alice_arrivals *arrivals = NULL;
    alice_arrivals_options o = {.quiet_ms = 1000};
    alice_arrivals_event event;
    alice_error error;
    if (argc < 3) {
        fprintf(stderr, "usage: arrivals FOLDER TIMES\n");
        return 2;
    }
    o.folder = argv[1];
    if (alice_arrivals_open(&arrivals, &o, &error) != ALICE_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    /* The first time is at once: what is there already has been waiting. */
    for (int i = atoi(argv[2]); i > 0;) {
        alice_status st = alice_arrivals_wait(arrivals, 60000, &event, &error);
        if (st == ALICE_E_TIMEOUT)
            continue; /* a chance to do something else each minute */
        if (st != ALICE_OK)
            break;
        printf("%s\n", event == ALICE_ARRIVALS_CAME ? "something came" : "time to look");
        i--;
    }
    alice_arrivals_close(&arrivals);
    return 0;
}
