/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where exitlab and its parts lie: in the tree that make built, or as `make install` put them. */
#ifndef EXITLAB_LAYOUT_H
#define EXITLAB_LAYOUT_H

#include <limits.h>
#include <stdbool.h>

/* This program's own path. Ends the process where /proc does not tell. */
void find_self(char self[PATH_MAX]);

/*
 * The absolute path of a part: lab/prepare, lab/agent, kernel/vmlinux, initramfs.cpio.lz4,
 * isolation-scripts/isolate, and deps where it is installed. False, with errno and in path the
 * place where it should be, where it is not there.
 */
bool find_part(const char *part, char path[PATH_MAX]);

/* The emulator, a name or a path: what QEMU= in the environment says, else the usual name. */
const char *qemu_program(void);

#endif
