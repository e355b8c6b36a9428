/* Loaded before the C library, for the test of clock.rs: while the file CLOCK_JUMPS_IF exists, three minutes more have
 * passed than really have, and the clock of the day is ten days ahead.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    int told = (int)syscall(SYS_clock_gettime, clock, time);
    const char *jumps_if = getenv("CLOCK_JUMPS_IF");
    if (told == 0 && jumps_if && access(jumps_if, F_OK) == 0) {
        time->tv_sec += clock == CLOCK_REALTIME ? 10 * 24 * 3600 : 3 * 60;
    }
    return told;
}
