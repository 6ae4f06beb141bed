// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The verdict on a row: what exits.def expects against what the host counted in the proof pass. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "exit_reasons.h"
#include "json_file.h"
#include "util.h"
#include "verdict.h"

/*
 * Exits that come to any guest at any time, by their names: they are listed with a row and make no
 * difference to its verdict. The rest is not the row's and makes it INVALID.
 */
static const char *const contamination[] = {
	/* interrupts of the host, and those it delivers */
	"interrupt",
	"vintr",
	"nmi",
	"smi",
	"EXTERNAL_INTERRUPT",
	"INTERRUPT_WINDOW",
	"PENDING_INTERRUPT",
	"NMI_WINDOW",
	"PREEMPTION_TIMER",
	/* page faults of the second level; VMX has NMIs under EXCEPTION_NMI too */
	"npf",
	"EPT_VIOLATION",
	"EPT_MISCONFIG",
	"EXCEPTION_NMI",
	/* the guest's timer re-armed and the end of its interrupt */
	"msr_write",
	"MSR_WRITE",
	"EOI_INDUCED",
	"APIC_ACCESS",
	"APIC_WRITE",
	"avic_unaccelerated_access",
};

static bool is_contamination(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(contamination); i++)
		if (!strcmp(contamination[i], name))
			return true;
	return false;
}

const char *verdict_name(enum verdict_kind kind)
{
	static const char *const names[] = {
		[VERDICT_PROVED] = "PROVED",   [VERDICT_UNPROVEN] = "UNPROVEN",
		[VERDICT_INVALID] = "INVALID", [VERDICT_WAIVED] = "WAIVED",
		[VERDICT_NO_EXIT] = "NO-EXIT",
	};

	return names[kind];
}

/* Adds to the reason; clauses are separated by semicolons. */
__attribute__((format(printf, 2, 3))) static void add(struct verdict *verdict, const char *format,
						      ...)
{
	size_t length = strlen(verdict->reason);
	va_list arguments;

	if (length && length + 2 < sizeof(verdict->reason)) {
		strcat(verdict->reason, "; ");
		length += 2;
	}
	va_start(arguments, format);
	vsnprintf(verdict->reason + length, sizeof(verdict->reason) - length, format, arguments);
	va_end(arguments);
}

/* JSON counters: 0 where there is none of that name. */
static json_int_t count_of(const json_t *counts, const char *name)
{
	return json_integer_value(json_object_get(counts, name));
}

static json_int_t count_all(const json_t *counts)
{
	json_int_t total = 0;
	const char *name;
	json_t *count;

	json_object_foreach ((json_t *)counts, name, count)
		total += json_integer_value(count);
	return total;
}

/* The counts of a row, NULL where nobody counted. */
static const json_t *counts_of(const struct evidence *evidence, const struct exit_row *row)
{
	return json_object_get(json_object_get(evidence->proof, "rows"), row->id);
}

/* Whose exit reasons are in the proof; VENDOR_OTHER where kvm_exit does not fire. */
static int vendor_of(const json_t *proof)
{
	const char *vendor = json_text(proof, "vendor");

	if (!json_is_true(json_object_get(proof, "kvm_exit")))
		return VENDOR_OTHER;
	if (!strcmp(vendor, vendor_name(VENDOR_SVM)))
		return VENDOR_SVM;
	return strcmp(vendor, vendor_name(VENDOR_VMX)) ? VENDOR_OTHER : VENDOR_VMX;
}

/*
 * The reason kvm_exit must give for the row; NULL where no exit may happen, and where kvm_exit
 * does not fire, so that only the events can tell.
 */
static const char *expected_exit(const struct evidence *evidence, const struct exit_row *row)
{
	int vendor = vendor_of(evidence->proof);

	if (row->vmx == NO_EXIT)
		return NULL;
	return exit_reason_name(vendor, vendor == VENDOR_SVM ? row->svm : row->vmx);
}

/* RDTSC and RDTSCP exits anywhere in the proof pass, in the rows or between them. */
static json_int_t clock_exits(const json_t *proof)
{
	static const char *const names[] = {"rdtsc", "rdtscp", "RDTSC", "RDTSCP"};
	const json_t *outside = json_object_get(json_object_get(proof, "outside"), "exits");
	json_int_t total = 0;
	const char *id;
	json_t *row;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		total += count_of(outside, names[i]);
		json_object_foreach (json_object_get(proof, "rows"), id, row)
			total += count_of(json_object_get(row, "exits"), names[i]);
	}
	return total;
}

