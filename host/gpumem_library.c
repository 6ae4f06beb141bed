// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gpumem_calls.h"
#include "gpumem_library.h"
#include "gpumem_prologue.h"
#include "util.h"

#define NAME "libcuda.so.1"

/* The file's offset of an address in memory; 0: it is in no segment of code. */
static uint64_t offset_of(Elf *elf, uint64_t address)
{
	size_t segments = 0;
	GElf_Phdr segment;

	elf_getphdrnum(elf, &segments);
	for (size_t i = 0; i < segments; i++)
		if (gelf_getphdr(elf, i, &segment) && segment.p_type == PT_LOAD &&
		    segment.p_flags & PF_X && address >= segment.p_vaddr &&
		    address - segment.p_vaddr < segment.p_filesz)
			return address - segment.p_vaddr + segment.p_offset;
	return 0;
}

/* Two names of one function are one call: the first in the table counts. */
static bool is_known(const struct gpumem_library *library, uint64_t offset)
{
	for (size_t call = 0; call < GPUMEM_CALLS; call++)
		if (library->offset[call] == offset)
			return true;
	return false;
}

static uint64_t symbol_offset(Elf *elf, Elf_Data *symbols, const GElf_Shdr *header,
			      const char *name)
{
	GElf_Sym symbol;

	for (size_t i = 0; i < header->sh_size / header->sh_entsize; i++) {
		const char *its;

		if (!gelf_getsym(symbols, i, &symbol) || symbol.st_shndx == SHN_UNDEF ||
		    GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
			continue;
		its = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (its && !strcmp(its, name))
			return offset_of(elf, symbol.st_value);
	}
	return 0;
}

/* The next table of symbols that the library exports, from section on; NULL: there is none. */
static Elf_Data *next_symbols(Elf *elf, Elf_Scn **section, GElf_Shdr *header)
{
	while ((*section = elf_nextscn(elf, *section)))
		if (gelf_getshdr(*section, header) && header->sh_type == SHT_DYNSYM &&
		    header->sh_entsize)
			return elf_getdata(*section, NULL);
	return NULL;
}

/* The calls among the symbols that the library exports. */
static void read_symbols(struct gpumem_library *library, Elf *elf)
{
	Elf_Scn *section = NULL;
	Elf_Data *symbols;
	GElf_Shdr header;

	while ((symbols = next_symbols(elf, &section, &header)))
		for (size_t call = 0; call < GPUMEM_CALLS; call++) {
			uint64_t offset =
				symbol_offset(elf, symbols, &header, gpumem_calls[call].symbol);

			if (offset && !is_known(library, offset))
				library->offset[call] = offset;
		}
}

static bool has_calls(const struct gpumem_library *library)
{
	uint64_t any = 0;

	for (size_t call = 0; call < GPUMEM_CALLS; call++)
		any |= library->offset[call];
	return any;
}

/* Where the code cannot be read the call is probed where it begins. */
static unsigned int past(int fd, uint64_t offset)
{
	uint8_t code[PROLOGUE_BYTES];
	ssize_t got = offset ? pread(fd, code, sizeof(code), offset) : 0;

	return got > 0 ? gpumem_prologue_past(code, got) : 0;
}

static void read_prologues(struct gpumem_library *library, int fd)
{
	for (size_t call = 0; call < GPUMEM_CALLS; call++)
		library->past[call] = past(fd, library->offset[call]);
}

uint64_t gpumem_library_function(const struct gpumem_library *library, const char *name)
{
	int fd = open(library->path, O_RDONLY | O_CLOEXEC);
	Elf_Scn *section = NULL;
	uint64_t offset = 0;
	Elf_Data *symbols;
	GElf_Shdr header;
	Elf *elf;

	if (fd < 0)
		return 0;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	while (!offset && (symbols = next_symbols(elf, &section, &header)))
		offset = symbol_offset(elf, symbols, &header, name);
	elf_end(elf);
	if (offset)
		offset += past(fd, offset);
	close(fd);
	return offset;
}

static int read_library(struct gpumem_library *library)
{
	int fd = open(library->path, O_RDONLY | O_CLOEXEC);
	int code = EXIT_FAILED;
	struct stat status;
	GElf_Ehdr header;
	Elf *elf;

	if (fd < 0) {
		pr_err("%s: %s; name another with --libcuda FILE", library->path, strerror(errno));
		return EXIT_FAILED;
	}
	if (!fstat(fd, &status)) {
		library->device = status.st_dev;
		library->inode = status.st_ino;
	}
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || !gelf_getehdr(elf, &header)) {
		pr_err("%s is no ELF file; name another with --libcuda FILE", library->path);
	} else if (gelf_getclass(elf) != ELFCLASS64) {
		pr_err("%s is a 32-bit library: only 64-bit programs can be traced", library->path);
		code = EXIT_CANNOT;
	} else {
		read_symbols(library, elf);
		read_prologues(library, fd);
		if (has_calls(library))
			code = EXIT_OK;
		else
			pr_err("%s exports no call of libcuda; name another with --libcuda FILE",
			       library->path);
	}
	elf_end(elf);
	close(fd);
	return code;
}

