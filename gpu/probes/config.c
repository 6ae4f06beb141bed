// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../host/json_file.h"
#include "../../host/util.h"
#include "config.h"

#define TIMEOUT	      120 /* seconds, of the published framework */
#define READY_TIMEOUT 30
#define TIMEOUT_MOST  3600
#define NAME_MOST     200
#define SPACES	      " "

static const char *const top_keys[] = {"output_prefix", "global_env", "probe_env",
				       "agent_env",	"ready",      "timeout",
				       "ready_timeout", "test_cases", "workload_presets"};
static const char *const case_keys[] = {
	"name",	 "probe_binary_cmd", "workload",     "baseline", "env",
	"ready", "timeout",	     "ready_timeout"};

/* Where it went wrong, for a reason. */
struct complaint {
	char *why;
	size_t size;
};

static int __attribute__((format(printf, 2, 3)))
complain(const struct complaint *complaint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(complaint->why, complaint->size, format, arguments);
	va_end(arguments);
	tame(complaint->why);
	return -1;
}

/* A key that nobody knows is likely one that is misspelt; files of others may have some. */
static void warn_unknown(const json_t *object, const char *const *keys, size_t count,
			 const char *where)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		bool known = false;

		for (size_t i = 0; i < count; i++)
			known |= !strcmp(key, keys[i]);
		if (!known) {
			char text[NAME_MOST];

			snprintf(text, sizeof(text), "%s", key);
			tame(text);
			pr_warn("%s: \"%s\" means nothing here", where, text);
		}
	}
}

/* An object of texts, or nothing. */
static int check_env(const json_t *object, const char *key, const json_t **env,
		     const struct complaint *complaint)
{
	const char *name;
	json_t *value;

	*env = json_object_get(object, key);
	if (!*env)
		return 0;
	if (!json_is_object(*env))
		return complain(complaint, "\"%s\" is no object of texts", key);
	json_object_foreach ((json_t *)*env, name, value) {
		if (!json_is_string(value) || !*name || strchr(name, '='))
			return complain(complaint, "\"%s\": \"%s\" is no variable with a text", key,
					name);
	}
	return 0;
}

/* Texts become lines of lists, of the log and of records, where a newline would begin another. */
static bool has_control(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return true;
	return false;
}

/* A text of an object into *to, which keeps what it has where there is none. */
static int take_text(const json_t *object, const char *key, const char **to,
		     const struct complaint *complaint)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return complain(complaint, "\"%s\" is no text", key);
	if (has_control(json_string_value(value)))
		return complain(complaint, "\"%s\" has a control character in it", key);
	*to = json_string_value(value);
	return 0;
}

static int take_seconds(const json_t *object, const char *key, double *to,
			const struct complaint *complaint)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	if (!json_is_number(value) || !(json_number_value(value) > 0) ||
	    json_number_value(value) > TIMEOUT_MOST)
		return complain(complaint, "\"%s\" is no number of seconds up to %d", key,
				TIMEOUT_MOST);
	*to = json_number_value(value);
	return 0;
}

/* Has the text a first word, and one that a program can have? */
static bool has_word(const char *text)
{
	return text[strspn(text, SPACES)];
}

static int check_presets(struct config *config, const struct complaint *complaint)
{
	const char *name;
	json_t *value;

	config->presets = json_object_get(config->json, "workload_presets");
	/* bpftime's first form: one baseline for cases of all sizes. */
	if (!config->presets && json_object_get(config->json, "vec_add_args"))
		return complain(
			complaint,
			"\"vec_add_args\" is of an older form: give \"workload_presets\", and each "
			"case a \"workload\", a \"probe_binary_cmd\" and a \"baseline\"");
	if (!json_object_size(config->presets))
		return complain(complaint, "there are no \"workload_presets\"");
	json_object_foreach ((json_t *)config->presets, name, value) {
		if (!json_is_string(value) || !has_word(json_string_value(value)))
			return complain(complaint,
					"the preset \"%s\" is no text: \"ELEMENTS ITERATIONS "
					"THREADS BLOCKS\", or a program and its arguments",
					name);
		if (has_control(name) || has_control(json_string_value(value)))
			return complain(complaint,
					"the preset \"%s\" has a control character in it", name);
	}
	return 0;
}

