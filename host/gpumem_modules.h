/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which files the code of processes is in. What a process has mapped is known only as long as it is
 * there, so it is read when the process begins, and again when an address is in none of it; a file
 * that an address is in is opened then, since it may be in another mount namespace, or removed.
 */
#ifndef EXITLAB_GPUMEM_MODULES_H
#define EXITLAB_GPUMEM_MODULES_H

#include <stddef.h>
#include <stdint.h>

struct gpumem_symbols;

/* A file that any process has mapped, once. */
struct gpumem_file {
	struct gpumem_file *next; /* of one hash */
	char *path;		  /* as its process has it */
	char device[16];	  /* "fd:01" */
	uint64_t inode;
	int fd;				/* -1: not opened */
	struct gpumem_symbols *symbols; /* of gpumem_symbols.h; NULL: not asked for yet */
};

struct gpumem_process_modules;

struct gpumem_modules {
	struct gpumem_file *files[256];
	struct gpumem_process_modules *processes[256]; /* that run */
};

/* Reads what a process has mapped, anew where that was read before. */
void gpumem_modules_read(struct gpumem_modules *modules, uint32_t process);

/* The process has ended, or runs another program. */
void gpumem_modules_forget(struct gpumem_modules *modules, uint32_t process);

/*
 * The file that an address is in, and where in it; NULL: none. Ends the process when there is no
 * memory.
 */
struct gpumem_file *gpumem_modules_find(struct gpumem_modules *modules, uint32_t process,
					uint64_t address, uint64_t *offset);

void gpumem_modules_end(struct gpumem_modules *modules);

#endif
