/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Kernel locks on lock files. They are of the open file, so they also exclude a second store in the same process, and
 * end when their holder dies however it dies. The file says who holds the lock, for people. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "services/store/sqlite.h"

static enum error open_fault(const char *path, struct store_fault *fault)
{
    int number = errno;
    enum error error = number == EACCES || number == EPERM || number == EROFS ? error_read_only
                       : number == ENOSPC || number == EDQUOT                 ? error_no_space
                       : number == ENOENT                                     ? error_not_found
                                                                              : error_io;
    return fault_set(fault, error, "%s: %s", path, strerror(number));
}

static int lock_set(int file, int command)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int result;
    do {
        result = fcntl(file, command, &lock);
    } while (result != 0 && errno == EINTR);
    return result;
}

static enum error lock_refused(int file, const char *path, struct store_fault *fault)
{
    char holder[128] = "";
    ssize_t size = pread(file, holder, sizeof holder - 1, 0);
    return fault_set(
        fault, error_locked, "%s: held by %s", path, size > 0 && holder[0] != 0 ? holder : "another process");
}

static void holder_write(int file, const char *holder)
{
    /* Only people read it: a lock whose file cannot be written is still a lock. */
    if (ftruncate(file, 0) != 0 || pwrite(file, holder, strlen(holder), 0) < 0)
        errno = 0;
}

enum error lock_take(const char *path, const char *holder, int *out, struct store_fault *fault)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0)
        return open_fault(path, fault);
    if (lock_set(file, F_OFD_SETLK) != 0) {
        enum error error =
            errno == EAGAIN || errno == EACCES ? lock_refused(file, path, fault) : open_fault(path, fault);
        close(file);
        return error;
    }
    holder_write(file, holder);
    *out = file;
    return error_none;
}

void lock_give(int *lock)
{
    if (*lock < 0)
        return;
    holder_write(*lock, "");
    close(*lock);
    *lock = -1;
}

enum error lock_held(const char *path, bool *out, struct store_fault *fault)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) {
        *out = false;
        return error_none;
    }
    if (file < 0 || fcntl(file, F_OFD_GETLK, &lock) != 0) {
        enum error error = open_fault(path, fault);
        if (file >= 0)
            close(file);
        return error;
    }
    close(file);
    *out = lock.l_type != F_UNLCK;
    return error_none;
}

enum error lock_wait(const char *path, int *out, struct store_fault *fault)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0 || lock_set(file, F_OFD_SETLKW) != 0) {
        enum error error = open_fault(path, fault);
        if (file >= 0)
            close(file);
        return error;
    }
    *out = file;
    return error_none;
}
