// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpumem_modules.h"
#include "gpumem_symbols.h"
#include "util.h"

/* Code of one file. */
struct mapping {
	uint64_t start, end, offset;
	struct gpumem_file *file;
};

struct gpumem_process_modules {
	struct gpumem_process_modules *next;
	uint32_t process;
	struct mapping *mappings; /* in the order of their addresses */
	size_t number, room;
};

static void *or_die(void *memory)
{
	if (!memory)
		die("no memory for what processes have mapped");
	return memory;
}

static struct gpumem_file *file_of(struct gpumem_modules *modules, const char *path,
				   const char *device, uint64_t inode)
{
	struct gpumem_file **bucket = &modules->files[inode % ARRAY_SIZE(modules->files)], *file;

	for (file = *bucket; file; file = file->next)
		if (file->inode == inode && !strcmp(file->device, device) &&
		    !strcmp(file->path, path))
			return file;
	file = or_die(calloc(1, sizeof(*file)));
	file->path = or_die(strdup(path));
	snprintf(file->device, sizeof(file->device), "%s", device);
	file->inode = inode;
	file->fd = -1;
	file->next = *bucket;
	*bucket = file;
	return file;
}

static struct gpumem_process_modules **place_of(struct gpumem_modules *modules, uint32_t process)
{
	struct gpumem_process_modules **at =
		&modules->processes[process % ARRAY_SIZE(modules->processes)];

	while (*at && (*at)->process != process)
		at = &(*at)->next;
	return at;
}

static void add(struct gpumem_process_modules *its, struct mapping mapping)
{
	if (its->number == its->room) {
		its->room = its->room ? its->room * 2 : 16;
		its->mappings = or_die(realloc(its->mappings, its->room * sizeof(*its->mappings)));
	}
	its->mappings[its->number++] = mapping;
}

/* 7f12-7f34 r-xp 00002000 fd:01 1234    /usr/lib/libc.so.6 */
static void read_line(struct gpumem_modules *modules, struct gpumem_process_modules *its,
		      char *line)
{
	struct mapping mapping;
	char rights[5], device[16];
	uint64_t inode;
	int path = 0;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %15s %" SCNu64 " %n",
		   &mapping.start, &mapping.end, rights, &mapping.offset, device, &inode,
		   &path) < 6 ||
	    !path || rights[2] != 'x' || line[path] != '/')
		return;
	mapping.file = file_of(modules, line + path, device, inode);
	add(its, mapping);
}

void gpumem_modules_read(struct gpumem_modules *modules, uint32_t process)
{
	struct gpumem_process_modules **at = place_of(modules, process);
	char path[32], *line = NULL;
	size_t size = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%u/maps", process);
	maps = fopen(path, "re");
	if (!maps)
		return;
	if (!*at) {
		*at = or_die(calloc(1, sizeof(**at)));
		(*at)->process = process;
	}
	if (getline(&line, &size, maps) > 0) { /* nothing of one that is ending: keep what it had */
		(*at)->number = 0;
		do
			read_line(modules, *at, line);
		while (getline(&line, &size, maps) > 0);
	}
	free(line);
	fclose(maps);
}

void gpumem_modules_forget(struct gpumem_modules *modules, uint32_t process)
{
	struct gpumem_process_modules **at = place_of(modules, process), *its = *at;

	if (!its)
		return;
	*at = its->next;
	free(its->mappings);
	free(its);
}

static const struct mapping *mapping_at(const struct gpumem_process_modules *its, uint64_t address)
{
	for (size_t i = 0; its && i < its->number; i++)
		if (address >= its->mappings[i].start && address < its->mappings[i].end)
			return &its->mappings[i];
	return NULL;
}

/* As the process has it mapped; without the right to, as it finds it by its name. */
static void open_file(struct gpumem_file *file, uint32_t process, const struct mapping *mapping)
{
	char path[64 + 4096];

	snprintf(path, sizeof(path), "/proc/%u/map_files/%" PRIx64 "-%" PRIx64, process,
		 mapping->start, mapping->end);
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd >= 0)
		return;
	snprintf(path, sizeof(path), "/proc/%u/root%s", process, file->path);
	file->fd = gpumem_symbols_open(path, file->inode);
}

struct gpumem_file *gpumem_modules_find(struct gpumem_modules *modules, uint32_t process,
					uint64_t address, uint64_t *offset)
{
	const struct mapping *mapping = mapping_at(*place_of(modules, process), address);

	if (!mapping)
		return NULL;
	*offset = address - mapping->start + mapping->offset;
	if (mapping->file->fd < 0)
		open_file(mapping->file, process, mapping);
	return mapping->file;
}

void gpumem_modules_end(struct gpumem_modules *modules)
{
	for (size_t i = 0; i < ARRAY_SIZE(modules->processes); i++)
		while (modules->processes[i])
			gpumem_modules_forget(modules, modules->processes[i]->process);
	for (size_t i = 0; i < ARRAY_SIZE(modules->files); i++)
		while (modules->files[i]) {
			struct gpumem_file *file = modules->files[i];

			modules->files[i] = file->next;
			gpumem_symbols_close(file->symbols);
			if (file->fd >= 0)
				close(file->fd);
			free(file->path);
			free(file);
		}
}
