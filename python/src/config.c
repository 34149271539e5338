/* SPDX-License-Identifier: MIT */
/* MemoryConfig: the library's settings. Their names, types and checks are the library's own, so
 * that a setting which it gains is here too. */
#include "alice_py.h"

#include <string.h>

typedef struct py_config {
    PyObject_HEAD alice_config config; /* as it was set; what was not is 0 */
    uint64_t changes;
} py_config;

/* A property a setting, and the profile; zeroed at the end. */
static PyGetSetDef settings[ALICE_CONFIG_FIELDS + 2];

/* ---- values ------------------------------------------------------------- */

static PyObject *read_field(const alice_config *resolved, const alice_config_field_info *field)
{
    char text[32];
    alice_status st = alice_config_get(resolved, field->name, text, sizeof text);
    if (st != ALICE_OK)
        return py_raise(st, NULL, NULL);
    if (field->type == ALICE_CONFIG_BOOL)
        return PyBool_FromLong(strcmp(text, "true") == 0);
    if (field->type == ALICE_CONFIG_UINT)
        return PyLong_FromString(text, NULL, 10);
    PyObject *as_text = PyUnicode_FromString(text);
    PyObject *number = as_text ? PyFloat_FromString(as_text) : NULL;
    Py_XDECREF(as_text);
    return number;
}

/* Whether the settings can be and fit together; else an error is raised. */
static bool fits(const alice_config *config)
{
    alice_error error = {0};
    alice_status st = alice_config_check(config, &error);
    if (st != ALICE_OK)
        py_raise(st, &error, NULL);
    return st == ALICE_OK;
}

static bool use_profile(alice_config *config, const char *name)
{
    if (alice_config_use_profile(config, name) == ALICE_OK)
        return true;
    PyErr_Format(PyExc_ValueError,
                 "there is no profile '%s'; there are default, memory_constrained, "
                 "large_collection and fast",
                 name);
    return false;
}

/* Set one, the profile too. Whether it fits the others is not asked. */
static bool write_field(alice_config *config, const char *name, PyObject *value)
{
    PyObject *text = PyObject_Str(value);
    const char *said = text ? PyUnicode_AsUTF8AndSize(text, NULL) : NULL;
    bool done = false;
    if (said && strcmp(name, "profile") == 0) {
        done = use_profile(config, said);
    } else if (said) {
        alice_error error = {0};
        alice_status st = alice_config_set(config, name, said, &error);
        done = st == ALICE_OK;
        if (st == ALICE_E_NOENT)
            PyErr_SetString(PyExc_TypeError, error.text);
        else if (!done)
            py_raise(st, &error, NULL);
    }
    Py_XDECREF(text);
    return done;
}

static PyObject *get_field(PyObject *self, void *closure)
{
    alice_config resolved = ((py_config *)self)->config;
    alice_config_resolve(&resolved);
    return read_field(&resolved, closure);
}

static int set_field(PyObject *self, PyObject *value, void *closure)
{
    const alice_config_field_info *field = closure;
    if (!value) {
        PyErr_Format(PyExc_AttributeError, "%s cannot be deleted", field->name);
        return -1;
    }
    py_config *c = (py_config *)self;
    alice_config tried = c->config;
    if (!write_field(&tried, field->name, value) || !fits(&tried))
        return -1;
    c->config = tried;
    c->changes++;
    return 0;
}

static PyObject *get_profile(PyObject *self, void *closure)
{
    (void)closure;
    return PyUnicode_FromString(
        alice_config_profile_name((size_t)((py_config *)self)->config.profile));
}

/* ---- making ------------------------------------------------------------- */

/* All at once, so that values which fit together may come in any order. */
static bool set_all(alice_config *config, PyObject *args, PyObject *kwargs)
{
    Py_ssize_t count = PyTuple_Size(args), at = 0;
    PyObject *name, *value;
    for (Py_ssize_t i = 0; i < count; i++) {
        const alice_config_field_info *field = alice_config_field((size_t)i);
        if (!field || (kwargs && PyDict_GetItemString(kwargs, field->name))) {
            PyErr_Format(PyExc_TypeError, "MemoryConfig() got %s",
                         field ? "a setting twice" : "too many arguments");
            return false;
        }
        if (!write_field(config, field->name, PyTuple_GetItem(args, i)))
            return false;
    }
    while (kwargs && PyDict_Next(kwargs, &at, &name, &value)) {
        const char *key = PyUnicode_AsUTF8AndSize(name, NULL);
        if (!key || !write_field(config, key, value))
            return false;
    }
    return fits(config);
}

static int config_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    py_config *c = (py_config *)self;
    alice_config made = {0};
    if (!set_all(&made, args, kwargs))
        return -1;
    c->config = made;
    c->changes++;
    return 0;
}

static PyObject *config_for_system(PyObject *type, PyObject *nothing)
{
    (void)nothing;
    alice_config found;
    alice_status st = alice_config_for_system(&found);
    if (st != ALICE_OK)
        return py_raise(st, NULL, NULL);
    return PyObject_CallFunction(type, "I", (unsigned)found.max_memory_mb);
}

/* ---- as a whole --------------------------------------------------------- */

/* A dict of all settings, or, `given`, of those that were set. */
static PyObject *as_dict(const py_config *c, bool given)
{
    PyObject *dict = PyDict_New();
    alice_config resolved = c->config;
    alice_config_resolve(&resolved);
    const alice_config_field_info *field;
    for (size_t i = 0; dict && (field = alice_config_field(i)); i++)
        if (!given || resolved.origin[i] == ALICE_ORIGIN_SET)
            if (!py_put(dict, field->name, read_field(&resolved, field)))
                Py_CLEAR(dict);
    if (dict && given && c->config.profile != ALICE_CONFIG_PROFILE_DEFAULT)
        if (!py_put(dict, "profile", get_profile((PyObject *)c, NULL)))
            Py_CLEAR(dict);
    return dict;
}

