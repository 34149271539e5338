/* SPDX-License-Identifier: MIT */
/* Where the control sockets stand, and who is behind one. */
#define _DEFAULT_SOURCE /* SO_PEERCRED */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

bool control_folder(int which, uid_t uid, char *out, size_t size)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int n = -1;
    switch (which) {
    case 0:
        if (uid == geteuid() && runtime && runtime[0] == '/')
            n = snprintf(out, size, "%s/alice", runtime);
        break;
    case 1:
        n = snprintf(out, size, "/run/user/%lu/alice", (unsigned long)uid);
        break;
    case 2:
        n = snprintf(out, size, "/tmp/alice-%lu", (unsigned long)uid);
        break;
    }
    /* The socket's own name has to fit behind it. */
    return n > 0 && (size_t)n < size &&
           n + (int)sizeof "/.alice-4194304.sock" <= CONTROL_PATH_MAX;
}

bool control_folder_is_safe(const char *folder, uid_t uid)
{
    struct stat st;
    return lstat(folder, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid &&
           (st.st_mode & 077) == 0;
}

bool control_peer(int fd, uid_t *uid)
{
    /* struct ucred, which the C library shows only among its extensions. */
    struct {
        pid_t pid;
        uid_t uid;
        gid_t gid;
    } who = {.uid = (uid_t)-1};
    socklen_t n = sizeof who;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0 || n != sizeof who)
        return false;
    *uid = who.uid;
    return true;
}

int control_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int control_connect(int fd, const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof to.sun_path)
        return ENAMETOOLONG;
    memcpy(to.sun_path, path, n + 1);
    return connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 ? 0 : errno;
}
