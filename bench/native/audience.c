/* Many WebSocket subscribers in one thread, and one publisher: the load client of the fan-out benchmarks.
 *
 * Opens real connections, counts every message of every subscriber, and fails when one is missing, doubled or out of
 * order. Messages are numbered: each holds `"offset":N`, counting up from --first on each channel; message i goes to
 * channel i % channels, and subscriber j listens to channel j % channels. A message that is deflated is counted only.
 *
 * Commands come on standard input, a line each; each is answered by a line of JSON:
 *
 *     open                     connect all, answer pings meanwhile and from then on
 *     closed IN_FLIGHT SECONDS publish the next message when one has reached everybody
 *     paced PER_SECOND SECONDS
 *     burst COUNT ROUNDS       publish COUNT at once, wait until everybody has them, again
 *     idle SECONDS
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TEXT = 0x1, BINARY = 0x2, CLOSE = 0x8, PING = 0x9, PONG = 0xA, DEFLATED = 0x40 };
enum { BUFFER_BYTES = 4 << 20, MAX_HANDSHAKES = 64, EVENTS = 512, TIMEOUT_SECONDS = 60, PER_SOURCE = 20000 };
enum { SUB_BUCKETS = 64, BUCKETS = 64 * SUB_BUCKETS };

typedef enum { IDLE, CONNECTING, UPGRADING, JOINING, OPEN } State;

typedef struct {
    int fd;
    State state;
    uint32_t next; /* of its channel's messages */
    uint32_t channel;
    char *rest; /* the beginning of an incomplete frame */
    uint32_t rest_bytes;
} Subscriber;

static const char *host = "127.0.0.1", *publish_host = "127.0.0.1";
static int port, publish_port, has_publish_port;
static uint32_t subscriber_count = 1, channel_count = 1;
static uint64_t first_offset = 1;
static const char *header = "";

/* An option given as text, or as bytes: `hex:00ff` */
typedef struct {
    char *data;
    size_t size;
    int opcode;
} Content;

static Content ready, heartbeat, heartbeat_answer;
static char *greeting; /* sent first on the publisher's connection; it waits for an answer */
static char **openings; /* for each subscriber, in turn: path, tab, first message */
static uint32_t opening_count;
static int server_pids[64], server_count;

static Subscriber *subscribers;
static uint32_t open_count, opening_now, next_to_open;
static int poll_fd, publisher = -1;
static char *buffer;

static uint32_t message_count, published, begun, completed; /* begun: at least one subscriber has it */
static uint32_t *message_ends; /* of each message in message_bytes */
static char *message_bytes;
static uint32_t *remaining; /* subscribers that still miss it */
static uint32_t *audiences; /* subscribers of a channel */
static uint64_t *published_at;

static uint64_t histogram[BUCKETS], deliveries, slowest;
static uint64_t now;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("{\"error\": \"", stdout);
    char text[1024];
    vsnprintf(text, sizeof text, format, arguments);
    for (char *c = text; *c; c++) putchar(*c == '"' || *c == '\\' || *c < ' ' ? '\'' : *c);
    fputs("\"}\n", stdout);
    va_end(arguments);
    exit(1);
}

static uint64_t clock_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

static char *read_file(const char *path, size_t *size) {
    int fd = open(path, O_RDONLY);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0) fail("%s: %s", path, strerror(errno));
    char *data = malloc((size_t)status.st_size + 1);
    size_t got = 0;
    while (got < (size_t)status.st_size) {
        ssize_t count = read(fd, data + got, (size_t)status.st_size - got);
        if (count <= 0) fail("%s: %s", path, strerror(errno));
        got += (size_t)count;
    }
    data[got] = 0;
    close(fd);
    if (size) *size = got;
    return data;
}

static Content content_of(const char *text) {
    Content content = {.data = strdup(text), .size = strlen(text), .opcode = TEXT};
    if (!strncmp(text, "hex:", 4)) {
        content.opcode = BINARY;
        content.size = (content.size - 4) / 2;
        for (size_t i = 0; i < content.size; i++) {
            unsigned byte = 0;
            sscanf(text + 4 + 2 * i, "%2x", &byte);
            content.data[i] = (char)byte;
        }
    }
    return content;
}

