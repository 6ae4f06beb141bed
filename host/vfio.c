// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `exitlab vfio`: PCI devices to vfio-pci for guests, and back, by the table below. */
#include <argp.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>

#include "commands.h"
#include "json_file.h"
#include "stop_signals.h"
#include "util.h"
#include "vfio_bind.h"
#include "vfio_status.h"

enum { KEY_ROOT = 0x100, KEY_STATE };

struct options {
	size_t action; /* ARRAY_SIZE(actions): none yet */
	bool json;
	struct vfio_host host;
	struct words named;
};

static const struct argp_option option_list[] = {
	{"json", 'j', NULL, 0, "print one object", 0},
	{"root", KEY_ROOT, "DIR", 0, "a tree that stands for /, for tests", 0},
	{"state", KEY_STATE, "DIR", 0, "where the journal is kept [/var/lib/exitlab/vfio]", 0},
	{0},
};

static int status(const struct options *options)
{
	return vfio_status(&options->host, &options->named, options->json);
}

/* One device of what was done; a line, or for the array. */
static void tell(json_t *done, const char *bdf, const char *outcome, const char *from,
		 const char *to, const char *asked)
{
	bool along = strcmp(bdf, asked);

	if (done)
		json_array_append_new(done,
				      json_pack("{s:s, s:s, s:s?, s:s?, s:s}", "bdf", bdf,
						"outcome", outcome, "from", *from ? from : NULL,
						"to", *to ? to : NULL, "for", asked));
	else
		printf("%s  %s: %s -> %s%s%s\n", bdf, outcome, *from ? from : "no driver",
		       *to ? to : "no driver", along ? ", for the group of " : "",
		       along ? asked : "");
}

static void print_done(const char *schema, json_t *done)
{
	json_t *all = done ? json_pack("{s:s, s:o}", "schema", schema, "devices", done) : NULL;

	if (all)
		json_file_print(all, stdout);
	json_decref(all);
}

/* Gives one back and tells that. False where it is not back. */
static bool put_back(struct vfio_journal *journal, struct vfio_held *held, json_t *done)
{
	const struct vfio_host *host = journal->host;
	struct vfio_held was = *held;
	struct vfio_device from, to;
	enum vfio_outcome outcome;

	vfio_device_read(host, was.bdf, &from);
	outcome = vfio_put_back(journal, held);
	vfio_device_read(host, was.bdf, &to);
	if (outcome != VFIO_KEPT && vfio_journal_write(journal))
		return false;
	tell(done, was.bdf, vfio_outcome_name(outcome), from.driver, to.driver, was.asked);
	return outcome != VFIO_KEPT;
}

static bool is_stopped(void)
{
	sigset_t pending, stops;

	stop_signals_set(&stops);
	return !sigpending(&pending) && !sigandset(&pending, &pending, &stops) &&
	       !sigisemptyset(&pending);
}

/* What was bound before one of the list was refused, or before a signal. */
static void undo(const struct options *options, const struct words *bound, json_t *done)
{
	static struct vfio_journal journal;
	struct vfio_held *held;

	if (!bound->n || vfio_journal_open(&options->host, &journal) != EXIT_OK)
		return;
	for (size_t i = bound->n; i > 0; i--) {
		held = vfio_journal_find(&journal, bound->word[i - 1]);
		if (held)
			put_back(&journal, held, done);
	}
	vfio_journal_close(&journal);
}

/* All that are named, or none. */
static int bind_named(const struct options *options)
{
	json_t *done = options->json ? json_array() : NULL;
	struct words bound = {};
	struct vfio_taken taken;
	struct vfio_plan plan;
	int code = EXIT_OK;
	bool any = false;
	sigset_t signals;

	vfio_signals_wait(&signals);
	for (size_t i = 0; i < options->named.n && code == EXIT_OK; i++) {
		code = vfio_bind(&options->host, options->named.word[i], true, &taken, &plan);
		any |= taken.n;
		for (size_t k = 0; k < taken.n; k++) {
			const struct vfio_device *device = &plan.take[k];
			bool was = !strcmp(device->driver, VFIO_DRIVER);

			tell(done, device->bdf, was ? "bound already" : "bound", device->driver,
			     VFIO_DRIVER, plan.take[0].bdf);
			if (!was)
				words_add(&bound, "%s", device->bdf);
		}
		if (is_stopped())
			code = EXIT_FAILED;
	}
	if (code != EXIT_OK)
		undo(options, &bound, done);
	print_done("exitlab-vfio-bind/1", done);
	words_free(&bound);
	vfio_signals_back(&signals);
	return code == EXIT_OK && !any ? EXIT_FAILED : code;
}

/* Is it one that was named, or that was bound along with one? Without names all are. */
static bool is_named(const struct words *named, const struct vfio_held *held)
{
	for (size_t i = 0; i < named->n; i++)
		if (!strcmp(named->word[i], held->bdf) || !strcmp(named->word[i], held->asked))
			return true;
	return !named->n;
}

