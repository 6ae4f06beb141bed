/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of code: of the symbols of its file and, where there is DWARF, of its source. */
#ifndef EXITLAB_GPUMEM_SYMBOLS_H
#define EXITLAB_GPUMEM_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "gpumem_modules.h"

struct gpumem_place {
	const char *symbol; /* NULL: unknown. Valid as long as its file, and until the next call. */
	uint64_t offset;    /* bytes from its beginning */
	const char *source; /* NULL: unknown */
	int line;
};

/* What is at an offset of a file; call: it is where a call returns to, so what is before it. */
struct gpumem_place gpumem_symbols_place(struct gpumem_file *file, uint64_t offset, bool call);

/* A file by its path, if it is that with the inode; -1: it is not, any more. */
int gpumem_symbols_open(const char *path, uint64_t inode);

void gpumem_symbols_close(struct gpumem_symbols *symbols);

#endif
