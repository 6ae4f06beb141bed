// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The command: finds the subcommand in the table of commands.h. Start reading here. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "util.h"
#include "version.h"

static const struct command {
	const char *name, *prose;
	int (*run)(int argc, char **argv);
} commands[] = {
#define COMMAND(name, prose) {#name, prose, cmd_##name},
	COMMANDS(COMMAND)
#undef COMMAND
};

static void help(FILE *out)
{
	fprintf(out, "usage: exitlab COMMAND [OPTION...]\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].prose);
	fprintf(out, "\n`exitlab COMMAND --help` describes a command. Exit codes: 0 ok, 1 failed,\n"
		     "2 usage, 77 cannot run here.\n");
}

int main(int argc, char **argv)
{
	char name[32];
	int status;

	argp_err_exit_status = EXIT_USAGE;
	setlinebuf(stdout); /* what is said before a long step must not wait for its end */
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help")) {
		help(stdout);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
		printf("exitlab %s (%s)\n", EXITLAB_VERSION, EXITLAB_REVISION);
		return EXIT_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		snprintf(name, sizeof(name), "exitlab %s",
			 argv[1]); /* for --help and usage errors */
		argv[1] = name;
		status = commands[i].run(argc - 1, argv + 1);
		if (!fflush(stdout) && !ferror(stdout))
			return status;
		pr_err("standard output: not all could be written");
		return status ?: EXIT_FAILED;
	}
	pr_err("no command \"%s\"; `exitlab help` lists them", argv[1]);
	return EXIT_USAGE;
}
