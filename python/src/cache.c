/* SPDX-License-Identifier: MIT */
/*
 * BoundedCache: alice_cache with values that are Python objects.
 *
 * The cache is opened for one thread and guarded by the GIL: nothing of Python runs while it
 * is in a call. What leaves is therefore not let go at once, since that might run Python, but
 * noted in `gone`, and let go when the call has returned. Room in `gone` is made before a value
 * is handed to the cache, so that noting cannot fail.
 */
#include "alice_py.h"

#include <string.h>

typedef struct py_cache {
    PyObject_HEAD alice_cache *cache;
    PyObject *sizeof_hook; /* NULL: py_weigh() */
    PyObject *timer;       /* NULL: the system's clock */
    alice_clock clock;     /* over `now_ns`, where there is a timer */
    uint64_t now_ns;
    PyObject **gone;
    size_t gone_count, gone_room; /* gone_room is at least gone_count + owned */
    size_t owned;                 /* references that the cache holds */
} py_cache;

/* ---- what leaves -------------------------------------------------------- */

static void note_gone(void *ctx, void *value, size_t size)
{
    py_cache *c = ctx;
    (void)size;
    c->gone[c->gone_count++] = value;
    c->owned--;
}

/* Room for one more value. */
static bool make_room(py_cache *c)
{
    if (c->gone_count + c->owned < c->gone_room)
        return true;
    size_t room = c->gone_room ? 2 * c->gone_room : 64, bytes;
    void *grown =
        alice_mul_size(room, sizeof *c->gone, &bytes) ? PyMem_Realloc(c->gone, bytes) : NULL;
    if (!grown) {
        PyErr_NoMemory();
        return false;
    }
    c->gone = grown;
    c->gone_room = room;
    return true;
}

/* Let go of what left. That may run Python, which may use the cache. */
static void let_go(py_cache *c)
{
    while (c->gone_count > 0) {
        PyObject *value = c->gone[--c->gone_count];
        Py_DECREF(value);
    }
}

/* ---- time --------------------------------------------------------------- */

static uint64_t timer_ns(void *ctx)
{
    return ((py_cache *)ctx)->now_ns;
}

static int64_t timer_s(void *ctx)
{
    return (int64_t)(((py_cache *)ctx)->now_ns / 1000000000);
}

/* Ask the timer, where there is one, before the cache is. */
static bool ask_timer(py_cache *c)
{
    if (!c->timer)
        return true;
    PyObject *now = PyObject_CallFunctionObjArgs(c->timer, NULL);
    bool told = now && py_seconds(now, "what timer() answers", 1e9, 9e18, &c->now_ns);
    Py_XDECREF(now);
    return told;
}

/* ---- look-ups ----------------------------------------------------------- */

/* A new reference, or NULL without an error: a miss; or with one. */
static PyObject *look_up(py_cache *c, PyObject *key)
{
    py_key k;
    alice_pin pin;
    if (!ask_timer(c) || !py_key_of(key, &k))
        return NULL;
    alice_status st = alice_cache_get(c->cache, k.bytes, &pin);
    PyObject *value = NULL;
    if (st == ALICE_OK) {
        value = (PyObject *)(uintptr_t)pin.p;
        Py_INCREF(value);
        alice_cache_unpin(&pin);
    } else if (st != ALICE_E_NOENT) {
        py_raise(st, NULL, NULL);
    }
    py_key_done(&k);
    if (c->gone_count > 0)
        let_go(c);
    return value;
}

static PyObject *cache_get(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                           PyObject *kwnames)
{
    static const char *const names[] = {"key", "default", NULL};
    static const py_params params = {"get", names, 1, 2};
    PyObject *given[2];
    if (nargs == 1 && !kwnames) {
        given[0] = args[0];
        given[1] = NULL;
    } else if (!py_args(&params, args, nargs, kwnames, given)) {
        return NULL;
    }
    PyObject *value = look_up((py_cache *)self, given[0]);
    if (value || PyErr_Occurred())
        return value;
    value = given[1] ? given[1] : Py_None;
    Py_INCREF(value);
    return value;
}

static PyObject *cache_subscript(PyObject *self, PyObject *key)
{
    PyObject *value = look_up((py_cache *)self, key);
    if (!value && !PyErr_Occurred())
        PyErr_SetObject(PyExc_KeyError, key);
    return value;
}

static int cache_contains(PyObject *self, PyObject *key)
{
    py_cache *c = (py_cache *)self;
    py_key k;
    if (!ask_timer(c) || !py_key_of(key, &k))
        return -1;
    int there = alice_cache_has(c->cache, k.bytes);
    py_key_done(&k);
    return there;
}

