/* The check of structure.py in C. It takes a hundredth of the time, in which nobody else is served.
 *
 * Optional: without a compiler at installation the check in Python is used.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>

#define MAX_NUMBER ((UINT64_C(1) << 53) - 1)
#define MAX_NUMBER_BYTES 8
#define MAX_INT_BYTES 10

enum { HAS_PARENT_KEY = 0x20, HAS_RIGHT_ORIGIN = 0x40, HAS_ORIGIN = 0x80 };
enum { GC = 0, SKIP = 10 };
enum { DELETED = 1, JSON, BINARY, TEXT, EMBED, FORMAT, TYPE, ANY, DOCUMENT };
enum { MAX_TYPE = 6, ELEMENT = 3, HOOK = 5 };

typedef struct {
    const uint8_t *at, *end;
    int is_bad;
} Reader;

/* The operations of a client: [start, end). */
typedef struct {
    uint64_t client, start, end;
} Range;

typedef struct {
    Range *items;
    size_t count, room, found;
} Ranges;

typedef struct {
    uint64_t left;
    int has_keys;
} Level;

typedef struct {
    Ranges known, here;
    Level *levels;
    size_t level_room, max_levels;
    uint64_t max_structs;
    int lacks;
} Look;

static void *bad(Reader *reader) {
    reader->is_bad = 1;
    reader->at = reader->end;
    return NULL;
}

static uint8_t byte_of(Reader *reader) {
    if (reader->at < reader->end) return *reader->at++;
    bad(reader);
    return 0;
}

static uint64_t var_uint(Reader *reader) {
    uint64_t number = 0;
    for (int i = 0; i < MAX_NUMBER_BYTES && reader->at < reader->end; i++) {
        uint8_t byte = *reader->at++;
        number |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            if (number > MAX_NUMBER) break;
            return number;
        }
    }
    bad(reader);
    return 0;
}

static void skip(Reader *reader, uint64_t count) {
    if (count > (uint64_t)(reader->end - reader->at)) bad(reader);
    else reader->at += count;
}

/* Past a string of UTF-8; how many units of UTF-16 it has. */
static uint64_t string(Reader *reader) {
    uint64_t size = var_uint(reader), units = 0;
    const uint8_t *at = reader->at, *end;
    skip(reader, size);
    if (reader->is_bad) return 0;
    for (end = at + size; at < end; units++) {
        uint8_t first = *at++;
        if (first < 0x80) continue;
        int more = first < 0xC2 || first > 0xF4 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
        if (!more || end - at < more) goto broken;
        if (first == 0xE0 && *at < 0xA0) goto broken; /* longer than need be */
        if (first == 0xED && *at > 0x9F) goto broken; /* a surrogate */
        if (first == 0xF0 && *at < 0x90) goto broken;
        if (first == 0xF4 && *at > 0x8F) goto broken; /* beyond Unicode */
        if (more == 3) units++;
        for (; more; more--) {
            if ((*at++ & 0xC0) != 0x80) goto broken;
        }
    }
    return units;
broken:
    bad(reader);
    return 0;
}

static int by_client(const void *one, const void *other) {
    uint64_t a = ((const Range *)one)->client, b = ((const Range *)other)->client;
    return (a > b) - (a < b);
}

static int append(Ranges *ranges, uint64_t client, uint64_t start, uint64_t end) {
    if (ranges->count == ranges->room) {
        size_t room = ranges->room ? 2 * ranges->room : 16;
        Range *items = PyMem_Realloc(ranges->items, room * sizeof *items);
        if (items == NULL) return 0;
        ranges->items = items;
        ranges->room = room;
    }
    ranges->items[ranges->count++] = (Range){client, start, end};
    return 1;
}

