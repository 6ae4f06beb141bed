// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How hostinfo.c's table reads: one small function for each shape a procfs or sysfs file has. */
#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostinfo_read.h"
#include "kernel_list.h"
#include "util.h"

static void free_text(char **text)
{
	free(*text);
}

/* The whole file without white space at its end, to be freed; NULL where it cannot be read. */
static char *file_text(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	ssize_t length;

	if (!file)
		return NULL;
	length = getdelim(&text, &size, '\0', file);
	if (length < 0 && !ferror(file) && text) /* an empty file is a value */
		text[length = 0] = '\0';
	fclose(file);
	if (length < 0) {
		free(text);
		return NULL;
	}
	while (length && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	return text;
}

static json_t *parse_integer(const char *text)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	return end == text || *end || errno ? NULL : json_integer(value);
}

json_t *read_text(const struct place *place)
{
	CLEANUP(free_text) char *text = file_text(place->path);

	return text ? json_string(text) : NULL;
}

json_t *read_integer(const struct place *place)
{
	CLEANUP(free_text) char *text = file_text(place->path);

	return text ? parse_integer(text) : NULL;
}

json_t *read_boolean(const struct place *place)
{
	CLEANUP(free_text) char *text = file_text(place->path);

	if (!text || (strcmp(text, "0") && strcmp(text, "1")))
		return NULL;
	return json_boolean(*text == '1');
}

json_t *read_inverted(const struct place *place)
{
	json_t *value = read_boolean(place);

	return value ? json_boolean(json_is_false(value)) : NULL; /* both are static in jansson */
}

/* "name<blanks>: value", the first of its name; a unit (kB) stays in the value. */
static char *field_text(const char *path, const char *name)
{
	char *text = file_text(path), *value = NULL;
	size_t length = strlen(name);

	for (char *line = text, *next; line && !value; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!strncmp(line, name, length) &&
		    line[length + strspn(line + length, " \t")] == ':')
			value = strchr(line, ':') + 1;
	}
	if (value)
		value = strdup(value + strspn(value, " \t"));
	free(text);
	return value;
}

json_t *read_field(const struct place *place)
{
	CLEANUP(free_text) char *text = field_text(place->path, place->argument);

	return text ? json_string(text) : NULL;
}

json_t *read_field_integer(const struct place *place)
{
	CLEANUP(free_text) char *text = field_text(place->path, place->argument);
	char *unit = text ? strstr(text, " kB") : NULL;

	if (unit)
		*unit = '\0';
	return text ? parse_integer(text) : NULL;
}

json_t *read_chosen(const struct place *place)
{
	CLEANUP(free_text) char *text = file_text(place->path);
	char *open = text ? strchr(text, '[') : NULL, *close = open ? strchr(open, ']') : NULL;

	return close ? json_stringn(open + 1, close - open - 1) : NULL;
}

json_t *read_words(const struct place *place)
{
	CLEANUP(free_text) char *text = file_text(place->path);
	json_t *words = text ? json_array() : NULL;
	char *rest;

	for (char *word = text ? strtok_r(text, " ", &rest) : NULL; word;
	     word = strtok_r(NULL, " ", &rest))
		json_array_append_new(words, json_string(word));
	return words;
}

json_t *read_list_size(const struct place *place)
{
	CLEANUP(free_text) char *text = file_text(place->path);
	const char *at = text ?: "";
	int size = 0, first, last;

	while (kernel_list_next(&at, &first, &last))
		size += last - first + 1;
	if (*at)
		return NULL;
	return size > 0 ? json_integer(size) : NULL;
}

static void free_glob(glob_t *paths)
{
	globfree(paths);
}

/* The paths of a pattern, sorted; none where nothing matches. */
static glob_t glob_sorted(const char *pattern)
{
	glob_t paths = {0};

	glob(pattern, 0, NULL, &paths);
	return paths;
}

