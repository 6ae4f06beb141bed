// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Does a limiter have a control file? Its name table says so; loading it would run it. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limiter.h"

bool limiter_has_control(const char *path)
{
	static const char symbol[] = LIMITER_CONTROL_SYMBOL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	bool found = false;
	void *map;

	if (fd < 0)
		return false;
	if (!fstat(fd, &status) && status.st_size > 0) {
		map = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map != MAP_FAILED) {
			found = memmem(map, status.st_size, symbol, sizeof(symbol)) != NULL;
			munmap(map, status.st_size);
		}
	}
	close(fd);
	return found;
}
