// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "vfio_files.h"

/* A driver that starts or resets a large device takes half a minute. */
#define PUT_DEADLINE_MS 120000
#define LOAD_DEADLINE_S 120

const struct vfio_host vfio_this_host = {.root = "", .state = "/var/lib/exitlab/vfio"};

static void path_of(const struct vfio_host *host, char path[PATH_MAX], const char *format,
		    va_list arguments)
{
	size_t length = snprintf(path, PATH_MAX, "%s", host->root);

	if (length < PATH_MAX)
		vsnprintf(path + length, PATH_MAX - length, format, arguments);
}

/* The arguments behind format as a path below the root. */
#define PATH_OF(host, path, format)                                                                \
	do {                                                                                       \
		va_list arguments;                                                                 \
		va_start(arguments, format);                                                       \
		path_of(host, path, format, arguments);                                            \
		va_end(arguments);                                                                 \
	} while (0)

void vfio_path(const struct vfio_host *host, char path[PATH_MAX], const char *format, ...)
{
	PATH_OF(host, path, format);
}

bool vfio_exists(const struct vfio_host *host, const char *format, ...)
{
	char path[PATH_MAX];

	PATH_OF(host, path, format);
	return !access(path, F_OK);
}

bool vfio_line(const struct vfio_host *host, char *line, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	FILE *file;
	bool read;

	line[0] = '\0';
	PATH_OF(host, path, format);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(line, size, file))
		line[0] = '\0';
	read = !ferror(file);
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	return read;
}

bool vfio_link(const struct vfio_host *host, char *name, size_t size, const char *format, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *last;
	ssize_t n;

	name[0] = '\0';
	PATH_OF(host, path, format);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (strlen(last) >= size)
		return false;
	strcpy(name, last);
	return true;
}

/*
 * In the new process. What the kernel does not come back from must not keep a pipe of ours open.
 * Sysfs has no length to cut; a file that stands for one has.
 */
static void write_and_exit(const char *path, const char *text)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		close(fd);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(errno ?: EIO);
	_exit(0);
}

int vfio_put(const struct vfio_host *host, const char *text, const char *name)
{
	struct pollfd ended = {.events = POLLIN};
	char path[PATH_MAX];
	int status, n;
	pid_t pid;

	vfio_path(host, path, "%s", name);
	pid = fork();
	if (!pid)
		write_and_exit(path, text);
	if (pid < 0)
		return errno;
	ended.fd = syscall(SYS_pidfd_open, pid, 0);
	do
		n = ended.fd < 0 ? 1 : poll(&ended, 1, PUT_DEADLINE_MS);
	while (n < 0 && errno == EINTR);
	if (ended.fd >= 0)
		close(ended.fd);
	if (!n) {
		kill(pid, SIGKILL); /* it ends as soon as the kernel comes back */
		return ETIMEDOUT;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

bool vfio_load(const struct vfio_host *host, const char *module)
{
	static const char *const places[] = {"/usr/sbin/modprobe", "/sbin/modprobe"};
	struct words command = {};
	struct command_end end;
	int code;

	if (*host->root) /* modules are this host's own */
		return false;
	words_add(&command, "%s", places[access(places[0], X_OK) ? 1 : 0]);
	words_add(&command, "%s", module);
	code = command_run_within(&command, -1, LOAD_DEADLINE_S, &end);
	words_free(&command);
	return !code;
}
