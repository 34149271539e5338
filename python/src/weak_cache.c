/* SPDX-License-Identifier: MIT */
/*
 * WeakValueCache: what somebody holds is found again, and the latest 100 besides. Who holds an
 * object of Python only Python knows, so that this stands on its weak references, not on
 * alice_weak_cache, whose holds are its own.
 */
#include "alice_py.h"

typedef struct py_weak {
    PyObject_HEAD PyObject *known; /* dict: key to weak reference */
    PyObject *recent;              /* dict: key to value, the longest unused first */
    Py_ssize_t most;               /* values in `recent` */
    Py_ssize_t sweep;              /* when `known` has so many, the dead are looked for */
    uint64_t hits, misses;
} py_weak;

/* What a weak reference leads to, a new reference; NULL without an error: it is gone. By a call
 * of it: of the functions for that, none is in every version. */
static PyObject *referent(PyObject *ref)
{
    PyObject *value = PyObject_CallFunctionObjArgs(ref, NULL);
    if (value == Py_None)
        Py_CLEAR(value);
    return value;
}

/* False with an error, too. Nothing of Python runs meanwhile: who holds the value does so
 * still. */
static bool is_alive(PyObject *ref)
{
    PyObject *value = referent(ref);
    bool alive = value;
    Py_XDECREF(value);
    return alive;
}

/* Let the longest unused go until `keep` are left. */
static bool trim(py_weak *w, Py_ssize_t keep)
{
    while (PyDict_Size(w->recent) > keep) {
        Py_ssize_t at = 0;
        PyObject *key, *value;
        if (!PyDict_Next(w->recent, &at, &key, &value))
            break;
        Py_INCREF(key);
        Py_INCREF(value); /* its end may use this cache: after the entry has gone */
        int failed = PyDict_DelItem(w->recent, key);
        Py_DECREF(key);
        Py_DECREF(value);
        if (failed)
            return false;
    }
    return true;
}

/* It is the latest used. */
static bool touch(py_weak *w, PyObject *key, PyObject *value)
{
    if (w->most == 0)
        return true;
    int there = PyDict_Contains(w->recent, key);
    if (there < 0 || (there && PyDict_DelItem(w->recent, key) != 0))
        return false;
    return PyDict_SetItem(w->recent, key, value) == 0 && trim(w, w->most);
}

/* Forget the keys of values that are gone. */
static bool sweep(py_weak *w)
{
    PyObject *dead = PyList_New(0), *key, *ref;
    Py_ssize_t at = 0;
    bool done = dead;
    while (done && PyDict_Next(w->known, &at, &key, &ref))
        if (!is_alive(ref))
            done = !PyErr_Occurred() && PyList_Append(dead, key) == 0;
    for (Py_ssize_t i = 0; done && i < PyList_Size(dead); i++)
        done = PyDict_DelItem(w->known, PyList_GetItem(dead, i)) == 0;
    Py_XDECREF(dead);
    w->sweep = 2 * PyDict_Size(w->known) + 64;
    return done;
}

/* A new reference; NULL without an error: gone, or never there. */
static PyObject *find(py_weak *w, PyObject *key)
{
    PyObject *ref = PyDict_GetItemWithError(w->known, key);
    if (!ref)
        return NULL;
    PyObject *value = referent(ref);
    if (!value && !PyErr_Occurred())
        PyDict_DelItem(w->known, key);
    return value;
}

static PyObject *weak_get(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                          PyObject *kwnames)
{
    static const char *const names[] = {"key", "default", NULL};
    static const py_params params = {"get", names, 1, 2};
    PyObject *given[2];
    py_weak *w = (py_weak *)self;
    if (!py_args(&params, args, nargs, kwnames, given))
        return NULL;
    PyObject *value = find(w, given[0]);
    if (PyErr_Occurred())
        return NULL;
    if (value) {
        w->hits++;
        if (!touch(w, given[0], value))
            Py_CLEAR(value);
        return value;
    }
    w->misses++;
    value = given[1] ? given[1] : Py_None;
    Py_INCREF(value);
    return value;
}