static const Range *find(Ranges *ranges, uint64_t client) {
    static const Range nothing;
    if (ranges->found < ranges->count && ranges->items[ranges->found].client == client) {
        return &ranges->items[ranges->found];
    }
    Range key = {client, 0, 0};
    const Range *found = ranges->count ? bsearch(&key, ranges->items, ranges->count, sizeof key, by_client) : NULL;
    if (found == NULL) return &nothing;
    ranges->found = (size_t)(found - ranges->items);
    return found;
}

/* Past so many values of lib0 that stand one behind the other. */
static int values(Reader *reader, Look *look, uint64_t count) {
    size_t depth = 0;
    Level now = {count, 0};
    for (;;) {
        if (reader->is_bad) return 1;
        if (!now.left) {
            if (!depth) return 1;
            now = look->levels[--depth];
            continue;
        }
        now.left--;
        if (now.has_keys) string(reader);
        uint8_t tag = byte_of(reader);
        switch (tag) {
        case 117: /* array */
        case 118: /* object */
            if (depth + 2 > look->max_levels) return bad(reader), 1;
            if (depth == look->level_room) {
                size_t room = look->level_room ? 2 * look->level_room : 64;
                Level *levels = PyMem_Realloc(look->levels, room * sizeof *levels);
                if (levels == NULL) return 0;
                look->levels = levels;
                look->level_room = room;
            }
            look->levels[depth++] = now;
            now = (Level){var_uint(reader), tag == 118};
            break;
        case 119: string(reader); break;
        case 116: skip(reader, var_uint(reader)); break;
        case 125:
            for (int i = 0; byte_of(reader) >= 0x80;) {
                if (++i == MAX_INT_BYTES) return bad(reader), 1;
            }
            break;
        case 124: skip(reader, 4); break;
        case 123:
        case 122: skip(reader, 8); break;
        case 120:
        case 121:
        case 126:
        case 127: break;
        default: return bad(reader), 1;
        }
    }
}

/* Past a content; how many operations it counts for, 0 for none that there is. */
static int content(Reader *reader, Look *look, int kind, uint64_t *length) {
    *length = 1;
    switch (kind) {
    case TEXT: *length = string(reader); break;
    case DELETED: *length = var_uint(reader); break;
    case JSON:
        *length = var_uint(reader);
        for (uint64_t i = 0; i < *length && !reader->is_bad; i++) string(reader);
        break;
    case ANY: *length = var_uint(reader); return values(reader, look, *length);
    case BINARY: skip(reader, var_uint(reader)); break;
    case EMBED: string(reader); break;
    case FORMAT:
        string(reader);
        string(reader);
        break;
    case TYPE: {
        uint64_t type = var_uint(reader);
        if (type > MAX_TYPE) bad(reader);
        if (type == ELEMENT || type == HOOK) string(reader);
        break;
    }
    case DOCUMENT: string(reader); return values(reader, look, 1);
    default: bad(reader);
    }
    return 1;
}

/* An operation (client, clock) is beside, or in, another one. */
static void need(Reader *reader, Look *look, uint64_t client, uint64_t clock, int is_second_pass) {
    uint64_t other = var_uint(reader), number = var_uint(reader);
    if (other == client && number >= clock) bad(reader); /* a later one */
    if (!is_second_pass || look->lacks || number < find(&look->known, other)->end) return;
    const Range *range = find(&look->here, other);
    if (number < range->start || number >= range->end) look->lacks = 1;
}

