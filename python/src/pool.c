/* SPDX-License-Identifier: MIT */
/*
 * ObjectPool: alice_pool with objects of Python.
 *
 * The pool's callbacks run in the thread that acquires or releases, outside the pool's lock,
 * with or without the GIL: each asks for it. An exception in one of them stays raised in that
 * thread, and its call answers it.
 */
#include "alice_py.h"

typedef struct py_pool {
    PyObject_HEAD alice_pool *pool;
    PyObject *factory, *reset, *validate, *destroy; /* NULL: not given */
} py_pool;

typedef struct py_lease {
    PyObject_HEAD py_pool *pool;
    alice_lease lease;
    uint64_t timeout_ms;
    bool waits; /* a thread is in acquire() with this */
} py_lease;

/* ---- callbacks ----------------------------------------------------------- */

static alice_status pool_make(void *ctx, void **object)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *factory = ((py_pool *)ctx)->factory;
    PyObject *made = factory ? PyObject_CallFunctionObjArgs(factory, NULL) : NULL;
    PyGILState_Release(gil);
    if (!made)
        return ALICE_E_CANCELLED;
    *object = made;
    return ALICE_OK;
}

static alice_status pool_reset(void *ctx, void *object)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *reset = ((py_pool *)ctx)->reset;
    PyObject *done = reset ? PyObject_CallFunctionObjArgs(reset, object, NULL) : NULL;
    bool failed = reset && !done;
    Py_XDECREF(done);
    PyGILState_Release(gil);
    return failed ? ALICE_E_CANCELLED : ALICE_OK;
}

/* One that cannot be asked is not handed out; why is told, and another takes its place. */
static bool pool_validate(void *ctx, void *object)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *validate = ((py_pool *)ctx)->validate;
    PyObject *said = validate ? PyObject_CallFunctionObjArgs(validate, object, NULL) : NULL;
    int fine = !validate ? 1 : said ? PyObject_IsTrue(said) : -1;
    if (fine < 0)
        PyErr_WriteUnraisable(validate);
    Py_XDECREF(said);
    PyGILState_Release(gil);
    return fine > 0;
}

static void pool_destroy(void *ctx, void *object)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace); /* of reset(), which the caller is to get */
    PyObject *destroy = ((py_pool *)ctx)->destroy;
    PyObject *done = destroy ? PyObject_CallFunctionObjArgs(destroy, object, NULL) : NULL;
    if (destroy && !done)
        PyErr_WriteUnraisable(destroy);
    Py_XDECREF(done);
    Py_DECREF((PyObject *)object);
    PyErr_Restore(type, value, trace);
    PyGILState_Release(gil);
}

/* ---- a lease ------------------------------------------------------------- */

enum { SLICE_MS = 50 }; /* after which a waiting thread looks for signals */

/* The pool's answer, waiting without the GIL where it has to. */
static alice_status acquire(py_lease *l)
{
    alice_pool *pool = l->pool->pool;
    alice_status st = alice_pool_acquire_at(pool, 0, NULL, &l->lease);
    uint64_t begun = alice_env_now_ns(NULL) / 1000000, waited = 0;
    while (st == ALICE_E_TIMEOUT && waited < l->timeout_ms && !PyErr_Occurred()) {
        uint64_t left = l->timeout_ms - waited;
        Py_BEGIN_ALLOW_THREADS st =
            alice_pool_acquire_at(pool, left < SLICE_MS ? left : SLICE_MS, NULL, &l->lease);
        Py_END_ALLOW_THREADS if (st == ALICE_E_TIMEOUT && PyErr_CheckSignals() != 0) break;
        waited = alice_env_now_ns(NULL) / 1000000 - begun;
    }
    return st;
}

static PyObject *lease_enter(PyObject *self, PyObject *nothing)
{
    py_lease *l = (py_lease *)self;
    (void)nothing;
    if (l->waits || l->lease.object) {
        PyErr_SetString(py_state.error, "this lease is in use: acquire() another");
        return NULL;
    }
    l->waits = true;
    alice_status st = acquire(l);
    l->waits = false;
    if (st != ALICE_OK)
        return py_raise(st, NULL, NULL);
    PyObject *object = l->lease.object;
    Py_INCREF(object);
    return object;
}

