// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * For shell tests: json_at PATH... <FILE prints what is at each path of a JSON document, one line
 * each: total.frees, processes.0.pid; of an array or an object how many members it has. Exit code 1
 * where the document is none, or has no such path.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *at(json_t *json, char *path)
{
	char *rest;

	for (char *key = strtok_r(path, ".", &rest); key && json; key = strtok_r(NULL, ".", &rest))
		json = json_is_array(json) ? json_array_get(json, strtoul(key, NULL, 10))
					   : json_object_get(json, key);
	return json;
}

static void print(const json_t *json)
{
	char *text;

	if (json_is_string(json)) {
		puts(json_string_value(json));
	} else if (json_is_array(json)) {
		printf("%zu\n", json_array_size(json));
	} else if (json_is_object(json)) {
		printf("%zu\n", json_object_size(json));
	} else {
		text = json_dumps(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		puts(text ?: "?");
		free(text);
	}
}

int main(int argc, char **argv)
{
	json_error_t error;
	json_t *json = json_loadf(stdin, JSON_REJECT_DUPLICATES, &error);

	if (!json) {
		fprintf(stderr, "json_at: line %d: %s\n", error.line, error.text);
		return 1;
	}
	for (int i = 1; i < argc; i++) {
		char *path = strdup(argv[i]);
		const json_t *found = path ? at(json, path) : NULL;

		free(path);
		if (!found) {
			fprintf(stderr, "json_at: there is no %s\n", argv[i]);
			return 1;
		}
		print(found);
	}
	json_decref(json);
	return 0;
}