static PyObject *config_as_dict(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    return as_dict((py_config *)self, false);
}

static PyObject *config_repr(PyObject *self)
{
    PyObject *dict = as_dict((py_config *)self, false), *key, *value;
    PyObject *parts = dict ? PyList_New(0) : NULL;
    Py_ssize_t at = 0;
    while (parts && PyDict_Next(dict, &at, &key, &value)) {
        PyObject *part = PyUnicode_FromFormat("%U=%R", key, value);
        if (!part || PyList_Append(parts, part) != 0)
            Py_CLEAR(parts);
        Py_XDECREF(part);
    }
    PyObject *comma = parts ? PyUnicode_FromString(", ") : NULL;
    PyObject *inner = comma ? PyUnicode_Join(comma, parts) : NULL;
    PyObject *whole = inner ? PyUnicode_FromFormat("MemoryConfig(%U)", inner) : NULL;
    Py_XDECREF(dict);
    Py_XDECREF(parts);
    Py_XDECREF(comma);
    Py_XDECREF(inner);
    return whole;
}

static PyObject *config_compare(PyObject *self, PyObject *other, int op)
{
    if ((op != Py_EQ && op != Py_NE) ||
        !PyObject_TypeCheck(other, (PyTypeObject *)py_state.config_type))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *mine = as_dict((py_config *)self, false);
    PyObject *others = mine ? as_dict((py_config *)other, false) : NULL;
    PyObject *answer = others ? PyObject_RichCompare(mine, others, op) : NULL;
    Py_XDECREF(mine);
    Py_XDECREF(others);
    return answer;
}

/* For copy and pickle: made anew, then told what was set. */
static PyObject *config_reduce(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    PyObject *given = as_dict((py_config *)self, true);
    PyObject *made = given ? Py_BuildValue("O()N", (PyObject *)Py_TYPE(self), given) : NULL;
    return made;
}

static PyObject *config_setstate(PyObject *self, PyObject *state)
{
    if (!PyDict_Check(state)) {
        PyErr_SetString(PyExc_TypeError, "the state of a MemoryConfig is a dict");
        return NULL;
    }
    PyObject *empty = PyTuple_New(0);
    PyObject *own = empty ? PyDict_Copy(state) : NULL; /* asking its values may change it */
    int failed = own ? config_init(self, empty, own) : -1;
    Py_XDECREF(own);
    Py_XDECREF(empty);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

static void config_dealloc(PyObject *self)
{
    py_free(self);
}

static PyMethodDef methods[] = {
    {"for_system", config_for_system, METH_NOARGS | METH_CLASS,
     "for_system()\n--\n\nThe limit that fits this machine or container: 256 MB below 4 GB of "
     "memory, 512 MB\nbelow 8 GB, else 1024 MB, and never more than half of it."},
    {"as_dict", config_as_dict, METH_NOARGS, "as_dict()\n--\n\nAll settings and their values."},
    {"__reduce__", config_reduce, METH_NOARGS, NULL},
    {"__setstate__", config_setstate, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc,
     "MemoryConfig(max_memory_mb=1024, warning_threshold=0.8, cache_size_mb=256,\n"
     "             cache_ttl_seconds=300, chunk_size_kb=1024, use_mmap=True,\n"
     "             gc_threshold_mb=512, gc_interval_seconds=60, adaptive_batch_size=True,\n"
     "             min_batch_size=10, max_batch_size=1000, workers=8, batch_size=100,\n"
     "             profile='default')\n--\n\n"
     "The memory settings. What is not given follows max_memory_mb where that is given (the\n"
     "cache a quarter, gc_threshold_mb a half), else it is as above. Values that cannot be\n"
     "or do not fit together are a ValueError, here and when they are assigned."},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_init, config_init},
    {Py_tp_dealloc, config_dealloc},
    {Py_tp_repr, config_repr},
    {Py_tp_richcompare, config_compare},
    {Py_tp_hash, PyObject_HashNotImplemented},
    {Py_tp_methods, methods},
    {Py_tp_getset, settings},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "alice.MemoryConfig",
    .basicsize = sizeof(py_config),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = slots,
};

bool py_add_config(PyObject *module)
{
    const alice_config_field_info *field;
    size_t i = 0;
    for (; (field = alice_config_field(i)); i++)
        settings[i] =
            (PyGetSetDef){field->name, get_field, set_field, field->text, (void *)field};
    settings[i] =
        (PyGetSetDef){"profile", get_profile, NULL, "what gives what is not set", NULL};
    py_state.config_type = py_add_type(module, &spec);
    return py_state.config_type;
}

bool py_config_of(PyObject *config, alice_config *out)
{
    *out = (alice_config){0};
    if (config && config != Py_None) {
        if (!PyObject_TypeCheck(config, (PyTypeObject *)py_state.config_type)) {
            PyErr_Format(PyExc_TypeError, "a MemoryConfig is needed, not %R",
                         (PyObject *)Py_TYPE(config));
            return false;
        }
        *out = ((py_config *)config)->config;
    }
    alice_config_resolve(out);
    return true;
}

uint64_t py_config_changes(PyObject *config)
{
    return config && config != Py_None ? ((py_config *)config)->changes : 0;
}
