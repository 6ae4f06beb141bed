// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What else changed between two runs: whoever reads a ratio has to know what it may be due to. */
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "json_file.h"
#include "util.h"

/* The parts of a summary that say who measured, on what, and how. */
static const char *const parts[] = {"host", "tool", "isolated", "setup", "environment", "repeat"};

/* A value as text; what is not there was not recorded. A new reference. */
static json_t *text_of(const json_t *value)
{
	char *text;
	json_t *line;

	if (!value || json_is_null(value))
		return json_string("not recorded");
	/* The other side has none, so its members are of no use. */
	if (json_is_object(value))
		return json_string("recorded");
	if (json_is_string(value))
		return json_printable(json_string_value(value));
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
	if (!text)
		die("no memory for a text");
	line = json_printable(text);
	free(text);
	return line;
}

static void compare_values(const char *key, const json_t *base, const json_t *with, json_t *out);

/* The members of two objects: those of the first, and those that only the second has. */
static void compare_members(const char *key, const json_t *base, const json_t *with, json_t *out)
{
	const json_t *objects[] = {base, with}, *value;
	const char *name;

	for (int i = 0; i < 2; i++) {
		json_object_foreach ((json_t *)objects[i], name, value) {
			char *whole;

			if (i == 1 && json_object_get(base, name))
				continue;
			if (asprintf(&whole, "%s.%s", key, name) < 0)
				die("no memory for a text");
			compare_values(whole, json_object_get(base, name),
				       json_object_get(with, name), out);
			free(whole);
		}
	}
}

static void compare_values(const char *key, const json_t *base, const json_t *with, json_t *out)
{
	if (json_is_object(base) && json_is_object(with))
		compare_members(key, base, with, out);
	else if ((base || with) && !json_equal(base, with))
		json_array_append_new(out, json_pack("{s:o, s:o, s:o}", "key", json_printable(key),
						     "base", text_of(base), "with", text_of(with)));
}

json_t *compare_setups(const json_t *base, const json_t *with)
{
	json_t *out = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		compare_values(parts[i], json_object_get(base, parts[i]),
			       json_object_get(with, parts[i]), out);
	return out;
}
