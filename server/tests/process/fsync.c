/* Loaded before the C library, for the tests of durable.rs: fsync and fdatasync that
 *   - fail with EIO while the file FSYNC_FAILS_IF exists, and write a line into it each time;
 *   - say that they did what they did not, if FSYNC_LIES is set.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int sync_or_not(long how, int fd) {
    const char *fails_if = getenv("FSYNC_FAILS_IF");
    int told = fails_if ? open(fails_if, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (told >= 0) {
        ssize_t written = write(told, "failed\n", 7);
        close(told);
        errno = written == 7 ? EIO : ENOSPC;
        return -1;
    }
    return getenv("FSYNC_LIES") ? 0 : (int)syscall(how, fd);
}

int fsync(int fd) { return sync_or_not(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_or_not(SYS_fdatasync, fd); }
