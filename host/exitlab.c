// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The command: finds the subcommand in the table of commands.h. Start reading here. */
#include <argp.h>
#include <fcntl.h>
#include <stdbool.h>
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

/* A command as it is typed: what is an underscore in C is a hyphen. */
static const char *spelled(const struct command *command)
{
	static char name[32];

	snprintf(name, sizeof(name), "%s", command->name);
	for (char *at = name; (at = strchr(at, '_'));)
		*at = '-';
	return name;
}

static void help(FILE *out)
{
	fprintf(out, "usage: exitlab COMMAND [OPTION...]\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-13s %s\n", spelled(&commands[i]), commands[i].prose);
	fprintf(out,
		"\n`exitlab help COMMAND` describes a command, `exitlab --version` this program.\n"
		"Exit codes: 0 ok, 1 failed, 2 usage, 77 cannot run here.\n");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, spelled(&commands[i])))
			return &commands[i];
	return NULL;
}

static bool is_one_of(const char *word, const char *one, const char *other, const char *third)
{
	return !strcmp(word, one) || !strcmp(word, other) || !strcmp(word, third);
}

static int run_command(const struct command *command, int argc, char **argv)
{
	char name[48];
	int status;

	snprintf(name, sizeof(name), "exitlab %s",
		 spelled(command)); /* for --help and usage errors */
	argv[0] = name;
	status = command->run(argc, argv);
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	pr_err("standard output: not all could be written");
	return status ?: EXIT_FAILED;
}

/* Where one of the three is closed no file of ours may have its number; it fails as before. */
static void hold_standard_streams(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			exit(EXIT_FAILED);
}

int main(int argc, char **argv)
{
	const struct command *command;
	bool asks_help;

	hold_standard_streams();
	argp_err_exit_status = EXIT_USAGE;
	setlinebuf(stdout); /* what is said before a long step must not wait for its end */
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	asks_help = is_one_of(argv[1], "help", "--help", "-h");
	if (asks_help && argc < 3) {
		help(stdout);
		return EXIT_OK;
	}
	if (is_one_of(argv[1], "version", "--version", "-V")) {
		printf("exitlab %s (%s)\n", EXITLAB_VERSION, EXITLAB_REVISION);
		return EXIT_OK;
	}
	command = find_command(argv[asks_help ? 2 : 1]);
	if (!command) {
		pr_err("no command \"%s\"; `exitlab help` lists them", argv[asks_help ? 2 : 1]);
		return EXIT_USAGE;
	}
	if (asks_help) /* as "exitlab COMMAND --help" */
		return run_command(command, 2, (char *[]){NULL, "--help", NULL});
	return run_command(command, argc - 1, argv + 1);
}
