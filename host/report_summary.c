// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* summary.json: the shape that compare, the page and outside tools read (results/README.md). */
#include <math.h>
#include <string.h>

#include "card.h"
#include "json_file.h"
#include "report.h"
#include "util.h"
#include "verdict.h"

json_t *report_env(const struct report *report, const char *path)
{
	return json_member(report->env, path);
}

json_t *report_line(const char *text, size_t length, bool from_guest)
{
	char line[512];

	if (length > sizeof(line)) {
		length = sizeof(line);
		while (!from_guest && length && (text[length] & 0xc0) == 0x80)
			length--;
	}
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = text[i];

		line[i] = byte < ' '					? ' '
			  : byte == 0x7f || (from_guest && byte > 0x7f) ? '?'
									: byte;
	}
	return json_stringn(line, length);
}

json_t *report_env_text(const json_t *env, const char *path)
{
	json_t *value = json_member(env, path);

	if (json_is_object(value))
		value = json_object_get(value, "version");
	if (!json_is_string(value))
		return json_string("unknown");
	return report_line(json_string_value(value), json_string_length(value), false);
}

/* Was it QEMU that answered, or `exitlab floor` in its place? */
static bool is_floor(const struct report *report)
{
	const char *kind = json_string_value(report_env(report, "kind"));

	return kind && !strcmp(kind, "floor");
}

static bool is_tcg(const struct report *report)
{
	const char *accel = json_string_value(report_env(report, "accel"));

	return accel && !strcmp(accel, "tcg");
}

/* Did an emulator execute the instructions that were timed? true, false, or null: unknown. */
static json_t *emulated(const struct report *report)
{
	json_t *value = report_env(report, "host.emulated");

	if (is_tcg(report) || report->records.clock == CLOCK_INSN)
		return json_true();
	return json_is_boolean(value) ? json_incref(value) : json_null();
}

static const struct record *record_of(const struct report *report, uint8_t pass, int row)
{
	const struct record *record = &report->records.rows[pass][row];

	return record->header.kind == RECORD_ROW ? record : NULL;
}

static uint32_t p50(const struct report *report, int row)
{
	return record_of(report, PASS_TIMED, row) ? report->rows[row].timed.at[STATS_P50] : 0;
}

/*
 * The floor of a row: the median of its context's empty bracket. Syscall rows are bracketed in ring
 * 3; those of a module by brackets of their own, which are in the record. Null where the bracket
 * did not run.
 */
static json_t *floor_of(const struct report *report, int row)
{
	int empty = strcmp(exit_rows[row].context, "kernel") ? ROW_user_empty : ROW_kernel_empty;

	if (exit_row_of_module(row))
		return json_integer(record_of(report, PASS_TIMED, row)->header.floor);
	if (!record_of(report, PASS_TIMED, empty))
		return json_null();
	return json_integer(p50(report, empty));
}

/* p50 minus ticks, null where ticks is. */
static json_t *p50_minus(const struct report *report, int row, const json_t *ticks)
{
	if (!json_is_integer(ticks))
		return json_null();
	return json_integer((json_int_t)p50(report, row) - json_integer_value(ticks));
}

static json_t *thousandths(double value)
{
	return json_real(round(value * 1000) / 1000);
}

json_t *histogram_summary(const uint64_t bins[HISTOGRAM_BINS])
{
	json_t *out = json_array();

	for (unsigned int bin = 0; bin < HISTOGRAM_BINS; bin++)
		if (bins[bin])
			json_array_append_new(out,
					      json_pack("[I, I]", (json_int_t)histogram_low(bin),
							(json_int_t)bins[bin]));
	return out;
}

/* Did a tracer watch the timed pass, too? */
static bool traced(const struct report *report)
{
	const char *name = json_string_value(report_env(report, "attached"));

	return name && strcmp(name, "none");
}

static void add_statistics(json_t *out, const struct report *report, int row)
{
	const struct record *proof = record_of(report, PASS_PROOF, row);
	const struct row_stats *stats = &report->rows[row];
	json_t *floor = floor_of(report, row);

	json_object_set_new(out, "n", json_integer(stats->timed.n));
	json_object_set_new(out, "saturated",
			    json_integer(record_of(report, PASS_TIMED, row)->header.saturated));
	for (int i = 0; i < STATS_PERCENTILES; i++)
		json_object_set_new(out, percentile_keys[i], json_integer(stats->timed.at[i]));
	json_object_set_new(out, "mean", thousandths(stats->timed.mean));
	json_object_set_new(out, "stddev", thousandths(stats->timed.stddev));
	json_object_set_new(out, "p50_ci95",
			    json_pack("[I, I]", (json_int_t)stats->timed.median_low,
				      (json_int_t)stats->timed.median_high));
	json_object_set_new(out, "floor", floor);
	json_object_set_new(out, "p50_minus_floor", p50_minus(report, row, floor));
	if (!strcmp(exit_rows[row].context, "syscall")) {
		json_t *null = record_of(report, PASS_TIMED, ROW_syscall_null)
				       ? json_integer(p50(report, ROW_syscall_null))
				       : json_null();

		json_object_set_new(out, "p50_minus_null", p50_minus(report, row, null));
		json_decref(null);
	}
	json_object_set_new(out, "tracing_overhead",
			    proof && !traced(report)
				    ? json_integer((json_int_t)stats->proof_p50 - p50(report, row))
				    : json_null());
	json_object_set_new(out, "contamination", contamination_summary(report, row));
	json_object_set_new(out, "histogram", histogram_summary(stats->bins));
}

