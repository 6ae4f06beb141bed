// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See complaints.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "complaints.h"
#include "../../../guest-bench/send.h"

/* What the kernel says where something is wrong with it. */
static const char *const signs[] = {
	"WARNING:",
	"BUG:",
	"KASAN",
	"UBSAN",
	"Oops",
	"INFO: task",
	"INFO: rcu",
	"rcu_preempt detected",
	"general protection",
	"possible recursive",
	"possible circular",
	"suspicious RCU",
	"Kernel panic",
	"unreferenced object",
	"possible new memory leaks",
	"refcount_t:",
	"list_del corruption",
	"list_add corruption",
	"ODEBUG",
	"sleeping function",
	"scheduling while atomic",
	"Call Trace:",
};

static bool is_complaint(const char *line)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (strstr(line, signs[i]))
			return true;
	return false;
}

/*
 * Is it mtree_load(), which reads beside whoever writes the tree with its lock held? That is what a
 * maple tree with MT_FLAGS_USE_RCU is for: a node has its mark of being dead, its slots and its
 * bounds written while they are read, ordered by barriers (mte_set_node_dead(), ma_dead_node())
 * that KCSAN does not take for marks. Two who write are a race, and so are one who destroys it and
 * one who reads. KCSAN puts the two in order.
 */
static bool is_of_tree(const char *title)
{
	char writer[64];
	int end = 0;

	return sscanf(title, "BUG: KCSAN: data-race in %63s / mtree_load%n", writer, &end) == 1 &&
	       end && !title[end] &&
	       (!strncmp(writer, "mas_", 4) || !strncmp(writer, "mte_set_", 8));
}

static int kmsg = -1;

/* A report of KCSAN that has begun: from its title to a line of "=". */
static struct {
	bool open, ours, of_tree;
	char title[COMPLAINT_MOST];
} race;

static void complain(struct complaints *complaints, const char *text)
{
	if (!complaints->found++)
		snprintf(complaints->first, sizeof(complaints->first), "%.*s", COMPLAINT_MOST - 1,
			 text);
}

static void end_race(struct complaints *complaints)
{
	race.open = false;
	if (race.ours && !race.of_tree) {
		complain(complaints, race.title);
		return;
	}
	complaints->others++;
	complaints->tell_other(race.title);
}

/*
 * The stack that the kernel shows where it has no memory for the program fail, which has asked for
 * that: it is in the lines behind this one.
 */
static bool is_asked_for(const char *text)
{
	static bool next;

	if (!strncmp(text, "fail: vmalloc error: ", 21))
		next = true;
	if (!next || strcmp(text, "Call Trace:") != 0)
		return false;
	next = false;
	return true;
}

static void take(struct complaints *complaints, const char *text)
{
	static const char title[] = "BUG: KCSAN:";

	if (!strncmp(text, title, sizeof(title) - 1)) {
		if (race.open)
			end_race(complaints);
		race.open = true;
		race.ours = false;
		race.of_tree = is_of_tree(text);
		snprintf(race.title, sizeof(race.title), "%.*s", COMPLAINT_MOST - 1, text);
		return;
	}
	/* A frame is " function+0x1/0x2 [module]"; of an address alone nobody knows whose it is. */
	race.ours |= strstr(text, " [gpulock") || !strncmp(text, " 0x", 3);
	if (race.open && !strncmp(text, "=====", 5))
		end_race(complaints);
	else if (!is_asked_for(text) && is_complaint(text))
		complain(complaints, text);
}

static void read_log(struct complaints *complaints)
{
	char record[8192];
	ssize_t got;

	while ((got = read(kmsg, record, sizeof(record) - 1)) > 0 || (got < 0 && errno == EPIPE)) {
		char *text;

		if (got < 0) {
			complain(complaints, "messages were lost");
			continue;
		}
		record[got] = '\0';
		text = strchr(record, ';');
		text = text ? text + 1 : record;
		send_file("kernel.log", text, strlen(text));
		text[strcspn(text, "\n")] = '\0';
		take(complaints, text);
	}
}

/*
 * Bits of /proc/sys/kernel/tainted that are always set: by a module of another tree, by one without
 * a signature where the kernel looks for those, and by a KUnit test.
 */
#define TAINTS_EXPECTED (1ul << 12 | 1ul << 13 | 1ul << 18)

static unsigned long taint(void)
{
	unsigned long taints = 0;
	FILE *file = fopen("/proc/sys/kernel/tainted", "re");

	if (file && fscanf(file, "%lu", &taints) != 1)
		taints = ~0ul;
	if (file)
		fclose(file);
	return taints & ~TAINTS_EXPECTED;
}

void complaints_read(struct complaints *complaints)
{
	static unsigned long before;
	struct pollfd more = {.fd = kmsg, .events = POLLIN};
	unsigned long now;

	read_log(complaints);
	/* Another CPU is in the middle of its report. */
	while (race.open && poll(&more, 1, 10000) > 0)
		read_log(complaints);
	if (race.open) {
		race.ours = true;
		end_race(complaints);
	}
	now = taint();
	complaints->taint = now & ~before;
	before |= now;
}

static void tell_nobody(const char *title)
{
	(void)title;
}

void complaints_open(void)
{
	struct complaints start = {.tell_other = tell_nobody};

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0)
		send_fail("/dev/kmsg: %s", strerror(errno));
	complaints_read(&start);
}
