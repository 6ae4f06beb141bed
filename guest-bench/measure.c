// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The guest program: runs the rows of exits.def and sends their samples out on the record port.
 *
 * init starts it once. It runs the selected rows with nothing attached (the timed pass), asks the
 * host what to do, runs them again while the host counts every exit (the proof pass), and ends with
 * DONE. Nothing is printed meanwhile: the console is for people, and for errors.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <unistd.h>

#include "measure.h"

struct options options = {.clock = CLOCK_TSC, .warmup = 1000, .vcpus = 1};

/* What ring 0 times is not in this program. */
#define SAMPLE_user(insn)    insn_##insn
#define SAMPLE_syscall(insn) NULL
#define SAMPLE_kernel(insn)  NULL
#define SAMPLE_gpulock(insn) NULL

static const struct row rows[] = {
#define EXIT_ROW(wire, number, context, name, insn, path, vmx, svm, event, rule, needs, prose)     \
	{wire,                                                                                     \
	 #context "." #name,                                                                       \
	 CONTEXT_##context,                                                                        \
	 PATH_##path,                                                                              \
	 !strcmp(#needs, "NOTHING"),                                                               \
	 !strcmp(#insn, "empty"),                                                                  \
	 sampler_##context,                                                                        \
	 SAMPLE_##context(insn)},
#include "exits.def"
#undef EXIT_ROW
};

/* Is the word, of length bytes, in the comma-separated list? */
static int has_word(const char *list, const char *word, size_t length)
{
	for (;; list++) {
		size_t size = strcspn(list, ",");

		if (size == length && !strncmp(list, word, length))
			return 1;
		list += size;
		if (!*list)
			return 0;
	}
}

/*
 * The selected row, by its name or its context's, or a canary: an empty bracket always runs, since
 * the others stand on it.
 */
static int selected(const struct row *row)
{
	if (row->context == CONTEXT_gpulock && !options.modules)
		return 0;
	return !options.select || row->empty ||
	       has_word(options.select, row->name, strlen(row->name)) ||
	       has_word(options.select, row->name, strcspn(row->name, "."));
}

/* Why the row cannot run on this machine, or NULL; most: samples it can have, 0 any number. */
static const char *waived(const struct row *row, uint32_t *most)
{
	*most = 0;
	if (row->context == CONTEXT_gpulock) {
		gpulock_prepare(row->wire);
		return NULL;
	}
	if (kexit_fd >= 0)
		return kexit_prepare(row, most);
	if (row->context != CONTEXT_user)
		return "kexit.ko is not loaded in the guest";
	if (!row->unneeding)
		return "kexit.ko, which looks for what it needs, is not loaded in the guest";
	return NULL;
}

static uint32_t samples_of(const struct row *row)
{
	if (options.iterations)
		return options.iterations;
	return row->path == PATH_QEMU ? 20000 : 100000;
}

static int compare_u32(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* Nearest-rank median; sorts a copy, since the samples leave in the order they were taken. */
uint32_t median(const uint32_t *samples, uint32_t *scratch, uint32_t count)
{
	memcpy(scratch, samples, count * sizeof(*samples));
	qsort(scratch, count, sizeof(*scratch), compare_u32);
	return scratch[(count - 1) / 2];
}

/* Floors of the contexts, ticks: ring 3 brackets the syscall rows too. */
static uint32_t floors[CONTEXTS];

static void learn_floor(const struct row *row, uint32_t ticks)
{
	floors[row->context] = ticks;
	if (row->context == CONTEXT_user)
		floors[CONTEXT_syscall] = ticks;
}

/* Room for the largest row. */
static struct arrays {
	uint32_t *samples, *scratch; /* one after the other */
	uint8_t *causes;	     /* DISTURBED_* bits of each sample */
} arrays;

/* Says which samples of the row in header were disturbed, once the samples themselves are sent. */
static void send_disturbed(struct record_header header)
{
	struct disturbed *list = (struct disturbed *)arrays.samples;
	uint32_t count = header.count;

	_Static_assert(sizeof(*list) == 2 * sizeof(*arrays.samples),
		       "samples and scratch have room for each sample's flag");
	header = (struct record_header){.kind = RECORD_DISTURBED,
					.row = header.row,
					.pass = header.pass,
					.width = sizeof(*list)};
	for (uint32_t i = 0; i < count; i++)
		if (arrays.causes[i])
			list[header.count++] = (struct disturbed){i, arrays.causes[i]};
	send_record(&header, list);
}

static uint64_t run_row(const struct row *row, uint8_t pass)
{
	uint32_t *samples = arrays.samples;
	uint32_t warmup = options.warmup, most, marked = 0;
	const char *reason = waived(row, &most);
	struct record_header header = {
		.kind = RECORD_ROW, .row = row->wire, .pass = pass, .width = sizeof(*samples)};

	if (reason) {
		header.kind = RECORD_WAIVED;
		header.width = 1;
		header.count = strlen(reason);
		send_record(&header, reason);
		return 0;
	}

	header.count = samples_of(row);
	if (most) {
		/* What it needs is used up by running: nothing of it goes into a warm-up. */
		warmup = 0;
		if (header.count > most)
			header.count = most;
	}
	if (row->context == CONTEXT_gpulock) {
		uint32_t share = gpulock_share(row->wire);

		/* What takes long is warm after its beginning. */
		if (share > 1)
			warmup = 0;
		header.count = (header.count + share - 1) / share;
		floors[CONTEXT_gpulock] = gpulock_floor(row->wire);
	}
	header.executed = (uint64_t)warmup + header.count;
	if (options.mark && pass == PASS_TIMED && !strcmp(options.mark, row->name))
		marked = MARKED_SAMPLES;
	outb(row->wire, PORT_MARKER);
	/* Warm-up is dropped here and nowhere else: the real samples overwrite it. */
	row->sampler(row, samples, arrays.causes, warmup, 0);
	row->sampler(row, samples, arrays.causes, header.count, marked);
	outb(0, PORT_MARKER);

	for (uint32_t i = 0; i < header.count; i++)
		header.saturated += samples[i] == UINT32_MAX;
	if (row->empty && row->context != CONTEXT_syscall)
		learn_floor(row, median(samples, arrays.scratch, header.count));
	header.floor = floors[row->context];
	send_record(&header, samples);
	if (kexit_fd >= 0)
		send_disturbed(header);
	return header.count;
}

/* Runs the selected rows once and adds them to DONE's totals. Returns the host's word. */
static char run_pass(uint8_t pass, struct record_header *done)
{
	struct record_header header = {.kind = RECORD_PASS, .pass = pass};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t count;

		if (!selected(&rows[i]))
			continue;
		count = run_row(&rows[i], pass);
		header.executed += count > 0;
		done->total += count;
	}
	done->executed += header.executed;
	return send_record(&header, NULL);
}

/* For rows of up to count samples; touched, so that no row pays for it. */
static void allocate_arrays(size_t count)
{
	size_t size = count * (2 * sizeof(*arrays.samples) + sizeof(*arrays.causes));
	void *array = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (array == MAP_FAILED)
		fail("no memory for %u samples: lower ITER", (unsigned int)count);
	memset(array, 0xff, size);
	arrays.samples = array;
	arrays.scratch = arrays.samples + count;
	arrays.causes = (uint8_t *)(arrays.scratch + count);
}

static void measure(void)
{
	uint32_t largest = options.iterations ? options.iterations : 100000;
	struct record_header done = {.kind = RECORD_DONE};

	allocate_arrays(largest > options.warmup ? largest : options.warmup);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		fail("mlockall: %s", strerror(errno));
	if (ioperm(PORT_DEBUGCON, 2, 1) || ioperm(PORT_ELCR, 1, 1))
		fail("ioperm: %s; the kernel needs CONFIG_X86_IOPL_IOPERM", strerror(errno));

	send_info();
	if (run_pass(PASS_TIMED, &done) == GO_PROOF)
		run_pass(PASS_PROOF, &done);
	send_record(&done, NULL);
}

static uint32_t number(const char *text, const char *what)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || !*text || value > RECORD_MAX_SAMPLES)
		fail("%s: not a number from 0 to %u: %s", what, RECORD_MAX_SAMPLES, text);
	return value;
}

/* The host writes every option as two words. Not getopt, for the sake of a small image. */
static void parse(char **words)
{
	const char *clock = "tsc";
	const struct {
		const char *name;
		uint32_t *number;
		const char **text;
	} names[] = {
		{"--iter", &options.iterations, NULL},	 {"--warmup", &options.warmup, NULL},
		{"--vcpus", &options.vcpus, NULL},	 {"--fresh-at", &options.fresh_at, NULL},
		{"--select", NULL, &options.select},	 {"--mark", NULL, &options.mark},
		{"--init-tsc", NULL, &options.init_tsc}, {"--clock", NULL, &clock},
		{"--modules", NULL, &options.modules},
	};
	const size_t count = sizeof(names) / sizeof(names[0]);

	for (; *words; words += 2) {
		size_t i = 0;

		while (i < count && strcmp(*words, names[i].name))
			i++;
		if (i == count || !words[1])
			fail("%s: no such option, or without its value", *words);
		if (names[i].number)
			*names[i].number = number(words[1], *words);
		else
			*names[i].text = words[1];
	}
	options.clock = !strcmp(clock, "insn") ? CLOCK_INSN : CLOCK_TSC;
	if (options.clock == CLOCK_TSC && strcmp(clock, "tsc"))
		fail("--clock: neither tsc nor insn: %s", clock);
}

int main(int argc, char **argv)
{
	/* init's first command: how far is the clock? */
	if (argc == 2 && !strcmp(argv[1], "--tsc")) {
		printf("%llu\n", __builtin_ia32_rdtsc());
		return 0;
	}
	parse(argv + 1);
	open_port();
	open_kexit();
	if (options.modules)
		gpulock_open();
	measure();
	return 0;
}
