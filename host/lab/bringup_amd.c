// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Inside the AMD lab: the machine's files over 9p, virtio-serial ports for channels. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bringup.h"

#define PORT_SECONDS 20

static void mount_root(const char *directory)
{
	mount_or_fail(LAB_SHARE_ROOT, directory, "9p", MS_RDONLY,
		      "trans=virtio,version=9p2000.L,msize=512000,cache=loose,noxattr");
}

/* No cache: what is written is in the host's file when write() returns, for readers outside. */
static void mount_writable(const char *directory, int number)
{
	char share[16];

	snprintf(share, sizeof(share), LAB_SHARE_RW, number);
	mount_or_fail(share, directory, "9p", 0,
		      "trans=virtio,version=9p2000.L,msize=512000,cache=none");
}

static void give_back(const char *directory, int number)
{
	(void)number;
	umount(directory);
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
static int open_channel(enum lab_channel channel)
{
	static const char *const ports[LAB_CHANNELS] = LAB_PORTS;
	const char *name = ports[channel];
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

const struct lab_inside lab_inside_amd = {
	.vendor = "amd",
	.mount_root = mount_root,
	.mount_writable = mount_writable,
	.open_channel = open_channel,
	.give_back = give_back,
};
