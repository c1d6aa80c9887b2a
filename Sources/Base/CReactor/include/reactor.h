// What Swift's Glibc overlay leaves out: epoll and eventfd, for the Postgres room's reactor threads.
#pragma once
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static const uint32_t pulse_readable = EPOLLIN;
static const uint32_t pulse_writable = EPOLLOUT;
static const uint32_t pulse_once = EPOLLONESHOT;

int pulse_epoll_create(void);
/// Watches `fd` for `events`, whether it was watched before or not; 0 events end the watching.
int pulse_epoll_watch(int epoll, int fd, uint32_t events);
/// Waits at most `milliseconds`; fills `fds` and `events`; returns how many, or -1 with errno.
int pulse_epoll_wait(int epoll, int *fds, uint32_t *events, int capacity, int milliseconds);
int pulse_event_create(void);
void pulse_event_signal(int event);
void pulse_event_drain(int event);
