// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Verdicts: what the host may have counted, and what must come of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../util.h"
#include "../verdict.h"

/* The counts of one row that ran 1000 times in a proof of the vendor; more comes last and wins. */
static json_t *proof_of(const char *row, const char *vendor, const char *counts, const char *more)
{
	char text[1024], why[256];
	json_t *proof;

	snprintf(text, sizeof(text),
		 "{\"schema\": \"exitlab-proof/1\", \"status\": \"ok\", \"reason\": \"\","
		 " \"vendor\": \"%s\", \"kvm_exit\": %s, \"dropped\": 0, \"markers\": 2,"
		 " \"check\": {\"backend\": \"file\", \"expected\": 1000, \"written\": 1000},"
		 " \"rows\": {\"%s\": {\"opened\": 1, %s}}%s}",
		 vendor, strcmp(vendor, "other") ? "true" : "false", row, counts, more);
	proof = json_loads(text, 0, NULL);
	assert_non_null(proof);
	if (proof_check(proof, why, sizeof(why)))
		fail_msg("%s: %s", why, text);
	return proof;
}

#define COUNTS(exits, userspace, events)                                                           \
	"\"exits\": {" exits "}, \"userspace_exits\": {" userspace "}, \"events\": {" events "}"

static const struct {
	int row;
	const char *vendor, *counts, *more;
	enum verdict_kind kind;
	const char *words;
} cases[] = {
	/* as it should be, on both vendors and without kvm_exit */
	{ROW_user_cpuid, "svm", COUNTS("\"cpuid\": 1000", "", "\"cpuid\": 1000"), "",
	 VERDICT_PROVED, ""},
	{ROW_user_cpuid, "vmx", COUNTS("\"CPUID\": 1000", "", "\"cpuid\": 1000"), "",
	 VERDICT_PROVED, ""},
	{ROW_user_cpuid, "other", COUNTS("", "", "\"cpuid\": 1000, \"msr\": 3"), "", VERDICT_PROVED,
	 ""},
	{ROW_user_outb, "svm", COUNTS("\"io\": 1000", "\"io\": 1000", "\"pio\": 1000"), "",
	 VERDICT_PROVED, ""},
	{ROW_user_outb, "vmx",
	 COUNTS("\"IO_INSTRUCTION\": 1000", "\"io\": 1000, \"intr\": 1", "\"pio\": 1000"), "",
	 VERDICT_PROVED, ""},
	{ROW_user_outb_kvm, "svm", COUNTS("\"io\": 1000", "", "\"pio\": 1000"), "", VERDICT_PROVED,
	 ""},
	{ROW_user_empty, "svm", COUNTS("", "", ""), "", VERDICT_PROVED, ""},
	{ROW_kernel_hypercall, "svm", COUNTS("\"hypercall\": 1000", "", "\"hypercall\": 1000"), "",
	 VERDICT_PROVED, ""},
	/* events that only repeat kvm_exit need not be counted; without kvm_exit they must */
	{ROW_user_cpuid, "svm", COUNTS("\"cpuid\": 1000", "", "\"pio\": 0"), "", VERDICT_PROVED,
	 ""},
	{ROW_user_cpuid, "svm", COUNTS("\"cpuid\": 1000", "", "\"cpuid\": 0"), "", VERDICT_INVALID,
	 "kvm_cpuid events 0, expected 1000"},
	{ROW_user_cpuid, "other", COUNTS("", "", "\"pio\": 0"), "", VERDICT_INVALID,
	 "kvm_cpuid events 0, expected 1000"},
	/* memory of QEMU's, and of KVM's own: by the exits, by what QEMU is asked, by nothing */
	{ROW_kernel_mmio_qemu, "svm", COUNTS("\"npf\": 1000", "\"mmio\": 1000", ""), "",
	 VERDICT_PROVED, ""},
	{ROW_kernel_mmio_qemu, "svm", COUNTS("\"npf\": 1000", "\"io\": 1000", ""), "",
	 VERDICT_INVALID, "userspace mmio exits 0, expected 1000"},
	{ROW_kernel_mmio_qemu, "other", COUNTS("", "\"mmio\": 1000", ""), "", VERDICT_PROVED, ""},
	{ROW_kernel_mmio_ioeventfd, "vmx", COUNTS("\"EPT_MISCONFIG\": 1000", "", ""), "",
	 VERDICT_PROVED, ""},
	{ROW_kernel_mmio_ioeventfd, "vmx", COUNTS("\"EPT_MISCONFIG\": 1000", "\"mmio\": 1000", ""),
	 "", VERDICT_INVALID, "userspace exits 1000, expected 0"},
	{ROW_kernel_ept_fault, "svm", COUNTS("\"npf\": 999", "", ""), "", VERDICT_INVALID,
	 "npf exits 999, expected 1000"},
	{ROW_kernel_ept_fault, "other", COUNTS("", "", ""), "", VERDICT_UNPROVEN,
	 "kvm_exit does not fire"},
	/* at most: hardware may answer */
	{ROW_kernel_rd_cr8, "svm", COUNTS("", "", ""), "", VERDICT_PROVED, ""},
	{ROW_kernel_rd_cr8, "svm", COUNTS("\"read_cr8\": 1000", "", ""), "", VERDICT_PROVED, ""},
	{ROW_kernel_rd_cr8, "svm", COUNTS("\"read_cr8\": 1001", "", ""), "", VERDICT_INVALID,
	 "read_cr8 exits 1001, expected at most 1000"},
	{ROW_kernel_rd_cr8, "svm", COUNTS("\"cpuid\": 1", "", ""), "", VERDICT_INVALID,
	 "unexpected cpuid exits: 1"},
	/* at least: the guest's timer exits alike, and the operation is more than the exit */
	{ROW_kernel_hlt_wake, "svm",
	 COUNTS("\"hlt\": 1000, \"msr_write\": 2000, \"cpuid\": 1", "", ""), "", VERDICT_PROVED,
	 ""},
	{ROW_kernel_hlt_wake, "svm", COUNTS("\"hlt\": 999", "", ""), "", VERDICT_INVALID,
	 "hlt exits 999, expected at least 1000"},
	{ROW_kernel_wrmsr_tsc_deadline, "vmx", COUNTS("\"MSR_WRITE\": 1007", "", ""), "",
	 VERDICT_PROVED, ""},
	/* open: what exits there are depends on the hardware, but QEMU has no part in it */
	{ROW_kernel_self_ipi, "svm", COUNTS("\"msr_write\": 2000, \"vintr\": 9", "", ""), "",
	 VERDICT_PROVED, ""},
	{ROW_kernel_self_ipi, "svm", COUNTS("\"hlt\": 9, \"avic_incomplete_ipi\": 1000", "", ""),
	 "", VERDICT_PROVED, ""},
	{ROW_kernel_self_ipi, "svm", COUNTS("", "\"tpr_access\": 1000", ""), "", VERDICT_INVALID,
	 "userspace exits 1000, expected 0"},
	/* contamination makes no difference */
	{ROW_user_empty, "svm", COUNTS("\"interrupt\": 3, \"npf\": 2, \"msr_write\": 1", "", ""),
	 "", VERDICT_PROVED, ""},
	{ROW_kernel_cpuid, "vmx",
	 COUNTS("\"CPUID\": 1000, \"EXTERNAL_INTERRUPT\": 9, \"EPT_VIOLATION\": 1, "
		"\"PREEMPTION_TIMER\": 4, \"MSR_WRITE\": 5",
		"", "\"cpuid\": 1000, \"msr\": 5"),
	 "", VERDICT_PROVED, ""},
	/* kvm_msr fires for the timer's writes too */
	{ROW_kernel_rdmsr, "svm", COUNTS("\"msr\": 1000, \"msr_write\": 4", "", "\"msr\": 1004"),
	 "", VERDICT_PROVED, ""},
	{ROW_kernel_rdmsr, "svm", COUNTS("\"msr\": 1000, \"msr_write\": 4", "", "\"msr\": 1000"),
	 "", VERDICT_INVALID, "kvm_msr events 1000, expected 1004"},
	{ROW_kernel_rdmsr, "vmx",
	 COUNTS("\"MSR_READ\": 1000, \"MSR_WRITE\": 4", "", "\"msr\": 1004"), "", VERDICT_PROVED,
	 ""},
	/* one exit too few, too many, of the wrong kind, on the wrong path */
	{ROW_user_cpuid, "svm", COUNTS("\"cpuid\": 999", "", "\"cpuid\": 1000"), "",
	 VERDICT_INVALID, "cpuid exits 999, expected 1000"},
	{ROW_user_cpuid, "svm", COUNTS("\"cpuid\": 1001", "", "\"cpuid\": 1001"), "",
	 VERDICT_INVALID, "cpuid exits 1001, expected 1000; kvm_cpuid events 1001, expected 1000"},
	{ROW_user_cpuid, "svm", COUNTS("\"io\": 1000", "", "\"cpuid\": 1000"), "", VERDICT_INVALID,
	 "cpuid exits 0, expected 1000; unexpected io exits: 1000"},
	{ROW_user_cpuid, "svm", COUNTS("\"cpuid\": 1000, \"hlt\": 1", "", "\"cpuid\": 1000"), "",
	 VERDICT_INVALID, "unexpected hlt exits: 1"},
	{ROW_user_cpuid, "svm", COUNTS("\"CPUID\": 1000", "", "\"cpuid\": 1000"), "",
	 VERDICT_INVALID, "cpuid exits 0"},
	{ROW_user_cpuid, "svm", COUNTS("\"cpuid\": 1000", "\"intr\": 1", "\"cpuid\": 1000"), "",
	 VERDICT_INVALID, "userspace exits 1, expected 0"},
	{ROW_user_empty, "svm", COUNTS("", "\"hlt\": 1", ""), "", VERDICT_INVALID,
	 "userspace exits 1, expected 0"},
	{ROW_user_empty, "svm", COUNTS("\"cpuid\": 1", "", "\"cpuid\": 1"), "", VERDICT_INVALID,
	 "unexpected cpuid exits: 1"},
	{ROW_user_empty, "other", COUNTS("", "", "\"pio\": 1"), "", VERDICT_INVALID,
	 "unexpected kvm_pio events: 1"},
	{ROW_user_cpuid, "other", COUNTS("", "", "\"cpuid\": 999"), "", VERDICT_INVALID,
	 "kvm_cpuid events 999, expected 1000"},
	{ROW_user_outb, "svm", COUNTS("\"io\": 1000", "", "\"pio\": 1000"), "", VERDICT_INVALID,
	 "userspace io exits 0, expected 1000"},
	{ROW_user_outb, "svm", COUNTS("\"io\": 1000", "\"io\": 1000, \"mmio\": 2", "\"pio\": 1000"),
	 "", VERDICT_INVALID, "unexpected userspace exits: 2"},
	/* the whole run */
	{ROW_user_cpuid, "svm", COUNTS("\"cpuid\": 1000", "", "\"cpuid\": 1000"),
	 ", \"dropped\": 7", VERDICT_INVALID, "lost 7 events"},
	{ROW_user_cpuid, "svm", COUNTS("\"cpuid\": 1000", "", "\"cpuid\": 1000"),
	 ", \"markers\": 3", VERDICT_INVALID, "3 markers, expected 2 for each of 1 rows"},
	{ROW_user_cpuid, "svm", COUNTS("\"cpuid\": 1000", "", "\"cpuid\": 1000") ", \"opened\": 2",
	 "", VERDICT_INVALID, "its marker was seen 2 times, expected 1"},
	{ROW_user_cpuid, "svm", COUNTS("\"cpuid\": 1000, \"rdtscp\": 5", "", "\"cpuid\": 1000"), "",
	 VERDICT_INVALID, "RDTSC exiting"},
	{ROW_user_cpuid, "vmx", COUNTS("\"CPUID\": 1000", "", "\"cpuid\": 1000"),
	 ", \"outside\": {\"exits\": {\"RDTSC\": 1}}", VERDICT_INVALID,
	 "the clock itself exits, 1 times"},
	{ROW_user_outb, "svm", COUNTS("\"io\": 1000", "\"io\": 1000", "\"pio\": 1000"),
	 ", \"check\": {\"backend\": \"file\", \"expected\": 1000, \"written\": 999}",
	 VERDICT_INVALID, "debugcon wrote 999 bytes, expected 1000"},
	{ROW_user_outb, "svm", COUNTS("\"io\": 1000", "\"io\": 1000", "\"pio\": 1000"),
	 ", \"check\": {\"backend\": \"file\", \"expected\": 0, \"written\": 0}", VERDICT_UNPROVEN,
	 "the bytes that reached debugcon were not counted"},
	{ROW_user_outb, "svm", COUNTS("\"io\": 999", "\"io\": 1000", "\"pio\": 1000"),
	 ", \"check\": {\"expected\": 0, \"written\": 0}", VERDICT_INVALID,
	 "io exits 999, expected 1000"},
	{ROW_user_cpuid, "svm", COUNTS("\"cpuid\": 1000", "", "\"cpuid\": 1000"),
	 ", \"check\": {\"backend\": \"file\", \"expected\": 1000, \"written\": 999}",
	 VERDICT_PROVED, ""},
};