static PyObject *give_back(PyObject *self, void (*how)(alice_lease *))
{
    how(&((py_lease *)self)->lease);
    if (PyErr_Occurred())
        return NULL; /* of reset(): the object is gone */
    Py_RETURN_NONE;
}

static PyObject *lease_release(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    return give_back(self, alice_pool_release);
}

static PyObject *lease_discard(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    return give_back(self, alice_pool_discard);
}

static PyObject *lease_exit(PyObject *self, PyObject *args)
{
    (void)args;
    return give_back(self, alice_pool_release);
}

static void lease_dealloc(PyObject *self)
{
    py_lease *l = (py_lease *)self;
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    alice_pool_release(&l->lease);
    if (PyErr_Occurred())
        PyErr_WriteUnraisable(py_state.lease_type);
    PyErr_Restore(type, value, trace);
    Py_XDECREF((PyObject *)l->pool);
    py_free(self);
}

static PyMethodDef lease_methods[] = {
    {"__enter__", lease_enter, METH_NOARGS, NULL},
    {"__exit__", lease_exit, METH_VARARGS, NULL},
    {"release", lease_release, METH_NOARGS,
     "release($self, /)\n--\n\nGive the object back before the end of the with block."},
    {"discard", lease_discard, METH_NOARGS,
     "discard($self, /)\n--\n\nGive back an object that is not to be used again."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot lease_slots[] = {
    {Py_tp_dealloc, lease_dealloc},
    {Py_tp_methods, lease_methods},
    {0, NULL},
};

static PyType_Spec lease_spec = {
    .name = "alice._Lease",
    .basicsize = sizeof(py_lease),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = lease_slots,
};

/* ---- the pool ------------------------------------------------------------ */

static PyObject *pool_acquire(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                              PyObject *kwnames)
{
    static const char *const names[] = {"timeout", NULL};
    static const py_params params = {"acquire", names, 0, 1};
    PyObject *timeout;
    uint64_t ms = ALICE_POOL_FOREVER;
    if (!py_args(&params, args, nargs, kwnames, &timeout) ||
        !py_seconds(timeout, "timeout", 1000, 1e15, &ms))
        return NULL;
    py_lease *l = py_new((PyTypeObject *)py_state.lease_type);
    if (!l)
        return NULL;
    Py_INCREF(self);
    l->pool = (py_pool *)self;
    l->timeout_ms = ms;
    return (PyObject *)l;
}

static PyObject *pool_get_stats(PyObject *self, PyObject *nothing)
{
    alice_pool_stats s;
    (void)nothing;
    alice_pool_get_stats(((py_pool *)self)->pool, &s);
    return Py_BuildValue("{snsnsnsKsKsdsKsKsKsKsKsK}", "pool_size", (Py_ssize_t)s.pool_size,
                         "in_use", (Py_ssize_t)s.in_use, "peak_in_use",
                         (Py_ssize_t)s.peak_in_use, "created", s.created, "reused", s.reused,
                         "reuse_rate", s.reuse_rate, "destroyed", s.destroyed, "reset_failures",
                         s.reset_failures, "invalid", s.invalid, "waits", s.waits, "timeouts",
                         s.timeouts, "expired", s.expired);
}

static PyObject *pool_trim(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                           PyObject *kwnames)
{
    static const char *const names[] = {"keep", NULL};
    static const py_params params = {"trim", names, 0, 1};
    PyObject *given;
    uint64_t keep = 0;
    if (!py_args(&params, args, nargs, kwnames, &given) ||
        !py_uint(given, "keep", SIZE_MAX, &keep))
        return NULL;
    return PyLong_FromSize_t(alice_pool_trim(((py_pool *)self)->pool, (size_t)keep));
}

static PyObject *pool_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"factory",      "reset_func", "max_size",         "validate_func",
                            "destroy_func", "max_total",  "max_idle_seconds", NULL};
    PyObject *factory, *reset = NULL, *size = NULL, *validate = NULL, *destroy = NULL;
    PyObject *total = NULL, *idle = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OO$OOOO:ObjectPool", names, &factory,
                                     &reset, &size, &validate, &destroy, &total, &idle))
        return NULL;
    py_pool *p = py_new(type);
    if (!p)
        return NULL;
    uint64_t most = 0, in_all = 0, idle_ms = 0;
    alice_status st = ALICE_E_INVAL;
    if (factory == Py_None) {
        PyErr_SetString(PyExc_TypeError, "a pool needs a factory");
    } else if (py_callable(factory, "factory", &p->factory) &&
               py_callable(reset, "reset_func", &p->reset) &&
               py_callable(validate, "validate_func", &p->validate) &&
               py_callable(destroy, "destroy_func", &p->destroy) &&
               py_uint(size, "max_size", SIZE_MAX, &most) &&
               py_uint(total, "max_total", SIZE_MAX, &in_all) &&
               py_seconds(idle, "max_idle_seconds", 1000, 1e15, &idle_ms)) {
        alice_pool_options o = {.factory = pool_make,
                                .reset = p->reset ? pool_reset : NULL,
                                .validate = p->validate ? pool_validate : NULL,
                                .destroy = pool_destroy,
                                .ctx = p,
                                .max_size = (size_t)most,
                                .max_total = (size_t)in_all,
                                .idle_timeout_ms = idle_ms};
        st = alice_pool_open(&p->pool, &o);
    }
    if (st != ALICE_OK) {
        py_raise(st, NULL, NULL);
        Py_CLEAR(p);
    }
    return (PyObject *)p;
}

