// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is particular to VMX in a verdict: the reasons' numbers, and the host's own ticks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../exit_reasons.h"
#include "../util.h"
#include "../verdict.h"

/* Of the SDM, volume 3, appendix C: all that exits.def expects and what comes at any time. */
static const struct {
	uint32_t reason;
	const char *name;
} reasons[] = {
	{0, "EXCEPTION_NMI"},
	{1, "EXTERNAL_INTERRUPT"},
	{7, "INTERRUPT_WINDOW"},
	{8, "NMI_WINDOW"},
	{10, "CPUID"},
	{12, "HLT"},
	{16, "RDTSC"},
	{18, "VMCALL"},
	{28, "CR_ACCESS"},
	{29, "DR_ACCESS"},
	{30, "IO_INSTRUCTION"},
	{31, "MSR_READ"},
	{32, "MSR_WRITE"},
	{44, "APIC_ACCESS"},
	{45, "EOI_INDUCED"},
	{48, "EPT_VIOLATION"},
	{49, "EPT_MISCONFIG"},
	{51, "RDTSCP"},
	{52, "PREEMPTION_TIMER"},
	{56, "APIC_WRITE"},
};

static void numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		assert_string_equal(exit_reason_name(VENDOR_VMX, reasons[i].reason),
				    reasons[i].name);
	/* Above the basic reason: that the VM entry failed, that it was in an enclave. */
	assert_string_equal(exit_reason_name(VENDOR_VMX, 0x88000001), "EXTERNAL_INTERRUPT");
}

static void expectations(void **state)
{
	(void)state;
	for (int i = 0; i < EXIT_ROWS; i++) {
		bool known = exit_rows[i].vmx == NO_EXIT;

		for (size_t j = 0; j < ARRAY_SIZE(reasons); j++)
			known |= reasons[j].reason == exit_rows[i].vmx;
		if (!known)
			fail_msg("%s expects reason %u", exit_rows[i].id, exit_rows[i].vmx);
		if ((exit_rows[i].vmx == NO_EXIT) != (exit_rows[i].svm == NO_EXIT))
			fail_msg("%s exits on one vendor alone", exit_rows[i].id);
	}
}

/* The counts of kernel.cpuid, which ran 1000 times. */
static json_t *proof_of(const char *exits)
{
	json_t *proof = json_pack(
		"{s:s, s:s, s:s, s:s, s:b, s:i, s:i, s:{s:{s:i, s:o, s:{}, s:{s:i}}}}", "schema",
		PROOF_SCHEMA, "status", "ok", "reason", "", "vendor", "vmx", "kvm_exit", 1,
		"dropped", 0, "markers", 2, "rows", "kernel.cpuid", "opened", 1, "exits",
		json_loads(exits, 0, NULL), "userspace_exits", "events", "cpuid", 1000);
	char why[256] = "json_pack";

	if (!proof || proof_check(proof, why, sizeof(why)))
		fail_msg("%s: %s", why, exits);
	return proof;
}

static void assert_verdict(const struct evidence *evidence, const struct exit_row *row,
			   enum verdict_kind kind, const char *reason)
{
	struct verdict verdict;

	verdict_row(evidence, row, 1000, &verdict);
	assert_string_equal(verdict.reason, reason);
	assert_string_equal(verdict_name(verdict.kind), verdict_name(kind));
}

/* Ticks of the host's own that land in a row are listed by their names: they are not the row's. */
static void ticks(void **state)
{
	static const char others[] = "{\"EXTERNAL_INTERRUPT\": 3, \"PREEMPTION_TIMER\": 2, "
				     "\"INTERRUPT_WINDOW\": 1, \"EOI_INDUCED\": 1}";
	json_t *wanted = json_loads(others, 0, NULL), *proof = proof_of(others), *shown;
	struct evidence evidence = {.proof = proof};
	struct exit_row row = exit_rows[ROW_kernel_cpuid];
	json_t *exits = json_object_get(
		json_object_get(json_object_get(proof, "rows"), "kernel.cpuid"), "exits");

	(void)state;
	assert_verdict(&evidence, &row, VERDICT_INVALID, "CPUID exits 0, expected 1000");
	json_object_set_new(exits, "CPUID", json_integer(1000));
	assert_verdict(&evidence, &row, VERDICT_PROVED, "");
	shown = verdict_proof(&evidence, &row, 1000);
	assert_true(json_equal(json_object_get(shown, "other"), wanted));
	assert_int_equal(json_integer_value(json_object_get(shown, "exits")), 1000);
	json_object_set_new(exits, "TRIPLE_FAULT", json_integer(1));
	assert_verdict(&evidence, &row, VERDICT_INVALID, "unexpected TRIPLE_FAULT exits: 1");
	json_decref(shown);
	json_decref(wanted);
	json_decref(proof);
}

/* A table that expects what does not come, be it the reason of the other vendor. */
static void wrong_expectation(void **state)
{
	json_t *proof = proof_of("{\"CPUID\": 1000}");
	struct evidence evidence = {.proof = proof};
	struct exit_row row = exit_rows[ROW_kernel_cpuid];

	(void)state;
	row.vmx = 12;
	assert_verdict(&evidence, &row, VERDICT_INVALID,
		       "HLT exits 0, expected 1000; unexpected CPUID exits: 1000");
	row.vmx = row.svm;
	assert_verdict(&evidence, &row, VERDICT_INVALID, "unexpected CPUID exits: 1000");
	json_decref(proof);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(expectations),
		cmocka_unit_test(ticks),
		cmocka_unit_test(wrong_expectation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