static const char *unit_of(uint8_t clock)
{
	return clock == CLOCK_INSN ? "insns" : "cycles";
}

/* A row's object, NULL where the row was not selected. */
static json_t *row_summary(const struct report *report, const struct evidence *evidence, int row)
{
	const struct record *timed = &report->records.rows[PASS_TIMED][row];
	const struct record *proof = record_of(report, PASS_PROOF, row);
	uint64_t executed = proof ? proof->header.executed : 0;
	struct verdict verdict;
	json_t *out, *counts;

	if (!timed->header.kind)
		return NULL;
	out = json_pack("{s:s, s:s, s:s, s:s}", "id", exit_rows[row].id, "path",
			is_floor(report) ? floor_path_name(exit_rows[row].path)
					 : exit_path_name(exit_rows[row].path),
			"unit", unit_of(report->records.clock), "better", "lower");
	if (timed->header.kind == RECORD_WAIVED) {
		json_object_set_new(out, "verdict", json_string(verdict_name(VERDICT_WAIVED)));
		json_object_set_new(out, "reason",
				    report_line(timed->payload, timed->header.count, true));
		return out;
	}
	add_statistics(out, report, row);
	verdict_row(evidence, &exit_rows[row], executed, &verdict);
	json_object_set_new(out, "verdict", json_string(verdict_name(verdict.kind)));
	json_object_set_new(out, "reason",
			    report_line(verdict.reason, strlen(verdict.reason), false));
	counts = verdict_proof(evidence, &exit_rows[row], executed);
	if (counts)
		json_object_set_new(out, "proof", counts);
	return out;
}

/* Who and what was measured: read by people, and by compare to see what differs. */
static json_t *setup_of(const struct report *report)
{
	static const char *const members[][2] = {
		{"cpu", "host.cpu.model"},
		{"kernel", "host.kernel"},
		{"accel", "accel"},
		{"machine", "machine"},
		{"qemu", "qemu.version"},
		{"guest_kernel", "guest.kernel"},
		{"debugcon", "debugcon.backend"},
	};
	json_t *setup = json_object(), *vendor = json_object_get(report->proof, "vendor");
	size_t length;
	const char *text = record_info(&report->records, "contamination", &length);

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		json_object_set_new(setup, members[i][0],
				    report_env_text(report->env, members[i][1]));
	if (report_env(report, "attached"))
		json_object_set_new(setup, "attached", report_env_text(report->env, "attached"));
	json_object_set_new(setup, "vendor",
			    json_is_string(vendor) ? json_incref(vendor) : json_string("unknown"));
	json_object_set_new(setup, "contamination",
			    text ? report_line(text, length, true) : json_string("unknown"));
	json_object_set_new(setup, "tsc_khz",
			    report->records.tsc_khz ? json_integer(report->records.tsc_khz)
						    : json_null());
	return setup;
}

/* Did the vCPU run on a CPU that isolate had isolated? null: nobody recorded it. */
static json_t *isolated(const struct report *report)
{
	json_t *value = report_env(report, "vcpu.isolated");

	return json_is_boolean(value) ? json_incref(value) : json_null();
}

json_t *report_summary(const struct report *report)
{
	json_t *rows = json_array(), *is_emulated = emulated(report), *summary;
	bool tsc = report->records.clock == CLOCK_TSC, valid = true;
	struct evidence evidence = {
		.proof = report->proof,
		.tcg = is_tcg(report),
		.limit = tsc && json_is_true(is_emulated) ? 0 : CANARY_LIMIT,
		.user_canary = p50(report, ROW_user_empty),
		.kernel_canary = p50(report, ROW_kernel_empty),
	};

	for (int i = 0; i < EXIT_ROWS; i++) {
		json_t *row = row_summary(report, &evidence, i);

		if (!row)
			continue;
		valid &= strcmp(json_string_value(json_object_get(row, "verdict")),
				verdict_name(VERDICT_INVALID)) != 0;
		json_array_append_new(rows, row);
	}
	summary = json_pack(
		"{s:s, s:s, s:o, s:o, s:{s:o, s:o}, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
		"schema", "exitlab-summary/1", "kind", is_floor(report) ? "floor" : "vmexit",
		"host", report_env_text(report->env, "host.name"), "time",
		report_env_text(report->env, "time"), "tool", "version",
		report_env_text(report->env, "tool.version"), "revision",
		report_env_text(report->env, "tool.revision"), "clock", tsc ? "tsc" : "insn",
		"emulated", is_emulated, "status", valid ? "ok" : "invalid", "setup",
		setup_of(report), "environment", report_environment(report->env), "repeat",
		report_repeat(report), "isolated", isolated(report), "card",
		card_judge(report_env(report, "isolation.card")), "rows", rows);
	tax_add(summary, report->floor);
	return summary;
}