/* What makes every row of the run INVALID. */
static void judge_run(const struct evidence *evidence, struct verdict *verdict)
{
	const char *control = "the VMX control \"RDTSC exiting\" or the SVM intercepts of RDTSC";
	json_int_t exits = clock_exits(evidence->proof);
	json_int_t dropped = count_of(evidence->proof, "dropped");
	json_int_t markers = count_of(evidence->proof, "markers");
	json_int_t rows = json_object_size(json_object_get(evidence->proof, "rows"));
	const struct {
		const char *row;
		uint32_t p50;
	} canaries[] = {{"user.empty", evidence->user_canary},
			{"kernel.empty", evidence->kernel_canary}};

	if (exits)
		add(verdict,
		    "the clock itself exits, %" JSON_INTEGER_FORMAT
		    " times: clear %s in the host's hypervisor",
		    exits, control);
	for (size_t i = 0; i < ARRAY_SIZE(canaries); i++)
		if (evidence->limit && canaries[i].p50 >= evidence->limit)
			add(verdict,
			    "%s p50 is %u, not below %u: clear %s in the host's hypervisor",
			    canaries[i].row, canaries[i].p50, evidence->limit, control);
	if (dropped)
		add(verdict,
		    "the tracer lost %" JSON_INTEGER_FORMAT
		    " events, so no count is exact: measure again",
		    dropped);
	if (markers != 2 * rows)
		add(verdict,
		    "%" JSON_INTEGER_FORMAT " markers, expected 2 for each of %" JSON_INTEGER_FORMAT
		    " rows: measure again",
		    markers, rows);
}

/* Was the expected exit counted as often as the row's rule says? */
static bool obeys(enum exit_rule rule, json_int_t seen, json_int_t executed)
{
	switch (rule) {
	case RULE_MOST:
		return seen <= executed;
	case RULE_LEAST:
		return seen >= executed;
	default:
		return seen == executed;
	}
}

/* Exits of the guest by reason: the expected one by the row's rule, and by some rules no other. */
static void judge_exits(const json_t *exits, const struct exit_row *row, const char *expected,
			json_int_t executed, struct verdict *verdict)
{
	static const char *const often[] = {[RULE_ONCE] = "",
					    [RULE_MOST] = "at most ",
					    [RULE_LEAST] = "at least ",
					    [RULE_OPEN] = ""};
	const char *name;
	json_t *count;

	if (expected && !obeys(row->rule, count_of(exits, expected), executed))
		add(verdict, "%s exits %" JSON_INTEGER_FORMAT ", expected %s%" JSON_INTEGER_FORMAT,
		    expected, count_of(exits, expected), often[row->rule], executed);
	if (row->rule == RULE_LEAST || row->rule == RULE_OPEN)
		return;
	json_object_foreach ((json_t *)exits, name, count)
		if (json_integer_value(count) && !is_contamination(name) &&
		    (!expected || strcmp(name, expected)))
			add(verdict, "unexpected %s exits: %" JSON_INTEGER_FORMAT, name,
			    json_integer_value(count));
}

/* QEMU is asked for a port, which kvm_pio fires for as well, or for a place in memory. */
static void judge_userspace(const json_t *exits, const struct exit_row *row, json_int_t executed,
			    struct verdict *verdict)
{
	const char *asked = row->event ? "io" : "mmio";
	json_int_t io = count_of(exits, asked), interrupted = count_of(exits, "intr");
	json_int_t others = count_all(exits) - io;

	if (row->path != PATH_QEMU) {
		if (io + others)
			add(verdict, "userspace exits %" JSON_INTEGER_FORMAT ", expected 0",
			    io + others);
		return;
	}
	if (io != executed)
		add(verdict,
		    "userspace %s exits %" JSON_INTEGER_FORMAT ", expected %" JSON_INTEGER_FORMAT,
		    asked, io, executed);
	/* A signal ends KVM_RUN: an interrupt of QEMU's thread. */
	if (others != interrupted)
		add(verdict, "unexpected userspace exits: %" JSON_INTEGER_FORMAT,
		    others - interrupted);
}

static void judge_events(const json_t *counts, const struct exit_row *row, bool have_exits,
			 json_int_t executed, struct verdict *verdict)
{
	const json_t *events = json_object_get(counts, "events");
	const json_t *exits = json_object_get(counts, "exits");
	json_int_t wanted = executed;
	const char *name;
	json_t *count;

	/* kvm_msr fires for the timer's writes as well; their exits say how often. */
	if (row->event && !strcmp(row->event, "msr"))
		wanted += count_of(exits, "msr_write") + count_of(exits, "MSR_WRITE");
	/* A lean proof pass leaves out events that only repeat what kvm_exit says. */
	if (row->event && (!have_exits || json_object_get(events, row->event)) &&
	    count_of(events, row->event) != wanted)
		add(verdict,
		    "kvm_%s events %" JSON_INTEGER_FORMAT ", expected %" JSON_INTEGER_FORMAT,
		    row->event, count_of(events, row->event), wanted);
	if (have_exits)
		return;
	json_object_foreach ((json_t *)events, name, count)
		if (json_integer_value(count) && strcmp(name, "msr") &&
		    (!row->event || strcmp(name, row->event)))
			add(verdict, "unexpected kvm_%s events: %" JSON_INTEGER_FORMAT, name,
			    json_integer_value(count));
}

