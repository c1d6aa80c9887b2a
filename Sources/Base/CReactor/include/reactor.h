// What Swift's Glibc overlay leaves out: epoll and eventfd, for the Postgres room's reactor.
#pragma once
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <stdint.h>

static const uint32_t pulse_EPOLLIN = EPOLLIN;
static const uint32_t pulse_EPOLLOUT = EPOLLOUT;
static const uint32_t pulse_EPOLLERR = EPOLLERR;
static const uint32_t pulse_EPOLLHUP = EPOLLHUP;
static const uint32_t pulse_EPOLLRDHUP = EPOLLRDHUP;
static const int pulse_EFD_FLAGS = EFD_NONBLOCK | EFD_CLOEXEC;

static inline int pulse_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }
static inline int pulse_epoll_ctl(int epoll, int op, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data = {.fd = fd}};
    return epoll_ctl(epoll, op, fd, &event);
}
