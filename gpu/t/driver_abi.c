// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Holds what gpu/driver.h and driver.def declare of the driver against the toolkit's cuda.h. The
 * build writes driver_ours.h from driver.h: its declarations with our_ before each name, so that
 * both can be in one program, and DECLARED_TYPES and DECLARED_CONSTANTS, which name all of them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "driver_ours.h"

#if __has_include(<cuda.h>)
#define __CUDA_API_VERSION_INTERNAL /* the older versions of calls, too */
#include <cuda.h>
#include "../driver.h"
#include "../limiter/hooks.h"

static const struct check {
	const char *name;
	bool same;
} checks[] = {
#define TYPE(name)                                                                                 \
	{#name, sizeof(our_##name) == sizeof(name) && _Alignof(our_##name) == _Alignof(name)},
	DECLARED_TYPES
#define CONSTANT(name) {#name, (long long)our_##name == (long long)name},
		DECLARED_CONSTANTS
#define MEMBER(type, member)                                                                       \
	{#type "." #member,                                                                        \
	 offsetof(our_##type, member) == offsetof(type, member) &&                                 \
		 sizeof(((our_##type *)0)->member) == sizeof(((type *)0)->member)},
			MEMBER(CUmemLocation, type) MEMBER(CUmemLocation,
							   id) MEMBER(CUmemAllocationProp, type)
				MEMBER(CUmemAllocationProp,
				       requestedHandleTypes) MEMBER(CUmemAllocationProp, location)
					MEMBER(CUmemAllocationProp, win32HandleMetaData)
						MEMBER(CUmemAllocationProp, allocFlags)
							MEMBER(CUmemAccessDesc, location)
								MEMBER(CUmemAccessDesc, flags)
#define CUDA(name, symbol, arguments)                                                              \
	{#symbol,                                                                                  \
	 __builtin_types_compatible_p(typeof(((struct driver *)0)->name), typeof(&symbol))},
#include "../driver.def"
#undef CUDA
#define HOOK(name, symbol, arguments)                                                              \
	{"the limiter's " #symbol,                                                                 \
	 __builtin_types_compatible_p(typeof(((struct real *)0)->name), typeof(&symbol))},
#define USED HOOK
#include "../limiter/hooks.def"
#undef HOOK
#undef USED
};

int main(void)
{
	size_t count = sizeof(checks) / sizeof(checks[0]);
	int wrong = 0;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		printf("%sok %zu - %s is the toolkit's\n", checks[i].same ? "" : "not ", i + 1,
		       checks[i].name);
		wrong += !checks[i].same;
	}
	return wrong != 0;
}
#else
int main(void)
{
	puts("1..0 # SKIP no cuda.h: the CUDA toolkit has it");
	return 0;
}
#endif