/* The debugcon backend wrote a file in a run of its own: one byte for each OUTB. */
static void judge_check(const json_t *check, struct verdict *verdict)
{
	json_int_t expected = count_of(check, "expected"), written = count_of(check, "written");

	if (expected != written)
		add(verdict,
		    "debugcon wrote %" JSON_INTEGER_FORMAT " bytes, expected %" JSON_INTEGER_FORMAT,
		    written, expected);
}

/* What was counted while the row was open. */
static void judge_counts(const struct evidence *evidence, const struct exit_row *row,
			 const json_t *counts, json_int_t executed, struct verdict *verdict)
{
	bool have_exits = vendor_of(evidence->proof) != VENDOR_OTHER;

	if (count_of(counts, "opened") != 1)
		add(verdict, "its marker was seen %" JSON_INTEGER_FORMAT " times, expected 1",
		    count_of(counts, "opened"));
	if (have_exits)
		judge_exits(json_object_get(counts, "exits"), row, expected_exit(evidence, row),
			    executed, verdict);
	judge_userspace(json_object_get(counts, "userspace_exits"), row, executed, verdict);
	judge_events(counts, row, have_exits, executed, verdict);
}

void verdict_row(const struct evidence *evidence, const struct exit_row *row, uint64_t executed,
		 struct verdict *verdict)
{
	const json_t *check = json_object_get(evidence->proof, "check");
	const json_t *counts = counts_of(evidence, row);
	const char *missing = NULL;

	*verdict = (struct verdict){.kind = VERDICT_INVALID};
	if (row->debugcon)
		judge_check(check, verdict);
	if (evidence->tcg) {
		if (verdict->reason[0])
			return;
		verdict->kind = VERDICT_NO_EXIT;
		add(verdict, "no VM exits under TCG");
		return;
	}
	judge_run(evidence, verdict);
	if (!evidence->proof)
		missing = "there is no proof.json";
	else if (strcmp(json_text(evidence->proof, "status"), "ok"))
		missing = json_text(evidence->proof, "reason");
	else if (!executed)
		missing = "the row was not in the proof pass";
	else if (!counts)
		missing = "its marker was not seen in the proof pass";
	else
		judge_counts(evidence, row, counts, executed, verdict);
	/* By the exits alone, or by what QEMU was asked: nothing else tells. */
	if (!missing && vendor_of(evidence->proof) == VENDOR_OTHER && !row->event &&
	    row->path == PATH_KVM)
		missing = "this KVM's kvm_exit does not fire, and no event of its own tells";
	if (!missing && row->debugcon && !count_of(check, "expected"))
		missing = "the bytes that reached debugcon were not counted";
	if (verdict->reason[0])
		return;
	verdict->kind = missing ? VERDICT_UNPROVEN : VERDICT_PROVED;
	if (missing)
		add(verdict, "%s", missing[0] ? missing : "nothing was counted");
}

json_t *verdict_proof(const struct evidence *evidence, const struct exit_row *row,
		      uint64_t executed)
{
	const json_t *counts = counts_of(evidence, row), *exits = json_object_get(counts, "exits");
	const char *expected = expected_exit(evidence, row), *name;
	json_t *events = json_object_get(counts, "events"), *other = json_object(), *count;
	json_int_t seen = count_of(exits, expected ? expected : "");
	char event[32] = "none";

	if (evidence->tcg || !counts) {
		json_decref(other);
		return NULL;
	}
	json_object_foreach ((json_t *)exits, name, count)
		if (!expected || strcmp(name, expected))
			json_object_set(other, name, count);
	if (!expected && row->event) {
		snprintf(event, sizeof(event), "kvm_%s", row->event);
		seen = count_of(events, row->event);
	}
	return json_pack("{s:s, s:I, s:I, s:I, s:o, s:O}", "expected", expected ? expected : event,
			 "executed", (json_int_t)executed, "exits", seen, "userspace_exits",
			 count_all(json_object_get(counts, "userspace_exits")), "other", other,
			 "events", events);
}
