#include "reactor.h"

#include <errno.h>
#include <unistd.h>

int pulse_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int pulse_epoll_watch(int epoll, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data = {.fd = fd}};
    if (events == 0) return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) == 0) return 0;
    return errno == ENOENT ? epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) : -1;
}

int pulse_epoll_wait(int epoll, int *fds, uint32_t *events, int capacity, int milliseconds) {
    struct epoll_event ready[64];
    if (capacity > 64) capacity = 64;
    int count = epoll_wait(epoll, ready, capacity, milliseconds);
    for (int index = 0; index < count; index++) {
        fds[index] = ready[index].data.fd;
        events[index] = ready[index].events;
    }
    return count;
}

int pulse_event_create(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

void pulse_event_signal(int event) {
    uint64_t one = 1;
    ssize_t written = write(event, &one, sizeof one);
    (void)written;
}

void pulse_event_drain(int event) {
    uint64_t count;
    ssize_t got = read(event, &count, sizeof count);
    (void)got;
}