static void assert_verdict(const struct verdict *verdict, enum verdict_kind kind, const char *words,
			   const char *what)
{
	if (verdict->kind != kind)
		fail_msg("%s: %s (%s), not %s", what, verdict_name(verdict->kind), verdict->reason,
			 verdict_name(kind));
	if (words[0] ? !strstr(verdict->reason, words) : verdict->reason[0] != '\0')
		fail_msg("%s: the reason is \"%s\", not \"%s\"", what, verdict->reason, words);
}

static void counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct exit_row *row = &exit_rows[cases[i].row];
		json_t *proof = proof_of(row->id, cases[i].vendor, cases[i].counts, cases[i].more);
		struct evidence evidence = {.proof = proof, .limit = CANARY_LIMIT};
		struct verdict verdict;

		verdict_row(&evidence, row, 1000, &verdict);
		assert_verdict(&verdict, cases[i].kind, cases[i].words, cases[i].counts);
		json_decref(proof);
	}
}

static void canaries(void **state)
{
	json_t *proof =
		proof_of("user.cpuid", "svm", COUNTS("\"cpuid\": 1000", "", "\"cpuid\": 1000"), "");
	struct evidence evidence = {.proof = proof, .limit = CANARY_LIMIT};
	const struct exit_row *row = &exit_rows[ROW_user_cpuid];
	struct verdict verdict;

	(void)state;
	evidence.user_canary = evidence.kernel_canary = 199;
	verdict_row(&evidence, row, 1000, &verdict);
	assert_verdict(&verdict, VERDICT_PROVED, "", "199 ticks");
	evidence.user_canary = 200;
	verdict_row(&evidence, row, 1000, &verdict);
	assert_verdict(&verdict, VERDICT_INVALID, "user.empty p50 is 200, not below 200",
		       "200 ticks in ring 3");
	evidence.user_canary = 30;
	evidence.kernel_canary = 5000;
	verdict_row(&evidence, row, 1000, &verdict);
	assert_verdict(&verdict, VERDICT_INVALID, "kernel.empty p50 is 5000", "ring 0");
	evidence.limit = 0;
	verdict_row(&evidence, row, 1000, &verdict);
	assert_verdict(&verdict, VERDICT_PROVED, "", "an emulated clock");
	json_decref(proof);
}

