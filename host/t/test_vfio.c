// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Devices taken and given back on a made-up host, with a fault or an end at every single step. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../stop_signals.h"
#include "../util.h"
#include "../vfio_files.h"
#include "../vfio_journal.h"
#include "vfio_tree.h"

#define GPU   "0000:01:00.0"
#define AUDIO "0000:01:00.1"

static char *before;

static int begin(void **state)
{
	if (make_host(state))
		return -1;
	before = snapshot();
	return 0;
}

static int end(void **state)
{
	free(before);
	return remove_host(state);
}

static size_t in_journal(void)
{
	static struct vfio_journal journal;

	assert_int_equal(vfio_journal_read(&host, &journal), EXIT_OK);
	return journal.n;
}

/* The tree is as it was, and no journal is left. */
static void all_is_back(void)
{
	char *now = snapshot();

	assert_string_equal(now, before);
	free(now);
	assert_int_equal(in_journal(), 0);
}

static void addresses(void **state)
{
	static const char *const wrong[] = {"",
					    "65:00",
					    "65:00.8",
					    "65:00.0 ",
					    "g5:00.0",
					    "0000:65:00.0/",
					    "065:00.0",
					    "000:65:00.0",
					    "0000:65:0.0",
					    "0000:65:00.00",
					    "../65:00.0",
					    "0000:0000:65:00.0",
					    "123456789:65:00.0"};
	char bdf[VFIO_BDF_SIZE];

	(void)state;
	assert_true(vfio_parse_bdf("6A:1f.7", bdf));
	assert_string_equal(bdf, "0000:6a:1f.7");
	assert_true(vfio_parse_bdf("10000:e1:00.0", bdf));
	assert_string_equal(bdf, "10000:e1:00.0");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(vfio_parse_bdf(wrong[i], bdf));
}

static void bars(void **state)
{
	struct vfio_bar bar[VFIO_BARS];

	(void)state;
	assert_int_equal(vfio_bars(&host, GPU, bar), 5);
	assert_int_equal(bar[0].size, 16 << 20);
	assert_true(bar[0].memory && bar[0].placed && !bar[0].prefetchable && !bar[0].is_64bit);
	assert_int_equal(bar[1].index, 1);
	assert_int_equal(bar[1].size, 128ull << 30);
	assert_int_equal(bar[1].address, 0x200000000000);
	assert_true(bar[1].memory && bar[1].placed && bar[1].prefetchable && bar[1].is_64bit);
	assert_int_equal(bar[2].index, 3);
	assert_false(bar[2].placed);
	assert_int_equal(bar[2].size, 32 << 20);
	assert_int_equal(bar[3].index, 5);
	assert_false(bar[3].memory);
	assert_int_equal(bar[4].index, 6);
	assert_int_equal(vfio_bars(&host, "0000:00:06.0", bar), 0);
	assert_int_equal(vfio_bars(&host, "0000:77:00.0", bar), 0);
}

/* On some hosts memory is not plugged at every node. */
static void memory_node(void **state)
{
	struct vfio_device device = {.node = 1};

	(void)state;
	assert_int_equal(vfio_memory_node(&host, &device), -1);
	file("/sys/devices/system/node/node1/distance", "20 10\n");
	assert_int_equal(vfio_memory_node(&host, &device), 1); /* not known: as the device has it */
	file("/sys/devices/system/node/has_memory", "0,2-3\n");
	assert_int_equal(vfio_memory_node(&host, &device), -1);
	for (device.node = 2; device.node <= 3; device.node++)
		assert_int_equal(vfio_memory_node(&host, &device), device.node);
	assert_int_equal(vfio_memory_node(&host, &device), -1);
	device.node = 0;
	assert_int_equal(vfio_memory_node(&host, &device), 0);
	device.node = -1;
	assert_int_equal(vfio_memory_node(&host, &device), -1);
}

