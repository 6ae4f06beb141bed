// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <string.h>

#include "diagnose.h"
#include "util.h"

/* What begins the tell-tale line, and what to call it. The first pattern found decides. */
static const struct sign {
	const char *text, *name;
} console_signs[] = {
	{"Kernel panic - not syncing: ", "guest panic: "},
	{"measure: ", "the guest program failed: "},
	{"init: ", ""},
	{"Oops: ", "guest oops: "},
	{"BUG: ", "guest bug: "},
};

/* The last one is every line's: what QEMU said last. */
static const struct sign log_signs[] = {
	{"KVM internal error. ", "KVM internal error, "},
	{"qemu-system-x86_64: ", ""},
	{"", ""},
};

/* Writes the last line that holds text, from there on; 0 when there is none. */
static int find_line(const char *path, const struct sign *sign, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	char buffer[1024];
	int found = 0;

	while (file && fgets(buffer, sizeof(buffer), file)) {
		char *at = strstr(buffer, sign->text);

		if (!at || strstr(buffer, "warning: "))
			continue;
		buffer[strcspn(buffer, "\r\n")] = '\0';
		snprintf(line, size, "%s%s", sign->name, at + strlen(sign->text));
		found = 1;
	}
	if (file)
		fclose(file);
	return found;
}

static int search(const struct vm_config *config, const char *kind, const struct sign *signs,
		  size_t count, char *line, size_t size)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.%s.log", config->directory, config->name, kind);
	line[0] = '\0';
	for (size_t i = 0; i < count; i++)
		if (find_line(path, &signs[i], line, size))
			return 1;
	return 0;
}

void diagnose_log(const struct vm_config *config, char *line, size_t size)
{
	search(config, "qemu", log_signs, ARRAY_SIZE(log_signs), line, size);
}

void diagnose_end(const struct vm_config *config, char *line, size_t size)
{
	if (!search(config, "console", console_signs, ARRAY_SIZE(console_signs), line, size) &&
	    !search(config, "qemu", log_signs, ARRAY_SIZE(log_signs), line, size))
		snprintf(line, size, "early exit, without a word on its console");
}