/* The texts of one case; what all have in common is in it already. */
static int read_texts(struct test_case *one, const json_t *json, const struct complaint *complaint)
{
	if (!json_is_object(json))
		return complain(complaint, "it is no object");
	if (take_text(json, "name", &one->name, complaint) ||
	    take_text(json, "workload", &one->workload, complaint) ||
	    take_text(json, "probe_binary_cmd", &one->probe, complaint) ||
	    take_text(json, "baseline", &one->baseline, complaint) ||
	    take_text(json, "ready", &one->ready, complaint) ||
	    take_seconds(json, "timeout", &one->timeout, complaint) ||
	    take_seconds(json, "ready_timeout", &one->ready_timeout, complaint) ||
	    check_env(json, "env", &one->env, complaint))
		return -1;
	if (!one->name || !*one->name || strlen(one->name) > NAME_MOST)
		return complain(complaint, "\"name\" is no text of 1 to %d bytes", NAME_MOST);
	if (!one->probe)
		return complain(complaint,
				"it has no \"probe_binary_cmd\"; of a baseline it is \"\"");
	if (!one->workload)
		return complain(complaint, "it has no \"workload\"");
	return 0;
}

static int read_case(struct config *config, struct test_case *one, const json_t *json,
		     const struct complaint *complaint)
{
	if (read_texts(one, json, complaint))
		return -1;
	if (!has_word(one->probe))
		one->probe = "";
	one->base = -1;
	one->load = json_string_value(json_object_get(config->presets, one->workload));
	if (!one->load)
		return complain(complaint, "there is no preset \"%s\"", one->workload);
	warn_unknown(json, case_keys, ARRAY_SIZE(case_keys), one->name);
	return 0;
}

static int find_base(struct config *config, struct test_case *one,
		     const struct complaint *complaint)
{
	for (size_t i = 0; i < config->count; i++) {
		struct test_case *other = &config->cases[i];

		if (other != one && !strcmp(other->name, one->name))
			return complain(complaint, "there are two cases of this name");
		if (one->baseline && !strcmp(other->name, one->baseline))
			one->base = i;
	}
	if (one->baseline && one->base < 0)
		return complain(complaint, "there is no case \"%s\", which is its baseline",
				one->baseline);
	if (one->base >= 0 && !case_is_baseline(&config->cases[one->base]))
		return complain(complaint, "its baseline \"%s\" has a probe", one->baseline);
	/* bpftime's files have such cases. */
	if (one->base >= 0 && strcmp(config->cases[one->base].load, one->load))
		pr_warn("%s: its baseline \"%s\" runs another workload, \"%s\"", one->name,
			one->baseline, config->cases[one->base].workload);
	return 0;
}

/* Prefixes a reason with the case that it is of. */
static int of_case(const json_t *list, size_t index, const struct complaint *complaint)
{
	char text[400];

	snprintf(text, sizeof(text), "%s", complaint->why);
	return complain(complaint, "test case %zu, \"%s\": %s", index + 1,
			json_string_value(json_object_get(json_array_get(list, index), "name"))
				?: "",
			text);
}

static int read_cases(struct config *config, const struct complaint *complaint)
{
	const json_t *list = json_object_get(config->json, "test_cases");
	struct test_case common = {.timeout = TIMEOUT, .ready_timeout = READY_TIMEOUT};

	config->count = json_array_size(list);
	if (!config->count || config->count > CASES_MOST)
		return complain(complaint, "\"test_cases\" is no list of 1 to %d cases",
				CASES_MOST);
	if (take_text(config->json, "ready", &common.ready, complaint) ||
	    take_seconds(config->json, "timeout", &common.timeout, complaint) ||
	    take_seconds(config->json, "ready_timeout", &common.ready_timeout, complaint))
		return -1;
	config->cases = calloc(config->count, sizeof(*config->cases));
	if (!config->cases)
		die("no memory for %zu cases", config->count);
	for (size_t i = 0; i < config->count; i++) {
		config->cases[i] = common;
		if (read_case(config, &config->cases[i], json_array_get(list, i), complaint))
			return of_case(list, i, complaint);
	}
	for (size_t i = 0; i < config->count; i++)
		if (find_base(config, &config->cases[i], complaint))
			return of_case(list, i, complaint);
	return 0;
}

