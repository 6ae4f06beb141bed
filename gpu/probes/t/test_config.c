// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Configurations, good and bad: what is refused, in what words, and what is made of the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../../host/archive.h"
#include "../../../host/util.h"
#include "../config.h"

static char directory[] = "/tmp/test_config.XXXXXX", root[PATH_MAX];

static void make(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* A tree as bpftime's is, with some of its programs. */
static int begin(void **state)
{
	static const char *const folders[] = {
		"benchmark", "benchmark/gpu", "benchmark/gpu/micro", "benchmark/gpu/workload",
		"build",     "build/runtime"};
	char path[PATH_MAX];

	(void)state;
	if (!mkdtemp(directory) || !realpath(directory, root))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, folders[i]);
		if (mkdir(path, 0755))
			return -1;
	}
	make("benchmark/gpu/micro/cuda_probe", "");
	make("benchmark/gpu/workload/vec_add", "");
	make("build/runtime/agent.so", "");
	return 0;
}

static int end(void **state)
{
	(void)state;
	remove_tree(directory);
	return 0;
}

static int read_text(struct config *config, const char *text, char why[600])
{
	char path[PATH_MAX];

	make("benchmark/gpu/micro/config.json", text);
	snprintf(path, sizeof(path), "%s/benchmark/gpu/micro/config.json", directory);
	*why = '\0';
	return config_read(config, path, NULL, why, 600);
}

#define PRESETS	    "\"workload_presets\": {\"minimal\": \"32 3 32 1\"}"
#define BASELINE    "{\"name\": \"Baseline\", \"probe_binary_cmd\": \"\", \"workload\": \"minimal\"}"
#define WITH(cases) "{" PRESETS ", \"test_cases\": [" BASELINE ", " cases "]}"
#define CASE(more)                                                                                 \
	WITH("{\"name\": \"a\", \"probe_binary_cmd\": \"x\", \"workload\": \"minimal\"" more "}")

