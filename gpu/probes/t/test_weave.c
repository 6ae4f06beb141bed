// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the weaver puts where, in all that PTX may look like; what it refuses, and in which line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../access.h"
#include "../weave.h"

#define HEAD	    ".version 7.0\n.target sm_75\n.address_size 64\n"
#define KERNEL(...) HEAD ".visible .entry k(.param .u64 p)\n{\n" __VA_ARGS__ "}\n"

/* Weaves, with the counts in outcome; the text is freed by the next call. */
static struct weave_outcome outcome;
static char *woven;

static const char *weave_in(const char *ptx, const char *probe, const struct weave_options *options)
{
	free(woven);
	weave_outcome_free(&outcome);
	woven = weave(ptx, probe_named(probe), options, &outcome);
	return woven;
}

static int end(void **state)
{
	(void)state;
	free(woven);
	weave_outcome_free(&outcome);
	woven = NULL;
	return 0;
}

/* Each of the places stands in the woven text behind the one before. */
static void stand_in_order(const char *const *places, size_t n)
{
	const char *at = woven;

	for (size_t i = 0; i < n; i++) {
		at = strstr(at, places[i]);
		if (!at)
			fail_msg("no \"%s\" there in:\n%s\n", places[i], woven);
		at += strlen(places[i]);
	}
}
#define in_order(...)                                                                              \
	stand_in_order((const char *const[]){__VA_ARGS__},                                         \
		       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void entries_go_before_the_first_label(void **state)
{
	(void)state;
	assert_non_null(weave_in(KERNEL("\t.reg .b32 %r<2>;\n"
					"$loop:\n\tadd.s32 %r1, %r1, 1;\n\tbra $loop;\n"),
				 "entry", NULL));
	assert_int_equal(outcome.entries, 1);
	in_order(".reg .b32 %r<2>", "activemask", "$loop:", "add.s32");
	/* A pragma is about the loop behind it. */
	assert_non_null(
		weave_in(KERNEL("\t.pragma \"nounroll\";\n$loop:\n\tbra $loop;\n"), "entry", NULL));
	in_order("activemask", ".pragma", "$loop:");
	assert_non_null(weave_in(KERNEL("\t{\n\t.reg .b32 %r1;\n\t}\n\tret;\n"), "entry", NULL));
	in_order("activemask", ".reg .b32 %r1");
	assert_non_null(weave_in(KERNEL(""), "entry", NULL));
	assert_int_equal(outcome.entries, 1);
}

static void exits_are_counted_for_those_who_leave(void **state)
{
	(void)state;
	assert_non_null(
		weave_in(KERNEL("@%p1 ret;\n@!%p2 exit;\n@ ! %p3 ret.uni;\n$l: @%p4 ret;\nret;\n"),
			 "exit", NULL));
	assert_int_equal(outcome.exits, 5);
	in_order("@!%p1 bra $exitlab_1;", "activemask", "$exitlab_1:", "@%p1 ret;", /* */
		 "@%p2 bra $exitlab_2;", "$exitlab_2:", "@!%p2 exit;",		    /* */
		 "@%p3 bra $exitlab_3;", "$exitlab_3:", "@ ! %p3 ret.uni;",	    /* */
		 "$l:", "@!%p4 bra $exitlab_4;", "$exitlab_4:", "@%p4 ret;", "activemask", "ret;");
}

static void the_end_of_a_kernel_is_an_exit(void **state)
{
	(void)state;
	assert_non_null(weave_in(KERNEL("\tadd.s32 %r1, %r1, 1;\n"), "exit", NULL));
	assert_int_equal(outcome.exits, 1);
	in_order("add.s32", "activemask", "}\n\t}\n");
	/* Nobody gets there. */
	assert_non_null(weave_in(KERNEL("\tret;\n"), "exit", NULL));
	assert_int_equal(outcome.exits, 1);
	assert_non_null(weave_in(KERNEL("$l:\n\tbra.uni $l;\n"), "exit", NULL));
	assert_int_equal(outcome.exits, 0);
	/* Some do. */
	assert_non_null(weave_in(KERNEL("\tret;\n$l:\n"), "exit", NULL));
	assert_int_equal(outcome.exits, 2);
	assert_non_null(weave_in(KERNEL("$l:\n\t@%p1 bra $l;\n"), "exit", NULL));
	assert_int_equal(outcome.exits, 1);
}

static void functions_return_and_do_not_leave(void **state)
{
	(void)state;
	assert_non_null(
		weave_in(HEAD ".func (.param .b32 r) f(.param .b32 a)\n{\n\t@%p1 exit;\n\tret;\n}\n"
			      ".entry k()\n{\n\tret;\n}\n",
			 "both", NULL));
	assert_int_equal(outcome.entries, 1);
	assert_int_equal(outcome.exits, 2);
	assert_int_equal(outcome.untraced, 0);
	/* What the timer keeps from entry to exit, a function does not have. */
	assert_non_null(weave_in(HEAD ".func f()\n{\n\texit;\n}\n.entry k()\n{\n\tret;\n}\n",
				 "timer", NULL));
	assert_int_equal(outcome.exits, 1);
	assert_int_equal(outcome.untraced, 1);
	assert_int_equal(outcome.untraced_line, 6);
}

static void accesses_of_each_form(void **state)
{
	static const struct {
		const char *instruction;
		enum access_reach reach;
		enum weave_kind kind;
		unsigned int bytes;
	} cases[] = {
		{"ld.global.f32 %f1, [%rd1];", ACCESS_GLOBAL, WEAVE_LOAD, 4},
		{"ld.global.nc.L1::evict_last.L2::128B.v4.u32 {%r1,%r2,%r3,%r4}, [%rd1+16];",
		 ACCESS_GLOBAL, WEAVE_LOAD, 16},
		{"ld.volatile.global.u8 %rs1, [%rd1];", ACCESS_GLOBAL, WEAVE_LOAD, 1},
		{"ld.acquire.gpu.global.b64 %rd2, [%rd1];", ACCESS_GLOBAL, WEAVE_LOAD, 8},
		{"ld.global.v8.b32 {%r1,%r2,%r3,%r4,%r5,%r6,%r7,%r8}, [%rd1];", ACCESS_GLOBAL,
		 WEAVE_LOAD, 32},
		{"ldu.global.v2.f64 {%fd1,%fd2}, [%rd1];", ACCESS_GLOBAL, WEAVE_LOAD, 16},
		{"ld.global.b128 %q, [%rd1];", ACCESS_GLOBAL, WEAVE_LOAD, 16},
		{"st.global.v2.b16 [%rd1+-8], {%rs1, %rs2};", ACCESS_GLOBAL, WEAVE_STORE, 4},
		{"st.global.u32[%rd1], 5;", ACCESS_GLOBAL, WEAVE_STORE, 4},
		{"st.u64 [%rd1], %rd2;", ACCESS_GENERIC, WEAVE_STORE, 8},
		{"ld.f32 %f1, [%rd1];", ACCESS_GENERIC, WEAVE_LOAD, 4},
		{"atom.global.cas.b32 %r1, [%rd1], %r2, %r3;", ACCESS_GLOBAL, WEAVE_ATOMIC, 4},
		{"red.relaxed.gpu.global.add.noftz.bf16x2 [%rd1], %r1;", ACCESS_GLOBAL,
		 WEAVE_ATOMIC, 4},
		{"cp.async.cg.shared.global.L2::128B [%r1], [%rd1], 16;", ACCESS_GLOBAL, WEAVE_LOAD,
		 16},
		{"cp.async.commit_group;", ACCESS_NONE, 0, 0},
		{"cp.async.bulk.commit_group;", ACCESS_NONE, 0, 0},
		{"cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd1], 64, "
		 "[%r2];",
		 ACCESS_UNTRACED, WEAVE_LOAD, 0},
		{"cp.async.bulk.global.shared::cta.bulk_group [%rd1], [%r1], 64;", ACCESS_UNTRACED,
		 WEAVE_LOAD, 0},
		{"wmma.store.d.sync.aligned.row.m16n16k16.global.f32 [%rd1], {%f1}, %r1;",
		 ACCESS_UNTRACED, WEAVE_STORE, 0},
		{"ld.shared.u32 %r1, [%r2];", ACCESS_NONE, 0, 0},
		{"ld.shared::cluster.u32 %r1, [%r2];", ACCESS_NONE, 0, 0},
		{"st.local.v2.u32 [%r2], {%r1, %r1};", ACCESS_NONE, 0, 0},
		{"ld.param.u64 %rd1, [p];", ACCESS_NONE, 0, 0},
		{"ld.param::func.u64 %rd1, [p];", ACCESS_NONE, 0, 0},
		{"ld.const.f32 %f1, [c];", ACCESS_NONE, 0, 0},
		{"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r1,%r2,%r3,%r4}, [%r5];", ACCESS_NONE,
		 0, 0},
		{"prefetch.global.L2 [%rd1];", ACCESS_NONE, 0, 0},
		{"cvta.to.global.u64 %rd1, %rd2;", ACCESS_NONE, 0, 0},
		{"bar.sync 0;", ACCESS_NONE, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ptx_instruction instruction;
		struct access access;
		struct ptx ptx;

		ptx_begin(&ptx, cases[i].instruction);
		assert_true(ptx_next(&ptx));
		assert_int_equal(ptx.statement.kind, PTX_INSTRUCTION);
		assert_true(ptx_take_apart(ptx.statement.words, &instruction));
		assert_true(access_of(&instruction, &access));
		assert_int_equal(access.reach, cases[i].reach);
		if (access.reach != ACCESS_NONE) {
			assert_int_equal(access.kind, cases[i].kind);
			assert_int_equal(access.bytes, cases[i].bytes);
		}
		if (access.bytes)
			assert_string_equal(strstr(access.address, "%rd1") ? "[%rd1" : "", "[%rd1");
		ptx_end(&ptx);
	}
}

static void addresses_and_sites(void **state)
{
	(void)state;
	assert_non_null(weave_in(KERNEL("ld.global.u32 %r1, [%rd1];\n"
					"st.global.v2.u32 [%rd2+-16], {%r1, %r1};\n"
					"@!%p1 ld.global.u8 %r2, [ table + 8 ];\n"
					"ld.global.u8 %r2, [%rd3-1];\n"),
				 "memtrace", NULL));
	assert_int_equal(outcome.loads, 3);
	assert_int_equal(outcome.stores, 1);
	in_order("mov.b64 %exitlab_address, %rd1;", "mov.b32 %exitlab_what, 4;", /* */
		 "mov.b64 %exitlab_address, %rd2;",
		 "add.s64 %exitlab_address, %exitlab_address, -16;",
		 "mov.b32 %exitlab_what, 4360;", /* 8 bytes, store, site 1 */
		 "@%p1 bra $exitlab_1;", "mov.b64 %exitlab_address, table;",
		 "%exitlab_address, 8 ;", "$exitlab_1:", "@!%p1 ld.global.u8", /* */
		 "mov.b64 %exitlab_address, %rd3;", "%exitlab_address, -1;");
	assert_int_equal(outcome.sites[0].line, 6);
	assert_int_equal(outcome.sites[1].line, 7);
	assert_int_equal(outcome.sites[1].kind, WEAVE_STORE);
	assert_int_equal(outcome.sites[1].bytes, 8);
	assert_int_equal(outcome.sites[3].line, 9);
}

static void options_choose(void **state)
{
	const char *ptx = HEAD ".entry k1()\n{\n\tld.global.u32 %r1, [%rd1];\n\tret;\n}\n"
			       ".entry k2()\n{\n\tld.u32 %r1, [%rd1];\n\t@%p1 st.u32 [%rd1], %r1;\n"
			       "\tred.global.add.u32 [%rd1], 1;\n\tret;\n}\n";
	struct weave_options options = {.kernel = "k2"};

	(void)state;
	assert_non_null(weave_in(ptx, "memtrace", NULL));
	assert_int_equal(outcome.kernels, 2);
	assert_int_equal(outcome.loads + outcome.stores + outcome.atomics, 1);
	assert_non_null(weave_in(ptx, "memtrace", &options));
	assert_int_equal(outcome.kernels, 1);
	assert_int_equal(outcome.loads + outcome.stores + outcome.atomics, 0);
	options.generic = options.atomics = true;
	assert_non_null(weave_in(ptx, "memtrace", &options));
	assert_int_equal(outcome.loads, 1);
	assert_int_equal(outcome.stores, 1);
	assert_int_equal(outcome.atomics, 1);
	in_order("isspacep.global %exitlab_global, %exitlab_address;",
		 "@!%exitlab_global bra $exitlab_1;", "$exitlab_1:", "ld.u32", /* */
		 "@!%p1 bra $exitlab_2;", "@!%exitlab_global bra $exitlab_2;", "$exitlab_2:");
	options.kernel = "k";
	assert_null(weave_in(ptx, "entry", &options));
	assert_non_null(strstr(outcome.error, "no kernel k"));
}

/* All that stands between statements, and statements that do not end as others. */
static void text_of_all_kinds(void **state)
{
	static const char ptx[] =
		"// made by hand; ret; } {\n"
		".version 8.5 .target sm_90a, debug\n.address_size 64\n"
		".file 1 \"/a/ret; }.cu\", 123, 45\n"
		".extern .shared .align 16 .b8 pool[];\n"
		".global .align 4 .b8 table[8] = {1, 2, 3, 4, 5, 6, 7, 8};\n"
		".global .attribute(.managed) .u32 m;\n"
		".extern .func (.param .b32 r) vprintf(.param .b64 a, .param .b64 b);\n"
		".visible .entry declared(.param .u64 p);\n"
		".weak .entry a(.param .align 8 .b8 p[16]) .maxntid 256, 1, 1 .minnctapersm 2\n"
		".pragma \"nounroll\";\n{\n"
		"\t.loc 1 3 5, function_name $L__info, inlined_at 1 2 3\n"
		"\t.reg .pred %p<2>; .reg .b32 %r<4>; /* { */\n"
		"\tld.global.u32 %r1, /* here; */ [%rd1] ; st.global.u32 [%rd1], %r1;\n"
		"\tmov.b64 {%r1, %r2}, %rd1;\n"
		"\tproto : .callprototype (.param .b32 _) _ (.param .b64 _);\n"
		"\ttargets: .branchtargets $x, $y;\n"
		"\t{ .param .b64 q; st.param.b64 [q], %rd1; call (r), %rd2, (q), proto; }\n"
		"\tbrx.idx %r1, targets;\n$x: $y:\n\t;\n\t@%p1\n\tret;\n\tret;\n}\n"
		".section .debug_info\n{\n.b8 1\n.b32 .debug_abbrev\nlabel:\n.b8 0\n}\n";

	(void)state;
	assert_non_null(weave_in(ptx, "both", NULL));
	assert_int_equal(outcome.kernels, 1);
	assert_int_equal(outcome.entries, 1);
	assert_int_equal(outcome.exits, 2);
	assert_non_null(weave_in(ptx, "memtrace", NULL));
	assert_int_equal(outcome.loads, 1);
	assert_int_equal(outcome.stores, 1);
	assert_int_equal(outcome.sites[0].line, 15);
}

static void refused_with_the_line(void **state)
{
	static const struct {
		const char *ptx, *error;
		unsigned int line;
	} cases[] = {
		{"", "no PTX", 0},
		{"\177ELF\n", "no statement of PTX begins", 1},
		{"int main(void)\n{\n}\n", "", 1},
		{".version 6.0\n.target sm_75\n.address_size 64\n", "6.2 or newer", 1},
		{".version x\n", "version", 1},
		{".version\n", "version", 1},
		{".version 7.0\n.target sm_35\n.address_size 64\n", "sm_70 or newer", 2},
		{".version 7.0\n.target sm_75\n.address_size 32\n", "64", 3},
		{".version 7.0\n.target sm_75\n.entry k() { ret; }\n", "address_size", 3},
		{".version 7.0\n.entry k() { ret; }\n", ".target", 2},
		{HEAD, "no code", 0},
		{HEAD ".global .u32 a;\n", "no kernel", 0},
		{HEAD "\n\nret;\n", "outside", 6},
		{KERNEL("\tret\n"), "semicolon", 6},
		{KERNEL("\tadd.s32 %r1, %r1, 1;\n\tmov.u32 %r1, (%r2;\n\tret;\n"), "", 7},
		{KERNEL("\t/* never\n"), "comment", 6},
		{KERNEL("\t.pragma \"x;\n"), "string", 6},
		{KERNEL("\tld.global.u32 %r1;\n"), "ld.global.u32 has no address", 6},
		{KERNEL("\tld.global.zz %r1, [%rd1];\n"), "type", 6},
		{KERNEL("\t?\n"), "'?'", 6},
		{KERNEL("\t@;\n"), "no instruction", 6},
		{KERNEL("\tmov.u32 , %r1;\n"), "no instruction", 6},
		{KERNEL(".entry j()\n{\n"), "within another", 6},
		{HEAD ".entry k()\n{\n\tret;\n", "does not end", 7},
		{KERNEL("\tcall exitlab_access, (1);\n"), "woven already", 6},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_null(weave_in(cases[i].ptx,
				     strstr(cases[i].error, "kernel") ? "both" : "memtrace", NULL));
		assert_int_equal(outcome.error_line, cases[i].line);
		assert_non_null(strstr(outcome.error, cases[i].error));
	}
}

#define DUMP(kind) "Fatbin " kind " code:\n================\narch = sm_75\ncompressed\n\n"

/* Numbers stand where variables are loaded, and none is declared. */
static void numbers_for_variables(void **state)
{
	static const struct weave_state numbers = {.counts = 0x7f1200000000,
						   .memory = 0x7f3400000000,
						   .shadow = 0x7f5600000000,
						   .bits = 11,
						   .mask = 2047,
						   .shift = 9};
	const struct weave_options options = {.state = &numbers};

	(void)state;
	for (const struct probe *probe = probes; probe->name; probe++) {
		assert_non_null(weave_in(KERNEL("\tld.global.u32 %r1, [%rd1];\n\tret;\n"),
					 probe->name, &options));
		assert_null(strstr(woven, "ld.const"));
		assert_null(strstr(woven, "exitlab_counts"));
		assert_null(strstr(woven, "exitlab_memory"));
		in_order("mov.b64 %slot, 139715286138880;");
	}
	assert_non_null(weave_in(KERNEL("\tret;\n"), "hostmap", &options));
	in_order("mov.b32 %bits, 11;", "mov.b64 %memory, 139861315026944;",
		 "mov.b64 %shadow, 140007343915008;");
	assert_non_null(weave_in(KERNEL("\tret;\n"), "ring", &options));
	in_order("mov.b32 %place, 2047;", "mov.b32 %round, 9;");
}

static void lists_of_cuobjdump(void **state)
{
	(void)state;
	assert_non_null(
		weave_in("\n" DUMP("elf") "\n" DUMP("ptx") KERNEL("\tret;\n"), "both", NULL));
	assert_int_equal(strncmp(woven, ".version 7.0\n", 13), 0);
	assert_non_null(weave_in(DUMP("ptx")
					 KERNEL("\tld.global.u8 %r1, [%rd1];\n") "\n" DUMP("elf"),
				 "memtrace", NULL));
	assert_int_equal(outcome.sites[0].line, 11);
	assert_null(strstr(woven, "Fatbin"));
	assert_null(weave_in(DUMP("ptx") KERNEL("\tret\n"), "both", NULL));
	assert_int_equal(outcome.error_line, 11);
	assert_null(weave_in(DUMP("ptx") KERNEL("\tret;\n") "\n" DUMP("ptx") KERNEL("\tret;\n"),
			     "both", NULL));
	assert_non_null(strstr(outcome.error, "2 modules"));
	assert_null(weave_in(DUMP("ptx"), "both", NULL));
}

/* What was woven is refused, by every probe of every probe. */
static void woven_once_only(void **state)
{
	(void)state;
	for (const struct probe *probe = probes; probe->name; probe++) {
		char *once;

		assert_non_null(weave_in(KERNEL("\tld.global.u32 %r1, [%rd1];\n\tret;\n"),
					 probe->name, NULL));
		once = strdup(woven);
		assert_null(weave_in(once, "empty", NULL));
		assert_non_null(strstr(outcome.error, "woven already"));
		free(once);
	}
}

/* No cut of a text, at any byte, makes the weaver read beyond it or accept half a kernel. */
static void cut_anywhere(void **state)
{
	static const char ptx[] =
		KERNEL("\t.reg .b32 %r<2>;\n\t@%p1 ld.global.v2.u32 {%r1, %r2}, [%rd1+4];\n"
		       "$l: // c\n\t/* d */ st.global.u32 [%rd1], %r1;\n\t{ ret; }\n");

	(void)state;
	for (size_t length = 0; length < sizeof(ptx) - 2; length++) {
		char *cut = strndup(ptx, length);

		assert_null(weave_in(cut, "both", NULL));
		free(cut);
	}
	assert_non_null(weave_in(ptx, "both", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(entries_go_before_the_first_label, end),
		cmocka_unit_test_teardown(exits_are_counted_for_those_who_leave, end),
		cmocka_unit_test_teardown(the_end_of_a_kernel_is_an_exit, end),
		cmocka_unit_test_teardown(functions_return_and_do_not_leave, end),
		cmocka_unit_test_teardown(accesses_of_each_form, end),
		cmocka_unit_test_teardown(addresses_and_sites, end),
		cmocka_unit_test_teardown(options_choose, end),
		cmocka_unit_test_teardown(text_of_all_kinds, end),
		cmocka_unit_test_teardown(refused_with_the_line, end),
		cmocka_unit_test_teardown(numbers_for_variables, end),
		cmocka_unit_test_teardown(lists_of_cuobjdump, end),
		cmocka_unit_test_teardown(woven_once_only, end),
		cmocka_unit_test_teardown(cut_anywhere, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
