/* SPDX-License-Identifier: MIT */
/* The module alice._alice: what all of its parts use, and its import. */
#include "alice_py.h"

#include <string.h>

py_module_state py_state;

PyObject *py_add_type(PyObject *module, PyType_Spec *spec)
{
    PyObject *type = PyType_FromSpec(spec);
    const char *name = strrchr(spec->name, '.') + 1;
    if (type && PyObject_SetAttrString(module, name, type) != 0)
        Py_CLEAR(type);
    return type;
}

void *py_new(PyTypeObject *type)
{
    return PyType_GenericAlloc(type, 0);
}

void py_free(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc free_it = (freefunc)PyType_GetSlot(type, Py_tp_free);
    free_it(self);
    Py_DECREF(type);
}

/* ---- arguments ---------------------------------------------------------- */

/* Where a parameter stands; -1: there is none of that name. */
static int param_at(const py_params *p, PyObject *name)
{
    for (int i = 0; p->names[i]; i++)
        if (PyUnicode_CompareWithASCIIString(name, p->names[i]) == 0)
            return i;
    return -1;
}

static bool args_by_name(const py_params *p, PyObject *const *args, PyObject *kwnames,
                         PyObject **out)
{
    Py_ssize_t count = kwnames ? PyTuple_Size(kwnames) : 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = PyTuple_GetItem(kwnames, i);
        int at = param_at(p, name);
        if (at < 0) {
            PyErr_Format(PyExc_TypeError, "%s() has no argument named %R", p->method, name);
            return false;
        }
        if (out[at]) {
            PyErr_Format(PyExc_TypeError, "%s() got %R twice", p->method, name);
            return false;
        }
        out[at] = args[i];
    }
    return true;
}

bool py_args(const py_params *params, PyObject *const *args, Py_ssize_t nargs,
             PyObject *kwnames, PyObject **out)
{
    if (nargs > params->positional) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %d positional arguments, not %zd",
                     params->method, params->positional, nargs);
        return false;
    }
    for (int i = 0; params->names[i]; i++)
        out[i] = i < nargs ? args[i] : NULL;
    if (!args_by_name(params, args + nargs, kwnames, out))
        return false;
    for (int i = 0; i < params->required; i++)
        if (!out[i]) {
            PyErr_Format(PyExc_TypeError, "%s() needs %s", params->method, params->names[i]);
            return false;
        }
    return true;
}

bool py_uint(PyObject *value, const char *name, uint64_t most, uint64_t *out)
{
    if (!value || value == Py_None)
        return true;
    PyObject *number = PyNumber_Index(value);
    if (!number)
        return false;
    unsigned long long n = PyLong_AsUnsignedLongLong(number);
    Py_DECREF(number);
    bool wrong = n == (unsigned long long)-1 && PyErr_Occurred();
    if (wrong && !PyErr_ExceptionMatches(PyExc_OverflowError))
        return false;
    if (wrong || n > most) {
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "%s is %R; it has to be from 0 to %llu", name, value,
                     (unsigned long long)most);
        return false;
    }
    *out = n;
    return true;
}

bool py_seconds(PyObject *value, const char *name, double scale, double most, uint64_t *out)
{
    if (!value || value == Py_None)
        return true;
    double seconds = PyFloat_AsDouble(value);
    if (seconds == -1 && PyErr_Occurred())
        return false;
    if (!(seconds >= 0)) { /* a NaN too */
        PyErr_Format(PyExc_ValueError, "%s is %R; it has to be 0 or more seconds", name, value);
        return false;
    }
    double scaled = seconds * scale;
    *out = scaled > most ? (uint64_t)most : (uint64_t)scaled;
    return true;
}

PyObject *py_path(PyObject *path)
{
    PyObject *bytes = NULL;
    return PyUnicode_FSConverter(path, &bytes) ? bytes : NULL;
}

bool py_callable(PyObject *given, const char *name, PyObject **out)
{
    if (!given || given == Py_None)
        return true;
    if (!PyCallable_Check(given)) {
        PyErr_Format(PyExc_TypeError, "%s is %R; it has to be called", name, given);
        return false;
    }
    Py_INCREF(given);
    *out = given;
    return true;
}

bool py_put(PyObject *dict, const char *name, PyObject *value)
{
    bool done = value && PyDict_SetItemString(dict, name, value) == 0;
    Py_XDECREF(value);
    return done;
}

/* ---- errors ------------------------------------------------------------- */