static Py_ssize_t cache_length(PyObject *self)
{
    alice_cache_stats stats;
    alice_cache_get_stats(((py_cache *)self)->cache, &stats);
    return (Py_ssize_t)stats.items;
}

/* ---- storing ------------------------------------------------------------ */

/* What a value weighs by the hook, or by what it holds; SIZE_MAX with an error. */
static size_t weight_by(py_cache *c, PyObject *value)
{
    if (!c->sizeof_hook)
        return py_weigh(value);
    uint64_t n = 0;
    PyObject *said = PyObject_CallFunctionObjArgs(c->sizeof_hook, value, NULL);
    bool fine = said && py_uint(said, "what sizeof() answers", PY_SSIZE_T_MAX, &n);
    Py_XDECREF(said);
    return fine ? (size_t)n : SIZE_MAX;
}

/* 1: stored; 0: it does not fit; -1: an error. */
static int store(py_cache *c, PyObject *key, PyObject *value, size_t weight, uint32_t ttl_ms)
{
    py_key k;
    if (!ask_timer(c) || !py_key_of(key, &k))
        return -1;
    if (!make_room(c)) {
        py_key_done(&k);
        return -1;
    }
    Py_INCREF(value);
    c->owned++;
    alice_status st =
        alice_cache_set_ref(c->cache, k.bytes, value, weight, note_gone, c, ttl_ms);
    if (st != ALICE_OK) {
        c->owned--;
        Py_DECREF(value); /* the caller has it too */
    }
    py_key_done(&k);
    if (c->gone_count > 0)
        let_go(c);
    if (st == ALICE_OK || st == ALICE_E_TOOBIG || st == ALICE_E_BUSY)
        return st == ALICE_OK;
    py_raise(st, NULL, NULL);
    return -1;
}

static PyObject *cache_set(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                           PyObject *kwnames)
{
    static const char *const names[] = {"key", "value", "ttl", "size", NULL};
    static const py_params params = {"set", names, 2, 2};
    PyObject *given[4];
    py_cache *c = (py_cache *)self;
    uint64_t ttl = ALICE_TTL_DEFAULT, weight = SIZE_MAX;
    if (nargs == 2 && !kwnames) {
        given[0] = args[0];
        given[1] = args[1];
    } else if (!py_args(&params, args, nargs, kwnames, given) ||
               !py_seconds(given[2], "ttl", 1000, UINT32_MAX - 1, &ttl) ||
               !py_uint(given[3], "size", PY_SSIZE_T_MAX, &weight)) {
        return NULL;
    } else if (given[2] && given[2] != Py_None && ttl == 0) {
        ttl = 1; /* 0 would be the cache's own */
    }
    if (weight == SIZE_MAX && (weight = weight_by(c, given[1])) == SIZE_MAX)
        return NULL;
    int stored = store(c, given[0], given[1], (size_t)weight, (uint32_t)ttl);
    return stored < 0 ? NULL : PyBool_FromLong(stored);
}

/* 1: it was there; 0: not; -1: an error. */
static int take_out(py_cache *c, PyObject *key)
{
    py_key k;
    if (!ask_timer(c) || !py_key_of(key, &k))
        return -1;
    alice_status st = alice_cache_remove(c->cache, k.bytes);
    py_key_done(&k);
    let_go(c);
    if (st == ALICE_OK || st == ALICE_E_NOENT)
        return st == ALICE_OK;
    py_raise(st, NULL, NULL);
    return -1;
}

static PyObject *cache_remove(PyObject *self, PyObject *key)
{
    int there = take_out((py_cache *)self, key);
    return there < 0 ? NULL : PyBool_FromLong(there);
}

static int cache_assign(PyObject *self, PyObject *key, PyObject *value)
{
    py_cache *c = (py_cache *)self;
    if (!value) {
        int there = take_out(c, key);
        if (there == 0)
            PyErr_SetObject(PyExc_KeyError, key);
        return there == 1 ? 0 : -1;
    }
    size_t weight = weight_by(c, value);
    if (weight == SIZE_MAX)
        return -1;
    return store(c, key, value, weight, ALICE_TTL_DEFAULT) < 0 ? -1 : 0;
}

