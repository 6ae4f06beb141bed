// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See tap.h. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

int module_load(const char *name, const char *parameters)
{
	char path[64];
	int fd, error;

	snprintf(path, sizeof(path), "/lib/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	error = syscall(SYS_finit_module, fd, parameters, 0) ? errno : 0;
	close(fd);
	return error;
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? errno : 0;
}

void must_load(const char *name, const char *parameters)
{
	int error = module_load(name, parameters);

	if (error)
		bail("%s.ko %s: %s", name, parameters, strerror(error));
}

void must_unload(const char *name)
{
	int error = module_unload(name);

	if (error)
		bail("%s.ko does not go: %s", name, strerror(error));
}

int device(void)
{
	int fd = open("/dev/gpulock", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		bail("/dev/gpulock: %s", strerror(errno));
	return fd;
}

int ask(int fd, unsigned long command, void *argument)
{
	return ioctl(fd, command, argument) ? errno : 0;
}

int alloc(int fd, uint32_t agent, uint64_t size, struct gpulock_alloc *request)
{
	*request = (struct gpulock_alloc){.agent = agent, .size = size};
	return ask(fd, GPULOCK_ALLOC, request);
}

int free_id(int fd, uint64_t id)
{
	return ask(fd, GPULOCK_FREE, &(struct gpulock_free){.id = id});
}

int set_quota(int fd, uint32_t agent, uint64_t limit)
{
	return ask(fd, GPULOCK_SET_QUOTA,
		   &(struct gpulock_set_quota){
			   .agent = agent, .limit = limit, .device_mask = UINT64_MAX});
}

int grant(int fd, uint32_t agent, uint64_t start, uint64_t size, uint32_t access)
{
	return ask(fd, GPULOCK_GRANT,
		   &(struct gpulock_grant){
			   .agent = agent, .access = access, .start = start, .size = size});
}

int revoke(int fd, uint32_t agent, uint64_t start, uint64_t size)
{
	return ask(fd, GPULOCK_REVOKE,
		   &(struct gpulock_revoke){.agent = agent, .start = start, .size = size});
}

int query(int fd, uint32_t agent, struct gpulock_query *query)
{
	*query = (struct gpulock_query){.agent = agent};
	return ask(fd, GPULOCK_QUERY, query);
}

int check(int fd, uint32_t agent, uint64_t start, uint64_t size, uint32_t access)
{
	struct gpulock_check check = {
		.agent = agent, .access = access, .start = start, .size = size, .allowed = 77};
	int error = ask(fd, GPULOCK_CHECK, &check);

	return error ? -error : (int)check.allowed;
}

static void path_of(char path[256], const char *name)
{
	snprintf(path, 256, "%s%s", strchr(name, '/') ? "" : "/proc/swarm/gpu/", name);
}

int proc_write(const char *name, const char *format, ...)
{
	char path[256], text[4096];
	va_list arguments;
	int fd, length, error;

	path_of(path, name);
	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	error = write(fd, text, length) == length ? 0 : errno;
	close(fd);
	return error;
}

char *proc_read(const char *name)
{
	size_t size = 1 << 16, have = 0;
	char path[256], *text = malloc(size), *more;
	ssize_t got;
	int fd;

	path_of(path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bail("%s: %s", path, strerror(errno));
	while (text && (got = read(fd, text + have, size - have - 1)) > 0) {
		have += got;
		if (have < size - 1)
			continue;
		more = realloc(text, size *= 2);
		if (!more)
			bail("no memory for %s", path);
		text = more;
	}
	close(fd);
	if (!text)
		bail("no memory for %s", path);
	text[have] = '\0';
	return text;
}

long long stat_of(const char *key)
{
	char *text = proc_read("stats"), *line = text;
	size_t length = strlen(key);
	long long value;

	while (line && (strncmp(line, key, length) || line[length] != ' ')) {
		line = strchr(line, '\n');
		line += line != NULL;
	}
	if (!line)
		bail("stats has no %s", key);
	value = strtoll(line + length, NULL, 10);
	free(text);
	return value;
}

int start(int (*function)(void *argument), void *argument)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		bail("fork: %s", strerror(errno));
	if (!pid)
		_exit(function(argument));
	return pid;
}

int finish(int pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
