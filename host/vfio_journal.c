// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"
#include "vfio_files.h"
#include "vfio_journal.h"
#include "whole_file.h"

#define SCHEMA "exitlab-vfio-journal/1"

/* What cksum(1) prints of it: POSIX' CRC of the bytes and of their number. */
static uint32_t cksum(const char *text, size_t size)
{
	uint32_t crc = 0;
	size_t rest = size;

	for (size_t i = 0; i < size || rest; i++) {
		unsigned char byte = text[i < size ? i : 0];

		if (i >= size) {
			byte = rest;
			rest >>= 8;
		}
		crc ^= (uint32_t)byte << 24;
		for (int bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc & 0x80000000 ? 0x04c11db7 : 0);
	}
	return ~crc;
}

/* A process by its number and its beginning, of this machine whatever the root is. */
static unsigned long long ticks_of(pid_t pid, char *state)
{
	char path[64], text[1024];
	unsigned long long ticks = 0;
	FILE *file;
	size_t n;
	char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	at = strrchr(text, ')'); /* the name before it may hold anything */
	if (!at || sscanf(at,
			  ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			  "%*d %*d %llu",
			  state, &ticks) != 2)
		return 0;
	return ticks;
}

bool vfio_owner_lives(const struct vfio_held *held)
{
	char state = 'Z';

	return held->pid && ticks_of(held->pid, &state) == held->ticks && state != 'Z';
}

void vfio_own(struct vfio_held *held)
{
	char state;

	held->pid = getpid();
	held->ticks = ticks_of(held->pid, &state);
}

static void print_field(FILE *out, const char *key, const char *value)
{
	fprintf(out, "\t%s=", key);
	for (; *value; value++)
		if (*value == '\t')
			fputs("\\t", out);
		else if (*value == '\\')
			fputs("\\\\", out);
		else
			fputc(*value, out);
}

/* In place. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '\\' && text[1])
			*to++ = *++text == 't' ? '\t' : *text;
		else
			*to++ = *text;
	}
	*to = '\0';
}

static void print_device(FILE *out, const struct vfio_held *held)
{
	fputs("device", out);
	print_field(out, "bdf", held->bdf);
	print_field(out, "asked", held->asked);
	fprintf(out, "\tpid=%d\tticks=%llu", held->pid, held->ticks);
	print_field(out, "driver", held->driver);
	print_field(out, "module", held->module);
	print_field(out, "override", held->override);
	print_field(out, "d3cold", held->d3cold);
	fputc('\n', out);
}

static bool copy(char *to, size_t size, const char *from)
{
	return snprintf(to, size, "%s", from) < (int)size;
}

static bool parse_field(struct vfio_held *held, char *field)
{
	char *value = strchr(field, '=');

	if (!value)
		return false;
	*value++ = '\0';
	unescape(value);
	if (!strcmp(field, "bdf"))
		return vfio_parse_bdf(value, held->bdf);
	if (!strcmp(field, "asked"))
		return vfio_parse_bdf(value, held->asked);
	if (!strcmp(field, "pid"))
		return sscanf(value, "%d", &held->pid) == 1;
	if (!strcmp(field, "ticks"))
		return sscanf(value, "%llu", &held->ticks) == 1;
	if (!strcmp(field, "driver"))
		return copy(held->driver, sizeof(held->driver), value);
	if (!strcmp(field, "module"))
		return copy(held->module, sizeof(held->module), value);
	if (!strcmp(field, "override"))
		return copy(held->override, sizeof(held->override), value);
	return !strcmp(field, "d3cold") && copy(held->d3cold, sizeof(held->d3cold), value);
}

static bool parse_line(struct vfio_journal *journal, char *line, char *boot, size_t size)
{
	char *word = strsep(&line, "\t"), *field;
	struct vfio_held *held = &journal->held[journal->n];

	if (!strcmp(word, SCHEMA)) {
		if (!line || strncmp(line, "boot=", 5))
			return false;
		unescape(line + 5);
		return copy(boot, size, line + 5);
	}
	if (strcmp(word, "device") || journal->n == VFIO_HELD_MOST || !*boot)
		return false;
	*held = (struct vfio_held){0};
	while ((field = strsep(&line, "\t")))
		if (!parse_field(held, field))
			return false;
	journal->n++;
	return *held->bdf && *held->asked;
}

/* Fills in the devices; boot is "" where text is no journal, or not all of one. */
static bool parse(struct vfio_journal *journal, char *text, char *boot, size_t size)
{
	char *end = strstr(text, "\nend\t"), last[64], *line;
	unsigned int count = 0;

	if (!end)
		return false;
	for (char *at = text; at <= end; at++)
		count += *at == '\n';
	snprintf(last, sizeof(last), "end\t%u\t%" PRIu32 " %zu\n", count,
		 cksum(text, end + 1 - text), (size_t)(end + 1 - text));
	if (strcmp(end + 1, last))
		return false;
	*end = '\0';
	while ((line = strsep(&text, "\n")))
		if (!parse_line(journal, line, boot, size))
			return false;
	return *boot;
}

