// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The floor of a boot, by a command of its own: it pins itself, has deadlines and may be waived row
 * by row, none of which is to touch the boot. It runs after the guest, since only then it is known
 * that KVM runs one, on the same CPU and in the same place, be it the lab or an isolated CPU. The
 * report needs nothing but the file that it leaves, so any summary.json of a floor run will do.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "boot_child.h"
#include "boot_floor.h"
#include "child.h"
#include "exit_rows.h"
#include "floor/rows.h"
#include "json_file.h"
#include "layout.h"
#include "util.h"

/* The selected rows that floor has, as a list; false where there are none. */
static bool list_rows(const char *select, char *list, size_t size)
{
	size_t length = 0;

	list[0] = '\0';
	for (int i = 0; i < EXIT_ROWS && length < size; i++)
		if (floor_has_row(i) && exit_row_selected(select, exit_rows[i].id))
			length += snprintf(list + length, size - length, "%s%s", length ? "," : "",
					   exit_rows[i].id);
	return length > 0;
}

/* Lets what is started now have cpu, where it may be one of isolcpus=. */
static void allow_cpu(int cpu)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Runs the command, what it says going to log. Its exit code. */
static int run(const struct words *command, int log, int cpu)
{
	cpu_set_t before;
	bool known = !sched_getaffinity(0, sizeof(before), &before), interrupted;
	int status;

	allow_cpu(cpu);
	status = command_run(command, log, &interrupted);
	if (known)
		sched_setaffinity(0, sizeof(before), &before);
	return status;
}

static void put_reason(const char *directory, const char *reason)
{
	json_t *none = json_pack("{s:s, s:s, s:s, s:s}", "schema", "exitlab-summary/1", "kind",
				 "floor", "status", "unavailable", "reason", reason);

	json_file_write(none, directory, "floor.json");
	json_decref(none);
}

void boot_floor(const struct boot_options *options, const char *directory, int cpu, bool isolated)
{
	char self[PATH_MAX], rows[EXIT_ROWS * 32], work[PATH_MAX], log[PATH_MAX + 16], why[512];
	struct words command = {0};
	int output;

	if (!list_rows(options->select, rows, sizeof(rows)))
		return;
	snprintf(work, sizeof(work), "%s/floor", directory);
	output = boot_log_open(work, why, sizeof(why));
	if (output < 0) {
		pr_warn("%s; no row gets a QEMU tax", why);
		return;
	}
	find_self(self);
	words_add(&command, "%s", self);
	words_add(&command, "floor");
	words_add(&command, "--irqchip"); /* as QEMU's machines: the rest is QEMU's */
	command_option(&command, "--select", rows);
	if (!isolated) /* else it finds the CPU itself, which only those within may ask for */
		command_number(&command, "--cpu", cpu);
	if (options->iter)
		command_number(&command, "--iter", options->iter);
	if (options->no_proof)
		words_add(&command, "--no-proof");
	words_add(&command, "--output");
	words_add(&command, "%s/floor.json", directory);
	if (run(&command, output, cpu)) {
		boot_last_line(work, why, sizeof(why));
		put_reason(directory, why);
	}
	words_free(&command);
	close(output);
	snprintf(log, sizeof(log), "%s/boot.log", work);
	unlink(log);
	rmdir(work);
}