/* In what a process has mapped. 0 found, 1 not there, -1 with errno. */
static int find_in_maps(struct gpumem_library *library, pid_t process)
{
	char path[64], *line = NULL;
	size_t size = 0;
	int found = 1;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", process);
	maps = fopen(path, "re");
	if (!maps)
		return -1;
	while (found == 1 && getline(&line, &size, maps) > 0) {
		char *file = strchr(line, '/'), *name;

		line[strcspn(line, "\n")] = 0;
		name = file ? strrchr(file, '/') + 1 : "";
		if (strncmp(name, "libcuda.so", strlen("libcuda.so")))
			continue;
		/*
		 * One that was replaced on the disk is still to be had by its addresses, and so is
		 * one whose name has a newline, which is not told from "\012".
		 */
		if (strstr(name, " (deleted)") || strstr(file, "\\012"))
			snprintf(library->path, PATH_MAX, "/proc/%d/map_files/%.*s", process,
				 (int)strcspn(line, " "), line);
		else
			snprintf(library->path, PATH_MAX, "/proc/%d/root%s", process, file);
		found = 0;
	}
	free(line);
	fclose(maps);
	return found;
}

/* A program without an interpreter loads no library; one of 32 bits not ours. */
static int check_program(pid_t process)
{
	char path[64];
	size_t segments = 0;
	bool dynamic = false, narrow = false;
	GElf_Phdr segment;
	Elf *elf;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/exe", process);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_getphdrnum(elf, &segments)) {
		dynamic = true; /* unknown */
	} else {
		narrow = gelf_getclass(elf) != ELFCLASS64;
		for (size_t i = 0; i < segments; i++)
			if (gelf_getphdr(elf, i, &segment))
				dynamic |= segment.p_type == PT_INTERP;
	}
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	if (narrow)
		pr_err("process %d is a 32-bit program: only 64-bit ones can be traced", process);
	else if (!dynamic)
		pr_err("process %d is statically linked: it calls no libcuda that could be probed",
		       process);
	return narrow || !dynamic ? EXIT_CANNOT : EXIT_OK;
}

static bool find_in_path(struct gpumem_library *library)
{
	const char *value = getenv("LD_LIBRARY_PATH") ?: "";
	char *places = *value ? strdup(value) : NULL, *rest = places, *place;
	bool found = false;

	while (!found && (place = strsep(&rest, ":;"))) {
		snprintf(library->path, PATH_MAX, "%s/" NAME, *place ? place : ".");
		found = !access(library->path, R_OK);
	}
	free(places);
	return found;
}

/* ldconfig alone knows what is in its cache: "\tlibcuda.so.1 (libc6,x86-64) => /usr/lib/..." */
static bool find_in_cache(struct gpumem_library *library)
{
	FILE *list = popen("PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null", "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (list && getline(&line, &size, list) > 0) {
		char *file = strstr(line, "=> ");

		line[strcspn(line, "\n")] = 0;
		if (found || !file || !strstr(line, "\t" NAME " ") || !strstr(line, "64"))
			continue;
		snprintf(library->path, PATH_MAX, "%s", file + strlen("=> "));
		found = true;
	}
	free(line);
	if (list)
		pclose(list);
	return found;
}

bool gpumem_library_is_there(void)
{
	struct gpumem_library library;

	return find_in_path(&library) || find_in_cache(&library);
}

int gpumem_library_find(struct gpumem_library *library, const char *given, pid_t process)
{
	int found = 1, code;

	memset(library, 0, sizeof(*library));
	if (process) {
		code = check_program(process);
		if (code)
			return code;
	}
	if (given) {
		snprintf(library->path, PATH_MAX, "%s", given);
		return read_library(library);
	}
	if (process)
		found = find_in_maps(library, process);
	if (found < 0) {
		code = errno == EACCES || errno == EPERM ? EXIT_CANNOT : EXIT_FAILED;
		if (errno == ENOENT)
			pr_err("no process %d", process);
		else
			pr_err("cannot see what process %d has loaded: %s%s", process,
			       strerror(errno), code == EXIT_CANNOT ? "; run as root" : "");
		return code;
	}
	if (found == 0 || find_in_path(library) || find_in_cache(library))
		return read_library(library);
	if (process)
		pr_err("process %d has loaded no " NAME ", nor is one installed: name the library "
		       "with --libcuda FILE",
		       process);
	else
		pr_err("no " NAME ": install the NVIDIA driver, or name the library with "
		       "--libcuda FILE");
	return EXIT_CANNOT;
}

bool gpumem_library_is_replaced(const struct gpumem_library *library)
{
	struct stat now;

	/* By way of a process it is gone when that is. */
	if (!strncmp(library->path, "/proc/", strlen("/proc/")))
		return false;
	return stat(library->path, &now) || now.st_dev != library->device ||
	       now.st_ino != library->inode;
}
