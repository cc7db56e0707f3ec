/* Makes calls of the C library fail on the files below one folder, as a dying
 * disk, a full one or a process without descriptors does. Loaded with
 * LD_PRELOAD; what fails is told by environment variables:
 *
 *   KHLANG_FAULT_BELOW   folder; other files are never touched
 *   KHLANG_FAULT_CALL    open read write sync rename truncate mkdir remove
 *                        stat copy, or any
 *   KHLANG_FAULT_PATH    part of the path; with $ at its end, the path's end
 *   KHLANG_FAULT_ERRNO   number of the error
 *   KHLANG_FAULT_NTH     the first matching call that fails, from 1 on
 *   KHLANG_FAULT_TIMES   how many fail from there on; 0: all
 *   KHLANG_FAULT_ONE_IN  instead of NTH: one of so many fails, by chance
 *   KHLANG_FAULT_SEED    of that chance
 *   KHLANG_FAULT_WHILE   a file; calls fail only while it is there
 *   KHLANG_FAULT_LOG     every call that failed is written here
 *   KHLANG_FAULT_TRACE   every call below the folder is written here
 *
 * A write that fails has written half of its bytes before. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *below, *call_wanted, *path_wanted, *while_file;
static int error_given, log_to = -1, trace_to = -1;
static uint64_t nth, times, one_in, seed;
static atomic_uint_fast64_t seen;

static uint64_t number(const char *name) {
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : 0;
}

/* By the system call itself, so that nothing here comes back to us. */
static int journal(const char *name) {
    const char *path = getenv(name);
    if (!path) return -1;
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

__attribute__((constructor)) static void begin(void) {
    below = getenv("KHLANG_FAULT_BELOW");
    call_wanted = getenv("KHLANG_FAULT_CALL");
    path_wanted = getenv("KHLANG_FAULT_PATH");
    while_file = getenv("KHLANG_FAULT_WHILE");
    error_given = (int)number("KHLANG_FAULT_ERRNO");
    nth = number("KHLANG_FAULT_NTH");
    times = number("KHLANG_FAULT_TIMES");
    one_in = number("KHLANG_FAULT_ONE_IN");
    seed = number("KHLANG_FAULT_SEED");
    log_to = journal("KHLANG_FAULT_LOG");
    trace_to = journal("KHLANG_FAULT_TRACE");
}

static void note(int fd, const char *call, const char *path) {
    char line[4200];
    int length = snprintf(line, sizeof line, "%s %s\n", call, path);
    if (fd >= 0 && length > 0 && length < (int)sizeof line)
        (void)!syscall(SYS_write, fd, line, (size_t)length);
}

static int chance(uint64_t count) {
    uint64_t x = seed + count * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (x ^ (x >> 31)) % one_in == 0;
}

static int path_matches(const char *path) {
    if (!path_wanted) return 1;
    size_t want = strlen(path_wanted), have = strlen(path);
    if (want == 0 || path_wanted[want - 1] != '$') return strstr(path, path_wanted) != NULL;
    want -= 1;
    return have >= want && memcmp(path + have - want, path_wanted, want) == 0;
}

/* Whether this call is to fail. */
static int fails(const char *call, const char *path) {
    int was = errno;
    int answer = 0;
    if (!below || !path || strncmp(path, below, strlen(below)) != 0) return 0;
    note(trace_to, call, path);
    if (!call_wanted || error_given == 0) goto out;
    if (strcmp(call_wanted, "any") != 0 && strcmp(call_wanted, call) != 0) goto out;
    if (!path_matches(path)) goto out;
    if (while_file && syscall(SYS_faccessat, AT_FDCWD, while_file, F_OK) != 0) goto out;
    uint64_t count = atomic_fetch_add(&seen, 1) + 1;
    if (one_in) answer = chance(count);
    else answer = count >= nth && (times == 0 || count < nth + times);
    if (answer) note(log_to, call, path);
out:
    errno = was;
    return answer;
}

static int fails_fd(const char *call, int fd) {
    char link[32], path[4096];
    if (!below) return 0;
    int was = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    errno = was;
    if (length <= 0) return 0;
    path[length] = 0;
    return fails(call, path);
}

/* Paths of the program are absolute; others belong to nobody here. */
static int fails_at(const char *call, const char *path) {
    return path && path[0] == '/' && fails(call, path);
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define GIVE_UP(value) do { errno = error_given; return (value); } while (0)

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (fails_at("open", path)) GIVE_UP(-1); \
        return real(path, flags, mode); \
    }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name) \
    int name(int at, const char *path, int flags, ...) { \
        REAL(name); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (fails_at("open", path)) GIVE_UP(-1); \
        return real(at, path, flags, mode); \
    }