/* Latencies: buckets of a 64th of a power of two */

static uint32_t bucket_of(uint64_t value) {
    if (value < SUB_BUCKETS) return (uint32_t)value;
    int power = 63 - __builtin_clzll(value);
    return (uint32_t)((power - 5) * SUB_BUCKETS + (int)((value >> (power - 6)) & (SUB_BUCKETS - 1)));
}

static double bucket_ms(uint32_t bucket) {
    if (bucket < SUB_BUCKETS) return bucket / 1e6;
    int power = (int)(bucket / SUB_BUCKETS) + 5;
    double low = (double)(1ull << power), step = low / SUB_BUCKETS;
    return (low + step * (bucket % SUB_BUCKETS + 0.5)) / 1e6;
}

static double percentile_ms(double share) {
    uint64_t seen = 0, wanted = (uint64_t)((double)deliveries * share);
    for (uint32_t bucket = 0; bucket < BUCKETS; bucket++)
        if ((seen += histogram[bucket]) > wanted) return bucket_ms(bucket);
    return (double)slowest / 1e6;
}

/* Connections */

static int connect_to(const char *to, int to_port, uint32_t number) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    if (fd < 0) fail("socket: %s", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (number / PER_SOURCE > 0) { /* a source address has too few ports for them all */
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        address.sin_addr.s_addr = htonl(0x7f000001u + number / PER_SOURCE);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("bind: %s", strerror(errno));
    }
    address.sin_port = htons((uint16_t)to_port);
    inet_pton(AF_INET, to, &address.sin_addr);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
        fail("connect: %s", strerror(errno));
    return fd;
}

static void send_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd waiting = {.fd = fd, .events = POLLOUT};
            poll(&waiting, 1, 1000);
            continue;
        }
        if (sent < 0) fail("send: %s", strerror(errno));
        data += sent;
        size -= (size_t)sent;
    }
}

/* A client's frames are masked (RFC 6455, 5.3); with zeros, a mask changes nothing. */
static void send_frame(int fd, int opcode, const char *payload, size_t size) {
    char frame[16 + 65536];
    size_t head = 2;
    frame[0] = (char)(0x80 | opcode);
    if (size < 126) {
        frame[1] = (char)(0x80 | size);
    } else if (size < 65536) {
        frame[1] = (char)(0x80 | 126);
        frame[2] = (char)(size >> 8);
        frame[3] = (char)size;
        head = 4;
    } else {
        fail("a frame of %zu bytes", size);
    }
    memset(frame + head, 0, 4);
    memcpy(frame + head + 4, payload, size);
    send_all(fd, frame, head + 4 + size);
}

static void open_next(void) {
    while (next_to_open < subscriber_count && opening_now < MAX_HANDSHAKES) {
        uint32_t number = next_to_open++;
        Subscriber *subscriber = &subscribers[number];
        subscriber->fd = connect_to(host, port, number);
        subscriber->state = CONNECTING;
        opening_now++;
        struct epoll_event event = {.events = EPOLLOUT, .data.u32 = number};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, subscriber->fd, &event);
    }
}

static const char *opening_of(const Subscriber *subscriber) {
    return openings[(uint32_t)(subscriber - subscribers) % opening_count];
}

static void send_upgrade(Subscriber *subscriber) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(subscriber->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) fail("connect: %s", strerror(error));
    const char *path = opening_of(subscriber);
    char request[8192];
    int length = snprintf(request, sizeof request,
                          "GET %.*s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s"
                          "Sec-WebSocket-Key: cm9vbWZ1bC1iZW5jaC1rZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                          (int)strcspn(path, "\t"), path, host, port, header);
    send_all(subscriber->fd, request, (size_t)length);
    subscriber->state = UPGRADING;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)(subscriber - subscribers)};
    epoll_ctl(poll_fd, EPOLL_CTL_MOD, subscriber->fd, &event);
}

static void is_open(Subscriber *subscriber) {
    subscriber->state = OPEN;
    open_count++;
    opening_now--;
    open_next();
}