static void whole_group(void **state)
{
	(void)state;
	ends("bind 01:00.0", EXIT_OK,
	     AUDIO "  bound: snd_hda_intel -> vfio-pci, for the group of " GPU);
	has(GPU, "vfio-pci", "vfio-pci");
	has(AUDIO, "vfio-pci", "vfio-pci");
	has("0000:00:01.0", "pcieport", "");
	has("0000:01:00.2", "", "");
	assert_int_equal(in_journal(), 2);
	ends("bind 01:00.0", EXIT_OK, GPU "  bound already");
	assert_int_equal(in_journal(), 2);
	ends("status 01:00.0", EXIT_OK, "gets back driver nvidia");
	ends("unbind 01:00.0", EXIT_OK, GPU "  back: vfio-pci -> nvidia");
	all_is_back();
	ends("unbind 01:00.0", EXIT_OK, "is not taken: nothing to do");
	ends("restore", EXIT_OK, "nothing to restore");
}

static void former_override(void **state)
{
	(void)state;
	file(VFIO_DEVICES "/" GPU "/driver_override", "nvidia\n");
	file(VFIO_DEVICES "/" GPU "/d3cold_allowed", "0\n");
	free(before);
	before = snapshot();
	ends("bind 01:00.0 00:06.0", EXIT_OK, "0000:00:06.0  bound: no driver -> vfio-pci");
	ends("restore --json", EXIT_OK, "\"outcome\": \"back\"");
	all_is_back();
}

/* Ends it by kill -9 before each call that makes anything last; restore then puts all back. */
static int every_end(const char *prepare, const char *words)
{
	int at, code = 128 + SIGKILL;

	for (at = 1; code == 128 + SIGKILL; at++) {
		inject(FAULT_NONE, "", 0, 0);
		if (prepare)
			ends(prepare, EXIT_OK, "");
		inject(FAULT_KILL, "", at, 0);
		code = run(words);
		inject(FAULT_NONE, "", 0, 0);
		ends("restore", EXIT_OK, "");
		all_is_back();
	}
	assert_int_equal(code, EXIT_OK);
	return at - 2;
}

static void ended_anywhere(void **state)
{
	(void)state;
	/* The journal: two of fsync and a rename; each device: power, override, unbind, probe. */
	assert_int_equal(every_end(NULL, "bind 01:00.0"), 3 + 2 * 4);
	/* Each device: unbind, override, power, bind, the journal; whose end is unlink and fsync.
	 */
	assert_int_equal(every_end("bind 01:00.0", "unbind 01:00.0"), 2 * 4 + 3 + 2);
	assert_int_equal(every_end("bind 01:00.0", "restore"), 2 * 4 + 3 + 2);
}

/* One write fails: what was done before it is undone, and the reason is said. */
static void fails_anywhere(void **state)
{
	static const int errors[] = {EROFS, EACCES, EIO};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		for (int at = 1; at <= 8; at++) {
			inject(FAULT_ERROR, "/sys", at, errors[i]);
			ends("bind 01:00.0", EXIT_FAILED, strerror(errors[i]));
			inject(FAULT_NONE, "", 0, 0);
			all_is_back();
		}
	for (int at = 1; at <= 8; at++) {
		ends("bind 01:00.0", EXIT_OK, "");
		inject(FAULT_ERROR, "/sys", at, EIO);
		ends("unbind 01:00.0", EXIT_FAILED, strerror(EIO));
		inject(FAULT_NONE, "", 0, 0);
		assert_true(in_journal() > 0);
		ends("restore", EXIT_OK, "");
		all_is_back();
	}
}

/* A signal, of each kind in turn, waits for the step that it comes in; then what was bound goes
 * back. */
static void stopped_anywhere(void **state)
{
	static const int signals[] = {STOP_SIGNALS};

	(void)state;
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* of SIGQUIT */
	for (int at = 1; at <= 2 * 3 + 3 + 8; at++) {
		int signal = signals[at % ARRAY_SIZE(signals)];

		inject(FAULT_STOP, "", at, signal);
		assert_int_equal(run("bind 00:06.0 01:00.0"), 128 + signal);
		inject(FAULT_NONE, "", 0, 0);
		all_is_back();
	}
}

