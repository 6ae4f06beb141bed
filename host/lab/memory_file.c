// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files in memory, written as streams. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory_file.h"

FILE *memory_file_begin(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file)
		close(fd);
	return file;
}

int memory_file_end(FILE *file)
{
	int fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);

	if (!fclose(file))
		return fd;
	close(fd);
	return -1;
}
