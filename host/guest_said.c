// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env.h"
#include "guest_files.h"
#include "guest_said.h"
#include "json_file.h"

static FILE *open_file(const char *directory, const char *name)
{
	char path[4300];

	snprintf(path, sizeof(path), "%s/" GUEST_FILES "/%s", directory, name);
	return fopen(path, "re");
}

json_t *guest_said(const char *directory)
{
	FILE *file = open_file(directory, "guest.txt");
	char text[8192] = "";
	size_t got = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[got] = '\0';
	if (file)
		fclose(file);
	return env_lines(text);
}

/* "# KEY WORDS" */
static void add_fact(json_t *facts, char *line)
{
	char *key = line + strspn(line, "# "), *value = strchr(key, ' ');

	if (!value)
		return;
	*value++ = '\0';
	tame(key);
	json_object_set_new(facts, key, json_printable(value));
}

json_t *guest_said_pcicheck(const char *directory)
{
	FILE *file = open_file(directory, "pcicheck.tap");
	json_t *facts = json_object();
	int tests = 0, failed = 0;
	char line[1024];

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		failed += !strncmp(line, "not ok ", 7);
		tests += !strncmp(line, "ok ", 3) || !strncmp(line, "not ok ", 7);
		if (line[0] == '#')
			add_fact(facts, line);
	}
	if (file)
		fclose(file);
	if (!file) {
		json_decref(facts);
		return json_null();
	}
	return json_pack("{s:i, s:i, s:o}", "tests", tests, "failed", failed, "facts", facts);
}

json_t *guest_said_image(const char *initrd)
{
	const char *slash = strrchr(initrd, '/'), *name = slash ? slash + 1 : initrd;
	char directory[PATH_MAX], manifest[NAME_MAX + 8];
	json_t *image = NULL;

	snprintf(directory, sizeof(directory), "%.*s", (int)(name - initrd), initrd);
	snprintf(manifest, sizeof(manifest), "%.*s.json", (int)strcspn(name, "."), name);
	json_file_read(*directory ? directory : ".", manifest, &image);
	return image ?: json_null();
}
