/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files in memory, written as streams, that an emulator reads by their descriptors. */
#ifndef EXITLAB_LAB_MEMORY_FILE_H
#define EXITLAB_LAB_MEMORY_FILE_H

#include <stdio.h>

/* Begins one; its name is for people. NULL with errno. */
FILE *memory_file_begin(const char *name);

/* Closes the stream. The file's descriptor, closed by exec; -1 with errno where it is not whole. */
int memory_file_end(FILE *file);

#endif