static void without_evidence(void **state)
{
	json_t *proof = json_pack("{s:s, s:s, s:s}", "schema", PROOF_SCHEMA, "status",
				  "unavailable", "reason", "grant CAP_BPF");
	struct evidence evidence = {.limit = CANARY_LIMIT};
	const struct exit_row *row = &exit_rows[ROW_user_cpuid];
	struct verdict verdict;

	(void)state;
	verdict_row(&evidence, row, 1000, &verdict);
	assert_verdict(&verdict, VERDICT_UNPROVEN, "there is no proof.json", "no proof");
	assert_null(verdict_proof(&evidence, row, 1000));
	evidence.user_canary = 1000;
	verdict_row(&evidence, row, 1000, &verdict);
	assert_verdict(&verdict, VERDICT_INVALID, "user.empty p50 is 1000", "canary, no proof");
	evidence.user_canary = 0;
	evidence.proof = proof;
	verdict_row(&evidence, row, 1000, &verdict);
	assert_verdict(&verdict, VERDICT_UNPROVEN, "grant CAP_BPF", "unavailable");
	json_decref(proof);

	proof = proof_of("user.empty", "svm", COUNTS("", "", ""), "");
	evidence.proof = proof;
	verdict_row(&evidence, row, 1000, &verdict);
	assert_verdict(&verdict, VERDICT_UNPROVEN, "marker was not seen", "other row");
	verdict_row(&evidence, row, 0, &verdict);
	assert_verdict(&verdict, VERDICT_UNPROVEN, "not in the proof pass", "timed only");
	evidence.tcg = true;
	verdict_row(&evidence, row, 1000, &verdict);
	assert_verdict(&verdict, VERDICT_NO_EXIT, "no VM exits under TCG", "tcg");
	assert_null(verdict_proof(&evidence, &exit_rows[ROW_user_empty], 1000));
	json_decref(proof);

	proof = proof_of("user.outb", "svm",
			 COUNTS("\"io\": 1000", "\"io\": 1000", "\"pio\": 1000"), "");
	evidence = (struct evidence){.proof = proof};
	json_object_del(proof, "check");
	verdict_row(&evidence, &exit_rows[ROW_user_outb], 1000, &verdict);
	assert_verdict(&verdict, VERDICT_UNPROVEN,
		       "the bytes that reached debugcon were not counted", "no check");
	json_decref(proof);

	/* An emulated OUTB writes its byte, too. */
	evidence.tcg = true;
	proof = proof_of("user.outb", "other", COUNTS("", "", ""),
			 ", \"check\": {\"expected\": 1000, \"written\": 7}");
	evidence.proof = proof;
	verdict_row(&evidence, &exit_rows[ROW_user_outb], 0, &verdict);
	assert_verdict(&verdict, VERDICT_INVALID, "debugcon wrote 7 bytes", "tcg, lost bytes");
	json_decref(proof);
}

