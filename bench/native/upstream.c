/*
 * The upstream of the benchmark: answers every request at once with bytes prepared beforehand, on keep-alive
 * connections, so that it costs a few microseconds and is never the bottleneck.
 *
 *   upstream JSON_ANSWER SSE_ANSWER
 *
 * Both files hold a whole HTTP answer, head included. A request with the header `x-bench-answer: sse` gets the second.
 * Listens on a free loopback port, prints it, and ends when its standard input does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MAX_PEERS 512
#define BUFFER_BYTES (64 * 1024)

typedef struct {
  char *bytes;
  size_t length;
} Answer;

typedef struct {
  char head[BUFFER_BYTES];
  size_t used;       /* bytes of the head that are here */
  size_t body_left;  /* bytes of the body still to come */
  const Answer *answer;
} Peer;

static Answer answers[2];
static struct pollfd polled[MAX_PEERS + 2];
static Peer *peers[MAX_PEERS + 2];
static int count;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static Answer read_answer(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail(path);
  fseek(file, 0, SEEK_END);
  Answer answer = {NULL, (size_t)ftell(file)};
  rewind(file);
  answer.bytes = malloc(answer.length);
  if (fread(answer.bytes, 1, answer.length, file) != answer.length) fail(path);
  fclose(file);
  return answer;
}

static int listen_anywhere(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, MAX_PEERS) < 0) fail("listen");
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

static void welcome(int listener) {
  int socket = accept(listener, NULL, NULL);
  if (socket < 0 || count == MAX_PEERS + 2) return;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  polled[count] = (struct pollfd){.fd = socket, .events = POLLIN};
  peers[count] = calloc(1, sizeof(Peer));
  count++;
}

static void dismiss(int index) {
  close(polled[index].fd);
  free(peers[index]);
  count--;
  polled[index] = polled[count];
  peers[index] = peers[count];
}

/* Answers fit the socket buffers; where they do not, waiting for the reader is what a server would do as well. */
static int send_answer(int socket, const Answer *answer) {
  for (size_t sent = 0; sent < answer->length;) {
    ssize_t step = send(socket, answer->bytes + sent, answer->length - sent, MSG_NOSIGNAL);
    if (step <= 0) return -1;
    sent += (size_t)step;
  }
  return 0;
}

/* Reads a head once it is whole: which answer it asks for, and how much body follows. Returns its length, or 0. */
static size_t read_head(Peer *peer) {
  peer->head[peer->used] = '\0';
  char *end = strstr(peer->head, "\r\n\r\n");
  if (end == NULL) return 0;
  char *length = strcasestr(peer->head, "\r\ncontent-length:");
  peer->body_left = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
  char *kind = strcasestr(peer->head, "\r\nx-bench-answer: sse");
  peer->answer = &answers[kind != NULL && kind < end];
  return (size_t)(end + 4 - peer->head);
}

static int take(int index) {
  static char body[512 * 1024];
  Peer *peer = peers[index];
  int is_in_body = peer->answer != NULL;
  char *target = is_in_body ? body : peer->head + peer->used;
  size_t room = is_in_body ? sizeof body : BUFFER_BYTES - 1 - peer->used;
  ssize_t got = recv(polled[index].fd, target, room, 0);
  if (got <= 0) return -1;
  size_t arrived = (size_t)got;
  if (!is_in_body) {
    peer->used += arrived;
    size_t head = read_head(peer);
    if (head == 0) return peer->used == BUFFER_BYTES - 1 ? -1 : 0;
    arrived = peer->used - head;
  }
  peer->body_left -= arrived < peer->body_left ? arrived : peer->body_left;
  if (peer->body_left > 0) return 0;
  const Answer *answer = peer->answer;
  peer->answer = NULL;
  peer->used = 0;
  return send_answer(polled[index].fd, answer);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  answers[0] = read_answer(argv[1]);
  answers[1] = read_answer(argv[2]);
  polled[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
  polled[1] = (struct pollfd){.fd = listen_anywhere(), .events = POLLIN};
  count = 2;
  for (;;) {
    if (poll(polled, (nfds_t)count, -1) < 0) fail("poll");
    if (polled[0].revents != 0) return 0;
    if (polled[1].revents != 0) welcome(polled[1].fd);
    for (int index = count - 1; index >= 2; index--) {
      if (polled[index].revents != 0 && take(index) < 0) dismiss(index);
    }
  }
}
