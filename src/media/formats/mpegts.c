/* SPDX-License-Identifier: MIT */
/*
 * MPEG transport streams, as AVCHD camcorders write them (MTS, M2TS): packets of 188
 * bytes, in M2TS with four bytes before each. Date and maker stand in the first
 * picture of the H.264 stream, in an SEI message of the camcorders' own:
 *
 *     packets ──▶ payload of the first video PID ──▶ UUID "MDPM" n {tag, 4 bytes}…
 */
#include <stdio.h>
#include <string.h>

#include "media/formats/format.h"
#include "media/readahead.h"

enum { PACKET = 188, PACKETS_MOST = 4096, STREAM = 16384, NO_PID = 0x2000 };

typedef struct transport {
    unsigned packet; /* 188 or 192 */
    unsigned pid;
    size_t n;
    uint8_t stream[STREAM]; /* the video's first bytes */
} transport;

static unsigned packet_size(alice_bytes head)
{
    static const unsigned sizes[] = {188, 192};
    for (unsigned i = 0; i < 2; i++) {
        unsigned first = sizes[i] - PACKET;
        bool is = head.n >= first + 3 * sizes[i] + 1;
        for (unsigned k = 0; is && k < 4; k++)
            is = head.p[first + k * sizes[i]] == 0x47;
        if (is)
            return sizes[i];
    }
    return 0;
}

/* Keep a packet's payload when it is the video's. */
static void see_packet(transport *t, const uint8_t *p)
{
    unsigned pid = (p[1] & 0x1fu) << 8 | p[2];
    size_t skip = 4;
    if (p[3] & 0x20)
        skip += 1u + p[4];
    if (!(p[3] & 0x10) || skip >= PACKET)
        return;
    p += skip;
    size_t n = PACKET - skip;
    bool begins = n >= 9 && p[0] == 0 && p[1] == 0 && p[2] == 1 && (p[3] & 0xf0) == 0xe0;
    if (t->pid == NO_PID && begins)
        t->pid = pid;
    if (pid != t->pid)
        return;
    if (begins) { /* the header of a PES packet */
        size_t header = 9u + p[8];
        if (header >= n)
            return;
        p += header;
        n -= header;
    }
    n = n < sizeof t->stream - t->n ? n : sizeof t->stream - t->n;
    memcpy(t->stream + t->n, p, n);
    t->n += n;
}

/* The message behind its name, without the bytes that keep it from looking like a start code.
 */
static size_t find_message(const transport *t, uint8_t *to, size_t room)
{
    static const uint8_t uuid[] = {0x17, 0xee, 0x8c, 0x60, 0xf8, 0x4d, 0x11, 0xd9, 0x8c, 0xd6,
                                   0x08, 0x00, 0x20, 0x0c, 0x9a, 0x66, 'M',  'D',  'P',  'M'};
    for (size_t i = 0; i + sizeof uuid <= t->n; i++) {
        if (memcmp(t->stream + i, uuid, sizeof uuid) != 0)
            continue;
        size_t n = 0;
        unsigned zeros = 0;
        for (i += sizeof uuid; i < t->n && n < room; i++) {
            uint8_t byte = t->stream[i];
            if (zeros >= 2 && byte == 3) {
                zeros = 0;
                continue;
            }
            zeros = byte == 0 ? zeros + 1 : 0;
            to[n++] = byte;
        }
        return n;
    }
    return 0;
}

static void report_make(alice__facts *f, unsigned id)
{
    static const struct {
        uint16_t id;
        const char *make;
    } makes[] = {{0x0103, "Panasonic"}, {0x0108, "Sony"}, {0x1011, "Canon"}, {0x1104, "JVC"}};
    for (size_t i = 0; i < sizeof makes / sizeof *makes; i++)
        if (makes[i].id == id)
            alice__facts_text(f, ALICE_FACT_MAKE, ALICE__RANK_CONTAINER, "h264:Make",
                              makes[i].make, strlen(makes[i].make));
}

/* `a`: zone, century, year, month; `b`: day, hour, minute, second; digits in half bytes. */
static void report_date(alice__facts *f, const uint8_t *a, const uint8_t *b)
{
    char text[48];
    int n = snprintf(text, sizeof text, "%02x%02x:%02x:%02x %02x:%02x:%02x", a[1], a[2], a[3],
                     b[0], b[1], b[2], b[3]);
    if (a[0] != 0 && a[0] != 0xff) /* 0: most have no clock of the world */
        n += snprintf(text + n, sizeof text - (size_t)n, "%c%02u:%s", a[0] & 0x20 ? '-' : '+',
                      a[0] >> 1 & 15u, a[0] & 1 ? "30" : "00");
    alice__facts_date_text(f, ALICE_DATE_MDPM, text, (size_t)n);
}

static void read_message(alice__facts *f, const uint8_t *p, size_t n)
{
    const uint8_t *first = NULL;
    unsigned count = n > 0 ? p[0] : 0;
    for (unsigned i = 0; i < count && 1 + 5 * (i + 1) <= n; i++) {
        const uint8_t *e = p + 1 + 5 * (size_t)i;
        if (e[0] == 0x18)
            first = e + 1;
        else if (e[0] == 0x19 && first)
            report_date(f, first, e + 1);
        else if (e[0] == 0xe0)
            report_make(f, alice__be16(e + 1));
    }
}

static alice_status mpegts_read(alice__parse *parse)
{
    alice__readahead ahead;
    uint8_t room[PACKET], message[512];
    transport t = {.packet = packet_size(parse->in->head), .pid = NO_PID};
    alice_status st = ALICE_OK;
    alice__readahead_open(&ahead, parse->in);
    for (unsigned i = 0; i < PACKETS_MOST && st == ALICE_OK && t.n < sizeof t.stream; i++) {
        uint64_t at = (uint64_t)i * t.packet + (t.packet - PACKET);
        const uint8_t *p = alice__input_at(&ahead.input, at, PACKET, room, &st);
        if (!p || p[0] != 0x47)
            break;
        see_packet(&t, p);
    }
    if (parse->in->size % t.packet != 0)
        alice__facts_damaged(parse->facts, "cut short: it ends inside a packet");
    read_message(parse->facts, message, find_message(&t, message, sizeof message));
    return alice__readahead_end(&ahead, st);
}

static alice_media_type mpegts_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    return packet_size(head) ? ALICE_MEDIA_MTS : ALICE_MEDIA_NONE;
}

const alice__format alice__format_mpegts = {"mpegts", mpegts_sniff, mpegts_read};
