// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Inside the Intel lab. Its files lie in two read-only images in memory, one of the root and one of
 * the --rw directories. What CMD changes of the latter is the upper layer of an overlay, which goes
 * out as it is when CMD has ended. The emulator has no device that takes channels: see
 * LAB_FRAME_PORT in wire.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

#include "bringup.h"

#define PLACE "/run/lab"

static void mount_root(const char *directory)
{
	mount_or_fail(LAB_IMAGE_ROOT, directory, "squashfs", MS_RDONLY, NULL);
}

/* As the directory is outside, so is the layer above it. */
static void copy_owner(const char *from, const char *to)
{
	struct stat status;

	if (stat(from, &status) || chown(to, status.st_uid, status.st_gid) ||
	    chmod(to, status.st_mode & 07777))
		fail(from);
}

static void mount_writable(const char *directory, int number)
{
	char image[4096 + 16], lower[64], upper[64], work[64], options[512];

	if (!number) {
		mkdir(PLACE, 0700);
		mkdir(PLACE "/image", 0700);
		mount_or_fail(LAB_IMAGE_WRITABLE, PLACE "/image", "squashfs", MS_RDONLY, NULL);
	}
	snprintf(image, sizeof(image), PLACE "/image%s", directory);
	snprintf(lower, sizeof(lower), PLACE "/lower%d", number);
	snprintf(upper, sizeof(upper), PLACE "/upper%d", number);
	snprintf(work, sizeof(work), PLACE "/work%d", number);
	/* A name of ours: the directory's may have what divides options. */
	if (symlink(image, lower))
		fail(lower);
	mkdir(upper, 0700);
	mkdir(work, 0700);
	copy_owner(lower, upper);
	snprintf(options, sizeof(options),
		 "lowerdir=%s,upperdir=%s,workdir=%s,xino=off,redirect_dir=off,metacopy=off,"
		 "index=off",
		 lower, upper, work);
	mount_or_fail("overlay", directory, "overlay", 0, options);
}

/* One frame at a time: the carrier sends, and this process's first thread what changed. */
static void send_frame(int kind, int number, const void *data, size_t size)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
	static struct {
		struct lab_frame head;
		char data[LAB_FRAME_MOST];
	} frame;
	const void *from = &frame;
	size_t count = sizeof(frame.head) + size;

	/* The right to use the port is a thread's own. */
	if (ioperm(LAB_FRAME_PORT, 1, 1))
		fail("ioperm");
	pthread_mutex_lock(&one);
	frame.head = (struct lab_frame){LAB_FRAME_MAGIC, kind, number, size};
	memcpy(frame.data, data, size);
	__asm__ volatile("rep outsb"
			 : "+S"(from), "+c"(count)
			 : "d"((unsigned short)LAB_FRAME_PORT)
			 : "memory");
	pthread_mutex_unlock(&one);
}

/* The ends of the agent's channels that are the carrier's, and what it has of standard input. */
static struct carrier {
	int ours[LAB_CHANNELS], tty;
	char in[LAB_FRAME_MOST];
	size_t in_size;
	uint64_t taken;
} carrier;

/* What comes in is at once on its way to the agent, but for standard input that nobody reads. */
static void take(const struct lab_frame *head, const char *data)
{
	if (head->kind == LAB_CONTROL) {
		if (write(carrier.ours[LAB_CONTROL], data, head->size) < 0)
			return;
	} else if (head->kind == LAB_STDIN && carrier.in_size + head->size <= sizeof(carrier.in)) {
		memcpy(carrier.in + carrier.in_size, data, head->size);
		carrier.in_size += head->size;
	}
}

/* Takes the frames that are whole and waits for none, since there may be something to send. */
static void receive(void)
{
	static char heard[sizeof(struct lab_frame) + LAB_FRAME_MOST];
	static size_t size;
	ssize_t n = read(carrier.tty, heard + size, sizeof(heard) - size);
	struct lab_frame head;

	if (n <= 0)
		fail(LAB_FRAME_TTY);
	size += n;
	while (size >= sizeof(head)) {
		memcpy(&head, heard, sizeof(head));
		if (head.magic != LAB_FRAME_MAGIC || head.size > LAB_FRAME_MOST)
			fail(LAB_FRAME_TTY);
		if (size < sizeof(head) + head.size)
			break;
		take(&head, heard + sizeof(head));
		size -= sizeof(head) + head.size;
		memmove(heard, heard + sizeof(head) + head.size, size);
	}
}

static void give_stdin(void)
{
	ssize_t n = write(carrier.ours[LAB_STDIN], carrier.in, carrier.in_size);

	if (n < 0)
		return;
	carrier.in_size -= n;
	memmove(carrier.in, carrier.in + n, carrier.in_size);
	carrier.taken += n;
	send_frame(LAB_FRAME_TAKEN, 0, &carrier.taken, sizeof(carrier.taken));
}

static void send_channel(enum lab_channel channel)
{
	char data[LAB_FRAME_MOST];
	ssize_t n = read(carrier.ours[channel], data, sizeof(data));

	if (n > 0)
		send_frame(channel, 0, data, n);
}