/* The size of the answer's head; 0 while it is incomplete. */
static size_t upgraded(Subscriber *subscriber, const char *data, size_t size) {
    const char *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end) return 0;
    if (size < 12 || memcmp(data + 9, "101", 3)) fail("no upgrade: %.200s", data);
    const char *first = strchr(opening_of(subscriber), '\t');
    if (first && first[1]) {
        Content content = content_of(first + 1);
        send_frame(subscriber->fd, content.opcode, content.data, content.size);
        free(content.data);
    }
    subscriber->state = JOINING;
    if (!ready.data) is_open(subscriber);
    return (size_t)(end + 4 - data);
}

/* Messages */

static void delivered(Subscriber *subscriber, uint64_t number) {
    if (number != subscriber->next)
        fail("subscriber %ld got message %lu of its channel instead of %u", (long)(subscriber - subscribers),
             (unsigned long)number, subscriber->next);
    uint64_t index = number * channel_count + subscriber->channel;
    if (index >= published) fail("message %lu was never published", (unsigned long)index);
    subscriber->next++;
    uint64_t waited = now - published_at[index];
    histogram[bucket_of(waited)]++;
    if (waited > slowest) slowest = waited;
    deliveries++;
    begun += remaining[index] == audiences[subscriber->channel];
    completed += --remaining[index] == 0;
}

/* Nearly all messages have their number in the same place: look there first. */
static void take_message(Subscriber *subscriber, const char *message, size_t size) {
    static const char marker[] = "\"offset\":";
    static size_t place;
    if (place + sizeof marker > size || memcmp(message + place, marker, sizeof marker - 1)) {
        const char *found = memmem(message, size, marker, sizeof marker - 1);
        if (!found) return; /* a reply, a join or a leave */
        place = (size_t)(found - message);
    }
    uint64_t offset = 0;
    for (const char *c = message + place + sizeof marker - 1; *c >= '0' && *c <= '9'; c++)
        offset = offset * 10 + (uint64_t)(*c - '0');
    if (offset < first_offset) fail("offset %lu is before the first", (unsigned long)offset);
    delivered(subscriber, offset - first_offset);
}

static void take_frame(Subscriber *subscriber, int first, const char *payload, size_t size) {
    switch (first & 0x0F) {
    case CLOSE:
        fail("closed by the server: %d %.*s", size >= 2 ? (unsigned char)payload[0] << 8 | (unsigned char)payload[1] : 0,
             size >= 2 ? (int)size - 2 : 0, payload + 2);
    case PING: send_frame(subscriber->fd, PONG, payload, size); return;
    case PONG: return;
    }
    if (heartbeat.data && size == heartbeat.size && !memcmp(payload, heartbeat.data, size)) {
        send_frame(subscriber->fd, heartbeat_answer.opcode, heartbeat_answer.data, heartbeat_answer.size);
        return;
    }
    if (subscriber->state == JOINING) {
        if (memmem(payload, size, "\"error\":", 8)) fail("refused: %.*s", (int)(size < 200 ? size : 200), payload);
        if (memmem(payload, size, ready.data, ready.size)) is_open(subscriber);
        return;
    }
    if (first & DEFLATED) {
        delivered(subscriber, subscriber->next);
        return;
    }
    while (size > 0) { /* some protocols put several messages into a frame, one per line */
        const char *end = memchr(payload, '\n', size);
        size_t length = end ? (size_t)(end - payload) : size;
        take_message(subscriber, payload, length);
        payload += length + (end != NULL);
        size -= length + (end != NULL);
    }
}

/* Take whole frames; returns their size in bytes. */
static size_t take_frames(Subscriber *subscriber, const char *data, size_t size) {
    size_t start = 0;
    while (size - start >= 2) {
        const unsigned char *head = (const unsigned char *)data + start;
        uint64_t length = head[1] & 0x7F;
        size_t payload = 2;
        if (length == 126) {
            if (size - start < 4) break;
            length = (uint64_t)head[2] << 8 | head[3];
            payload = 4;
        } else if (length == 127) {
            if (size - start < 10) break;
            length = 0;
            for (int i = 2; i < 10; i++) length = length << 8 | head[i];
            payload = 10;
        }
        if (size - start < payload + length) break;
        take_frame(subscriber, head[0], data + start + payload, length);
        start += payload + length;
    }
    return start;
}

