/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names for instructions of the lab: its kernel's and modules', and those of a process in it. */
#ifndef EXITLAB_SYMBOLS_H
#define EXITLAB_SYMBOLS_H

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

/*
 * Names an instruction's function and what it belongs to: "kernel", a module ("kvm_amd"), a file
 * ("libc.so.6"). Without a symbol the function is "?". Both live as long as symbols.
 */
void symbols_find(const struct symbols *symbols, uint64_t address, const char **function,
		  const char **object);

void symbols_free(struct symbols *symbols);

#endif
