// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes the lab a host: modules, the machine's own root under an overlay that forgets, the kernel's
 * file systems. It stands in for an initramfs with a shell: no process is started before
 * CMD, so the lab is up sooner and in the same number of instructions.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "bringup.h"

static const struct mount_point {
	const char *type, *where, *options;
	unsigned long flags;
	int optional; /* this kernel may be built without it */
} mount_points[] = {
	{"proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0},
	{"sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0},
	{"devtmpfs", "/dev", "mode=755", MS_NOSUID, 0},
	{"devpts", "/dev/pts", "gid=5,mode=620,ptmxmode=666", MS_NOSUID | MS_NOEXEC, 0},
	{"tmpfs", "/dev/shm", NULL, MS_NOSUID | MS_NODEV, 0},
	{"tmpfs", "/run", "mode=755", MS_NOSUID | MS_NODEV, 0},
	{"tracefs", "/sys/kernel/tracing", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 1},
	{"debugfs", "/sys/kernel/debug", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 1},
	{"bpf", "/sys/fs/bpf", "mode=700", MS_NOSUID | MS_NODEV | MS_NOEXEC, 1},
	{"cgroup2", "/sys/fs/cgroup", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 1},
};

static const char *const cgroup_controllers[] = {"+cpu", "+cpuset", "+io", "+memory", "+pids"};

void fail(const char *what)
{
	int console = open("/dev/console", O_WRONLY | O_NOCTTY);

	dprintf(console < 0 ? STDERR_FILENO : console, "\nlab: %s: %s\n", what, strerror(errno));
	tcdrain(console);
	/* No emulator of ours starts its machine twice: this ends it. */
	reboot(RB_AUTOBOOT);
	_exit(1);
}

void mount_or_fail(const char *source, const char *where, const char *type, unsigned long flags,
		   const char *options)
{
	char what[512];

	if (!mount(source, where, type, flags, options))
		return;
	snprintf(what, sizeof(what), "cannot mount %s (%s) on %s", source, type, where);
	fail(what);
}

/* The modules were numbered in the order of their dependencies. */
static void load_modules(void)
{
	struct dirent **modules;
	int n = scandir("/modules", &modules, NULL, alphasort);
	char path[512];

	if (n < 0)
		fail("/modules");
	for (int i = 0; i < n; i++) {
		int fd;

		if (modules[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/modules/%s", modules[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			fail(path);
		close(fd);
	}
}

static void mount_root(const struct lab_inside *inside)
{
	mkdir("/host", 0755);
	mkdir("/upper", 0755);
	mkdir("/root", 0755);
	inside->mount_root("/host");
	umount("/dev");
	mount_or_fail("tmpfs", "/upper", "tmpfs", 0, "mode=755,size=80%");
	mkdir("/upper/data", 0755);
	mkdir("/upper/work", 0755);
	mount_or_fail("overlay", "/root", "overlay", 0,
		      "lowerdir=/host,upperdir=/upper/data,workdir=/upper/work,xino=off");
	if (chdir("/root"))
		fail("/root");
	mount_or_fail(".", "/", NULL, MS_MOVE, NULL);
	if (chroot(".") || chdir("/"))
		fail("chroot");
}

static void mount_kernel_filesystems(void)
{
	for (size_t i = 0; i < sizeof(mount_points) / sizeof(mount_points[0]); i++) {
		const struct mount_point *point = &mount_points[i];

		mkdir(point->where, 0755);
		if (mount(point->type, point->where, point->type, point->flags, point->options) &&
		    !point->optional)
			fail(point->where);
	}
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

/* One write each, since one controller that this kernel lacks would refuse them all. */
static void enable_controllers(void)
{
	int fd = open("/sys/fs/cgroup/cgroup.subtree_control", O_WRONLY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(cgroup_controllers) / sizeof(cgroup_controllers[0]); i++)
		if (write(fd, cgroup_controllers[i], strlen(cgroup_controllers[i])) < 0)
			continue;
	close(fd);
}

/* There is no network, but much software talks to itself over 127.0.0.1. */
static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

void bring_up(const struct lab_inside *inside)
{
	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	load_modules();
	mount_root(inside);
	mount_kernel_filesystems();
	enable_controllers();
	loopback_up();
	sethostname("lab", 3);
}

void make_directories(const char *path)
{
	char partial[4096];

	for (const char *end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
		snprintf(partial, sizeof(partial), "%.*s", (int)(end - path), path);
		mkdir(partial, 0755);
	}
	mkdir(path, 0755);
}

void bring_modules(const char *directory)
{
	struct utsname kernel;
	char where[256];

	if (access(directory, X_OK))
		return;
	uname(&kernel);
	snprintf(where, sizeof(where), "/lib/modules/%s", kernel.release);
	make_directories(where);
	mount_or_fail(directory, where, "none", MS_BIND, NULL);
}

void bring_writable(const struct lab_inside *inside, const char *directory, int number)
{
	make_directories(directory);
	inside->mount_writable(directory, number);
}