static PyObject *cache_get_or_load(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                                   PyObject *kwnames)
{
    static const char *const names[] = {"key", "load", NULL};
    static const py_params params = {"get_or_load", names, 2, 2};
    PyObject *given[2];
    py_cache *c = (py_cache *)self;
    if (!py_args(&params, args, nargs, kwnames, given))
        return NULL;
    PyObject *value = look_up(c, given[0]);
    if (value || PyErr_Occurred())
        return value;
    value = PyObject_CallFunctionObjArgs(given[1], given[0], NULL);
    size_t weight = value ? weight_by(c, value) : SIZE_MAX;
    if (value &&
        (weight == SIZE_MAX || store(c, given[0], value, weight, ALICE_TTL_DEFAULT) < 0))
        Py_CLEAR(value);
    return value;
}

/* ---- as a whole --------------------------------------------------------- */

static PyObject *cache_clear(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    alice_cache_clear(((py_cache *)self)->cache);
    let_go((py_cache *)self);
    Py_RETURN_NONE;
}

static PyObject *cache_expire(PyObject *self, PyObject *nothing)
{
    py_cache *c = (py_cache *)self;
    (void)nothing;
    if (!ask_timer(c))
        return NULL;
    size_t freed = alice_cache_expire(c->cache, 0);
    let_go(c);
    return PyLong_FromSize_t(freed);
}

static PyObject *cache_resize(PyObject *self, PyObject *mb)
{
    py_cache *c = (py_cache *)self;
    uint64_t n = 0;
    if (!py_uint(mb, "cache_size_mb", SIZE_MAX / ALICE_MB, &n) || !ask_timer(c))
        return NULL;
    alice_status st = alice_cache_resize(c->cache, (size_t)n * ALICE_MB);
    let_go(c);
    if (st != ALICE_OK)
        return py_raise(st, NULL, NULL);
    Py_RETURN_NONE;
}

/* For tests: prove that structures and counts agree. */
static PyObject *cache_check(PyObject *self, PyObject *nothing)
{
    py_cache *c = (py_cache *)self;
    alice_cache_stats stats;
    alice_error error = {0};
    (void)nothing;
    alice_status st = alice_cache_check(c->cache, &error);
    alice_cache_get_stats(c->cache, &stats);
    if (st == ALICE_OK && (stats.items != c->owned || c->gone_count != 0)) {
        PyErr_Format(py_state.error, "%zu references for %zu entries, %zu not let go", c->owned,
                     stats.items, c->gone_count);
        return NULL;
    }
    if (st != ALICE_OK)
        return py_raise(st, &error, NULL);
    Py_RETURN_NONE;
}

PyObject *py_cache_stats(const alice_cache_stats *s)
{
    return Py_BuildValue("{sKsKsdsdsdsnsnsnsKsKsKsK}", "hits", s->hits, "misses", s->misses,
                         "hit_rate", s->hit_rate, "size_mb", s->size_mb, "max_size_mb",
                         s->max_size_mb, "size_bytes", (Py_ssize_t)s->size_bytes,
                         "max_size_bytes", (Py_ssize_t)s->max_size_bytes, "items",
                         (Py_ssize_t)s->items, "sets", s->sets, "evictions", s->evictions,
                         "expirations", s->expirations, "rejections", s->rejections);
}

static PyObject *cache_get_stats(PyObject *self, PyObject *nothing)
{
    alice_cache_stats stats;
    (void)nothing;
    alice_cache_get_stats(((py_cache *)self)->cache, &stats);
    return py_cache_stats(&stats);
}

/* ---- life --------------------------------------------------------------- */

/* How the arguments of BoundedCache() set it up. */
static bool set_up(py_cache *c, PyObject *config, PyObject *policy, alice_cache_options *o)
{
    alice_config resolved;
    const char *named = policy ? PyUnicode_AsUTF8AndSize(policy, NULL) : "s3fifo";
    if (!py_config_of(config, &resolved) || !named)
        return false;
    *o = alice_cache_defaults(&resolved);
    if (strcmp(named, "lru") == 0) {
        o->policy = ALICE_CACHE_LRU;
    } else if (strcmp(named, "s3fifo") == 0) {
        o->policy = ALICE_CACHE_S3FIFO;
    } else {
        PyErr_Format(PyExc_ValueError, "there is no policy %R; there are 's3fifo' and 'lru'",
                     policy);
        return false;
    }
    o->single_thread = true;
    if (c->timer) {
        c->clock = (alice_clock){timer_ns, timer_s, c};
        o->env.clock = &c->clock;
    }
    return true;
}