/* The folder of output_prefix is not used: results have a folder of their own. */
static int read_prefix(struct config *config, const struct complaint *complaint)
{
	const char *prefix = "micro", *slash;

	if (take_text(config->json, "output_prefix", &prefix, complaint))
		return -1;
	slash = strrchr(prefix, '/');
	if (slash)
		prefix = slash + 1;
	if (!*prefix || *prefix == '.' || strlen(prefix) >= sizeof(config->prefix))
		return complain(complaint, "\"output_prefix\": \"%s\" begins no name of a file",
				prefix);
	strcpy(config->prefix, prefix);
	return 0;
}

/* Is this the first word of text, and a path that is not absolute, in the folder? */
static bool is_there(const char *directory, const char *text)
{
	size_t length;
	char *path;
	bool there;

	text += strspn(text, SPACES);
	length = strcspn(text, SPACES);
	if (*text == '/' || !memchr(text, '/', length) ||
	    asprintf(&path, "%s/%.*s", directory, (int)length, text) < 0)
		return false;
	there = !access(path, F_OK);
	free(path);
	return there;
}

static bool has_programs(const struct config *config, const char *directory)
{
	for (size_t i = 0; i < config->count; i++)
		if (is_there(directory, config->cases[i].probe) ||
		    is_there(directory, config->cases[i].load))
			return true;
	return false;
}

static int find_root(struct config *config, const char *given, const struct complaint *complaint)
{
	char *slash;

	if (given)
		return realpath(given, config->root)
			       ? 0
			       : complain(complaint, "the root %s: %s", given, strerror(errno));
	if (!realpath(config->path, config->root))
		return complain(complaint, "%s", strerror(errno));
	while ((slash = strrchr(config->root, '/')) && slash > config->root) {
		*slash = '\0';
		if (has_programs(config, config->root))
			return 0;
	}
	if (!getcwd(config->root, sizeof(config->root)))
		return complain(complaint, "the current folder: %s", strerror(errno));
	return 0;
}

static int check(struct config *config, const char *root, const struct complaint *complaint)
{
	if (!json_is_object(config->json))
		return complain(complaint, "it is no JSON object");
	warn_unknown(config->json, top_keys, ARRAY_SIZE(top_keys), config->path);
	return check_presets(config, complaint) ||
			       check_env(config->json, "global_env", &config->global_env,
					 complaint) ||
			       check_env(config->json, "probe_env", &config->probe_env,
					 complaint) ||
			       check_env(config->json, "agent_env", &config->agent_env,
					 complaint) ||
			       read_prefix(config, complaint) || read_cases(config, complaint) ||
			       find_root(config, root, complaint)
		       ? -1
		       : 0;
}

int config_read(struct config *config, const char *path, const char *root, char *why, size_t size)
{
	const struct complaint complaint = {why, size};
	json_error_t error;

	*config = (struct config){0};
	if (strlen(path) >= sizeof(config->path))
		return complain(&complaint, "the path is too long");
	strcpy(config->path, path);
	config->json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!config->json && error.line > 0)
		return complain(&complaint, "line %d: %s", error.line, error.text);
	if (!config->json)
		return complain(&complaint, "%s", error.text);
	return check(config, root, &complaint);
}

void config_free(struct config *config)
{
	json_decref(config->json);
	free(config->cases);
	*config = (struct config){0};
}

bool case_is_baseline(const struct test_case *one)
{
	return !*one->probe && !json_object_size(one->env);
}

void config_command(const struct config *config, const char *text, const char *vec_add,
		    struct words *words)
{
	if (isdigit((unsigned char)text[strspn(text, SPACES)]))
		words_add(words, "%s", vec_add);
	for (size_t length; *(text += strspn(text, SPACES)); text += length) {
		length = strcspn(text, SPACES);
		if (!words->n && *text != '/')
			words_add(words, "%s/%.*s", config->root, (int)length, text);
		else
			words_add(words, "%.*s", (int)length, text);
	}
}

void config_settings(const struct config *config, const json_t *env, struct words *settings)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)env, name, value) {
		const char *text = json_string_value(value);

		if (is_there(config->root, text) && !strpbrk(text, SPACES))
			words_add(settings, "%s=%s/%s", name, config->root, text);
		else
			words_add(settings, "%s=%s", name, text);
	}
}
