// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * See coverage.h. The kernel has the counts in /sys/kernel/debug/gcov, where a file lies as deep as
 * where it was built; those of a module that was unloaded stay there, and are added to.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <unistd.h>

#include "coverage.h"
#include "../../../guest-bench/send.h"

static int sent;

static int send_counts(const char *path, const struct stat *status, int type, struct FTW *at)
{
	const char *name = path + at->base, *end = strrchr(name, '.');
	char part[4096];
	ssize_t got;
	int fd;

	(void)status;
	if (type != FTW_F || !end || strcmp(end, ".gcda"))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		send_fail("%s: %s", path, strerror(errno));
	while ((got = read(fd, part, sizeof(part))) > 0)
		send_file(name, part, got);
	if (got < 0)
		send_fail("%s: %s", path, strerror(errno));
	close(fd);
	sent++;
	return 0;
}

int coverage_send(void)
{
	nftw("/sys/kernel/debug/gcov", send_counts, 8, FTW_PHYS);
	return sent;
}