/* All of a file with a 0 behind it, the caller's; NULL with errno. */
static char *read_all(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t size = VFIO_HELD_MOST * 1024, n;
	char *text;

	if (!file)
		return NULL;
	text = malloc(size);
	if (!text)
		die("no memory");
	n = fread(text, 1, size - 1, file);
	text[n] = '\0';
	if (ferror(file)) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

static void boot_id(const struct vfio_host *host, char *boot, size_t size)
{
	if (!vfio_line(host, boot, size, "/proc/sys/kernel/random/boot_id") || !*boot)
		snprintf(boot, size, "unknown");
}

int vfio_journal_read(const struct vfio_host *host, struct vfio_journal *journal)
{
	char path[PATH_MAX], boot[80] = "", now[80], *text;
	bool whole;

	*journal = (struct vfio_journal){.host = host, .lock = -1};
	snprintf(path, sizeof(path), "%s/journal", host->state);
	text = read_all(path);
	if (!text && (errno == ENOENT || errno == ENOTDIR))
		return EXIT_OK;
	if (!text) {
		pr_err("vfio: %s: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	whole = parse(journal, text, boot, sizeof(boot));
	free(text);
	if (!whole) {
		pr_err("vfio: %s is truncated or not exitlab's: nothing was done; move it away, and reboot to "
		       "get the devices back",
		       path);
		return EXIT_FAILED;
	}
	boot_id(host, now, sizeof(now));
	journal->other_boot = strcmp(boot, now);
	if (journal->other_boot)
		journal->n = 0;
	return EXIT_OK;
}

static int make_directory(const char *state)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s", state) >= (int)sizeof(path))
		return ENAMETOOLONG;
	for (char *slash = path + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		mkdir(path, 0755);
	}
	return mkdir(path, 0755) && errno != EEXIST ? errno : 0;
}

/* The descriptor of the lock, which this process holds; -1 with a line on stderr. */
static int take_lock(const struct vfio_host *host)
{
	int error = make_directory(host->state), lock;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/lock", host->state);
	lock = error ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (lock < 0) {
		pr_err("vfio: %s: %s: nothing was changed; is the disk full or read-only?", path,
		       strerror(error ?: errno));
		return -1;
	}
	if (!flock(lock, LOCK_EX | LOCK_NB))
		return lock;
	pr_err("vfio: waiting for another exitlab that binds or unbinds a device");
	while (flock(lock, LOCK_EX)) {
		if (errno == EINTR)
			continue;
		pr_err("vfio: %s: %s", path, strerror(errno));
		close(lock);
		return -1;
	}
	return lock;
}

int vfio_journal_open(const struct vfio_host *host, struct vfio_journal *journal)
{
	int lock = take_lock(host), code;

	journal->lock = -1;
	if (lock < 0)
		return EXIT_FAILED;
	code = vfio_journal_read(host, journal);
	journal->lock = lock;
	if (code != EXIT_OK) {
		vfio_journal_close(journal);
		return code;
	}
	if (journal->other_boot) {
		pr_err("vfio: the journal is of another boot, and what it changed ended with that: discarded");
		vfio_journal_write(journal);
	}
	return EXIT_OK;
}

void vfio_journal_close(struct vfio_journal *journal)
{
	if (journal->lock >= 0)
		close(journal->lock);
	journal->lock = -1;
}

/* Makes a name, or its removal, last. */
static int sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;

	if (fd < 0 || fsync(fd))
		error = errno;
	if (fd >= 0)
		close(fd);
	return error;
}

static void print_journal(FILE *out, const struct vfio_journal *journal)
{
	char *text = NULL, boot[80];
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);

	if (!memory)
		die("no memory");
	boot_id(journal->host, boot, sizeof(boot));
	fputs(SCHEMA, memory);
	print_field(memory, "boot", boot);
	fputc('\n', memory);
	for (size_t i = 0; i < journal->n; i++)
		print_device(memory, &journal->held[i]);
	if (fclose(memory))
		die("no memory");
	fprintf(out, "%send\t%zu\t%" PRIu32 " %zu\n", text, journal->n + 1, cksum(text, size),
		size);
	free(text);
}

int vfio_journal_write(struct vfio_journal *journal)
{
	const char *state = journal->host->state;
	struct whole_file file;
	char path[PATH_MAX];
	int error;

	if (journal->n) {
		if (whole_file_begin(&file, "%s/journal", state)) {
			print_journal(file.out, journal);
			if (fflush(file.out) || fsync(fileno(file.out)))
				file.error = errno;
		}
		if (whole_file_end(&file))
			return -1;
	} else {
		snprintf(path, sizeof(path), "%s/journal", state);
		if (unlink(path) && errno != ENOENT) {
			pr_err("vfio: %s: %s", path, strerror(errno));
			return -1;
		}
	}
	error = sync_directory(state);
	if (!error)
		return 0;
	pr_err("vfio: %s: %s", state, strerror(error));
	return -1;
}

struct vfio_held *vfio_journal_find(struct vfio_journal *journal, const char *bdf)
{
	for (size_t i = 0; i < journal->n; i++)
		if (!strcmp(journal->held[i].bdf, bdf))
			return &journal->held[i];
	return NULL;
}

void vfio_journal_drop(struct vfio_journal *journal, struct vfio_held *held)
{
	size_t at = held - journal->held;

	memmove(held, held + 1, (journal->n - at - 1) * sizeof(*held));
	journal->n--;
}
