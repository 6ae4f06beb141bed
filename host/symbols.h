/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names for instructions of the lab: its kernel's and modules', and those of a process in it. */
#ifndef EXITLAB_SYMBOLS_H
#define EXITLAB_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Copies what names them while the process runs: /proc/kallsyms and the process's maps, to
 * directory/NAME.kallsyms and directory/NAME.maps. 0, or -1 with one line on stderr.
 */
int symbols_save(const char *directory, const char *name, pid_t process);

struct symbols;

/* Reads the two, and the symbols of the files in the maps. NULL with one line on stderr. */
struct symbols *symbols_load(const char *directory, const char *name);

/* The same from one file, a kernel's System.map. NULL, silently, where there is none. */
struct symbols *symbols_of_map(const char *path);

/* What an address is of. The texts live as long as the symbols. */
struct symbol_name {
	const char *function; /* "?" without a symbol */
	const char *object;   /* "kernel", a module ("kvm_amd"), a file ("libc.so.6") */
	uint64_t start;	      /* the function's first address; 0 without a symbol */
};

struct symbol_name symbols_find(const struct symbols *symbols, uint64_t address);

/* The address of a symbol of the kernel or of a module; 0 where there is none of that name. */
uint64_t symbols_address(const struct symbols *symbols, const char *function);

/* Does the address lie in the kernel's .entry.text, where every entry begins and every exit ends?
 */
bool symbols_in_entry(const struct symbols *symbols, uint64_t address);

void symbols_free(struct symbols *symbols);

#endif