/* A driver that never lets go: nothing more is tried, and the journal stays. */
static void never_comes_back(void **state)
{
	(void)state;
	inject(FAULT_ERROR, "/driver/unbind", 1, ETIMEDOUT);
	ends("bind 01:00.0", EXIT_FAILED, "does not come back");
	assert_non_null(strstr(printed, "exitlab vfio restore"));
	assert_int_equal(in_journal(), 2);
	inject(FAULT_NONE, "", 0, 0);
	ends("restore", EXIT_OK, "");
	all_is_back();
}

static void full_disk(void **state)
{
	static const char *const calls[] = {"fsync", "rename"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		inject(FAULT_ERROR, calls[i], 1, ENOSPC);
		ends("bind 01:00.0", EXIT_FAILED, "nothing was changed");
		inject(FAULT_NONE, "", 0, 0);
		all_is_back();
	}
}

static void all_or_none(void **state)
{
	(void)state;
	ends("bind 00:06.0 00:03.0 00:1f.3", EXIT_FAILED, "shares group 7 with 0000:00:1f.0");
	assert_non_null(strstr(printed, "0000:00:03.0  back: vfio-pci -> e1000e"));
	all_is_back();
}

static void put_journal(const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/journal", host.state);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static char *get_journal(void)
{
	static char text[4096];
	char path[128];
	FILE *in;

	snprintf(path, sizeof(path), "%s/journal", host.state);
	in = fopen(path, "r");
	assert_non_null(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	return text;
}

static void journals(void **state)
{
	char whole[4096], part[4096];

	(void)state;
	ends("bind 01:00.0", EXIT_OK, "");
	snprintf(whole, sizeof(whole), "%s", get_journal());
	for (size_t length = 0; length < strlen(whole); length += 7) {
		snprintf(part, sizeof(part), "%.*s", (int)length, whole);
		put_journal(part);
		ends("restore", EXIT_FAILED, "truncated or not exitlab's");
		ends("bind 00:06.0", EXIT_FAILED, "truncated or not exitlab's");
	}
	snprintf(part, sizeof(part), "%s", whole);
	*strstr(part, "nvidia") = 'm';
	put_journal(part);
	ends("restore", EXIT_FAILED, "truncated or not exitlab's");
	put_journal(whole);
	ends("restore", EXIT_OK, "back");
	all_is_back();
}

static void as_cksum_has_it(void **state)
{
	char command[256];

	(void)state;
	ends("bind 01:00.0", EXIT_OK, "");
	snprintf(command, sizeof(command),
		 "test \"$(tail -n 1 %s/journal)\" = \"$(printf 'end\\t3\\t%%s' \"$(head -n -1 "
		 "%s/journal | cksum)\")\"",
		 host.state, host.state);
	assert_int_equal(system(command), 0);
}

static void another_boot(void **state)
{
	(void)state;
	ends("bind 01:00.0", EXIT_OK, "");
	file("/proc/sys/kernel/random/boot_id", "next-boot\n");
	free(before);
	before = snapshot();
	ends("restore", EXIT_OK, "of another boot");
	all_is_back();
	ends("restore", EXIT_OK, "nothing to restore");
}

static void changed_meanwhile(void **state)
{
	(void)state;
	ends("bind 01:00.0 00:06.0", EXIT_OK, "");
	gone(VFIO_DEVICES "/" AUDIO);
	gone(VFIO_DEVICES "/" GPU "/driver");
	link_to(VFIO_DEVICES "/" GPU "/driver", "../../../bus/pci/drivers/nouveau");
	ends("restore", EXIT_OK, AUDIO "  gone");
	assert_non_null(strstr(printed, "bound to nouveau by another since"));
	assert_non_null(strstr(printed, GPU "  back: nouveau -> nouveau"));
	has(GPU, "nouveau", "");
	has("0000:00:06.0", "", "");
	assert_int_equal(in_journal(), 0);
}

/* The driver that it had has been unloaded: said, kept, and put back once it is there again. */
static void former_driver_gone(void **state)
{
	(void)state;
	ends("bind 00:03.0", EXIT_OK, "");
	gone(VFIO_DRIVERS "/e1000e/bind");
	ends("unbind 00:03.0", EXIT_FAILED, "modprobe some_module");
	assert_int_equal(in_journal(), 1);
	file(VFIO_DRIVERS "/e1000e/bind", "");
	ends("restore", EXIT_OK, "0000:00:03.0  back");
	all_is_back();
}

static void bound_by_another(void **state)
{
	(void)state;
	file(VFIO_DEVICES "/0000:00:06.0/driver_override", "vfio-pci\n");
	link_to(VFIO_DEVICES "/0000:00:06.0/driver", "../../../bus/pci/drivers/vfio-pci");
	free(before);
	before = snapshot();
	ends("bind 00:06.0", EXIT_OK, "bound already");
	assert_int_equal(in_journal(), 0);
	ends("unbind 00:06.0", EXIT_FAILED, "by another");
	ends("restore", EXIT_OK, "nothing to restore");
	all_is_back();
}

/* Takes it in a process that waits, and says so through the pipe, until it is killed. */
static pid_t take_and_wait(const char *bdf)
{
	struct vfio_taken taken;
	int told[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (!pid) {
		close(told[0]);
		if (vfio_take(&host, bdf, &taken) == EXIT_OK && taken.n == 2 &&
		    taken.device[0].ours && write(told[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	return pid;
}

static void owners(void **state)
{
	struct vfio_taken taken, again;
	pid_t pid = take_and_wait(GPU);
	char words[64];

	(void)state;
	snprintf(words, sizeof(words), "taken by exitlab (pid %d)", pid);
	ends("restore", EXIT_FAILED, words);
	ends("bind 01:00.0", EXIT_FAILED, words);
	assert_int_equal(vfio_take(&host, GPU, &taken), EXIT_FAILED);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	ends("status", EXIT_OK, "left by a killed run: exitlab vfio restore");
	/* The next one takes over what the killed one has left, and gives back what that had. */
	assert_int_equal(vfio_take(&host, GPU, &taken), EXIT_OK);
	assert_int_equal(taken.n, 2);
	assert_string_equal(taken.device[0].bdf, GPU);
	assert_int_equal(vfio_take(&host, AUDIO, &again), EXIT_OK);
	assert_int_equal(vfio_give_back(&host, &taken), EXIT_OK);
	assert_int_equal(vfio_give_back(&host, &again), EXIT_OK);
	assert_int_equal(vfio_give_back(&host, &taken), EXIT_OK);
	all_is_back();
}

/* What was bound for good is still bound after a run that used it. */
static void bound_before(void **state)
{
	struct vfio_taken taken;

	(void)state;
	ends("bind 01:00.0", EXIT_OK, "");
	assert_int_equal(vfio_take(&host, GPU, &taken), EXIT_OK);
	assert_int_equal(taken.n, 2);
	assert_false(taken.device[0].ours || taken.device[1].ours);
	assert_int_equal(vfio_give_back(&host, &taken), EXIT_OK);
	has(GPU, "vfio-pci", "vfio-pci");
	ends("unbind 01:00.0", EXIT_OK, "");
	all_is_back();
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses),	 TEST(bars),
		TEST(memory_node),	 TEST(whole_group),
		TEST(former_override),	 TEST(ended_anywhere),
		TEST(fails_anywhere),	 TEST(stopped_anywhere),
		TEST(never_comes_back),	 TEST(full_disk),
		TEST(all_or_none),	 TEST(journals),
		TEST(as_cksum_has_it),	 TEST(another_boot),
		TEST(changed_meanwhile), TEST(former_driver_gone),
		TEST(bound_by_another),	 TEST(owners),
		TEST(bound_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