static int by_text(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The different contents of a pattern's files, sorted; NULL where none can be read. */
static json_t *different_texts(const char *pattern)
{
	CLEANUP(free_glob) glob_t paths = glob_sorted(pattern);
	char **texts = calloc(paths.gl_pathc + 1, sizeof(*texts));
	json_t *different = texts ? json_array() : NULL;
	size_t count = 0;

	for (size_t i = 0; texts && i < paths.gl_pathc; i++) {
		texts[count] = file_text(paths.gl_pathv[i]);
		count += texts[count] != NULL;
	}
	if (count)
		qsort(texts, count, sizeof(*texts), by_text);
	for (size_t i = 0; i < count; i++)
		if (!i || strcmp(texts[i - 1], texts[i]))
			json_array_append_new(different, json_string(texts[i]));
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
	if (count)
		return different;
	json_decref(different);
	return NULL;
}

json_t *read_agreed(const struct place *place)
{
	json_t *different = different_texts(place->path), *value, *joined = NULL;
	size_t i;

	json_array_foreach (different, i, value) {
		const char *text = json_string_value(value);
		json_t *longer = joined ? json_sprintf("%s, %s", json_string_value(joined), text)
					: json_string(text);

		json_decref(joined);
		joined = longer;
	}
	json_decref(different);
	return joined;
}

json_t *read_distinct(const struct place *place)
{
	json_t *different = different_texts(place->path);
	json_t *count = different ? json_integer(json_array_size(different)) : NULL;

	json_decref(different);
	return count;
}

/* The highest (sign 1) or lowest (sign -1) number of the files; those without one do not count. */
static json_t *extreme(const char *pattern, int sign)
{
	json_t *different = different_texts(pattern), *text, *best = NULL;
	size_t i;

	json_array_foreach (different, i, text) {
		json_t *value = parse_integer(json_string_value(text));

		if (!value)
			continue;
		if (!best || sign * json_integer_value(value) > sign * json_integer_value(best)) {
			json_decref(best);
			best = value;
		} else {
			json_decref(value);
		}
	}
	json_decref(different);
	return best;
}

json_t *read_lowest(const struct place *place)
{
	return extreme(place->path, -1);
}

json_t *read_highest(const struct place *place)
{
	return extreme(place->path, 1);
}

/* Null, not absent, where a file of a set cannot be read: the others still count. */
static json_t *or_null(json_t *value)
{
	return value ? value : json_null();
}

static json_t *each(const struct place *place, reader *read)
{
	CLEANUP(free_glob) glob_t paths = glob_sorted(place->path);
	const char *star = strchr(place->path, '*');
	json_t *values = paths.gl_pathc ? json_object() : NULL;

	for (size_t i = 0; i < paths.gl_pathc; i++) {
		const char *path = paths.gl_pathv[i], *matched = path + (star - place->path);
		int length = strlen(matched) - strlen(star + 1);
		CLEANUP(free_text) char *key = NULL;

		if (asprintf(&key, "%.*s", length, matched) > 0)
			json_object_set_new(values, key,
					    or_null(read(&(struct place){.path = path})));
	}
	return values;
}

json_t *read_each_text(const struct place *place)
{
	return each(place, read_text);
}

json_t *read_each_integer(const struct place *place)
{
	return each(place, read_integer);
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

json_t *read_names(const struct place *place)
{
	CLEANUP(free_text) char *pattern = NULL;
	json_t *names;

	if (access(place->path, R_OK | X_OK) ||
	    asprintf(&pattern, "%s/%s", place->path, place->argument) < 0)
		return NULL;
	CLEANUP(free_glob) glob_t paths = glob_sorted(pattern);
	names = json_array();
	for (size_t i = 0; i < paths.gl_pathc; i++)
		json_array_append_new(names, json_string(base_name(paths.gl_pathv[i])));
	return names;
}

json_t *read_parameters(const struct place *place)
{
	CLEANUP(free_glob) glob_t paths = glob_sorted(place->path);
	json_t *parameters = paths.gl_pathc ? json_object() : NULL;

	for (size_t i = 0; i < paths.gl_pathc; i++) {
		const char *path = paths.gl_pathv[i];
		CLEANUP(free_text)
		char *module = strndup(path, strstr(path, "/parameters/") - path);
		CLEANUP(free_text) char *key = NULL;

		if (module && asprintf(&key, "%s.%s", base_name(module), base_name(path)) > 0)
			json_object_set_new(parameters, key,
					    or_null(read_text(&(struct place){.path = path})));
	}
	return parameters;
}

/* How many files of a pattern say 1. */
static int count_ones(const char *pattern)
{
	CLEANUP(free_glob) glob_t paths = glob_sorted(pattern);
	int ones = 0;

	for (size_t i = 0; i < paths.gl_pathc; i++) {
		CLEANUP(free_text) char *text = file_text(paths.gl_pathv[i]);

		ones += text && !strcmp(text, "1");
	}
	return ones;
}

json_t *read_idle_states(const struct place *place)
{
	json_t *states = json_array(), *name;

	for (int state = 0;; state++) {
		char pattern[PATH_MAX];
		struct place file = {.path = pattern};

		snprintf(pattern, sizeof(pattern), "%s%d/name", place->path, state);
		name = read_agreed(&file);
		if (!name)
			break;
		snprintf(pattern, sizeof(pattern), "%s%d/latency", place->path, state);
		json_t *latency = or_null(read_highest(&file));

		snprintf(pattern, sizeof(pattern), "%s%d/disable", place->path, state);
		json_array_append_new(states, json_pack("{s:i, s:o, s:o}", "disabled_on_cpus",
							count_ones(pattern), "latency_us", latency,
							"name", name));
	}
	if (json_array_size(states))
		return states;
	json_decref(states);
	return NULL;
}
