// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes the lab a host: modules, the machine's own root over 9p under an overlay that forgets, the
 * kernel's file systems. It stands in for an initramfs with a shell: no process is started before
 * CMD, so the lab is up sooner and in the same number of instructions.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
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
#include <sys/time.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bringup.h"

#define PORT_SECONDS 20

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
	/* QEMU runs with -no-reboot: this ends it. */
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void mount_or_fail(const char *source, const char *where, const char *type,
			  unsigned long flags, const char *options)
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

static void mount_root(void)
{
	mkdir("/host", 0755);
	mkdir("/upper", 0755);
	mkdir("/root", 0755);
	mount_or_fail(LAB_SHARE_ROOT, "/host", "9p", MS_RDONLY,
		      "trans=virtio,version=9p2000.L,msize=512000,cache=loose,noxattr");
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

void bring_up(void)
{
	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	load_modules();
	umount("/dev");
	mount_root();
	mount_kernel_filesystems();
	enable_controllers();
	loopback_up();
	sethostname("lab", 3);
}

static void make_directories(const char *path)
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

	uname(&kernel);
	snprintf(where, sizeof(where), "/lib/modules/%s", kernel.release);
	make_directories(where);
	mount_or_fail(directory, where, "none", MS_BIND, NULL);
}

/* No cache: what is written is in the host's file when write() returns, for readers outside. */
void bring_writable(const char *directory, int number)
{
	char share[16];

	snprintf(share, sizeof(share), LAB_SHARE_RW, number);
	make_directories(directory);
	mount_or_fail(share, directory, "9p", 0,
		      "trans=virtio,version=9p2000.L,msize=512000,cache=none");
}

/* The device file of the port with that name, or -1 while there is none. */
static int find_port(const char *name)
{
	DIR *class = opendir("/sys/class/virtio-ports");
	char path[512], found[64];
	int port = -1;

	for (struct dirent *entry; class && port < 0 && (entry = readdir(class));) {
		ssize_t n;
		int fd;

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = read(fd, found, sizeof(found) - 1);
		close(fd);
		if (n <= 0)
			continue;
		found[n] = 0;
		found[strcspn(found, "\n")] = 0;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		if (!strcmp(found, name))
			port = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	if (class)
		closedir(class);
	return port;
}

/*
 * A port is named after it has appeared; the kernel sends an event at both. More events than the
 * socket holds are as good as one.
 */
int open_port(const char *name)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK, .nl_groups = 1};
	struct timeval patience = {.tv_sec = PORT_SECONDS};
	int events = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	char event[4096];
	int port;

	bind(events, (struct sockaddr *)&kernel, sizeof(kernel));
	setsockopt(events, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while ((port = find_port(name)) < 0)
		if (recv(events, event, sizeof(event), 0) < 0 && errno == EAGAIN)
			fail(name);
	close(events);
	return port;
}
