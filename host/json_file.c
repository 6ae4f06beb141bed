// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "json_file.h"
#include "util.h"
#include "whole_file.h"

int json_file_read(const char *directory, const char *name, json_t **json)
{
	char path[PATH_MAX];
	json_error_t error;
	FILE *file;

	*json = NULL;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "re");
	if (!file && errno == ENOENT)
		return 0;
	if (!file) {
		pr_err("%s: %s", path, strerror(errno));
		return -1;
	}
	*json = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	if (!*json)
		pr_err("%s:%d: %s; run it again or remove the file", path, error.line, error.text);
	fclose(file);
	return *json ? 0 : -1;
}

void json_file_print(const json_t *json, FILE *out)
{
	json_dumpf(json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	fputc('\n', out);
}

int json_file_write(const json_t *json, const char *directory, const char *name)
{
	struct whole_file file;

	if (!json) {
		pr_err("%s/%s: no memory for it", directory, name);
		return -1;
	}
	if (whole_file_begin(&file, "%s/%s", directory, name))
		json_file_print(json, file.out);
	return whole_file_end(&file);
}

const char *json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "unknown";
}

json_t *json_member(const json_t *root, const char *path)
{
	const json_t *at = root;
	char key[32];

	for (size_t length; *path; path += length + (path[length] == '.')) {
		length = strcspn(path, ".");
		snprintf(key, sizeof(key), "%.*s", (int)length, path);
		at = json_object_get(at, key);
	}
	return (json_t *)at;
}

const json_t *json_find(const json_t *array, const char *key, const char *value)
{
	const json_t *object;
	size_t i;

	json_array_foreach (array, i, object) {
		if (!strcmp(json_text(object, key), value))
			return object;
	}
	return NULL;
}

bool summary_is_of_gpu(const json_t *summary)
{
	const char *kind = json_text(summary, "kind");

	return !strcmp(kind, "gpu") || !strcmp(kind, "gpu-overhead");
}

const json_t *summary_row(const json_t *summary, const char *id)
{
	return json_find(json_object_get(summary, "rows"), "id", id);
}

void tame(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at; at++) {
		if (*at < ' ' || *at == 0x7f)
			*at = '?';
		/* U+0080 to U+009F control terminals, too. */
		if (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
			*at = at[1] = '?';
	}
}

json_t *json_printable(const char *text)
{
	char *line = strdup(text);
	json_t *string;

	if (!line)
		die("no memory for a text");
	tame(line);
	string = json_string(line);
	/* A file's name need not be UTF-8. */
	for (unsigned char *at = (unsigned char *)line; !string && *at; at++)
		if (*at >= 0x80)
			*at = '?';
	if (!string)
		string = json_string(line);
	free(line);
	return string;
}
