/* SPDX-License-Identifier: MIT */
#include "serve_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

enum { PASSWORD_LEAST = 12, PASSWORD_MOST = 200 };

static bool is_loopback(const serve_address *a)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)&a->at;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&a->at;
    return a->at.ss_family == AF_INET ? ntohl(four->sin_addr.s_addr) >> 24 == 127
                                      : IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) != 0;
}

int serve_address_read(serve_address *a, const char *address, const char *port)
{
    struct sockaddr_in *four = (struct sockaddr_in *)&a->at;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&a->at;
    char *end = NULL;
    unsigned long p = port ? strtoul(port, &end, 10) : 0;
    if (port && (port[0] < '0' || port[0] > '9' || *end || p > 65535))
        return cli_usage_error("--port: '%s' is no port: 1 to 65535, 0 for any", port);
    if (!address)
        address = "127.0.0.1";
    *a = (serve_address){.n = sizeof *four};
    if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)p);
    } else if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)p);
        a->n = sizeof *six;
    } else {
        return cli_usage_error("--listen: '%s' is no numeric address of this machine, such as "
                               "192.168.1.20",
                               address);
    }
    /* Which names would then be this machine's cannot be said. */
    if (strcmp(address, "0.0.0.0") == 0 ||
        (a->at.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr)))
        return cli_usage_error("--listen: name one address of this machine, not all of them");
    snprintf(a->text, sizeof a->text, "%s", address);
    a->loopback = is_loopback(a);
    return CLI_DONE;
}

int serve_password_read(cli_serve *s, const char *path)
{
    char text[PASSWORD_MOST + 2];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t n = -1;
    if (fd >= 0 && fstat(fd, &st) == 0)
        n = read(fd, text, sizeof text - 1);
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return cli_usage_error("--password-file %s: %s", path, strerror(why));
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0 || st.st_uid != geteuid())
        return cli_usage_error(
            "--password-file %s: it has to be a file of yours that nobody else "
            "can read: chmod 600",
            path);
    text[n] = 0;
    size_t length = strcspn(text, "\r\n");
    text[length] = 0;
    bool taken = length >= PASSWORD_LEAST && length < PASSWORD_MOST &&
                 serve_login(text, s->login, sizeof s->login);
    memset(text, 0, sizeof text);
    return taken ? CLI_DONE
                 : cli_usage_error("--password-file %s: its first line has to have %d to %d "
                                   "letters",
                                   path, PASSWORD_LEAST, PASSWORD_MOST - 1);
}

int serve_confirm(const serve_address *a)
{
    char line[80];
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return cli_usage_error("--listen %s opens the page to other machines: that has to be "
                               "confirmed on a terminal, and there is none",
                               a->text);
    fprintf(
        stderr,
        "%s can be reached by other machines. Pictures, the password and the address cross\n"
        "the network unencrypted: who listens there can read them.\n",
        a->text);
    for (int i = 0; i < 2; i++) {
        fprintf(stderr, i ? "Once more: " : "Type the address to go on: ");
        fflush(stderr);
        if (!fgets(line, sizeof line, stdin))
            line[0] = 0;
        line[strcspn(line, "\r\n")] = 0;
        if (strcmp(line, a->text) != 0)
            return cli_usage_error("not confirmed: nothing was opened");
    }
    return CLI_DONE;
}

static bool make_token(char out[SERVE_TOKEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[SERVE_TOKEN / 2];
    FILE *from = fopen("/dev/urandom", "rb");
    bool got = from && fread(random, sizeof random, 1, from) == 1;
    if (from)
        fclose(from);
    for (size_t i = 0; got && i < sizeof random; i++) {
        out[2 * i] = digits[random[i] >> 4];
        out[2 * i + 1] = digits[random[i] & 15];
    }
    out[SERVE_TOKEN] = 0;
    return got;
}

bool serve_address_set(cli_serve *s, const serve_address *a, char *url, size_t size)
{
    bool six = a->at.ss_family == AF_INET6;
    unsigned port = ntohs(six ? ((const struct sockaddr_in6 *)&a->at)->sin6_port
                              : ((const struct sockaddr_in *)&a->at)->sin_port);
    char tail[16] = "";
    if (port != 80) /* browsers leave it out */
        snprintf(tail, sizeof tail, ":%u", port);
    snprintf(s->hosts[0], sizeof s->hosts[0], six ? "[%s]%s" : "%s%s", a->text, tail);
    if (a->loopback)
        snprintf(s->hosts[1], sizeof s->hosts[1], "localhost%s", tail);
    bool made = make_token(s->token);
    snprintf(url, size, "http://%s/%s/", s->hosts[0], s->token);
    return made;
}