OPENS_AT(openat)
OPENS_AT(openat64)

DIR *opendir(const char *path) {
    REAL(opendir);
    if (fails_at("open", path)) GIVE_UP(NULL);
    return real(path);
}

ssize_t read(int fd, void *to, size_t bytes) {
    REAL(read);
    if (fails_fd("read", fd)) GIVE_UP(-1);
    return real(fd, to, bytes);
}

#define READS_AT(name, offset_type) \
    ssize_t name(int fd, void *to, size_t bytes, offset_type at) { \
        REAL(name); \
        if (fails_fd("read", fd)) GIVE_UP(-1); \
        return real(fd, to, bytes, at); \
    }
READS_AT(pread, off_t)
READS_AT(pread64, off64_t)

ssize_t write(int fd, const void *from, size_t bytes) {
    REAL(write);
    if (fails_fd("write", fd)) {
        if (bytes > 1) (void)!real(fd, from, bytes / 2);
        GIVE_UP(-1);
    }
    return real(fd, from, bytes);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(writev);
    if (fails_fd("write", fd)) GIVE_UP(-1);
    return real(fd, parts, count);
}

#define WRITES_AT(name, offset_type) \
    ssize_t name(int fd, const void *from, size_t bytes, offset_type at) { \
        REAL(name); \
        if (fails_fd("write", fd)) { \
            if (bytes > 1) (void)!real(fd, from, bytes / 2, at); \
            GIVE_UP(-1); \
        } \
        return real(fd, from, bytes, at); \
    }
WRITES_AT(pwrite, off_t)
WRITES_AT(pwrite64, off64_t)

#define SYNCS(name) \
    int name(int fd) { \
        REAL(name); \
        if (fails_fd("sync", fd)) GIVE_UP(-1); \
        return real(fd); \
    }
SYNCS(fsync)
SYNCS(fdatasync)

#define TRUNCATES(name, offset_type) \
    int name(int fd, offset_type length) { \
        REAL(name); \
        if (fails_fd("truncate", fd)) GIVE_UP(-1); \
        return real(fd, length); \
    }
TRUNCATES(ftruncate, off_t)
TRUNCATES(ftruncate64, off64_t)

int rename(const char *from, const char *to) {
    REAL(rename);
    if (fails_at("rename", to)) GIVE_UP(-1);
    return real(from, to);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    if (fails_at("mkdir", path)) GIVE_UP(-1);
    return real(path, mode);
}

#define REMOVES(name) \
    int name(const char *path) { \
        REAL(name); \
        if (fails_at("remove", path)) GIVE_UP(-1); \
        return real(path); \
    }
REMOVES(unlink)
REMOVES(rmdir)

int statx(int at, const char *restrict path, int flags, unsigned mask, struct statx *restrict out) {
    REAL(statx);
    if (fails_at("stat", path)) GIVE_UP(-1);
    return real(at, path, flags, mask, out);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t bytes,
                        unsigned flags) {
    REAL(copy_file_range);
    if (fails_fd("copy", to)) {
        if (bytes > 1) (void)!real(from, from_at, to, to_at, bytes > 64 ? 64 : bytes / 2, flags);
        GIVE_UP(-1);
    }
    return real(from, from_at, to, to_at, bytes, flags);
}