static PyObject *cache_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"config", "sizeof", "timer", "policy", "max_items", NULL};
    PyObject *config = NULL, *weigh = NULL, *timer = NULL, *policy = NULL, *items = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$OOUO:BoundedCache", names, &config,
                                     &weigh, &timer, &policy, &items))
        return NULL;
    py_cache *c = py_new(type);
    if (!c)
        return NULL;
    alice_cache_options o;
    uint64_t most = 0;
    if (!py_callable(weigh, "sizeof", &c->sizeof_hook) ||
        !py_callable(timer, "timer", &c->timer) || !ask_timer(c) ||
        !py_uint(items, "max_items", PY_SSIZE_T_MAX, &most) || !set_up(c, config, policy, &o)) {
        Py_DECREF((PyObject *)c);
        return NULL;
    }
    o.max_items = (size_t)most;
    alice_status st = alice_cache_open(&c->cache, &o);
    if (st != ALICE_OK) {
        py_raise(st, NULL, NULL);
        Py_DECREF((PyObject *)c);
        return NULL;
    }
    return (PyObject *)c;
}

/* Values are not visited: a collection would go through the whole cache each time. One that
 * leads back to its cache lives until it leaves, or the cache is cleared. */
static int cache_traverse(PyObject *self, visitproc visit, void *arg)
{
    py_cache *c = (py_cache *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(c->sizeof_hook);
    Py_VISIT(c->timer);
    return 0;
}

static int cache_let_go(PyObject *self)
{
    py_cache *c = (py_cache *)self;
    Py_CLEAR(c->sizeof_hook);
    Py_CLEAR(c->timer);
    return 0;
}

static void cache_dealloc(PyObject *self)
{
    py_cache *c = (py_cache *)self;
    PyObject_GC_UnTrack(self);
    alice_status st = alice_cache_close(&c->cache);
    if (st != ALICE_OK) { /* damaged, as nobody pins and no callback is under way */
        py_raise(st, NULL, NULL);
        PyErr_WriteUnraisable(py_state.cache_type);
    }
    let_go(c);
    PyMem_Free(c->gone);
    Py_CLEAR(c->sizeof_hook);
    Py_CLEAR(c->timer);
    py_free(self);
}

static PyMethodDef methods[] = {
    {"get", PY_FAST(cache_get),
     "get($self, key, default=None)\n--\n\nThe value, or default where there is none or its "
     "time "
     "is over."},
    {"set", PY_FAST(cache_set),
     "set($self, key, value, *, ttl=None, size=None)\n--\n\nStore a value; whether it was "
     "stored: "
     "what is larger than the cache is not.\nttl: seconds, instead of the cache's own. size: "
     "bytes it weighs, instead of what sizeof says."},
    {"remove", cache_remove, METH_O,
     "remove($self, key, /)\n--\n\nForget a key; whether it was there."},
    {"get_or_load", PY_FAST(cache_get_or_load),
     "get_or_load($self, key, load)\n--\n\nThe value, or what load(key) makes, which is "
     "stored."},
    {"clear", cache_clear, METH_NOARGS, "clear($self, /)\n--\n\nForget everything."},
    {"expire", cache_expire, METH_NOARGS,
     "expire($self, /)\n--\n\nLet go of what has expired; how many. Each set does some of it."},
    {"resize", cache_resize, METH_O,
     "resize($self, cache_size_mb, /)\n--\n\nChange the bound; what is over it goes at once."},
    {"get_stats", cache_get_stats, METH_NOARGS,
     "get_stats($self, /)\n--\n\nhits, misses, hit_rate, size_mb, max_size_mb, items, "
     "evictions "
     "and more, as a dict."},
    {"_check", cache_check, METH_NOARGS, NULL},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "BoundedCache[T]"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc,
     "BoundedCache(config=None, *, sizeof=None, timer=None, policy='s3fifo', "
     "max_items=0)\n--\n\n"
     "A cache of any values with a bound in bytes that it keeps (cache_size_mb) and a time to\n"
     "live (cache_ttl_seconds). Keys are str, bytes, int, None, paths and tuples of these.\n\n"
     "A value weighs about what sys.getsizeof() says of it and, for plain containers, of what "
     "they\n"
     "hold, or what sizeof(value) answers. timer() answers seconds instead of the clock.\n"
     "policy is 's3fifo' or 'lru'."},
    {Py_tp_new, cache_new},
    {Py_tp_dealloc, cache_dealloc},
    {Py_tp_traverse, cache_traverse},
    {Py_tp_clear, cache_let_go},
    {Py_tp_methods, methods},
    {Py_mp_subscript, cache_subscript},
    {Py_mp_ass_subscript, cache_assign},
    {Py_mp_length, cache_length},
    {Py_sq_contains, cache_contains},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "alice.BoundedCache",
    .basicsize = sizeof(py_cache),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

bool py_add_cache(PyObject *module)
{
    py_state.cache_type = py_add_type(module, &spec);
    return py_state.cache_type;
}