static void receive(Subscriber *subscriber) {
    size_t size = subscriber->rest_bytes;
    if (size) memcpy(buffer, subscriber->rest, size);
    ssize_t got = recv(subscriber->fd, buffer + size, BUFFER_BYTES - size - 1, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) fail("subscriber %ld lost its connection: %s", (long)(subscriber - subscribers),
                       got ? strerror(errno) : "closed without a word");
    now = clock_ns();
    size += (size_t)got;
    buffer[size] = 0;
    size_t taken = 0;
    if (subscriber->state == UPGRADING) taken = upgraded(subscriber, buffer, size);
    if (subscriber->state >= JOINING) taken += take_frames(subscriber, buffer + taken, size - taken);
    free(subscriber->rest);
    subscriber->rest = NULL;
    subscriber->rest_bytes = (uint32_t)(size - taken);
    if (size > taken) {
        if (size - taken > BUFFER_BYTES / 2) fail("a frame of more than %d bytes", BUFFER_BYTES / 2);
        subscriber->rest = malloc(size - taken);
        memcpy(subscriber->rest, buffer + taken, size - taken);
    }
}

static void pump(int timeout_ms) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(poll_fd, events, EVENTS, timeout_ms);
    for (int i = 0; i < count; i++) {
        uint32_t number = events[i].data.u32;
        if (number == UINT32_MAX) { /* ignore answers to publications */
            ssize_t got = recv(publisher, buffer, BUFFER_BYTES - 1, 0);
            if (got == 0) fail("the publisher lost its connection");
            if (got > 0 && buffer[0] == '-') fail("publishing failed: %.*s", (int)got, buffer);
            if (got > 12 && !memcmp(buffer, "HTTP/1.1 ", 9) && buffer[9] != '2')
                fail("publishing failed: %.*s", (int)got, buffer);
        } else if (subscribers[number].state == CONNECTING) {
            send_upgrade(&subscribers[number]);
        } else {
            receive(&subscribers[number]);
        }
    }
}

/* Publishing */

static void open_publisher(void) {
    publisher = connect_to(publish_host, has_publish_port ? publish_port : port, 0);
    struct pollfd waiting = {.fd = publisher, .events = POLLOUT};
    poll(&waiting, 1, 5000);
    if (greeting) {
        send_all(publisher, greeting, strlen(greeting));
        /* An answer is so short that it comes in one piece. */
        waiting.events = POLLIN;
        if (poll(&waiting, 1, 10000) != 1 || recv(publisher, buffer, BUFFER_BYTES, 0) < 12 ||
            memcmp(buffer + 9, "101", 3))
            fail("the publisher was refused: %.100s", buffer);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, publisher, &event);
}

static uint32_t publish(uint32_t count) {
    if (count > message_count - published) count = message_count - published;
    if (!count) return 0;
    uint32_t begin = published ? message_ends[published - 1] : 0;
    uint64_t at = clock_ns();
    for (uint32_t i = published; i < published + count; i++) {
        published_at[i] = at;
        remaining[i] = audiences[i % channel_count];
    }
    published += count;
    send_all(publisher, message_bytes + begin, message_ends[published - 1] - begin);
    return count;
}

/* While a message is being delivered, the client stays awake: waking it would cost the server more than sending. */
static void attend(void) { pump(begun > completed ? 0 : 1000); }

static void wait_for(uint32_t wanted) {
    uint64_t progress_at = clock_ns(), before = deliveries;
    while (completed < wanted) {
        attend();
        if (deliveries != before) {
            before = deliveries;
            progress_at = clock_ns();
        } else if (clock_ns() - progress_at > TIMEOUT_SECONDS * 1000000000ull) {
            fail("%u of %u messages have reached everybody, and nothing more comes", completed, wanted);
        }
    }
}

