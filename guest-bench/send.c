// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See send.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "record.h"
#include "send.h"

static int port = -1;
static uint64_t files, bytes;

void send_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static void write_all(const void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t wrote = write(port, (const char *)data + done, size - done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			send_fail("record port: %s", strerror(errno));
		done += wrote;
	}
}

static void put(struct record_header header, const void *payload)
{
	header.magic = RECORD_MAGIC;
	header.version = RECORD_VERSION_FILES;
	header.clock = CLOCK_NS;
	header.checksum = record_checksum(&header, payload);
	write_all(&header, sizeof(header));
	write_all(payload, (size_t)header.count * header.width);
}

bool send_try(void)
{
	char path[64], text[512];
	struct utsname kernel;
	struct timespec now;

	/* The only port but the console's. */
	for (int i = 1; i < 8 && port < 0; i++) {
		snprintf(path, sizeof(path), "/dev/vport%dp1", i - 1);
		port = open(path, O_RDWR | O_CLOEXEC);
	}
	if (port < 0)
		return false;
	uname(&kernel);
	clock_gettime(CLOCK_BOOTTIME, &now);
	/* How long this kernel has been up tells the host when it started. */
	snprintf(text, sizeof(text), "kind=files\nkernel=%s\nversion=%s\ninfo_ns=%llu\n",
		 kernel.release, kernel.version, now.tv_sec * 1000000000ull + now.tv_nsec);
	put((struct record_header){.kind = RECORD_INFO, .width = 1, .count = strlen(text)}, text);
	return true;
}

void send_open(void)
{
	if (!send_try())
		send_fail("no virtio-serial port");
}

#define PART 32768

void send_file(const char *name, const void *data, size_t size)
{
	static char payload[RECORD_MAX_TEXT];
	const char *from = data;
	int length = snprintf(payload, 256, "%s\n", name);

	do {
		size_t part = size < PART ? size : PART;

		memcpy(payload + length, from, part);
		put((struct record_header){.kind = RECORD_FILE, .width = 1, .count = length + part},
		    payload);
		files++;
		bytes += part;
		from += part;
		size -= part;
	} while (size);
}

void send_done(void)
{
	put((struct record_header){.kind = RECORD_DONE, .executed = files, .total = bytes}, "");
	close(port);
}
