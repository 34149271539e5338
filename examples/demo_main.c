/* SPDX-License-Identifier: MIT */
/*
 * The demonstrations as a program of their own (`alice demo` runs the same):
 *
 *     cc -o demo demo_main.c memory_optimization_demo.c $(pkg-config --cflags --libs alice)
 *     ./demo            a menu; without a terminal all of them
 *     ./demo --all      all of them
 *
 * Exit status: 0, every claim held; 1, one did not; 2, wrong usage.
 */
#include <stdio.h>
#include <string.h>

#include "memory_optimization_demo.h"

int main(int argc, char **argv)
{
    bool all = argc == 2 && strcmp(argv[1], "--all") == 0;
    if (argc > 1 && !all) {
        fprintf(stderr, "usage: %s [--all]\n", argv[0]);
        return 2;
    }
    return demo_run(all, NULL) ? 0 : 1;
}