static void evidence_for_summary(void **state)
{
	json_t *proof = proof_of(
		"user.outb", "svm",
		COUNTS("\"io\": 1000, \"npf\": 2", "\"io\": 1000, \"intr\": 1", "\"pio\": 1000"),
		"");
	struct evidence evidence = {.proof = proof};
	json_t *shown = verdict_proof(&evidence, &exit_rows[ROW_user_outb], 1000);
	json_t *wanted = json_loads("{\"expected\": \"io\", \"executed\": 1000, \"exits\": 1000, "
				    "\"userspace_exits\": 1001, \"other\": {\"npf\": 2}, "
				    "\"events\": {\"pio\": 1000}}",
				    0, NULL);

	(void)state;
	assert_true(json_equal(shown, wanted));
	json_decref(shown);
	json_decref(wanted);
	json_decref(proof);
}

static void bad_proofs(void **state)
{
#define GOOD                                                                                        \
	"\"schema\": \"exitlab-proof/1\", \"status\": \"ok\", \"kvm_exit\": true, \"dropped\": 0, " \
	"\"markers\": 0, \"vendor\": \"svm\""
#define OPEN "\"opened\": 1, "
	static const char *const texts[] = {
		"[]",
		"{}",
		"{\"schema\": \"exitlab-proof/2\", \"status\": \"ok\"}",
		"{\"schema\": \"exitlab-proof/1\", \"status\": \"fine\"}",
		"{" GOOD "}",
		"{" GOOD ", \"rows\": []}",
		"{" GOOD ", \"rows\": {\"user.cpuid\": 1}}",
		"{" GOOD ", \"rows\": {\"user.cpuid\": {" OPEN "\"exits\": {}}}}",
		"{" GOOD ", \"rows\": {\"x\": {" OPEN COUNTS("\"cpuid\": -1", "", "") "}}}",
		"{" GOOD ", \"rows\": {\"x\": {" OPEN COUNTS("\"cpuid\": 1.5", "", "") "}}}",
		"{" GOOD ", \"rows\": {\"x\": {" OPEN COUNTS("\"cpuid\": \"1\"", "", "") "}}}",
		"{" GOOD ", \"rows\": {\"x\": {" COUNTS("", "", "") "}}}",
		"{" GOOD ", \"rows\": {}, \"dropped\": -1}",
		"{" GOOD ", \"rows\": {}, \"markers\": null}",
		"{" GOOD ", \"rows\": {}, \"vendor\": \"other\"}",
		"{" GOOD ", \"rows\": {}, \"vendor\": 1}",
		"{" GOOD ", \"rows\": {\"x\": {" OPEN COUNTS("\"io\": 9e18", "", "") "}}}",
		"{" GOOD
		", \"rows\": {\"x\": {" OPEN COUNTS("\"io\": 9000000000000000000", "", "") "}}}",
		"{" GOOD ", \"rows\": {}, \"check\": {\"expected\": 1}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_t *proof = json_loads(texts[i], 0, NULL);
		char why[256] = "";

		assert_non_null(proof);
		if (!proof_check(proof, why, sizeof(why)) || !why[0])
			fail_msg("accepted: %s", texts[i]);
		json_decref(proof);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),	    cmocka_unit_test(canaries),
		cmocka_unit_test(without_evidence), cmocka_unit_test(evidence_for_summary),
		cmocka_unit_test(bad_proofs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
