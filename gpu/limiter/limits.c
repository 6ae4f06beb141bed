// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The limits: from the environment, as HAMi has them, or, of the share, from a file that is mapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hooks.h"
#include "limiter.h"

/* Found by its name: limiter_has_control(). */
__attribute__((visibility("default"))) const uint32_t exitlab_limiter_control = 1;

static uint64_t memory;
static struct limiter_control from_environment;
static const volatile struct limiter_control *control = &from_environment;

__attribute__((noreturn)) static void stop(const char *variable, const char *value, const char *why)
{
	fprintf(stderr, "liblimiter.so: %s=%s: %s\n", variable, value, why);
	_exit(2);
}

/* "4g", "512m", "0.5G", "1048576"; unset and 0: no limit. */
static uint64_t read_bytes(const char *variable)
{
	static const char suffixes[] = "kmg";
	const char *text = getenv(variable), *suffix;
	double value;
	char *end;

	if (!text || !*text)
		return 0;
	value = strtod(text, &end);
	suffix = *end ? strchr(suffixes, *end | 0x20) : NULL;
	if (end == text || !(value >= 0 && value < 1e18) || (*end && (!suffix || end[1])))
		stop(variable, text, "no size such as 4g or 512m; 0 is no limit");
	return value * (suffix ? 1024ull << 10 * (suffix - suffixes) : 1);
}

static unsigned int read_percent(const char *variable)
{
	const char *text = getenv(variable);
	unsigned long value;
	char *end;

	if (!text || !*text)
		return 0;
	value = strtoul(text, &end, 10);
	if (end == text || *end || value > 100)
		stop(variable, text, "no percentage from 1 to 100; 0 is no limit");
	return value;
}

static void map_control(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *map = MAP_FAILED;

	if (fd < 0 || fstat(fd, &status))
		stop(LIMITER_CONTROL, path, strerror(errno));
	if (status.st_size < (off_t)sizeof(*control))
		stop(LIMITER_CONTROL, path, "it is too short to hold a limit");
	map = mmap(NULL, sizeof(*control), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		stop(LIMITER_CONTROL, path, strerror(errno));
	close(fd);
	control = map;
}

void limits_read(void)
{
	const char *path = getenv(LIMITER_CONTROL);

	memory = read_bytes(LIMITER_MEMORY);
	from_environment.sm_limit = read_percent(LIMITER_SM);
	if (path && *path)
		map_control(path);
}

uint64_t limits_memory(void)
{
	return memory;
}

unsigned int limits_share(void)
{
	unsigned int share = control->sm_limit;

	return share < 100 ? share : 0;
}