/* The structs of all clients. The first pass finds out what is here, the second looks whether it is enough. */
static int structs(Reader *reader, Look *look, int is_second_pass) {
    uint64_t left = look->max_structs;
    for (uint64_t blocks = var_uint(reader); blocks && !reader->is_bad; blocks--) {
        uint64_t count = var_uint(reader), client = var_uint(reader), start = var_uint(reader), clock = start;
        if (!count || count > left) return bad(reader), 1;
        left -= count;
        for (; count && !reader->is_bad; count--) {
            uint8_t info = byte_of(reader);
            uint64_t length;
            if (info == GC || info == SKIP) {
                length = var_uint(reader);
                if (info == SKIP) look->lacks = 1;
            } else {
                if (info & HAS_ORIGIN) need(reader, look, client, clock, is_second_pass);
                if (info & HAS_RIGHT_ORIGIN) need(reader, look, client, clock, is_second_pass);
                if (!(info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN))) {
                    uint64_t is_root = var_uint(reader);
                    if (is_root > 1) bad(reader);
                    else if (is_root) string(reader);
                    else need(reader, look, client, clock, is_second_pass);
                    if (info & HAS_PARENT_KEY) string(reader);
                }
                if (!content(reader, look, info & 0x1F, &length)) return 0;
            }
            clock += length;
            if (!length || clock > MAX_NUMBER) return bad(reader), 1;
        }
        if (!is_second_pass) {
            if (!append(&look->here, client, start, clock)) return 0;
            if (start > find(&look->known, client)->end) look->lacks = 1;
        }
    }
    return 1;
}

static void deletions(Reader *reader, Look *look) {
    for (uint64_t clients = var_uint(reader); clients && !reader->is_bad; clients--) {
        uint64_t client = var_uint(reader);
        uint64_t known = find(&look->known, client)->end, here = find(&look->here, client)->end;
        for (uint64_t ranges = var_uint(reader); ranges && !reader->is_bad; ranges--) {
            if (var_uint(reader) + var_uint(reader) > (known > here ? known : here)) look->lacks = 1;
        }
    }
    if (reader->at != reader->end) bad(reader);
}

static int sorted(Ranges *ranges) {
    if (ranges->count) qsort(ranges->items, ranges->count, sizeof *ranges->items, by_client);
    for (size_t i = 1; i < ranges->count; i++) {
        if (ranges->items[i - 1].client == ranges->items[i].client) return 0;
    }
    return 1;
}

static int read_known(Look *look, PyObject *known) {
    PyObject *client, *end;
    for (Py_ssize_t place = 0; PyDict_Next(known, &place, &client, &end);) {
        uint64_t number = PyLong_AsUnsignedLongLong(client), count = PyLong_AsUnsignedLongLong(end);
        if (PyErr_Occurred()) return 0;
        if (!append(&look->known, number, 0, count)) return PyErr_NoMemory(), 0;
    }
    return sorted(&look->known);
}

static PyObject *look_through(PyObject *module, PyObject *arguments) {
    const char *update;
    Py_ssize_t size;
    PyObject *known, *answer = NULL;
    Look look = {0};
    unsigned long long max_levels, max_structs;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "y#O!KK", &update, &size, &PyDict_Type, &known, &max_levels, &max_structs)) {
        return NULL;
    }
    look.max_levels = (size_t)max_levels;
    look.max_structs = max_structs;
    if (!read_known(&look, known)) goto done;
    Reader reader = {(const uint8_t *)update, (const uint8_t *)update + size, 0}, again = reader;
    if (!structs(&reader, &look, 0)) goto memory;
    if (!sorted(&look.here)) bad(&reader);
    look.here.found = 0;
    if (!reader.is_bad) deletions(&reader, &look);
    if (!reader.is_bad && !structs(&again, &look, 1)) goto memory;
    answer = reader.is_bad || again.is_bad ? Py_NewRef(Py_None) : PyBool_FromLong(look.lacks);
    goto done;
memory:
    PyErr_NoMemory();
done:
    PyMem_Free(look.known.items);
    PyMem_Free(look.here.items);
    PyMem_Free(look.levels);
    return answer;
}

static PyMethodDef methods[] = {
    {"look_through", look_through, METH_VARARGS, "Whether an update lacks something; None for what no Yjs client makes."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "native", .m_size = 0, .m_methods = methods, .m_slots = slots,
};

PyMODINIT_FUNC PyInit_native(void) { return PyModuleDef_Init(&definition); }