static void test_bad(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"", "'[' or '{' expected near end of file"},
		{"not JSON", "line 1: "},
		{"{\"a\": 1, \"a\": 2}", "duplicate object key"},
		{"[]", "it is no JSON object"},
		{"{}", "no \"workload_presets\""},
		{"{\"vec_add_args\": \"32 3 32 1\", \"test_cases\": [{\"name\": \"a\", "
		 "\"cuda_probe_args\": \"empty\"}]}",
		 "\"vec_add_args\" is of an older form: give"},
		{"{\"workload_presets\": {}}", "no \"workload_presets\""},
		{"{\"workload_presets\": {\"a\": 1}}", "the preset \"a\" is no text"},
		{"{\"workload_presets\": {\"a\": \" \"}}", "the preset \"a\" is no text"},
		{"{\"workload_presets\": {\"a\": \"1 1\\n1 1\"}}", "\"a\" has a control character"},
		{"{\"workload_presets\": {\"a\\tb\": \"1\"}}", "has a control character"},
		{"{" PRESETS "}", "no list of 1 to 1000 cases"},
		{"{" PRESETS ", \"test_cases\": []}", "no list of 1 to 1000 cases"},
		{"{" PRESETS ", \"test_cases\": {}}", "no list of 1 to 1000 cases"},
		{WITH("1"), "test case 2, \"\": it is no object"},
		{WITH("{\"probe_binary_cmd\": \"\", \"workload\": \"minimal\"}"), "\"name\" is no"},
		{WITH("{\"name\": \"\", \"probe_binary_cmd\": \"\", \"workload\": \"minimal\"}"),
		 "\"name\" is no text of 1 to"},
		{WITH("{\"name\": 7, \"probe_binary_cmd\": \"\", \"workload\": \"minimal\"}"),
		 "\"name\" is no text"},
		{WITH("{\"name\": \"a\", \"workload\": \"minimal\"}"), "no \"probe_binary_cmd\""},
		{WITH("{\"name\": \"a\", \"probe_binary_cmd\": \"\"}"), "no \"workload\""},
		{WITH("{\"name\": \"a\", \"probe_binary_cmd\": \"\", \"workload\": \"huge\"}"),
		 "test case 2, \"a\": there is no preset \"huge\""},
		{WITH(BASELINE), "\"Baseline\": there are two cases of this name"},
		{CASE(", \"baseline\": \"None\""),
		 "there is no case \"None\", which is its baseline"},
		{CASE(", \"baseline\": \"a\""), "its baseline \"a\" has a probe"},
		{CASE(", \"env\": []"), "\"env\" is no object of texts"},
		{CASE(", \"env\": {\"A\": 1}"), "\"A\" is no variable with a text"},
		{CASE(", \"env\": {\"A=B\": \"\"}"), "\"A=B\" is no variable with a text"},
		{CASE(", \"timeout\": 0"), "\"timeout\" is no number of seconds"},
		{CASE(", \"timeout\": \"1\""), "\"timeout\" is no number of seconds"},
		{CASE(", \"ready_timeout\": 1e9"), "\"ready_timeout\" is no number of seconds"},
		{CASE(", \"ready\": 1"), "\"ready\" is no text"},
		{CASE(", \"ready\": \"a\\u001bb\""), "\"ready\" has a control character"},
		{WITH("{\"name\": \"a\\nstatus=ok\", \"probe_binary_cmd\": \"\", \"workload\": "
		      "\"minimal\"}"),
		 "\"name\" has a control character"},
		{"{\"output_prefix\": \"a/\", " PRESETS "}", "begins no name of a file"},
		{"{\"output_prefix\": \"a/..\", " PRESETS "}", "begins no name of a file"},
		{"{\"output_prefix\": \"a\\n\", " PRESETS "}", "control character"},
		{"{\"global_env\": 1, " PRESETS "}", "\"global_env\" is no object"},
	};
	struct config config;
	char why[600];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(read_text(&config, bad[i].text, why), -1);
		if (!strstr(why, bad[i].why))
			fail_msg("%s: \"%s\" is not in \"%s\"", bad[i].text, bad[i].why, why);
		config_free(&config);
	}
	assert_int_equal(config_read(&config, "/nonexistent/a.json", NULL, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "No such file"));
	config_free(&config);
}

/* A text from outside cannot steer the terminal that the reason is for. */
static void test_tame(void **state)
{
	struct config config;
	char why[600];

	(void)state;
	assert_int_equal(read_text(&config, CASE(", \"env\": {\"\\u001b[31m\": 1}"), why), -1);
	assert_non_null(strstr(why, "[31m"));
	assert_null(strchr(why, '\x1b'));
	config_free(&config);
}

