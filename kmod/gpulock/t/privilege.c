// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who may: what counts is what the process was that opened a file, not what it is when it asks. */
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tap.h"

#define AGENT 1

/* The capabilities that the process has, or none of them for now. */
static int capable(bool now)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return errno;
	for (int i = 0; i < 2; i++)
		data[i].effective = now ? data[i].permitted : 0;
	return syscall(SYS_capset, &header, data) ? errno : 0;
}

static bool resets(int control)
{
	return write(control, "reset_stats", 11) == 11;
}

/* What its descriptors may do that were opened with the capability, and without. */
static int opener(void *unused)
{
	static const char path[] = "/proc/swarm/gpu/control";
	int with = device(), control = open(path, O_WRONLY), bare, bare_control, wrong = 0;
	char *table;

	(void)unused;
	if (capable(false))
		return 128;
	wrong |= (set_quota(with, AGENT, 1ull << 40) != 0) << 0;
	wrong |= !resets(control) << 1;
	table = proc_read("dma_permissions");
	wrong |= (!strstr(table, " 0x0 0x0 r")) << 2;
	bare = device();
	bare_control = open(path, O_WRONLY);
	if (capable(true))
		return 128;
	wrong |= (set_quota(bare, AGENT, 1ull << 40) != EPERM) << 3;
	wrong |= (resets(bare_control) || errno != EPERM) << 4;
	return wrong;
}

static void test_opener(void)
{
	int wrong = finish(start(opener, NULL));

	ok(!(wrong & 1), "SET_QUOTA by who had CAP_SYS_ADMIN when it opened the device");
	ok(!(wrong & 2), "a write to /proc by such a one");
	ok(!(wrong & 4), "no address in dma_permissions, opened without it");
	ok(!(wrong & 8), "SET_QUOTA by who got it later: EPERM");
	ok(!(wrong & 16), "a write to /proc by such a one: EPERM");
	ok(wrong >= 0 && !(wrong & 128), "and the process did change");
}

int main(void)
{
	struct stat status;
	int fd;

	must_load("gpulock", "devices=1");
	fd = device();
	is(stat("/dev/gpulock", &status) ? errno : (int)(status.st_mode & 07777), 0600,
	   "the device has mode 600");
	grant(fd, AGENT, 0x1000, 0x1000, GPULOCK_READ);
	test_opener();
	close(fd);
	must_unload("gpulock");
	return done();
}
