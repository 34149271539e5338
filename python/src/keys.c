/* SPDX-License-Identifier: MIT */
/*
 * Keys as bytes. Two keys have the same bytes if, and only if, they are of one kind and equal:
 *
 *     str           its UTF-8, lone surrogates included; no such byte is FF
 *     others        FF, the kind, and
 *       b  bytes      themselves
 *       i  int        the digits to base 16 (a bool is an int, as everywhere)
 *       n  None       nothing
 *       p  os.PathLike  the path
 *       t  tuple      of each item the number of its bytes, 8 of them, and its bytes
 */
#include "alice_py.h"

enum { DEEPEST = 32 }; /* tuples within tuples */

static PyObject *bytes_of(PyObject *object, int depth);

/* FF, the kind, the bytes. */
static PyObject *marked(char kind, const char *p, Py_ssize_t n)
{
    PyObject *made = PyBytes_FromStringAndSize(NULL, n + 2);
    if (!made)
        return NULL;
    char *to = PyBytes_AsString(made);
    to[0] = '\xff';
    to[1] = kind;
    for (Py_ssize_t i = 0; i < n; i++)
        to[i + 2] = p[i];
    return made;
}

/* The same of an object that holds them, which is given back. */
static PyObject *marked_of(char kind, PyObject *bytes)
{
    if (!bytes)
        return NULL;
    PyObject *made = marked(kind, PyBytes_AsString(bytes), PyBytes_Size(bytes));
    Py_DECREF(bytes);
    return made;
}

static PyObject *number_key(PyObject *number)
{
    /* To base 10 there is a bound on how many. */
    PyObject *digits = PyNumber_ToBase(number, 16);
    PyObject *bytes = digits ? PyUnicode_AsASCIIString(digits) : NULL;
    Py_XDECREF(digits);
    return marked_of('i', bytes);
}

static PyObject *path_key(PyObject *object)
{
    PyObject *path = PyOS_FSPath(object);
    if (path && PyUnicode_Check(path)) {
        PyObject *bytes = PyUnicode_EncodeFSDefault(path);
        Py_DECREF(path);
        path = bytes;
    }
    return marked_of('p', path);
}

static PyObject *tuple_key(PyObject *tuple, int depth)
{
    PyObject *all = PyBytes_FromStringAndSize("\xfft", 2);
    Py_ssize_t count = PyTuple_Size(tuple);
    for (Py_ssize_t i = 0; all && i < count; i++) {
        PyObject *item = bytes_of(PyTuple_GetItem(tuple, i), depth + 1);
        if (!item) {
            Py_CLEAR(all);
            break;
        }
        uint64_t n = (uint64_t)PyBytes_Size(item);
        PyBytes_ConcatAndDel(&all, PyBytes_FromStringAndSize((const char *)&n, sizeof n));
        if (all)
            PyBytes_ConcatAndDel(&all, item);
        else
            Py_DECREF(item);
    }
    return all;
}

static PyObject *bytes_of(PyObject *object, int depth)
{
    if (PyUnicode_Check(object))
        return PyUnicode_AsEncodedString(object, "utf-8", "surrogatepass");
    if (PyBytes_Check(object))
        return marked('b', PyBytes_AsString(object), PyBytes_Size(object));
    if (PyLong_Check(object))
        return number_key(object);
    if (object == Py_None)
        return marked('n', NULL, 0);
    if (PyTuple_Check(object) && depth < DEEPEST)
        return tuple_key(object, depth);
    if (PyObject_HasAttr((PyObject *)Py_TYPE(object), py_state.fspath_name))
        return path_key(object);
    PyErr_Format(PyExc_TypeError,
                 "a key is a str, bytes, int, None, a path or a tuple of these, not %R",
                 (PyObject *)Py_TYPE(object));
    return NULL;
}

bool py_key_of(PyObject *object, py_key *out)
{
    out->held = NULL;
    if (PyUnicode_Check(object)) {
        Py_ssize_t n;
        const char *p = PyUnicode_AsUTF8AndSize(object, &n);
        if (p) {
            out->bytes = (alice_bytes){(const uint8_t *)p, (size_t)n};
            return true;
        }
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
            return false;
        PyErr_Clear(); /* lone surrogates, as of names that are no UTF-8 */
    }
    out->held = bytes_of(object, 0);
    if (!out->held)
        return false;
    out->bytes = (alice_bytes){(const uint8_t *)PyBytes_AsString(out->held),
                               (size_t)PyBytes_Size(out->held)};
    return true;
}

void py_key_done(py_key *key)
{
    Py_CLEAR(key->held);
}
