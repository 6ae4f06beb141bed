// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab doctor: what this host can do, what is missing or denied, the command that mends it, and
 * which of exitlab's commands run here. doctor_checks.c has the tables.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "commands.h"
#include "doctor.h"
#include "json_file.h"
#include "util.h"
#include "version.h"

#define CHECKS_MOST 64

static const struct argp_option option_table[] = {
	{"json", 'j', NULL, 0, "print all as JSON (schema exitlab-doctor/1)", 0},
	{"results", 'r', "DIR", 0, "the archive that is looked for room [results]", 0},
	{0},
};

struct arguments {
	bool json;
	struct doctor_host host;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'j':
		arguments->json = true;
		return 0;
	case 'r':
		arguments->host.results = argument;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: doctor takes options only", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = option_table,
	.parser = parse,
	.doc = "Try what exitlab takes of this host; print what is ok, missing or denied, the commands "
	       "that mend it, and what runs here. Changes nothing."
	       "\vExit status: 0 where `make boot` can measure, on KVM or in the lab; else 77.",
};

/* $CACHE, else $XDG_CACHE_HOME/exitlab, else ~/.cache/exitlab: as the Makefile has it. */
static const char *cache_directory(void)
{
	static char path[PATH_MAX];
	const char *cache = getenv("CACHE"), *base = getenv("XDG_CACHE_HOME");

	if (cache && *cache)
		return cache;
	if (base && *base)
		snprintf(path, sizeof(path), "%s/exitlab", base);
	else
		snprintf(path, sizeof(path), "%s/.cache/exitlab", getenv("HOME") ?: "");
	return path;
}

/* Each fix once, with the names of those it mends behind it. */
static void print_fixes(const struct doctor_finding *findings)
{
	bool any = false;

	for (size_t i = 0; doctor_checks[i].name; i++) {
		const char *fix = findings[i].fix;
		bool first = *fix;

		for (size_t j = 0; j < i && first; j++)
			first = strcmp(fix, findings[j].fix);
		if (!first)
			continue;
		if (!any)
			printf("\nto mend it:\n");
		any = true;
		printf("  %s  %s%s", fix, *fix == '#' ? "(" : "# ", doctor_checks[i].name);
		for (size_t j = i + 1; doctor_checks[j].name; j++)
			if (!strcmp(fix, findings[j].fix))
				printf(", %s", doctor_checks[j].name);
		printf("%s\n", *fix == '#' ? ")" : "");
	}
}

static void print_abilities(const struct doctor_finding *findings)
{
	char lacks[256];

	printf("\nwhat runs here:\n");
	for (const struct doctor_ability *ability = doctor_abilities; ability->name; ability++) {
		int route = doctor_route(ability, findings, lacks, sizeof(lacks));

		printf("  %-22s ", ability->command);
		if (route < 0)
			printf("no, without %s\n", lacks);
		else
			printf("yes, %s%s%s%s%s\n", ability->route[route].where, *lacks ? "; " : "",
			       *lacks && route ? ability->route[0].where : "",
			       !*lacks ? ""
			       : route ? " it would take "
				       : "better with ",
			       lacks);
	}
}

static json_t *abilities_json(const struct doctor_finding *findings)
{
	json_t *array = json_array();
	char lacks[256];

	for (const struct doctor_ability *ability = doctor_abilities; ability->name; ability++) {
		int route = doctor_route(ability, findings, lacks, sizeof(lacks));
		json_t *names = json_array();
		char *rest = lacks, *name;

		while (*lacks && (name = strsep(&rest, ",")))
			json_array_append_new(names, json_string(name + strspn(name, " ")));
		json_array_append_new(
			array, json_pack("{s:s, s:s, s:b, s:s?, s:o}", "name", ability->name,
					 "command", ability->command, "runs", route >= 0, "where",
					 route < 0 ? NULL : ability->route[route].where, "without",
					 names));
	}
	return array;
}

static int print_json(const struct doctor_finding *findings)
{
	json_t *checks = json_array(), *all;
	struct utsname host;

	for (size_t i = 0; doctor_checks[i].name; i++)
		json_array_append_new(
			checks, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name",
					  doctor_checks[i].name, "for", doctor_checks[i].purpose,
					  "state", doctor_state_name(findings[i].state), "detail",
					  findings[i].detail, "fix", findings[i].fix));
	uname(&host);
	all = json_pack("{s:s, s:s, s:{s:s, s:s}, s:o, s:o}", "schema", "exitlab-doctor/1", "host",
			host.nodename, "tool", "version", EXITLAB_VERSION, "revision",
			EXITLAB_REVISION, "checks", checks, "commands", abilities_json(findings));
	if (!all)
		die("doctor: no memory");
	json_file_print(all, stdout);
	json_decref(all);
	return ferror(stdout) ? EXIT_FAILED : EXIT_OK;
}

int cmd_doctor(int argc, char **argv)
{
	static struct doctor_finding findings[CHECKS_MOST];
	struct arguments arguments = {
		.host = {.root = "", .results = "results", .cache = cache_directory()}};
	char lacks[256];

	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	if (!arguments.json)
		printf("%-16s %-8s %s\n", "check", "state", "what was found");
	for (size_t i = 0; doctor_checks[i].name; i++) {
		doctor_examine(&arguments.host, &doctor_checks[i], &findings[i]);
		if (!arguments.json)
			printf("%-16s %-8s %s\n", doctor_checks[i].name,
			       doctor_state_name(findings[i].state), findings[i].detail);
	}
	if (!arguments.json) {
		print_fixes(findings);
		print_abilities(findings);
	} else if (print_json(findings) != EXIT_OK) {
		return EXIT_FAILED;
	}
	/* The first ability is `make boot`. */
	return doctor_route(doctor_abilities, findings, lacks, sizeof(lacks)) < 0 ? EXIT_CANNOT
										  : EXIT_OK;
}