/* The servers' CPU time in seconds, by /proc: user, system */
static void server_cpu(double cpu[2]) {
    cpu[0] = cpu[1] = 0;
    for (int i = 0; i < server_count; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/stat", server_pids[i]);
        FILE *file = fopen(path, "r");
        if (!file) fail("the server is gone");
        char line[2048] = "";
        if (!fgets(line, sizeof line, file)) fail("%s can't be read", path);
        fclose(file);
        unsigned long user = 0, system = 0;
        char *after_name = strrchr(line, ')');
        sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
        cpu[0] += (double)user / (double)sysconf(_SC_CLK_TCK);
        cpu[1] += (double)system / (double)sysconf(_SC_CLK_TCK);
    }
}

static double own_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

typedef struct {
    double cpu[2], own;
    uint64_t at;
    uint32_t published;
} Mark;

static Mark begin_phase(void) {
    Mark mark;
    memset(histogram, 0, sizeof histogram);
    deliveries = slowest = 0;
    server_cpu(mark.cpu);
    mark.own = own_cpu();
    mark.published = published;
    mark.at = clock_ns();
    return mark;
}

static void end_phase(Mark mark, const char *more) {
    double seconds = (double)(clock_ns() - mark.at) / 1e9, cpu[2];
    server_cpu(cpu);
    printf("{\"seconds\": %.6f, \"messages\": %u, \"deliveries\": %lu, \"user_seconds\": %.2f, "
           "\"system_seconds\": %.2f, \"client_seconds\": %.3f, \"p50_ms\": %.4f, \"p99_ms\": %.4f, "
           "\"slowest_ms\": %.4f, \"bursts_ms\": [%s]}\n",
           seconds, published - mark.published, (unsigned long)deliveries, cpu[0] - mark.cpu[0], cpu[1] - mark.cpu[1],
           own_cpu() - mark.own, percentile_ms(0.5), percentile_ms(0.99), (double)slowest / 1e6, more);
    fflush(stdout);
}

static void run_open(void) {
    Mark mark = begin_phase();
    open_next();
    uint64_t progress_at = clock_ns();
    for (uint32_t before = 0; open_count < subscriber_count;) {
        pump(1000);
        if (open_count != before) {
            before = open_count;
            progress_at = clock_ns();
        } else if (clock_ns() - progress_at > TIMEOUT_SECONDS * 1000000000ull) {
            fail("%u of %u subscribers are ready, and nothing more comes", open_count, subscriber_count);
        }
    }
    end_phase(mark, "");
}

static void run_closed(uint32_t in_flight, double seconds) {
    Mark mark = begin_phase();
    uint64_t ends_at = mark.at + (uint64_t)(seconds * 1e9);
    while (clock_ns() < ends_at) {
        uint32_t under_way = published - completed;
        if (under_way < in_flight && !publish(in_flight - under_way)) break;
        uint32_t before = completed;
        uint64_t progress_at = clock_ns();
        while (completed == before) {
            attend();
            if (clock_ns() - progress_at > TIMEOUT_SECONDS * 1000000000ull) fail("no more messages");
        }
    }
    wait_for(published);
    end_phase(mark, "");
}

static void run_paced(double per_second, double seconds) {
    Mark mark = begin_phase();
    uint32_t total = (uint32_t)(per_second * seconds);
    for (uint32_t i = 0; i < total; i++) {
        uint64_t due = mark.at + (uint64_t)((double)i / per_second * 1e9);
        for (uint64_t at; (at = clock_ns()) < due;) pump(begun > completed ? 0 : (int)((due - at) / 1000000));
        if (!publish(1)) break;
    }
    wait_for(published);
    end_phase(mark, "");
}

static void run_burst(uint32_t count, uint32_t rounds) {
    char times[4096] = "";
    Mark mark = begin_phase();
    for (uint32_t i = 0; i < rounds; i++) {
        uint64_t began = clock_ns();
        if (publish(count) < count) fail("not enough messages for a burst");
        wait_for(published);
        size_t length = strlen(times);
        snprintf(times + length, sizeof times - length, "%s%.3f", i ? ", " : "", (double)(clock_ns() - began) / 1e6);
    }
    end_phase(mark, times);
}

static void run_idle(double seconds) {
    Mark mark = begin_phase();
    uint64_t ends_at = mark.at + (uint64_t)(seconds * 1e9);
    for (uint64_t at; (at = clock_ns()) < ends_at;) pump((int)((ends_at - at) / 1000000));
    end_phase(mark, "");
}

