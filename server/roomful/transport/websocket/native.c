/* The loop of a broadcast (direct.py) in C: what it saves is the interpreter's work between two system calls, and half of
 * the time until a socket's object, cold since the last broadcast, has come from memory.
 *
 * Optional: without a compiler at installation the same loop in Python is used.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <sys/socket.h>

#define AHEAD 4 /* sockets that are fetched from memory while one is written to */

#if defined(__GNUC__) || defined(__clang__)
#define FETCH(address) __builtin_prefetch(address)
#else
#define FETCH(address) ((void)0)
#endif

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* the interpreter ignores SIGPIPE */
#endif

typedef struct {
    PyObject_HEAD
    int descriptor;
} DirectSocket;

/* 0 would be the process's own standard input. */
static PyObject *new_socket(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    DirectSocket *self = (DirectSocket *)type->tp_alloc(type, 0);
    if (self != NULL) self->descriptor = -1;
    return (PyObject *)self;
}

static PyMemberDef members[] = {
    {"descriptor", T_INT, offsetof(DirectSocket, descriptor), 0, "Where bytes may go; -1: nowhere past the transport."},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot type_slots[] = {
    {Py_tp_doc, "A socket that a broadcast may write to past its transport, while it has a descriptor."},
    {Py_tp_members, members},
    {Py_tp_new, new_socket},
    {0, NULL},
};

static PyType_Spec type_spec = {
    .name = "roomful.transport.websocket.native.DirectSocket",
    .basicsize = sizeof(DirectSocket),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = type_slots,
};

PyDoc_STRVAR(send_each_doc,
"send_each(data, sockets, start)\n--\n\n"
"Write bytes to each socket from `start` on. The place of the first that has not taken all, and how many it has taken;\n"
"None when each of them has. Sockets without a descriptor, full and broken ones take none.");

/* The interpreter is not given up meanwhile: nothing here waits, and so the list can't change. */
static PyObject *send_each(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    if (count != 3) return PyErr_Format(PyExc_TypeError, "send_each takes 3 arguments, not %zd", count);
    PyObject *data = arguments[0], *sockets = arguments[1];
    if (!PyBytes_Check(data) || !PyList_Check(sockets))
        return PyErr_Format(PyExc_TypeError, "send_each takes bytes, a list, and a place in it");
    Py_ssize_t place = PyLong_AsSsize_t(arguments[2]);
    if (place == -1 && PyErr_Occurred()) return NULL;
    if (place < 0) return PyErr_Format(PyExc_ValueError, "a place is 0 or more");
    PyTypeObject *type = *(PyTypeObject **)PyModule_GetState(module);
    const char *bytes = PyBytes_AS_STRING(data);
    Py_ssize_t size = PyBytes_GET_SIZE(data), length = PyList_GET_SIZE(sockets);
    for (; place < length; place++) {
        if (place + AHEAD < length) FETCH(PyList_GET_ITEM(sockets, place + AHEAD));
        PyObject *socket = PyList_GET_ITEM(sockets, place);
        if (!PyObject_TypeCheck(socket, type))
            return PyErr_Format(PyExc_TypeError, "%.100s is no DirectSocket", Py_TYPE(socket)->tp_name);
        int descriptor = ((DirectSocket *)socket)->descriptor;
        ssize_t sent = descriptor < 0 ? 0 : send(descriptor, bytes, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent != size) return Py_BuildValue("nn", place, sent < 0 ? (Py_ssize_t)0 : (Py_ssize_t)sent);
    }
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"send_each", (PyCFunction)(void (*)(void))send_each, METH_FASTCALL, send_each_doc},
    {NULL, NULL, 0, NULL},
};

static int begin(PyObject *module) {
    PyObject **type = PyModule_GetState(module);
    *type = PyType_FromModuleAndSpec(module, &type_spec, NULL);
    return *type == NULL ? -1 : PyModule_AddObjectRef(module, "DirectSocket", *type);
}

static int traverse(PyObject *module, visitproc visit, void *arg) {
    Py_VISIT(*(PyObject **)PyModule_GetState(module));
    return 0;
}

static int clear(PyObject *module) {
    Py_CLEAR(*(PyObject **)PyModule_GetState(module));
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, begin},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "native",
    .m_doc = "The loop of a broadcast, in C; see direct.py.",
    .m_size = sizeof(PyObject *),
    .m_methods = functions,
    .m_slots = module_slots,
    .m_traverse = traverse,
    .m_clear = clear,
};

PyMODINIT_FUNC PyInit_native(void) { return PyModuleDef_Init(&definition); }