static void *carry(void *unused)
{
	(void)unused;
	for (;;) {
		struct pollfd fds[LAB_CHANNELS + 1] = {
			[LAB_CONTROL] = {carrier.ours[LAB_CONTROL], POLLIN, 0},
			[LAB_STDIN] = {carrier.in_size ? carrier.ours[LAB_STDIN] : -1, POLLOUT, 0},
			[LAB_STDOUT] = {carrier.ours[LAB_STDOUT], POLLIN, 0},
			[LAB_STDERR] = {carrier.ours[LAB_STDERR], POLLIN, 0},
			[LAB_CHANNELS] = {carrier.tty, POLLIN, 0},
		};

		if (poll(fds, LAB_CHANNELS + 1, -1) < 0)
			continue;
		if (fds[LAB_CHANNELS].revents)
			receive();
		if (fds[LAB_STDIN].revents)
			give_stdin();
		for (int i = 0; i < LAB_CHANNELS; i++)
			if (i != LAB_STDIN && fds[i].revents)
				send_channel(i);
	}
	return NULL;
}

static void start_carrier(void)
{
	struct sched_param soon = {.sched_priority = 1};
	pthread_t thread;
	struct termios raw;
	sigset_t all, before;

	carrier.tty = open(LAB_FRAME_TTY, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (carrier.tty < 0 || tcgetattr(carrier.tty, &raw))
		fail(LAB_FRAME_TTY);
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL | CREAD;
	cfsetspeed(&raw, B115200);
	tcsetattr(carrier.tty, TCSANOW, &raw);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, carry, NULL))
		fail("pthread_create");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	/* What was said is out before the kernel can panic of what is done next. */
	if (pthread_setschedparam(thread, SCHED_FIFO, &soon))
		fail("pthread_setschedparam");
}

static int open_channel(enum lab_channel channel)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		fail("socketpair");
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	carrier.ours[channel] = pair[1];
	if (channel == LAB_CHANNELS - 1)
		start_carrier();
	return pair[0];
}

/* The --rw directory that is walked, and the length of its upper layer's path. */
static int walked;
static size_t skipped;

/* Was there a directory, under the name that is below the upper layer? */
static bool was_directory(const char *name)
{
	char path[4096 + 64];
	struct stat status;

	snprintf(path, sizeof(path), PLACE "/lower%d/%s", walked, name);
	return !lstat(path, &status) && S_ISDIR(status.st_mode);
}

/*
 * An overlay's white-out is a device 0, 0; a directory made anew where another was says so; and tar
 * puts no file where a directory is that is not empty.
 */
static int send_gone(const char *path, const struct stat *status, int type, struct FTW *at)
{
	bool white = S_ISCHR(status->st_mode) && !status->st_rdev, gone = white;
	const char *name = path + skipped + 1;
	char opaque;

	(void)at;
	if (strlen(path) <= skipped)
		return 0;
	if (type == FTW_D)
		gone = lgetxattr(path, "trusted.overlay.opaque", &opaque, sizeof(opaque)) == 1 &&
		       opaque == 'y';
	else if (!white)
		gone = was_directory(name);
	if (gone)
		send_frame(LAB_FRAME_GONE, walked, name, strlen(name));
	return white ? unlink(path) : 0;
}

static void send_files(const char *upper, int number)
{
	char data[LAB_FRAME_MOST];
	int out[2], status = 0;
	ssize_t n;
	pid_t tar;

	if (pipe2(out, O_CLOEXEC) || (tar = fork()) < 0)
		fail("tar");
	if (!tar) {
		dup2(out[1], STDOUT_FILENO);
		execlp("tar", "tar", "--create", "--file=-", "--sparse", "--numeric-owner",
		       "--directory", upper, ".", NULL);
		_exit(127);
	}
	close(out[1]);
	while ((n = read(out[0], data, sizeof(data))) > 0)
		send_frame(LAB_FRAME_FILES, number, data, n);
	close(out[0]);
	while (waitpid(tar, &status, 0) < 0 && errno == EINTR)
		continue;
	if (status) {
		errno = EIO;
		fail("tar");
	}
}

/* Has the --rw directory itself the owner and the mode that it has outside? */
static bool same_owner(int number)
{
	char lower[64], upper[64];
	struct stat before, now;

	snprintf(lower, sizeof(lower), PLACE "/lower%d", number);
	snprintf(upper, sizeof(upper), PLACE "/upper%d", number);
	return !stat(lower, &before) && !stat(upper, &now) && before.st_uid == now.st_uid &&
	       before.st_gid == now.st_gid && before.st_mode == now.st_mode;
}

static void give_back(const char *directory, int number)
{
	char upper[64];

	snprintf(upper, sizeof(upper), PLACE "/upper%d", number);
	umount(directory);
	walked = number;
	skipped = strlen(upper);
	if (nftw(upper, send_gone, 16, FTW_PHYS))
		fail(upper);
	if (!same_owner(number) || rmdir(upper))
		send_files(upper, number);
	send_frame(LAB_FRAME_END, number, "", 0);
}

const struct lab_inside lab_inside_intel = {
	.vendor = "intel",
	.mount_root = mount_root,
	.mount_writable = mount_writable,
	.open_channel = open_channel,
	.give_back = give_back,
};
