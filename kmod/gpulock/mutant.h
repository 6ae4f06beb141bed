/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The faults that the tests must find: make gpulock-mutants builds the module with each in turn. In
 * any other build MUTANT() is false, and what it guards is not compiled.
 */
#ifndef GPULOCK_MUTANT_H
#define GPULOCK_MUTANT_H

/* clang-format off */
#define MUTANT_ALLOW_ALL      1 /* a check of what was not granted succeeds */
#define MUTANT_DROPPED_GRANT  2 /* a grant is accepted and not kept */
#define MUTANT_QUOTA_OVERFLOW 3 /* a use that wraps around is within the limit */
#define MUTANT_NO_RCU_WAIT    4 /* REVOKE returns while readers still act on what it took back */
#define MUTANT_LEAK	      5 /* an allocation that is freed is not freed */
/* clang-format on */

#ifndef GPULOCK_MUTANT
#define GPULOCK_MUTANT 0
#endif

#define MUTANT(name) (GPULOCK_MUTANT == MUTANT_##name)

#endif
