// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The host's copy of exits.def, generated from it. */
#include <asm/svm.h>
#include <asm/vmx.h>
#include <string.h>

#include "exit_reasons.h"
#include "exit_rows.h"

/* exits.def says NONE where no exit may happen; its event is none there. */
#define EXIT_REASON_NONE NO_EXIT
#define SVM_EXIT_NONE	 NO_EXIT
#define EVENT_none	 NULL
#define EVENT_cpuid	 "cpuid"
#define EVENT_msr	 "msr"
#define EVENT_pio	 "pio"
#define EVENT_hypercall	 "hypercall"

/* Of what a row needs: the timer's interrupt, another vCPU or a device is what it waits for. */
#define WAITS(needs)                                                                               \
	(!__builtin_strcmp(needs, "TIMER") || !__builtin_strcmp(needs, "SPINNING") ||              \
	 !__builtin_strcmp(needs, "HALTED") || !__builtin_strcmp(needs, "PASSED_IRQ") ||           \
	 !__builtin_strcmp(needs, "PASSED_TO") || !__builtin_strcmp(needs, "PASSED_FROM"))

const struct exit_row exit_rows[EXIT_ROWS] = {
#define EXIT_ROW(wire, number, context, name, insn, path, vmx, svm, event, rule, needs, prose)     \
	{wire,		 number,                                                                   \
	 #context,	 #context "." #name,                                                       \
	 PATH_##path,	 EXIT_REASON_##vmx,                                                        \
	 SVM_EXIT_##svm, EVENT_##event,                                                            \
	 RULE_##rule,	 !__builtin_strcmp(#insn, "outb"),                                         \
	 WAITS(#needs),	 prose},
#include "../guest-bench/exits.def"
#undef EXIT_ROW
};

/* Never called: it does not compile when two rows have the same wire number. */
__attribute__((unused)) static void wire_numbers_differ(uint8_t wire)
{
	switch (wire) {
#define EXIT_ROW(wire, number, context, name, insn, path, vmx, svm, event, rule, needs, prose)     \
	case wire:;                                                                                \
		_Static_assert(wire >= 1 && wire <= 254, "wire numbers are 1 to 254");             \
		break;
#include "../guest-bench/exits.def"
#undef EXIT_ROW
	}
}

bool exit_row_selected(const char *list, const char *id)
{
	size_t length = strlen(id);

	if (!list)
		return true;
	for (const char *at = list; (at = strstr(at, id)); at += length)
		if ((at == list || at[-1] == ',') && (!at[length] || at[length] == ','))
			return true;
	return false;
}

int exit_row_of_wire(uint16_t wire)
{
	for (int i = 0; i < EXIT_ROWS; i++)
		if (exit_rows[i].wire == wire)
			return i;
	return -1;
}

const char *exit_path_name(enum exit_path path)
{
	return path == PATH_QEMU ? "qemu" : path == PATH_KVM ? "kvm" : "none";
}

const char *floor_path_name(enum exit_path path)
{
	return path == PATH_QEMU ? "vmm" : exit_path_name(path);
}
