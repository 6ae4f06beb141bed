// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `exitlab gpulock`: asks the gpulock module on this machine (kmod/gpulock), by the table below. */
#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "gpulock.h"
#include "option_number.h"
#include "util.h"

#define DEVICE "/dev/gpulock"

/* letters: what the arguments are: n a number, b bytes, r an access; those behind a "," may be left
 * out. */
static const struct {
	const char *name, *letters;
	gpulock_action *run;
	const char *arguments;
} actions[] = {
	{"status", ",n", gpulock_status, "[AGENT]"},
	{"alloc", "nb,n", gpulock_alloc, "AGENT SIZE [DEVICE]"},
	{"free", "n", gpulock_free, "ID"},
	{"quota", "nb,n", gpulock_quota, "AGENT LIMIT [DEVICE_MASK]"},
	{"grant", "nnnr", gpulock_grant, "AGENT START END rwx"},
	{"revoke", "nnn", gpulock_revoke, "AGENT START END"},
	{"check", "nnnr", gpulock_check, "AGENT START END rwx"},
	{"bench", "", gpulock_bench, ""},
};

struct options {
	size_t action; /* ARRAY_SIZE(actions): none yet */
	struct gpulock_request request;
};

static const struct argp_option option_list[] = {
	{"json", 'j', NULL, 0, "print one object", 0},
	{"iter", 'i', "N", 0, "of bench: samples of each row [10000]", 0},
	{0},
};

/* A number as C has them; bytes may end in K, M, G or T, which are powers of 1024. */
static bool parse_number(const char *text, bool bytes, uint64_t *number)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	char *end;
	int shift;

	/* What strtoull() takes in front of a number is no part of one: blanks, and a sign. */
	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*number = strtoull(text, &end, 0);
	if (errno)
		return false;
	suffix = bytes && *end ? strchr(suffixes, *end) : NULL;
	if (!suffix)
		return !*end;
	shift = 10 * (int)(suffix - suffixes + 1);
	if (end[1] || *number > UINT64_MAX >> shift)
		return false;
	*number <<= shift;
	return true;
}

static bool parse_access(const char *text, uint64_t *access)
{
	static const char letters[] = "rwx";

	*access = 0;
	for (; *text; text++) {
		const char *letter = strchr(letters, *text);

		if (!letter || *access & 1u << (letter - letters))
			return false;
		*access |= 1u << (letter - letters);
	}
	return *access;
}

static void take_argument(struct options *options, const char *text, struct argp_state *state)
{
	const char *letter = actions[options->action].letters;
	int skip = options->request.count;
	uint64_t *value = &options->request.argument[skip];

	for (; *letter && (skip || *letter == ','); letter++)
		skip -= *letter != ',';
	if (!*letter)
		argp_error(state, "%s takes %s", actions[options->action].name,
			   *actions[options->action].letters ? actions[options->action].arguments
							     : "no argument");
	if (*letter == 'r' ? !parse_access(text, value)
			   : !parse_number(text, *letter == 'b', value))
		argp_error(state, "\"%s\" is %s", text,
			   *letter == 'r' ? "no access: some of r, w and x" : "no number");
	/* Agents and devices have 32 bits; what is first is an agent, but of free. */
	if (!options->request.count && *value > UINT32_MAX &&
	    actions[options->action].run != gpulock_free)
		argp_error(state, "agent %s: at most %u", text, UINT32_MAX);
	options->request.count++;
}

static void check_count(const struct options *options, struct argp_state *state)
{
	int needed;

	if (options->action == ARRAY_SIZE(actions))
		argp_error(state, "which action? exitlab gpulock status");
	needed = strcspn(actions[options->action].letters, ",");
	if (options->request.count < needed)
		argp_error(state, "%s takes %s", actions[options->action].name,
			   actions[options->action].arguments);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'j':
		options->request.json = true;
		return 0;
	case 'i':
		options->request.iterations = option_number(argument, 1, 10000000, "--iter", state);
		return 0;
	case ARGP_KEY_ARG:
		if (options->action < ARRAY_SIZE(actions)) {
			take_argument(options, argument, state);
			return 0;
		}
		options->action = 0;
		while (options->action < ARRAY_SIZE(actions) &&
		       strcmp(actions[options->action].name, argument))
			options->action++;
		if (options->action == ARRAY_SIZE(actions))
			argp_error(state, "\"%s\" is no action; see --help", argument);
		return 0;
	case ARGP_KEY_END:
		check_count(options, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = option_list,
	.parser = parse,
	.args_doc =
		"status [AGENT]\nalloc AGENT SIZE [DEVICE]\nfree ID\nquota AGENT LIMIT [DEVICE_MASK]\n"
		"grant AGENT START END rwx\nrevoke AGENT START END\ncheck AGENT START END rwx\nbench",
	.doc = "Ask the gpulock module: who has what GPU memory, and who may do which DMA."
	       "\vStart and end are the first and the last address. Sizes may end in K, M, G or T. check ends "
	       "with 0 where the access is allowed and with 1 where it is denied. See exitlab-gpulock(1).",
};

int cmd_gpulock(int argc, char **argv)
{
	struct options options = {.action = ARRAY_SIZE(actions), .request.iterations = 10000};
	int code;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	options.request.device = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (options.request.device < 0)
		die_code(EXIT_CANNOT, "gpulock: " DEVICE ": %s; %s", strerror(errno),
			 errno == EACCES || errno == EPERM
				 ? "run it as root"
				 : "load the module first, as docs/gpulock.md says");
	code = actions[options.action].run(&options.request);
	close(options.request.device);
	return code;
}
