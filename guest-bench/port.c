// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The record port: finding it, writing records, waiting for the host's word; and what INFO says. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "measure.h"

static int port = -1;

void fail(const char *format, ...)
{
	va_list arguments;

	fputs("measure: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

/*
 * The beginning of a file; empty where it cannot be read. Files of /proc and /sys come whole in as
 * many reads as they like. Not stdio, which would bring malloc into a small image.
 */
static void read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t got = 0;

	do {
		have += got;
		got = fd < 0 ? 0 : read(fd, text + have, size - 1 - have);
	} while (got > 0);
	text[have] = '\0';
	if (fd >= 0)
		close(fd);
}

/* The first line without its newline. */
static void read_line(const char *path, char *line, size_t size)
{
	read_text(path, line, size);
	line[strcspn(line, "\n")] = '\0';
}

/* The host gives the port a name; the kernel numbers it. We have one device, few ports. */
void open_port(void)
{
	char path[64], name[64];

	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/sys/class/virtio-ports/vport0p%d/name", i);
		read_line(path, name, sizeof(name));
		if (strcmp(name, RECORD_PORT))
			continue;
		snprintf(path, sizeof(path), "/dev/vport0p%d", i);
		port = open(path, O_RDWR | O_CLOEXEC);
		if (port < 0)
			fail("%s: %s", path, strerror(errno));
		return;
	}
	fail("no virtio-serial port named %s: boot with exitlab boot", RECORD_PORT);
}

static void write_all(const void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t wrote = write(port, (const char *)data + done, size - done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			fail("record port: %s", strerror(errno));
		done += wrote;
	}
}

static char receive_go(void)
{
	char go;
	ssize_t got;

	do
		got = read(port, &go, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1)
		fail("the host closed the record port");
	return go;
}

char send_record(struct record_header *header, const void *payload)
{
	header->magic = RECORD_MAGIC;
	header->version = RECORD_VERSION;
	header->clock = options.clock;
	header->tsc_khz = kexit_tsc_khz();
	header->checksum = record_checksum(header, payload);
	write_all(header, sizeof(*header));
	write_all(payload, (size_t)header->count * header->width);
	return header->kind == RECORD_DONE ? GO_END : receive_go();
}

/* The value of a "key<tabs>: value" line of /proc/cpuinfo. */
static void cpuinfo(const char *key, char *value, size_t size)
{
	static char text[16384];
	const char *line = text, *colon;

	if (!text[0])
		read_text("/proc/cpuinfo", text, sizeof(text));
	value[0] = '\0';
	while (*line && strncmp(line, key, strlen(key))) {
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	colon = strchr(line, ':');
	if (colon && colon[1] == ' ')
		snprintf(value, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
}

void send_info(void)
{
	static char text[RECORD_MAX_TEXT], model[256], flags[8192], cmdline[4096], clocksource[64];
	struct record_header header = {.kind = RECORD_INFO, .width = 1};
	struct utsname kernel;

	uname(&kernel);
	cpuinfo("model name", model, sizeof(model));
	cpuinfo("flags", flags, sizeof(flags));
	read_line("/proc/cmdline", cmdline, sizeof(cmdline));
	read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", clocksource,
		  sizeof(clocksource));
	header.count = snprintf(text, sizeof(text),
				"kernel=%s\nversion=%s\ncmdline=%s\ncpu=%s\nflags=%s\n"
				"clocksource=%s\ncontamination=%s\nwarmup=%u\ninit_tsc=%s\n"
				"info_tsc=%llu\n",
				kernel.release, kernel.version, cmdline, model, flags, clocksource,
				contamination(), options.warmup,
				options.init_tsc ? options.init_tsc : "", __builtin_ia32_rdtsc());
	send_record(&header, text);
}
