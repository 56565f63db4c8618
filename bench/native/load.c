/*
 * The load generator of the benchmark: a fixed number of keep-alive connections, each with one request in flight. It
 * ends without leaving a request behind, so that what it counted is exactly what a proxy has served.
 *
 *   load PORT REQUEST_FILE CONNECTIONS MILLISECONDS MAX_REQUESTS
 *
 * Stops asking after that time or that many requests, whichever comes first, waits for the answers under way, and
 * prints one line of JSON: requests, seconds, and the latencies p50 and p99 in microseconds. Anything but an answer
 * with status 200 ends it with exit code 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 256
#define BUFFER_BYTES (256 * 1024)
#define HEAD_BYTES (16 * 1024)
#define TAIL "\r\n0\r\n\r\n"
#define TAIL_BYTES 7

typedef struct {
  size_t sent;
  double started;          /* microseconds */
  size_t used;             /* bytes of the head that are here */
  int has_head;
  int is_chunked;
  size_t body_left;
  char tail[TAIL_BYTES];   /* the last bytes of a chunked body: it ends with TAIL */
  char head[HEAD_BYTES];
} Connection;

static Connection connections[MAX_CONNECTIONS];
static struct pollfd polled[MAX_CONNECTIONS];
static int running;
static char *request;
static size_t request_bytes;
static float *latencies;
static size_t done, started, capacity, max_requests;
static double deadline;

static void fail(const char *what) {
  fprintf(stderr, "load: %s\n", what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void read_request(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail("cannot read the request");
  fseek(file, 0, SEEK_END);
  request_bytes = (size_t)ftell(file);
  rewind(file);
  request = malloc(request_bytes);
  if (fread(request, 1, request_bytes, file) != request_bytes) fail("cannot read the request");
  fclose(file);
}

static int connect_to(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int socket_ = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(socket_, (struct sockaddr *)&address, sizeof address) < 0) fail("cannot connect");
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  fcntl(socket_, F_SETFL, O_NONBLOCK);
  return socket_;
}

static void write_more(int index) {
  Connection *connection = &connections[index];
  while (connection->sent < request_bytes) {
    size_t left = request_bytes - connection->sent;
    ssize_t step = send(polled[index].fd, request + connection->sent, left, MSG_NOSIGNAL);
    if (step < 0 && errno != EAGAIN) fail("the connection broke while sending");
    if (step < 0) break;
    connection->sent += (size_t)step;
  }
  polled[index].events = connection->sent < request_bytes ? POLLIN | POLLOUT : POLLIN;
}

/* The next request of a connection, or its end. */
static void start(int index) {
  if (now() >= deadline || started == max_requests) {
    close(polled[index].fd);
    polled[index].fd = -1;
    running--;
    return;
  }
  started++;
  Connection *connection = &connections[index];
  memset(connection, 0, offsetof(Connection, head));
  connection->started = now();
  write_more(index);
}

static void finish(int index) {
  if (done == capacity) {
    capacity = capacity == 0 ? 65536 : capacity * 2;
    latencies = realloc(latencies, capacity * sizeof *latencies);
  }
  latencies[done++] = (float)(now() - connections[index].started);
  start(index);
}

/* Returns the length of the head once it is whole, else 0. */
static size_t read_head(Connection *connection) {
  connection->head[connection->used] = '\0';
  char *end = strstr(connection->head, "\r\n\r\n");
  if (end == NULL) return 0;
  if (strncmp(connection->head, "HTTP/1.1 200", 12) != 0) fail(strtok(connection->head, "\r"));
  char *length = strcasestr(connection->head, "\r\ncontent-length:");
  connection->has_head = 1;
  connection->is_chunked = length == NULL || length > end;
  connection->body_left = connection->is_chunked ? 0 : strtoul(length + 17, NULL, 10);
  return (size_t)(end + 4 - connection->head);
}

static int ends(Connection *connection, const char *bytes, size_t length) {
  if (!connection->is_chunked) {
    if (length > connection->body_left) fail("more came than the head announced");
    connection->body_left -= length;
    return connection->body_left == 0;
  }
  size_t fresh = length < TAIL_BYTES ? length : TAIL_BYTES;
  memmove(connection->tail, connection->tail + fresh, TAIL_BYTES - fresh);
  memcpy(connection->tail + TAIL_BYTES - fresh, bytes + length - fresh, fresh);
  return memcmp(connection->tail, TAIL, TAIL_BYTES) == 0;
}

static void read_more(int index) {
  static char buffer[BUFFER_BYTES];
  Connection *connection = &connections[index];
  char *target = connection->has_head ? buffer : connection->head + connection->used;
  size_t room = connection->has_head ? sizeof buffer : HEAD_BYTES - 1 - connection->used;
  ssize_t got = recv(polled[index].fd, target, room, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) fail("the connection broke before the answer was whole");
  size_t length = (size_t)got;
  if (!connection->has_head) {
    connection->used += length;
    size_t head = read_head(connection);
    if (head == 0) return;
    length = connection->used - head;
    target = connection->head + head;
  }
  if (ends(connection, target, length)) finish(index);
}

static int compare(const void *left, const void *right) {
  float a = *(const float *)left, b = *(const float *)right;
  return (a > b) - (a < b);
}

static double quantile(double share) {
  return done == 0 ? 0 : latencies[(size_t)(share * (double)(done - 1))];
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  read_request(argv[2]);
  running = atoi(argv[3]);
  if (running < 1 || running > MAX_CONNECTIONS) return 2;
  int count = running;
  max_requests = strtoul(argv[5], NULL, 10);
  for (int index = 0; index < count; index++) polled[index].fd = connect_to(atoi(argv[1]));
  double began = now();
  deadline = began + atof(argv[4]) * 1e3;
  for (int index = 0; index < count; index++) start(index);
  while (running > 0) {
    if (poll(polled, (nfds_t)count, 10000) <= 0) fail("no answer within 10 s");
    for (int index = 0; index < count; index++) {
      if (polled[index].fd >= 0 && (polled[index].revents & POLLOUT) != 0) write_more(index);
      if (polled[index].fd >= 0 && (polled[index].revents & ~POLLOUT) != 0) read_more(index);
    }
  }
  double seconds = (now() - began) / 1e6;
  qsort(latencies, done, sizeof *latencies, compare);
  printf("{\"requests\":%zu,\"seconds\":%.6f,\"p50Us\":%.1f,\"p99Us\":%.1f}\n", done, seconds, quantile(0.5), quantile(0.99));
  return 0;
}