static void assert_words(const struct words *words, size_t n, const char *const *expected)
{
	assert_int_equal(words->n, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(words->word[i], expected[i]);
}

/* As the published framework documents it: presets are the arguments of vec_add. */
static void test_documented(void **state)
{
	static const char *const expected[] = {"/our/vec_add", "32", "3", "32", "1"};
	struct config config;
	struct words words = {0};
	char why[600], program[PATH_MAX + 64];

	(void)state;
	assert_int_equal(
		read_text(&config,
			  WITH("{\"name\": \"Test Name\", \"workload\": \"minimal\", \"baseline\": "
			       "\"Baseline\", \"probe_binary_cmd\": "
			       "\"benchmark/gpu/micro/cuda_probe  entry\"}"),
			  why),
		0);
	assert_int_equal(config.count, 2);
	assert_string_equal(config.root, root);
	assert_string_equal(config.prefix, "micro");
	assert_true(case_is_baseline(&config.cases[0]));
	assert_int_equal(config.cases[0].base, -1);
	assert_false(case_is_baseline(&config.cases[1]));
	assert_int_equal(config.cases[1].base, 0);
	assert_true(config.cases[1].timeout == 120);
	config_command(&config, config.cases[1].load, "/our/vec_add", &words);
	assert_words(&words, 5, expected);
	words_free(&words);
	config_command(&config, config.cases[1].probe, "/our/vec_add", &words);
	snprintf(program, sizeof(program), "%s/benchmark/gpu/micro/cuda_probe", root);
	assert_words(&words, 2, (const char *const[]){program, "entry"});
	words_free(&words);
	config_free(&config);
}

/* As its files are: presets with a program, environments, a prefix with a folder. */
static void test_its_files(void **state)
{
	struct config config;
	struct words words = {0};
	char why[600], text[PATH_MAX + 64];

	(void)state;
	assert_int_equal(
		read_text(
			&config,
			"{\"output_prefix\": \"benchmark/gpu/micro/micro_vec_add\", \"global_env\": {}, "
			"\"probe_env\": {\"LD_PRELOAD\": \"build/runtime/none.so\"}, "
			"\"agent_env\": {\"BPFTIME_LOG_OUTPUT\": \"console\", \"LD_PRELOAD\": "
			"\"build/runtime/agent.so\"}, \"workload_presets\": {\"tiny\": "
			"\"benchmark/gpu/workload/vec_add 32 10000 32 1\"}, \"test_cases\": "
			"[{\"name\": \"Baseline (tiny)\", \"probe_binary_cmd\": \"\", \"workload\": "
			"\"tiny\"}, {\"name\": \"NVBit (tiny)\", \"probe_binary_cmd\": \"\", "
			"\"workload\": \"tiny\", \"env\": {\"NOBANNER\": \"1\"}, \"baseline\": "
			"\"Baseline (tiny)\"}]}",
			why),
		0);
	assert_string_equal(config.prefix, "micro_vec_add");
	assert_false(case_is_baseline(&config.cases[1]));
	config_command(&config, config.cases[0].load, "/our/vec_add", &words);
	snprintf(text, sizeof(text), "%s/benchmark/gpu/workload/vec_add", root);
	assert_words(&words, 5, (const char *const[]){text, "32", "10000", "32", "1"});
	words_free(&words);
	config_settings(&config, config.agent_env, &words);
	snprintf(text, sizeof(text), "LD_PRELOAD=%s/build/runtime/agent.so", root);
	assert_words(&words, 2, (const char *const[]){"BPFTIME_LOG_OUTPUT=console", text});
	words_free(&words);
	/* What is not there is left as it is. */
	config_settings(&config, config.probe_env, &words);
	assert_words(&words, 1, (const char *const[]){"LD_PRELOAD=build/runtime/none.so"});
	words_free(&words);
	config_free(&config);
}

static void test_common(void **state)
{
	struct config config;
	char why[600];

	(void)state;
	assert_int_equal(read_text(&config,
				   "{\"ready\": \"Successfully started\", \"timeout\": 7, " PRESETS
				   ", \"test_cases\": [" BASELINE ", {\"name\": \"a\", "
				   "\"probe_binary_cmd\": \" \", \"workload\": \"minimal\", "
				   "\"ready\": \"up\", \"ready_timeout\": 0.5}]}",
				   why),
			 0);
	assert_string_equal(config.cases[0].ready, "Successfully started");
	assert_true(config.cases[0].timeout == 7 && config.cases[0].ready_timeout == 30);
	assert_string_equal(config.cases[1].ready, "up");
	assert_true(config.cases[1].timeout == 7 && config.cases[1].ready_timeout == 0.5);
	/* Spaces are no command. */
	assert_true(case_is_baseline(&config.cases[1]));
	config_free(&config);
}

static void test_shipped(void **state)
{
	static const char *const files[] = {"gpu/probes/bench_config.json",
					    "gpu/probes/bench_config_examples.json"};
	struct config config;
	char why[600];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (config_read(&config, files[i], NULL, why, sizeof(why)))
			fail_msg("%s: %s", files[i], why);
		for (size_t j = 0; j < config.count; j++)
			assert_true(case_is_baseline(&config.cases[j]) ||
				    config.cases[j].base >= 0);
		config_free(&config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),	   cmocka_unit_test(test_tame),
		cmocka_unit_test(test_documented), cmocka_unit_test(test_its_files),
		cmocka_unit_test(test_common),	   cmocka_unit_test(test_shipped),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
