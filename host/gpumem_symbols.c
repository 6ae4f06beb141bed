// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* By elfutils: one file is one report of its own, so that processes share it. */
#include <dlfcn.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gpumem_symbols.h"
#include "util.h"

struct gpumem_symbols {
	Dwfl *dwfl;
	Dwfl_Module *module; /* NULL: it is no ELF file, or gone */
	char *demangled;
};

int gpumem_symbols_open(const char *path, uint64_t inode)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat is;

	if (fd >= 0 && (fstat(fd, &is) || is.st_ino != inode)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static struct gpumem_symbols *read_symbols(struct gpumem_file *file)
{
	static char *debug_path;
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
		.debuginfo_path = &debug_path,
	};
	struct gpumem_symbols *symbols = calloc(1, sizeof(*symbols));
	int fd = file->fd >= 0 ? fcntl(file->fd, F_DUPFD_CLOEXEC, 0)
			       : gpumem_symbols_open(file->path, file->inode);

	if (!symbols)
		die("no memory for symbols");
	if (fd < 0)
		return symbols;
	unsetenv("DEBUGINFOD_URLS"); /* a report is not to wait for downloads */
	symbols->dwfl = dwfl_begin(&callbacks);
	dwfl_report_begin(symbols->dwfl);
	symbols->module = dwfl_report_elf(symbols->dwfl, file->path, file->path, fd, 0, true);
	if (!symbols->module)
		close(fd);
	dwfl_report_end(symbols->dwfl, NULL, NULL);
	return symbols;
}

/* The address that symbols have for an offset of the file. */
static bool address_of(Dwfl_Module *module, uint64_t offset, GElf_Addr *address)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module, &bias);
	size_t segments = 0;
	GElf_Phdr segment;

	if (!elf || elf_getphdrnum(elf, &segments))
		return false;
	for (size_t i = 0; i < segments; i++)
		if (gelf_getphdr(elf, i, &segment) && segment.p_type == PT_LOAD &&
		    offset >= segment.p_offset && offset - segment.p_offset < segment.p_filesz) {
			*address = offset - segment.p_offset + segment.p_vaddr + bias;
			return true;
		}
	return false;
}

/* C++ has a library for it, which is there where there are programs of it. */
static const char *demangle(struct gpumem_symbols *symbols, const char *name)
{
	static char *(*demangler)(const char *, char *, size_t *, int *);
	static bool asked;
	void *library;

	if (!name || strncmp(name, "_Z", 2))
		return name;
	if (!asked) {
		library = dlopen("libstdc++.so.6", RTLD_LAZY);
		if (library)
			*(void **)&demangler = dlsym(library, "__cxa_demangle");
		asked = true;
	}
	free(symbols->demangled);
	symbols->demangled = demangler ? demangler(name, NULL, NULL, NULL) : NULL;
	return symbols->demangled ?: name;
}

struct gpumem_place gpumem_symbols_place(struct gpumem_file *file, uint64_t offset, bool call)
{
	struct gpumem_place place = {0};
	Dwfl_Module *module;
	Dwfl_Line *line;
	GElf_Addr address;
	GElf_Sym symbol;

	if (!file->symbols)
		file->symbols = read_symbols(file);
	module = file->symbols->module;
	if (!module || !address_of(module, offset - call, &address))
		return place;
	place.symbol = demangle(file->symbols, dwfl_module_addrinfo(module, address, &place.offset,
								    &symbol, NULL, NULL, NULL));
	place.offset += call;
	line = dwfl_module_getsrc(module, address);
	if (line)
		place.source = dwfl_lineinfo(line, NULL, &place.line, NULL, NULL, NULL);
	return place;
}

void gpumem_symbols_close(struct gpumem_symbols *symbols)
{
	if (!symbols)
		return;
	dwfl_end(symbols->dwfl);
	free(symbols->demangled);
	free(symbols);
}
