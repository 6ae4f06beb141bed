// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#include "bpf_warning.h"

static char first[256];

static int keep_first(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN && !first[0]) {
		vsnprintf(first, sizeof(first), format, arguments);
		first[strcspn(first, "\n")] = 0;
	}
	return 0;
}

void bpf_warning_keep(void)
{
	first[0] = 0;
	libbpf_set_print(keep_first);
}

const char *bpf_warning(void)
{
	return first;
}
