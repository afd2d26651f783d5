/* The least cost of fan-out: a WebSocket server that makes the upgrade, and then only calls send().
 *
 * Each message of a connection to /pub goes to every other connection, framed once, one send() each.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20, HEAD_BYTES = 8192, EVENTS = 512, MAX_SOCKETS = 1 << 20 };
enum { NEW, SUBSCRIBED, PUBLISHING };

static char state[MAX_SOCKETS];
static char *heads[MAX_SOCKETS];
static uint32_t head_bytes[MAX_SOCKETS];
static int subscribed[MAX_SOCKETS], subscribed_count, poll_fd;
static char buffer[BUFFER_BYTES];
static size_t buffered; /* there is one publisher */

static uint32_t rotate(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }

/* SHA-1 (RFC 3174) of a text that fits two blocks */
static void sha1(const char *text, size_t size, unsigned char digest[20]) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    unsigned char blocks[128] = {0};
    memcpy(blocks, text, size);
    blocks[size] = 0x80;
    blocks[126] = (unsigned char)(size * 8 >> 8);
    blocks[127] = (unsigned char)(size * 8);
    for (int block = 0; block < 2; block++) {
        uint32_t w[80];
        for (int i = 0; i < 16; i++) {
            const unsigned char *b = blocks + block * 64 + i * 4;
            w[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
        }
        for (int i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
            uint32_t k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
            uint32_t next = rotate(a, 5) + f + e + k + w[i];
            e = d;
            d = c;
            c = rotate(b, 30);
            b = a;
            a = next;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = (unsigned char)(h[i / 4] >> (24 - i % 4 * 8));
}

static void accept_key(const char *key, char answer[29]) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[64];
    unsigned char digest[21] = {0};
    snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    sha1(text, strlen(text), digest);
    for (int i = 0, out = 0; i < 21; i += 3) {
        uint32_t bits = (uint32_t)digest[i] << 16 | (uint32_t)digest[i + 1] << 8 | digest[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6) answer[out++] = digits[bits >> shift & 63];
    }
    answer[27] = '=';
    answer[28] = 0;
}

static void send_whole(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd waiting = {.fd = fd, .events = POLLOUT};
            poll(&waiting, 1, -1);
        } else if (sent < 0) {
            return; /* it is gone: its own event reports that */
        } else {
            data += sent;
            size -= (size_t)sent;
        }
    }
}

static void drop(int fd) {
    if (state[fd] == SUBSCRIBED)
        for (int i = 0; i < subscribed_count; i++)
            if (subscribed[i] == fd) {
                subscribed[i] = subscribed[--subscribed_count];
                break;
            }
    if (state[fd] == PUBLISHING) buffered = 0;
    state[fd] = NEW;
    free(heads[fd]);
    heads[fd] = NULL;
    head_bytes[fd] = 0;
    close(fd);
}

static void upgrade(int fd) {
    char *key = strcasestr(heads[fd], "sec-websocket-key: "), accepted[29], answer[256];
    if (!key) {
        drop(fd);
        return;
    }
    accept_key(key + 19, accepted);
    int size = snprintf(answer, sizeof answer,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %s\r\n\r\n", accepted);
    send_whole(fd, answer, (size_t)size);
    state[fd] = strncmp(heads[fd], "GET /pub", 8) ? SUBSCRIBED : PUBLISHING;
    if (state[fd] == SUBSCRIBED) subscribed[subscribed_count++] = fd;
    free(heads[fd]);
    heads[fd] = NULL;
}

static void read_head(int fd) {
    if (!heads[fd]) heads[fd] = calloc(1, HEAD_BYTES);
    ssize_t got = recv(fd, heads[fd] + head_bytes[fd], HEAD_BYTES - 1 - head_bytes[fd], 0);
    if (got <= 0) {
        drop(fd);
        return;
    }
    head_bytes[fd] += (uint32_t)got;
    if (strstr(heads[fd], "\r\n\r\n")) upgrade(fd);
}

static void tell_all(const unsigned char *mask, const char *payload, size_t size) {
    static char frame[BUFFER_BYTES + 10];
    size_t head = 2;
    frame[0] = (char)0x81;
    if (size < 126) {
        frame[1] = (char)size;
    } else {
        frame[1] = 126;
        frame[2] = (char)(size >> 8);
        frame[3] = (char)size;
        head = 4;
    }
    for (size_t i = 0; i < size; i++) frame[head + i] = (char)(payload[i] ^ mask[i & 3]);
    for (int i = 0; i < subscribed_count; i++) send_whole(subscribed[i], frame, head + size);
}

static void read_messages(int fd) {
    ssize_t got = recv(fd, buffer + buffered, BUFFER_BYTES - buffered, 0);
    if (got <= 0) {
        drop(fd);
        return;
    }
    buffered += (size_t)got;
    size_t start = 0;
    while (buffered - start >= 8) {
        const unsigned char *head = (const unsigned char *)buffer + start;
        size_t size = head[1] & 0x7F, mask = 2;
        if (size == 126) size = (size_t)head[2] << 8 | head[3], mask = 4;
        if (buffered - start < mask + 4 + size) break;
        tell_all(head + mask, buffer + start + mask + 4, size);
        start += mask + 4 + size;
    }
    memmove(buffer, buffer + start, buffered - start);
    buffered -= start;
}

static void read_subscriber(int fd) { /* pongs, and the end of the connection */
    char ignored[4096];
    if (recv(fd, ignored, sizeof ignored, 0) <= 0) drop(fd);
}

int main(int count, char **arguments) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)(count > 1 ? atoi(arguments[1]) : 0));
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 2048) < 0) {
        perror("listen");
        return 1;
    }
    poll_fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(poll_fd, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                fd = accept(listener, NULL, NULL);
                if (fd < 0 || fd >= MAX_SOCKETS) continue;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                event.data.fd = fd;
                epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
            } else if (state[fd] == NEW) {
                read_head(fd);
            } else if (state[fd] == PUBLISHING) {
                read_messages(fd);
            } else {
                read_subscriber(fd);
            }
        }
    }
}
