// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The made-up driver's libcuda: it has what the GPU suite calls, and finds no device. */
#define CUDA(name, symbol, arguments)                                                              \
	int symbol(void);                                                                          \
	int symbol(void)                                                                           \
	{                                                                                          \
		return 100; /* CUDA_ERROR_NO_DEVICE */                                             \
	}
#include "driver.def"