static int pool_traverse(PyObject *self, visitproc visit, void *arg)
{
    py_pool *p = (py_pool *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(p->factory);
    Py_VISIT(p->reset);
    Py_VISIT(p->validate);
    Py_VISIT(p->destroy);
    return 0;
}

/* Only in a circle that nobody can reach: what the pool holds goes with it. */
static int pool_clear(PyObject *self)
{
    py_pool *p = (py_pool *)self;
    Py_CLEAR(p->factory);
    Py_CLEAR(p->reset);
    Py_CLEAR(p->validate);
    Py_CLEAR(p->destroy);
    return 0;
}

static void pool_dealloc(PyObject *self)
{
    py_pool *p = (py_pool *)self;
    PyObject_GC_UnTrack(self);
    alice_status st = alice_pool_close(&p->pool); /* a lease keeps its pool: none is out */
    if (st != ALICE_OK) {
        py_raise(st, NULL, NULL);
        PyErr_WriteUnraisable((PyObject *)Py_TYPE(self));
    }
    pool_clear(self);
    py_free(self);
}

static PyMethodDef methods[] = {
    {"acquire", PY_FAST(pool_acquire),
     "acquire($self, timeout=None)\n--\n\nFor a with block: borrow an object, an idle one or a "
     "new one, and give it back at its\nend. Where max_total are out it waits, timeout seconds "
     "at most (TimeoutError)."},
    {"get_stats", pool_get_stats, METH_NOARGS,
     "get_stats($self, /)\n--\n\npool_size, created, reused, reuse_rate and more, as a dict."},
    {"trim", PY_FAST(pool_trim),
     "trim($self, keep=0)\n--\n\nLet idle objects go until keep are left; how many went."},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "ObjectPool[T]"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc,
     "ObjectPool(factory, reset_func=None, max_size=10, *, validate_func=None,\n"
     "           destroy_func=None, max_total=0, max_idle_seconds=None)\n--\n\n"
     "Objects that are expensive to make, kept for reuse, max_size idle ones at most.\n"
     "reset_func(object) makes one like new when it comes back; where it raises, the object\n"
     "goes and the with block ends in that. validate_func(object) says whether an idle one\n"
     "still works. destroy_func(object) ends one. max_total: of all, idle and in use."},
    {Py_tp_new, pool_new},
    {Py_tp_dealloc, pool_dealloc},
    {Py_tp_traverse, pool_traverse},
    {Py_tp_clear, pool_clear},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "alice.ObjectPool",
    .basicsize = sizeof(py_pool),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

bool py_add_pool(PyObject *module)
{
    py_state.lease_type = py_add_type(module, &lease_spec);
    PyObject *type = py_state.lease_type ? py_add_type(module, &spec) : NULL;
    Py_XDECREF(type);
    return type;
}
