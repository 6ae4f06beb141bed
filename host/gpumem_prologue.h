/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where at the begin of a function a probe costs least. The kernel carries out a few instructions
 * itself, push and nop among them; any other it has to step through, which is one exception more.
 */
#ifndef EXITLAB_GPUMEM_PROLOGUE_H
#define EXITLAB_GPUMEM_PROLOGUE_H

#include <stddef.h>
#include <stdint.h>

#define PROLOGUE_BYTES 16 /* as many as are looked at */

/*
 * Bytes from the begin of a function, whose code this is, to the instruction to probe. What is
 * passed over changes no register and no memory, so that arguments and return address are still
 * where they were. 0 where nothing can be gained, or the code is of no form that is known.
 */
unsigned int gpumem_prologue_past(const uint8_t *code, size_t size);

#endif
