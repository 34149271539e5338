/* SPDX-License-Identifier: MIT */
#include "organize/pictures.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "organize/picture_said.h"

#include <alice/budget.h>

enum {
    FILE_MS = 30000,
    START_MS = 10000,
    PATH = 4096,
    LOOK_MS = 100 /* between two looks at the clock, and at who may want to stop */
};

/* A decoder and what it has answered so far. */
typedef struct slot {
    alice__decoder decoder;
    bool busy, done;
    uint64_t tag, deadline_ns;
    alice__picture_said said;
    int signal; /* that it ended by; 0: none */
    alice_status status;
} slot;

struct alice__pictures {
    alice__pictures_options o;
    alice_env env;
    char program[PATH], why[128];
    uint64_t lost;
    size_t charged;
    slot slots[ALICE__DECODERS_MOST];
};

static bool should_stop(const alice__pictures *p)
{
    return p->o.should_stop && p->o.should_stop(p->o.stop_ctx);
}

/* ---- what a decoder says ---- */

static void lose(alice__pictures *p, slot *s, alice_status status)
{
    int how = 0;
    alice__decoder_end(&s->decoder, &how);
    p->lost++;
    s->done = true;
    s->status = status;
    s->said.answer = (alice__picture_answer){.state = ALICE__PICTURE_DAMAGED};
    s->signal = how;
}

/* Whether it has answered, or is lost. */
static bool look(alice__pictures *p, slot *s)
{
    int bad = alice__picture_read_on(&s->said, &s->decoder);
    if (bad == -EAGAIN && alice_env_now_ns(&p->env) < s->deadline_ns)
        return false;
    if (bad == -EAGAIN)
        lose(p, s, ALICE_E_TIMEOUT);
    else if (bad)
        lose(p, s, ALICE_E_DAMAGED);
    s->done = true;
    return true;
}

static void expect(alice__pictures *p, slot *s, uint64_t ms)
{
    s->busy = true;
    s->done = false;
    s->said.got = 0;
    s->signal = 0;
    s->status = ALICE_OK;
    s->deadline_ns = alice_env_now_ns(&p->env) + ms * 1000000;
}

static alice_status wait_some(alice__pictures *p, alice_error *error)
{
    int sockets[ALICE__DECODERS_MOST];
    size_t n = 0;
    for (unsigned i = 0; i < p->o.count; i++)
        if (p->slots[i].busy && !p->slots[i].done)
            sockets[n++] = p->slots[i].decoder.socket;
    int bad = alice__decoder_wait(sockets, n, LOOK_MS);
    if (bad)
        return alice__fail(error, ALICE_E_SYSTEM, -bad, "waiting for a decoder: %s",
                           strerror(-bad));
    return should_stop(p) ? ALICE_E_CANCELLED : ALICE_OK;
}

/* ---- their life ---- */

static alice_status start(alice__pictures *p, slot *s, alice_error *error)
{
    int bad = alice__decoder_start(&s->decoder, p->program, p->o.allowance);
    if (bad)
        return alice__fail(error, ALICE_E_SYSTEM, -bad,
                           "the decoder of pictures, %s, does not start: %s", p->program,
                           strerror(-bad));
    s->said.ask = (alice__picture_ask){.channels = 1, .side = 1}; /* none: it is to be ready */
    expect(p, s, START_MS);
    alice_status st = ALICE_OK;
    while (!look(p, s) && st == ALICE_OK)
        st = wait_some(p, error);
    s->busy = s->done = false;
    if (st == ALICE_OK && s->status != ALICE_OK)
        st = alice__fail(error, ALICE_E_SYSTEM, 0,
                         "the decoder of pictures, %s, ends before it is ready: is it of "
                         "another version, or is %zu MB too little for it?",
                         p->program, (size_t)(p->o.allowance / ALICE_MB));
    if (st != ALICE_OK)
        alice__decoder_end(&s->decoder, NULL);
    return st;
}

static alice_status take_memory(alice__pictures *p)
{
    size_t each = (size_t)p->o.allowance + ALICE__DECODER_BASE;
    alice_status st = alice_account_charge(p->o.env.account, each * p->o.count);
    if (st != ALICE_OK)
        return st;
    p->charged = each * p->o.count;
    for (unsigned i = 0; st == ALICE_OK && i < p->o.count; i++)
        st = alice_env_alloc(&p->env, ALICE__PICTURE_BYTES, ALICE_HERE,
                             (void **)&p->slots[i].said.pixels);
    return st;
}

alice_status alice__pictures_open(alice__pictures **out, const alice__pictures_options *o,
                                  alice_error *error)
{
    alice__pictures *p = NULL;
    int bad = 0;
    *out = NULL;
    if (o->count == 0 || o->count > ALICE__DECODERS_MOST)
        return alice__fail(error, ALICE_E_INVAL, 0, "1 to %d decoders", ALICE__DECODERS_MOST);
    alice_status st = alice_env_calloc(&o->env, 1, sizeof *p, ALICE_HERE, (void **)&p);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "there is no memory to begin with");
    p->o = *o;
    p->env = o->env;
    p->o.file_ms = o->file_ms ? o->file_ms : FILE_MS;
    if (o->program)
        snprintf(p->program, sizeof p->program, "%s", o->program);
    else
        bad = alice__decoder_find(p->program, sizeof p->program);
    st = take_memory(p);
    if (st != ALICE_OK)
        st = alice__fail(error, st, 0, "%u decoders of pictures, of %zu MB each, do not fit",
                         o->count, (size_t)(o->allowance + ALICE__DECODER_BASE) / ALICE_MB);
    else if (bad)
        st = alice__fail(error, ALICE_E_SYSTEM, -bad,
                         "the decoder of pictures, %s, is not there: install all of alice",
                         p->program);
    for (unsigned i = 0; st == ALICE_OK && i < o->count; i++)
        st = start(p, &p->slots[i], error);
    if (st != ALICE_OK)
        alice__pictures_close(&p);
    *out = p;
    return st;
}

