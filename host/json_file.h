/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The JSON files of a run: one way to read them, one form to write them in. */
#ifndef EXITLAB_JSON_FILE_H
#define EXITLAB_JSON_FILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/*
 * Reads directory/name into *json, the caller's. 0, with NULL where there is no such file; -1 with
 * one line on stderr.
 */
int json_file_read(const char *directory, const char *name, json_t **json);

/* Writes json to directory/name in json_file_print()'s form. 0, or -1 with one line on stderr. */
int json_file_write(const json_t *json, const char *directory, const char *name);

/* Prints json indented, its keys in the order of their making, with a newline at the end. */
void json_file_print(const json_t *json, FILE *out);

/* A string of an object; "unknown" where it has none of that name. */
const char *json_text(const json_t *object, const char *key);

/* A member by its path, "host.cpu.model"; NULL where there is none. */
json_t *json_member(const json_t *root, const char *path);

/* The object of an array whose text under key is value; NULL where none is. */
const json_t *json_find(const json_t *array, const char *key, const char *value);

/* Replaces what could steer a terminal, in place. */
void tame(char *text);

/* Text from outside as a string that cannot steer a terminal; a new reference. */
json_t *json_printable(const char *text);

/* Is it of a run on a GPU: of kind "gpu" or "gpu-overhead", which have rows of one form? */
bool summary_is_of_gpu(const json_t *summary);

/* A row of a summary; NULL where it has none of that name. */
const json_t *summary_row(const json_t *summary, const char *id);

#endif
