/* SPDX-License-Identifier: MIT */
/* Where is the small picture in a file? */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <alice/preview.h>

int main(int argc, char **argv)
{
    enum { MOST = 256 * 1024 };
    alice_preview p;
    int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0) {
        fprintf(stderr, "usage: preview FILE\n");
        return 2;
    }
    alice_status st = alice_preview_find(NULL, fd, MOST, &p);
    if (st == ALICE_OK)
        printf("%llu bytes at %llu\n", (unsigned long long)p.bytes,
               (unsigned long long)p.offset);
    else
        printf("none: %s\n", alice_status_text(st));
    close(fd);
    return 0;
}