static void obey(const char *line) {
    unsigned count = 0, rounds = 0;
    double rate = 0, seconds = 0;
    if (!strncmp(line, "open", 4)) run_open();
    else if (sscanf(line, "closed %u %lf", &count, &seconds) == 2) run_closed(count, seconds);
    else if (sscanf(line, "paced %lf %lf", &rate, &seconds) == 2) run_paced(rate, seconds);
    else if (sscanf(line, "burst %u %u", &count, &rounds) == 2) run_burst(count, rounds);
    else if (sscanf(line, "idle %lf", &seconds) == 1) run_idle(seconds);
    else fail("no such command: %s", line);
}

static void read_openings(const char *path) {
    char *text = read_file(path, NULL);
    for (char *c = text; *c; c++) opening_count += *c == '\n';
    openings = malloc(opening_count * sizeof *openings);
    uint32_t i = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        for (char *c = line; *c; c++)
            if (*c == 0x1E) *c = '\n'; /* stands for a line break in the message */
        openings[i++] = line;
    }
    opening_count = i;
}

static void read_messages(const char *sizes_path, const char *path) {
    size_t size;
    message_ends = (uint32_t *)read_file(sizes_path, &size);
    message_count = (uint32_t)(size / sizeof *message_ends);
    message_bytes = read_file(path, NULL);
    for (uint32_t i = 1; i < message_count; i++) message_ends[i] += message_ends[i - 1];
    remaining = calloc(message_count, sizeof *remaining);
    published_at = calloc(message_count, sizeof *published_at);
}

static void parse(int count, char **arguments) {
    const char *sizes = NULL;
    for (int i = 1; i + 1 < count; i += 2) {
        const char *name = arguments[i], *value = arguments[i + 1];
        if (!strcmp(name, "--port")) port = atoi(value);
        else if (!strcmp(name, "--subscribers")) subscriber_count = (uint32_t)atoi(value);
        else if (!strcmp(name, "--channels")) channel_count = (uint32_t)atoi(value);
        else if (!strcmp(name, "--first")) first_offset = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--header")) {
            char *line = malloc(strlen(value) + 3);
            sprintf(line, "%s\r\n", value);
            header = line;
        }
        else if (!strcmp(name, "--ready")) ready = content_of(value);
        else if (!strcmp(name, "--heartbeat")) heartbeat = content_of(value);
        else if (!strcmp(name, "--heartbeat-answer")) heartbeat_answer = content_of(value);
        else if (!strcmp(name, "--openings")) read_openings(value);
        else if (!strcmp(name, "--publish-port")) publish_port = atoi(value), has_publish_port = 1;
        else if (!strcmp(name, "--greeting")) greeting = read_file(value, NULL);
        else if (!strcmp(name, "--message-sizes")) sizes = value;
        else if (!strcmp(name, "--messages")) read_messages(sizes, value);
        else if (!strcmp(name, "--server")) server_pids[server_count++] = atoi(value);
        else fail("no such option: %s", name);
    }
}

int main(int count, char **arguments) {
    parse(count, arguments);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    buffer = malloc(BUFFER_BYTES);
    subscribers = calloc(subscriber_count, sizeof *subscribers);
    audiences = calloc(channel_count, sizeof *audiences);
    for (uint32_t i = 0; i < subscriber_count; i++) audiences[subscribers[i].channel = i % channel_count]++;
    poll_fd = epoll_create1(0);
    if (message_count) open_publisher();
    char line[256];
    struct pollfd waiting[2] = {{.fd = 0, .events = POLLIN}, {.fd = poll_fd, .events = POLLIN}};
    for (;;) {
        poll(waiting, 2, -1);
        if (waiting[1].revents) pump(0);
        if (waiting[0].revents) {
            size_t length = 0; /* unbuffered, so that poll reports the next line */
            while (length < sizeof line - 1 && read(0, line + length, 1) == 1 && line[length] != '\n') length++;
            if (!length) return 0;
            line[length] = 0;
            obey(line);
        }
    }
}