/* The exception of a status that has no errno. */
static PyObject *exception_of(alice_status status)
{
    switch (status) {
    case ALICE_E_INVAL:
        return PyExc_ValueError;
    case ALICE_E_NOMEM:
        return PyExc_MemoryError;
    case ALICE_E_BUDGET:
        return py_state.budget_error;
    case ALICE_E_NOENT:
        return PyExc_FileNotFoundError;
    case ALICE_E_EXISTS:
        return PyExc_FileExistsError;
    case ALICE_E_ACCESS:
        return PyExc_PermissionError;
    case ALICE_E_IO:
    case ALICE_E_NOSPC:
        return PyExc_OSError;
    case ALICE_E_TOOBIG:
        return py_state.too_big_error;
    case ALICE_E_CHANGED:
        return py_state.changed_error;
    case ALICE_E_TIMEOUT:
        return PyExc_TimeoutError;
    default:
        return py_state.error;
    }
}

PyObject *py_raise(alice_status status, const alice_error *error, PyObject *path)
{
    if (PyErr_Occurred())
        return NULL;
    const char *text = error && error->text[0] ? error->text : alice_status_text(status);
    int os_error = error ? error->os_error : 0;
    if (os_error != 0 && status != ALICE_E_BUDGET && status != ALICE_E_CHANGED) {
        PyObject *made = path
                             ? PyObject_CallFunction(PyExc_OSError, "isO", os_error, text, path)
                             : PyObject_CallFunction(PyExc_OSError, "is", os_error, text);
        if (made)
            PyErr_SetObject((PyObject *)Py_TYPE(made), made);
        Py_XDECREF(made);
        return NULL;
    }
    /* What a file system said may hold bytes that are no text. */
    PyObject *said = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "backslashreplace");
    if (said)
        PyErr_SetObject(exception_of(status), said);
    Py_XDECREF(said);
    return NULL;
}

/* ---- import ------------------------------------------------------------- */

static PyObject *add_error(PyObject *module, const char *name, const char *doc, PyObject *base,
                           PyObject *second)
{
    PyObject *bases = second ? PyTuple_Pack(2, base, second) : PyTuple_Pack(1, base);
    if (!bases)
        return NULL;
    PyObject *error = PyErr_NewExceptionWithDoc(name, doc, bases, NULL);
    Py_DECREF(bases);
    if (error && PyObject_SetAttrString(module, strchr(name, '.') + 1, error) != 0)
        Py_CLEAR(error);
    return error;
}

static bool add_errors(PyObject *module)
{
    py_module_state *s = &py_state;
    s->error =
        add_error(module, "alice.Error", "What the library refused.", PyExc_Exception, NULL);
    if (!s->error)
        return false;
    s->budget_error =
        add_error(module, "alice.BudgetError", "It does not fit the memory budget.", s->error,
                  PyExc_MemoryError);
    s->changed_error =
        add_error(module, "alice.ChangedError", "The file changed or shrank while it was read.",
                  s->error, PyExc_OSError);
    s->too_big_error = add_error(module, "alice.TooBigError", "A line or value is too long.",
                                 s->error, PyExc_ValueError);
    return s->budget_error && s->changed_error && s->too_big_error;
}

/* A new reference to an attribute of a module. */
static PyObject *from_module(const char *module, const char *name)
{
    PyObject *m = PyImport_ImportModule(module);
    PyObject *found = m ? PyObject_GetAttrString(m, name) : NULL;
    Py_XDECREF(m);
    return found;
}

static bool ask_python(void)
{
    py_state.gc_collect = from_module("gc", "collect");
    py_state.getsizeof = from_module("sys", "getsizeof");
    py_state.text_sizeof = PyObject_GetAttrString((PyObject *)&PyUnicode_Type, "__sizeof__");
    py_state.line_end = PyUnicode_InternFromString("\n");
    py_state.release_name = PyUnicode_InternFromString("release");
    py_state.fspath_name = PyUnicode_InternFromString("__fspath__");
    return py_state.gc_collect && py_state.getsizeof && py_state.text_sizeof &&
           py_state.fspath_name && py_state.release_name && py_state.line_end;
}

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "alice._alice",
    .m_doc = "libalice for Python. Use the package alice.",
    .m_size = -1, /* one for the process: another interpreter of its own does not get it */
};

PyMODINIT_FUNC PyInit__alice(void); /* who imports it finds it by its name */

PyMODINIT_FUNC PyInit__alice(void)
{
    static bool (*const parts[])(PyObject *) = {
        py_add_config, py_add_monitor, py_add_cache, py_add_weak_cache,
        py_add_view,   py_add_reader,  py_add_lines, py_add_map,
        py_add_pool,   py_add_batch,   py_add_scope, py_add_organizer,
    };
    PyObject *module = PyModule_Create(&definition);
    if (!module)
        return NULL;
    bool added = ask_python() && add_errors(module) &&
                 PyModule_AddStringConstant(module, "library_version", alice_version()) == 0;
    for (size_t i = 0; added && i < sizeof parts / sizeof *parts; i++)
        added = parts[i](module);
    if (!added)
        Py_CLEAR(module);
    return module;
}