static PyObject *weak_set(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                          PyObject *kwnames)
{
    static const char *const names[] = {"key", "value", NULL};
    static const py_params params = {"set", names, 2, 2};
    PyObject *given[2];
    py_weak *w = (py_weak *)self;
    if (!py_args(&params, args, nargs, kwnames, given))
        return NULL;
    PyObject *ref = PyWeakref_NewRef(given[1], NULL);
    if (!ref)
        return NULL;
    bool done = (PyDict_Size(w->known) < w->sweep || sweep(w)) &&
                PyDict_SetItem(w->known, given[0], ref) == 0 && touch(w, given[0], given[1]);
    Py_DECREF(ref);
    if (!done)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *weak_remove(PyObject *self, PyObject *key)
{
    py_weak *w = (py_weak *)self;
    PyObject *value = find(w, key);
    if (PyErr_Occurred())
        return NULL;
    int recent = PyDict_Contains(w->recent, key);
    bool done = recent >= 0 && (!recent || PyDict_DelItem(w->recent, key) == 0) &&
                (!value || PyDict_DelItem(w->known, key) == 0);
    PyObject *answer = done ? PyBool_FromLong(value != NULL) : NULL;
    Py_XDECREF(value);
    return answer;
}

static int weak_contains(PyObject *self, PyObject *key)
{
    PyObject *value = find((py_weak *)self, key);
    int there = value ? 1 : PyErr_Occurred() ? -1 : 0;
    Py_XDECREF(value);
    return there;
}

static Py_ssize_t weak_length(PyObject *self)
{
    py_weak *w = (py_weak *)self;
    return sweep(w) ? PyDict_Size(w->known) : -1;
}

static PyObject *weak_trim(PyObject *self, PyObject *nothing)
{
    py_weak *w = (py_weak *)self;
    Py_ssize_t before = PyDict_Size(w->recent);
    (void)nothing;
    return trim(w, 0) ? PyLong_FromSsize_t(before) : NULL;
}

static PyObject *weak_clear(PyObject *self, PyObject *nothing)
{
    py_weak *w = (py_weak *)self;
    (void)nothing;
    PyDict_Clear(w->known);
    if (!trim(w, 0))
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *weak_get_stats(PyObject *self, PyObject *nothing)
{
    py_weak *w = (py_weak *)self;
    (void)nothing;
    if (!sweep(w))
        return NULL;
    uint64_t asked = w->hits + w->misses;
    return Py_BuildValue("{sKsKsdsnsnsn}", "hits", w->hits, "misses", w->misses, "hit_rate",
                         asked ? (double)w->hits / (double)asked : 0.0, "items",
                         PyDict_Size(w->known), "recent", PyDict_Size(w->recent), "max_recent",
                         w->most);
}

static PyObject *weak_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"recent", NULL};
    PyObject *recent = NULL;
    uint64_t most = 100;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:WeakValueCache", names, &recent) ||
        !py_uint(recent, "recent", PY_SSIZE_T_MAX / 4, &most))
        return NULL;
    py_weak *w = py_new(type);
    if (!w)
        return NULL;
    w->most = (Py_ssize_t)most;
    w->sweep = 64;
    w->known = PyDict_New();
    w->recent = PyDict_New();
    if (!w->known || !w->recent)
        Py_CLEAR(w);
    return (PyObject *)w;
}

static int weak_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((py_weak *)self)->known);
    Py_VISIT(((py_weak *)self)->recent);
    return 0;
}

static int weak_let_go(PyObject *self)
{
    py_weak *w = (py_weak *)self;
    /* Empty, not gone: the end of a value may use this cache. */
    if (w->known)
        PyDict_Clear(w->known);
    if (w->recent)
        PyDict_Clear(w->recent);
    return 0;
}

static void weak_dealloc(PyObject *self)
{
    py_weak *w = (py_weak *)self;
    PyObject_GC_UnTrack(self);
    Py_CLEAR(w->known);
    Py_CLEAR(w->recent);
    py_free(self);
}

static PyMethodDef methods[] = {
    {"get", PY_FAST(weak_get),
     "get($self, key, default=None)\n--\n\nThe value, or default where it is gone. It becomes "
     "the "
     "latest used."},
    {"set", PY_FAST(weak_set),
     "set($self, key, value)\n--\n\nRemember a value (of a type that can be referenced "
     "weakly)."},
    {"remove", weak_remove, METH_O,
     "remove($self, key, /)\n--\n\nForget a key; whether it was there."},
    {"trim", weak_trim, METH_NOARGS,
     "trim($self, /)\n--\n\nLet the latest go: what nobody else holds is gone. How many."},
    {"clear", weak_clear, METH_NOARGS, "clear($self, /)\n--\n\nForget everything."},
    {"get_stats", weak_get_stats, METH_NOARGS,
     "get_stats($self, /)\n--\n\nhits, misses, hit_rate, items, recent, max_recent, as a "
     "dict."},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "WeakValueCache[T]"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc,
     "WeakValueCache(recent=100)\n--\n\n"
     "For large objects: finds again what somebody holds, and keeps only the latest\n"
     "used alive by itself, so many of them as recent says."},
    {Py_tp_new, weak_new},
    {Py_tp_dealloc, weak_dealloc},
    {Py_tp_traverse, weak_traverse},
    {Py_tp_clear, weak_let_go},
    {Py_tp_methods, methods},
    {Py_mp_length, weak_length},
    {Py_sq_contains, weak_contains},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "alice.WeakValueCache",
    .basicsize = sizeof(py_weak),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

bool py_add_weak_cache(PyObject *module)
{
    PyObject *type = py_add_type(module, &spec);
    Py_XDECREF(type);
    return type;
}