void alice__pictures_close(alice__pictures **pictures)
{
    alice__pictures *p = *pictures;
    if (!p)
        return;
    for (unsigned i = 0; i < p->o.count; i++) {
        alice__decoder_end(&p->slots[i].decoder, NULL);
        if (p->slots[i].said.pixels)
            alice_env_free(&p->env, p->slots[i].said.pixels, ALICE__PICTURE_BYTES);
    }
    alice_account_release(p->o.env.account, p->charged);
    alice_env env = p->env;
    alice_env_free(&env, p, sizeof *p);
    *pictures = NULL;
}

/* ---- pictures ---- */

bool alice__pictures_has_idle(const alice__pictures *p)
{
    for (unsigned i = 0; i < p->o.count; i++)
        if (!p->slots[i].busy)
            return true;
    return false;
}

alice_status alice__pictures_ask(alice__pictures *p, const alice__picture_ask *ask, int file,
                                 uint64_t tag, alice_error *error)
{
    slot *s = p->slots;
    while (s->busy)
        s++;
    for (int tries = 0;; tries++) {
        /* What it said before it was asked would be taken for its answer. */
        if (s->decoder.pid && alice__decoder_has_more(&s->decoder))
            alice__decoder_end(&s->decoder, NULL);
        alice_status st = s->decoder.pid ? ALICE_OK : start(p, s, error);
        if (st != ALICE_OK)
            return st;
        int bad = alice__decoder_ask(&s->decoder, ask, file);
        if (bad == 0)
            break;
        /* It ended while it had nothing to do: that is not this picture's fault. */
        alice__decoder_end(&s->decoder, NULL);
        if (bad != -EPIPE || tries)
            return alice__fail(error, ALICE_E_SYSTEM, -bad, "asking a decoder: %s",
                               strerror(-bad));
    }
    s->said.ask = *ask;
    s->tag = tag;
    expect(p, s, p->o.file_ms);
    return ALICE_OK;
}

static void say_lost(alice__pictures *p, const slot *s)
{
    if (s->status == ALICE_E_TIMEOUT)
        snprintf(p->why, sizeof p->why, "decoding it took longer than %llu s",
                 (unsigned long long)(p->o.file_ms / 1000));
    else if (s->signal)
        snprintf(p->why, sizeof p->why, "its decoder ended over it (signal %d)", s->signal);
    else
        snprintf(p->why, sizeof p->why, "its decoder ended over it");
}

static void say(alice__pictures *p, const slot *s, alice__picture *out)
{
    static const struct {
        alice_status status;
        const char *why;
    } of[] = {
        [ALICE__PICTURE_OK] = {ALICE_OK, ""},
        [ALICE__PICTURE_NONE] = {ALICE_E_UNSUPPORTED, "it is no picture"},
        [ALICE__PICTURE_NO_DECODER] = {ALICE_E_UNSUPPORTED, "there is no decoder for it here"},
        [ALICE__PICTURE_DAMAGED] = {ALICE_E_DAMAGED, "the picture is damaged or cut short"},
        [ALICE__PICTURE_TOO_LARGE] = {ALICE_E_TOOBIG, ""},
        [ALICE__PICTURE_UNREADABLE] = {ALICE_E_IO, "the disk fails"}};
    *out = (alice__picture){.tag = s->tag, .status = s->status, .answer = s->said.answer};
    if (s->status != ALICE_OK) {
        say_lost(p, s);
        out->why = p->why;
        return;
    }
    out->status = of[s->said.answer.state].status;
    out->why = of[s->said.answer.state].why;
    out->pixels = s->said.pixels;
    if (s->said.answer.state == ALICE__PICTURE_TOO_LARGE) {
        snprintf(p->why, sizeof p->why,
                 "decoding it takes more than the %zu MB that are there for it",
                 (size_t)(p->o.allowance / ALICE_MB));
        out->why = p->why;
    }
}

alice_status alice__pictures_next(alice__pictures *p, alice__picture *out, alice_error *error)
{
    for (;;) {
        bool waits = false;
        for (unsigned i = 0; i < p->o.count; i++) {
            slot *s = &p->slots[i];
            if (!s->busy)
                continue;
            if (s->done || look(p, s)) {
                s->busy = s->done = false;
                say(p, s, out);
                return ALICE_OK;
            }
            waits = true;
        }
        if (!waits)
            return ALICE_E_END;
        alice_status st = wait_some(p, error);
        if (st != ALICE_OK)
            return st;
    }
}

uint64_t alice__pictures_lost(const alice__pictures *p)
{
    return p->lost;
}
