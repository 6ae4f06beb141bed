// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What every probe uses, and the process that each runs in. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "doctor.h"
#include "util.h"

int doctor_deadline_ms = 15000; /* the slowest waits for a program's first start */

const char *doctor_state_name(enum doctor_state state)
{
	static const char *const names[] = {"ok", "missing", "denied"};

	return names[state];
}

void doctor_found(struct doctor_finding *finding, enum doctor_state state, const char *format, ...)
{
	va_list arguments;

	finding->state = state;
	va_start(arguments, format);
	vsnprintf(finding->detail, sizeof(finding->detail), format, arguments);
	va_end(arguments);
	for (char *at = finding->detail; *at; at++)
		if (!isprint((unsigned char)*at))
			*at = '?';
}

void doctor_fix(struct doctor_finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding->fix, sizeof(finding->fix), format, arguments);
	va_end(arguments);
}

void doctor_failed(struct doctor_finding *finding, const char *format, ...)
{
	int error = errno;
	char what[sizeof(finding->detail)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	doctor_found(finding, error == EACCES || error == EPERM ? DOCTOR_DENIED : DOCTOR_MISSING,
		     "%s: %s", what, strerror(error));
}

void doctor_path(const struct doctor_host *host, char path[PATH_MAX], const char *format, ...)
{
	size_t length = snprintf(path, PATH_MAX, "%s", host->root);
	va_list arguments;

	va_start(arguments, format);
	if (length < PATH_MAX)
		vsnprintf(path + length, PATH_MAX - length, format, arguments);
	va_end(arguments);
}

bool doctor_line(const struct doctor_host *host, char *line, size_t size, const char *path)
{
	char whole[PATH_MAX];
	FILE *file;

	line[0] = '\0';
	doctor_path(host, whole, "%s", path);
	file = fopen(whole, "re");
	if (!file)
		return false;
	errno = 0;
	if (!fgets(line, size, file))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (ferror(file)) {
		int error = errno;

		fclose(file);
		errno = error;
		return false;
	}
	fclose(file);
	return true;
}

bool doctor_program(const struct doctor_host *host, const char *name, char path[PATH_MAX])
{
	const char *places = getenv("PATH") ?: "", *more = "/usr/sbin:/sbin:/usr/local/cuda/bin";
	char all[2 * PATH_MAX], *rest = all, *place;

	if (strchr(name, '/')) {
		snprintf(path, PATH_MAX, "%s", name);
		return !access(path, X_OK);
	}
	snprintf(all, sizeof(all), "%s:%s", places, more);
	while ((place = strsep(&rest, ":"))) {
		doctor_path(host, path, "%s/%s", place, name);
		if (*place && !access(path, X_OK))
			return true;
	}
	return false;
}

int doctor_run(char *const *argv, char *output, size_t size)
{
	int out[2], status = -1;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	output[0] = '\0';
	if (pipe2(out, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDONLY);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	close(out[1]);
	/* All is read, so that who writes more than we keep ends well. */
	while (pid > 0) {
		char drain[4096];
		bool full = used + 1 >= size;

		n = read(out[0], full ? drain : output + used,
			 full ? sizeof(drain) : size - 1 - used);
		if (n <= 0)
			break;
		used += full ? 0 : n;
	}
	close(out[0]);
	output[used] = '\0';
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* In the process of a probe: what it finds goes into the pipe, and nothing it says onto the table.
 */
static void probe(const struct doctor_host *host, const struct doctor_check *check, int out)
{
	struct doctor_finding finding = {.state = DOCTOR_MISSING};
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0); /* a program that it runs ends with it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null < 0) /* on a bare root */
		null = memfd_create("nothing", MFD_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	check->probe(host, check, &finding);
	if (finding.state == DOCTOR_OK)
		finding.fix[0] = 0;
	else if (!finding.fix[0] && check->fix)
		doctor_fix(&finding, "%s", check->fix);
	doctor_expand_fix(host, &finding);
	_exit(write(out, &finding, sizeof(finding)) != sizeof(finding));
}

void doctor_examine(const struct doctor_host *host, const struct doctor_check *check,
		    struct doctor_finding *finding)
{
	int64_t end = now_ms() + doctor_deadline_ms, left;
	int out[2], status = 0;
	size_t used = 0;
	ssize_t n = 1;
	pid_t pid;

	memset(finding, 0, sizeof(*finding));
	if (pipe2(out, O_CLOEXEC) || (pid = fork()) < 0) {
		doctor_found(finding, DOCTOR_MISSING, "cannot be probed: %s", strerror(errno));
		return;
	}
	if (!pid)
		probe(host, check, out[1]);
	close(out[1]);
	while (n > 0 && used < sizeof(*finding) && (left = end - now_ms()) > 0)
		if (poll(&(struct pollfd){out[0], POLLIN, 0}, 1, left) > 0) {
			n = read(out[0], (char *)finding + used, sizeof(*finding) - used);
			used += n > 0 ? n : 0;
		}
	close(out[0]);
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	/* One that even this does not end, waiting for a dead device, is not waited for. */
	waitpid(pid, &status, used == sizeof(*finding) || n <= 0 ? 0 : WNOHANG);
	if (used == sizeof(*finding))
		return;
	memset(finding, 0, sizeof(*finding));
	if (n > 0)
		doctor_found(finding, DOCTOR_MISSING, "its probe did not end within %d s",
			     doctor_deadline_ms / 1000);
	else
		doctor_found(finding, DOCTOR_MISSING, "its probe crashed: signal %d",
			     WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	if (check->fix)
		doctor_fix(finding, "%s", check->fix);
	doctor_expand_fix(host, finding);
}
