// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The lab's initramfs, written into memory for each run: an archive in the kernel's "newc" format
 * (Documentation/driver-api/early-userspace/buffer-format.rst). The job is one of its files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util.h"
#include "backend.h"
#include "memory_file.h"

static void pad(FILE *archive)
{
	while (ftell(archive) % 4)
		fputc(0, archive);
}

static void add(FILE *archive, const char *name, mode_t mode, const char *data, size_t size)
{
	unsigned int fields[13] = {[1] = mode, [4] = 1, [6] = size, [11] = strlen(name) + 1};

	fputs("070701", archive);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		fprintf(archive, "%08X", fields[i]);
	fwrite(name, 1, strlen(name) + 1, archive);
	pad(archive);
	if (size)
		fwrite(data, 1, size, archive);
	pad(archive);
}

static int add_file(FILE *archive, const char *name, mode_t mode, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *data;

	if (fd < 0 || fstat(fd, &status)) {
		pr_err("lab: %s: %s; run make", path, strerror(errno));
		return -1;
	}
	data = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED) {
		pr_err("lab: %s: %s; remove its directory to make it anew", path, strerror(errno));
		return -1;
	}
	add(archive, name, S_IFREG | mode, data, status.st_size);
	munmap(data, status.st_size);
	return 0;
}

static int add_modules(FILE *archive, const char *directory)
{
	char path[8192], name[512];
	struct dirent **entries;
	int n = scandir(directory, &entries, NULL, alphasort);
	int error = n < 0 ? -1 : 0;

	if (n < 0)
		pr_err("lab: %s: %s", directory, strerror(errno));
	add(archive, "modules", S_IFDIR | 0755, NULL, 0);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		snprintf(name, sizeof(name), "modules/%s", entries[i]->d_name);
		if (!error && entries[i]->d_name[0] != '.')
			error = add_file(archive, name, 0644, path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return error;
}

static void say(FILE *job, char letter, const char *text)
{
	fprintf(job, "%c%s", letter, text);
	fputc(0, job);
}

static void add_job(FILE *archive, const struct lab_options *options,
		    const struct lab_kernel *kernel, const char *emulator)
{
	const char *clock = options->insn_clock ? "insn" : "host";
	char *text, *directory = get_current_dir_name(), line[4096];
	size_t size;
	FILE *job = open_memstream(&text, &size);

	say(job, LAB_JOB_VENDOR, options->backend->vendor);
	if (options->no_input)
		say(job, LAB_JOB_NO_INPUT, "");
	for (char **word = options->command; *word; word++)
		say(job, LAB_JOB_ARGUMENT, *word);
	for (char **variable = environ; *variable; variable++)
		if (strncmp(*variable, "EXITLAB_LAB", strlen("EXITLAB_LAB")))
			say(job, LAB_JOB_ENVIRONMENT, *variable);
	snprintf(line, sizeof(line), "EXITLAB_LAB_CLOCK=%s", clock);
	say(job, LAB_JOB_ENVIRONMENT, line);
	snprintf(line, sizeof(line), "EXITLAB_LAB=%s, %s, %d CPU%s, %s clock, Linux %s", emulator,
		 options->backend->emulation, lab_cpus(options), lab_cpus(options) == 1 ? "" : "s",
		 clock, kernel->release);
	say(job, LAB_JOB_ENVIRONMENT, line);
	snprintf(line, sizeof(line), "EXITLAB_LAB_VENDOR=%s", options->backend->vendor);
	say(job, LAB_JOB_ENVIRONMENT, line);
	if (options->append.n) {
		snprintf(line, sizeof(line), "EXITLAB_LAB_APPEND=%s", options->append.word[0]);
		for (size_t i = 1; i < options->append.n; i++)
			snprintf(line + strlen(line), sizeof(line) - strlen(line), " %s",
				 options->append.word[i]);
		say(job, LAB_JOB_ENVIRONMENT, line);
	}
	say(job, LAB_JOB_DIRECTORY, directory ? directory : "/");
	snprintf(line, sizeof(line), "%s/lib/modules/%s", kernel->directory, kernel->release);
	say(job, LAB_JOB_MODULES, line);
	for (size_t i = 0; i < options->writable.n; i++)
		say(job, LAB_JOB_WRITABLE, options->writable.word[i]);
	fclose(job);
	add(archive, LAB_JOB_FILE + 1, S_IFREG | 0600, text, size);
	free(text);
	free(directory);
}

int lab_initramfs(const struct lab_options *options, const struct lab_kernel *kernel,
		  const char *agent, const char *emulator)
{
	FILE *archive = memory_file_begin("initramfs");
	char modules[4096];
	int error, fd;

	if (!archive) {
		pr_err("lab: no memory for the initramfs: %s", strerror(errno));
		return -1;
	}
	add(archive, "dev", S_IFDIR | 0755, NULL, 0);
	snprintf(modules, sizeof(modules), "%s/modules-%s", kernel->directory,
		 options->backend->vendor);
	error = add_file(archive, "init", 0755, agent) || add_modules(archive, modules);
	add_job(archive, options, kernel, emulator);
	add(archive, "TRAILER!!!", 0, NULL, 0);
	fd = memory_file_end(archive);
	if (fd < 0 && !error)
		pr_err("lab: no memory for the initramfs: %s", strerror(errno));
	if (!error)
		return fd;
	close(fd);
	return -1;
}
