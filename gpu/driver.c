// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* libcuda by dlopen(): without it the suite says so, instead of not starting. */
#include <dlfcn.h>
#include <stdio.h>

#include "driver.h"

struct driver cu;

const char *driver_open(const char *path)
{
	static const struct {
		const char *symbol;
		void **call;
	} calls[] = {
#define CUDA(name, symbol, arguments) {#symbol, (void **)&cu.name},
#include "driver.def"
#undef CUDA
	};
	static char why[256];

	if (!dlopen(path ?: "libcuda.so.1", RTLD_NOW | RTLD_GLOBAL)) {
		snprintf(why, sizeof(why), "no NVIDIA driver: %.180s; install it", dlerror());
		return why;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		*calls[i].call = dlsym(RTLD_DEFAULT, calls[i].symbol);
		if (!*calls[i].call) {
			snprintf(why, sizeof(why), "libcuda has no %s: install driver 525 or newer",
				 calls[i].symbol);
			return why;
		}
	}
	return NULL;
}

const char *driver_error(CUresult error)
{
	static char number[32];
	const char *name = NULL;

	if (cu.GetErrorName && !cu.GetErrorName(error, &name) && name)
		return name;
	snprintf(number, sizeof(number), "CUDA error %d", error);
	return number;
}