static bool in_journal(const struct vfio_journal *journal, const char *bdf)
{
	const struct words named = {.word = (char *[]){(char *)bdf}, .n = 1};

	for (size_t i = 0; i < journal->n; i++)
		if (is_named(&named, &journal->held[i]))
			return true;
	return false;
}

/* One that exitlab has not taken: there is nothing to do, unless another has bound it. */
static int not_ours(const struct vfio_host *host, const char *bdf)
{
	struct vfio_device device;

	if (vfio_device_read(host, bdf, &device)) {
		pr_err("vfio: there is no PCI device %s: exitlab vfio status lists them", bdf);
		return EXIT_FAILED;
	}
	if (!strcmp(device.driver, VFIO_DRIVER)) {
		pr_err("vfio: %s was bound to " VFIO_DRIVER
		       " by another, who has to give it back: driverctl, "
		       "libvirt, vfio-pci.ids=",
		       bdf);
		return EXIT_FAILED;
	}
	pr_err("vfio: %s is not taken: nothing to do", bdf);
	return EXIT_OK;
}

static int put_back_all(const struct options *options, struct vfio_journal *journal, json_t *done)
{
	int code = EXIT_OK;

	for (size_t i = 0; i < options->named.n; i++)
		if (!in_journal(journal, options->named.word[i]) &&
		    not_ours(&options->host, options->named.word[i]) != EXIT_OK)
			code = EXIT_FAILED;
	if (!options->named.n && !journal->n && !journal->other_boot)
		pr_err("vfio: nothing to restore");
	for (size_t i = journal->n; i > 0; i--) {
		struct vfio_held *held = &journal->held[i - 1];

		if (!is_named(&options->named, held))
			continue;
		if (vfio_owner_lives(held)) {
			pr_err("vfio: %s is taken by exitlab (pid %d), which gives it back itself: left",
			       held->bdf, held->pid);
			code = EXIT_FAILED;
		} else if (!put_back(journal, held, done)) {
			code = EXIT_FAILED;
		}
	}
	return code;
}

/* unbind and restore: the same, of those that are named or of all. */
static int restore(const struct options *options)
{
	static struct vfio_journal journal;
	json_t *done = options->json ? json_array() : NULL;
	sigset_t signals;
	int code = vfio_may_change(&options->host);

	if (code != EXIT_OK)
		return code;
	vfio_signals_wait(&signals);
	code = vfio_journal_open(&options->host, &journal);
	if (code == EXIT_OK) {
		code = put_back_all(options, &journal, done);
		vfio_journal_close(&journal);
	}
	print_done("exitlab-vfio-restore/1", done);
	vfio_signals_back(&signals);
	return code;
}

static const struct {
	const char *name;
	bool named; /* takes at least one device */
	int (*run)(const struct options *options);
} actions[] = {
	{"status", false, status},
	{"bind", true, bind_named},
	{"unbind", true, restore},
	{"restore", false, restore},
};

static void take_argument(struct options *options, const char *text, struct argp_state *state)
{
	char bdf[VFIO_BDF_SIZE];

	if (options->action < ARRAY_SIZE(actions)) {
		if (!vfio_parse_bdf(text, bdf))
			argp_error(state, "\"%s\" is no PCI address such as 0000:65:00.0", text);
		words_add(&options->named, "%s", bdf);
		return;
	}
	for (options->action = 0; options->action < ARRAY_SIZE(actions); options->action++)
		if (!strcmp(actions[options->action].name, text))
			return;
	argp_error(state, "\"%s\" is no action; see --help", text);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'j':
		options->json = true;
		return 0;
	case KEY_ROOT:
		options->host.root = strcmp(argument, "/") ? argument : "";
		return 0;
	case KEY_STATE:
		options->host.state = argument;
		return 0;
	case ARGP_KEY_ARG:
		take_argument(options, argument, state);
		return 0;
	case ARGP_KEY_END:
		if (options->action == ARRAY_SIZE(actions))
			argp_error(state, "which action? exitlab vfio status");
		if (actions[options->action].named && !options->named.n)
			argp_error(state, "%s which device? exitlab vfio status lists them",
				   actions[options->action].name);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = option_list,
	.parser = parse,
	.args_doc = "status [BDF...]\nbind BDF...\nunbind BDF...\nrestore [BDF...]",
	.doc = "PCI devices for guests: what there is and what uses it, taken from their drivers for vfio-pci, "
	       "and given back as they were, after kill -9, too."
	       "\vA BDF is a PCI address, 0000:65:00.0 or 65:00.0. Exit status: 0 ok, 1 refused or failed, 2 "
	       "usage, 77 the IOMMU is off, or not root.",
};

int cmd_vfio(int argc, char **argv)
{
	struct options options = {.action = ARRAY_SIZE(actions), .host = vfio_this_host};
	int code;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	code = actions[options.action].run(&options);
	words_free(&options.named);
	return code;
}
