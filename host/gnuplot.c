// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gnuplot.h"
#include "util.h"

#define GNUPLOT_DEADLINE 60 /* seconds for all plots; a tenth of one is usual */

void gnuplot_quoted(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', out);
		if ((unsigned char)*text >= ' ')
			fputc(*text, out);
	}
}

/* The child: gnuplot on the script, with nobody's settings, gone when we are. */
static void exec_gnuplot(int script, int images, int errors, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	dup2(script, STDIN_FILENO);
	dup2(images, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	setenv("LC_ALL", "C", 1);
	execlp("gnuplot", "gnuplot", "--default-settings", "-", (char *)NULL);
	_exit(errno == ENOENT ? 127 : 126);
}

/* Status of the child, which is killed when it is late: the deadline has passed. */
static int wait_deadline(pid_t child, bool *late)
{
	struct pollfd ended = {.fd = syscall(SYS_pidfd_open, child, 0), .events = POLLIN};
	int status = -1;

	while (poll(&ended, 1, GNUPLOT_DEADLINE * 1000) < 0 && errno == EINTR)
		;
	*late = !ended.revents;
	if (*late)
		kill(child, SIGKILL);
	close(ended.fd);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* The file's text, the caller's; NULL without memory. */
static char *text_of_file(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = size >= 0 ? calloc(1, size + 1) : NULL;

	if (text && pread(fd, text, size, 0) != size)
		text[0] = '\0';
	return text;
}

char *gnuplot_draw(const char *script, size_t size)
{
	int input = memfd_create("gnuplot-script", MFD_CLOEXEC);
	int images = memfd_create("gnuplot-images", MFD_CLOEXEC);
	int errors = memfd_create("gnuplot-errors", MFD_CLOEXEC);
	char *text = NULL;
	int status = -1;
	bool late = false;
	pid_t parent = getpid(), child = -1;

	if (input >= 0 && images >= 0 && errors >= 0 &&
	    write(input, script, size) == (ssize_t)size && lseek(input, 0, SEEK_SET) == 0)
		child = fork();
	if (child == 0)
		exec_gnuplot(input, images, errors, parent);
	if (child > 0)
		status = wait_deadline(child, &late);
	if (child < 0) {
		pr_err("gnuplot: %s", strerror(errno));
	} else if (late) {
		pr_err("gnuplot did not end within %d s", GNUPLOT_DEADLINE);
	} else if (status == 0) {
		text = text_of_file(images);
	} else if (!WIFEXITED(status) || WEXITSTATUS(status) != 127) {
		char *message = text_of_file(errors);

		pr_err("gnuplot failed with status %#x: %.*s", status,
		       message ? (int)strcspn(message, "\n") : 0, message ? message : "");
		free(message);
	}
	close(input);
	close(images);
	close(errors);
	errno = WIFEXITED(status) && WEXITSTATUS(status) == 127 ? ENOENT : EIO;
	return text;
}
