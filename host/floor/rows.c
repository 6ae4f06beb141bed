// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <cpuid.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../stats.h"
#include "../util.h"
#include "rows.h"

#define SAMPLES_KVM  100000 /* as in the guest program */
#define SAMPLES_USER 20000

enum need { NEEDS_NOTHING, NEEDS_IRQCHIP, NEEDS_HYPERCALL };

/* By index in exit_rows. */
static const struct floor_row {
	bool there;
	uint32_t address;
	enum need needs;
} floor_rows[EXIT_ROWS] = {
#define FLOOR_ROW(context, name, insn, address, needs)                                             \
	[ROW_##context##_##name] = {true, FLOOR_AT_##address, NEEDS_##needs},
#include "rows.def"
#undef FLOOR_ROW
};

static int ring_of(int row)
{
	return strcmp(exit_rows[row].context, "kernel") ? RING_3 : RING_0;
}

bool floor_has_row(int row)
{
	return floor_rows[row].there;
}

static bool is_empty_bracket(int row)
{
	return row == ROW_user_empty || row == ROW_kernel_empty;
}

bool rows_selected(const struct floor_run *run, int row)
{
	return floor_has_row(row) &&
	       (is_empty_bracket(row) || exit_row_selected(run->select, exit_rows[row].id));
}

static uint32_t samples_of(const struct floor_run *run, int row)
{
	if (run->iter)
		return run->iter;
	return exit_rows[row].path == PATH_QEMU ? SAMPLES_USER : SAMPLES_KVM;
}

/* Half a millisecond a sample is more than any path takes. */
static unsigned int deadline_of(const struct floor_run *run, uint32_t samples)
{
	return run->deadline_s ? run->deadline_s : 10 + samples / 2000;
}

bool rows_have_machine(struct rows *rows, char why[MACHINE_WHY])
{
	if (!rows->machine_is_open)
		rows->machine_is_open =
			!machine_open(&rows->machine, rows->room, rows->run->irqchip, why);
	return rows->machine_is_open;
}

static void drop_machine(struct rows *rows)
{
	if (rows->machine_is_open)
		machine_close(&rows->machine);
	rows->machine_is_open = false;
}

/* Runs the row's order. False, with why, where it could not be carried out. */
static bool run_order(struct rows *rows, int row, uint32_t count, char why[MACHINE_WHY])
{
	const struct floor_run *run = rows->run;
	struct floor_order order = {.row = exit_rows[row].wire,
				    .warmup = run->warmup,
				    .count = count,
				    .address = floor_rows[row].address,
				    .on_amd = rows->on_amd,
				    .spin = run->spin && !strcmp(run->spin, exit_rows[row].id)};
	enum machine_end end;
	uint64_t before;

	if (!rows_have_machine(rows, why))
		return false;
	before = rows->machine.bytes_taken;
	end = machine_run(&rows->machine, &order, ring_of(row), deadline_of(run, count), why);
	if (end == MACHINE_INTERRUPTED)
		ROWS_FAIL(rows, RUN_INTERRUPTED, "interrupted by SIG%s in %s",
			  sigabbrev_np(machine_signal()) ?: "?", exit_rows[row].id);
	if (rows->pass == PASS_PROOF)
		rows->taken += rows->machine.bytes_taken - before;
	if (end == MACHINE_DONE)
		return true;
	drop_machine(rows);
	return false;
}

/* Says why the row does not run, and what stands on it: an empty bracket carries its whole ring. */
__attribute__((format(printf, 3, 4))) static void waive(struct rows *rows, int row,
							const char *format, ...)
{
	char why[RECORD_WHY];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	for (int i = 0; i < EXIT_ROWS; i++)
		if (i == row || (is_empty_bracket(row) && ring_of(i) == ring_of(row)))
			strcpy(rows->waived[i], why);
}

static uint32_t median(const struct rows *rows, const uint32_t *samples, uint32_t count)
{
	memcpy(rows->scratch, samples, sizeof(*samples) * (size_t)count);
	stats_sort(rows->scratch, rows->scratch + count, count);
	return rows->scratch[stats_rank(5000, count) - 1];
}

/* The clock must cost nothing where the rows run, or they measure the clock. */
static void check_canary(struct rows *rows, int row, const uint32_t *samples, uint32_t count)
{
	uint32_t limit = rows->run->canary_limit, p50 = median(rows, samples, count);

	rows->floors[ring_of(row)] = p50;
	if (limit && p50 >= limit)
		waive(rows, row,
		      "an empty bracket in ring %d takes %u %s, not below %u: reading the "
		      "clock traps there",
		      ring_of(row), p50, rows->run->clock == CLOCK_INSN ? "instructions" : "cycles",
		      limit);
}

static void put_samples(struct rows *rows, int row, const uint32_t *samples, uint32_t count)
{
	struct record_header header = {
		.kind = RECORD_ROW,
		.row = exit_rows[row].wire,
		.pass = rows->pass,
		.width = sizeof(*samples),
		.count = count,
		.floor = rows->floors[ring_of(row)],
		.executed = (uint64_t)rows->run->warmup + count,
	};

	for (uint32_t i = 0; i < count; i++)
		header.saturated += samples[i] == UINT32_MAX;
	stream_put(&rows->stream, header, samples);
	rows->done.total += count;
}

/* What is known of a row before it is tried: why it cannot run here, or NULL. */
static const char *without(const struct floor_run *run, int row)
{
	if (floor_rows[row].needs == NEEDS_IRQCHIP && !run->irqchip)
		return "the machine has no interrupt controller inside KVM: --irqchip (make: IRQCHIP=1) gives it one";
	if (floor_rows[row].needs == NEEDS_HYPERCALL && !access("/sys/module/kvm_pvm", F_OK))
		return "a paravirtual KVM (kvm_pvm) answers VMCALL on a path of its own, of which "
		       "no tracepoint tells";
	return NULL;
}

/* One row in this pass: its samples, or why there are none. True where there are. */
static bool run_row(struct rows *rows, int row)
{
	uint32_t count = samples_of(rows->run, row);
	char why[MACHINE_WHY];
	const uint32_t *samples;

	if (!rows->waived[row][0] && !run_order(rows, row, count, why)) {
		if (rows->run->outcome != RUN_DONE) /* the run ends; there is no why of the row */
			return false;
		waive(rows, row, "ring %d: %s", ring_of(row), why);
	}
	samples = machine_samples(&rows->machine);
	if (!rows->waived[row][0] && rows->pass == PASS_TIMED && is_empty_bracket(row))
		check_canary(rows, row, samples, count);
	if (rows->waived[row][0]) {
		stream_text(&rows->stream, RECORD_WAIVED, exit_rows[row].wire, rows->pass,
			    rows->waived[row]);
		return false;
	}
	put_samples(rows, row, samples, count);
	if (rows->pass == PASS_PROOF && exit_rows[row].debugcon)
		rows->sent += (uint64_t)rows->run->warmup + count;
	return true;
}

void rows_run(struct rows *rows, uint8_t pass)
{
	struct record_header header = {.kind = RECORD_PASS, .pass = pass};

	rows->pass = pass;
	for (int i = 0; i < EXIT_ROWS && rows->run->outcome == RUN_DONE; i++)
		if (rows_selected(rows->run, i))
			header.executed += run_row(rows, i);
	rows->done.executed += header.executed;
	stream_put(&rows->stream, header, "");
}

void rows_prepare(struct rows *rows, struct floor_run *run)
{
	uint32_t eax, ebx, ecx, edx;

	__cpuid(0, eax, ebx, ecx, edx);
	*rows = (struct rows){
		.run = run,
		.room = run->warmup,
		.on_amd = ebx == signature_AMD_ebx || ebx == 0x6f677948 /* HygonGenuine */,
		.done.kind = RECORD_DONE,
	};
	for (int i = 0; i < EXIT_ROWS; i++) {
		snprintf(rows->waived[i], sizeof(rows->waived[i]), "%s", without(run, i) ?: "");
		if (rows_selected(run, i) && samples_of(run, i) > rows->room)
			rows->room = samples_of(run, i);
	}
	rows->scratch = calloc(2 * (size_t)rows->room, sizeof(*rows->scratch));
	if (!rows->scratch)
		die("no memory for %u samples: lower ITER", rows->room);
}

void rows_free(struct rows *rows)
{
	if (rows->machine_is_open)
		machine_close(&rows->machine);
	machine_free(&rows->machine);
	free(rows->scratch);
}
