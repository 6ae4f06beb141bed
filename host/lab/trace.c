// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * trace.so, a plugin of the lab's QEMU: writes down every instruction that is executed between the
 * two clock reads of a sample (guest-bench/insn.h). It knows the reads by their bytes; the nested
 * guest by what is executed after VMRUN, until the instruction behind VMRUN is.
 *
 * QEMU's header qemu-plugin.h is not packaged everywhere, so what is used of it is declared here:
 * version 1 of the interface, which QEMU 6.0 to 8.2 have.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace.h"

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*callback)(qemu_plugin_id_t id,
							    struct qemu_plugin_tb *block));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction,
					    void (*callback)(unsigned int cpu, void *data),
					    enum qemu_plugin_cb_flags flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *instruction);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count, char **arguments);

/* The clock is read; LFENCE and the two moves that follow it are of insn.h alone. */
static const uint8_t open_bytes[] = {0x0f, 0xae, 0xe8, 0x41, 0x89, 0xc0, 0x41, 0x89, 0xd1};
static const uint8_t rdtscp[] = {0x0f, 0x01, 0xf9};
static const uint8_t vmrun[] = {0x0f, 0x01, 0xd8};
#define BRACKET_BYTES 128 /* from the one read to the other */

static struct trace *trace; /* the file */
static uint64_t sample[TRACE_LONGEST];
static size_t length; /* of sample so far */
static bool recording;
static uint64_t opened; /* address of the first instruction of the sample */
static enum trace_level level;
static const void *behind_vmrun; /* where in this machine's memory */

static void add(uint64_t address)
{
	if (length < TRACE_LONGEST)
		sample[length++] = trace_pack(address, level);
}

/* data is the address of the instruction that is about to be executed, in all of these. */
static void on_instruction(unsigned int cpu, void *data)
{
	(void)cpu;
	if (recording)
		add((uint64_t)data);
}

static void on_open(unsigned int cpu, void *data)
{
	(void)cpu;
	recording = true;
	level = TRACE_GUEST;
	length = 0;
	opened = (uint64_t)data;
	add(opened);
}

static void on_rdtscp(unsigned int cpu, void *data)
{
	(void)cpu;
	if (!recording)
		return;
	add((uint64_t)data);
	if (level == TRACE_GUEST && (uint64_t)data - opened < BRACKET_BYTES) {
		trace_keep(trace, sample, length);
		recording = false;
	}
}

static void on_vmrun(unsigned int cpu, void *data)
{
	(void)cpu;
	if (recording)
		add((uint64_t)data);
	level = TRACE_GUEST;
}

static void on_leave(unsigned int cpu, void *data)
{
	(void)cpu;
	level = TRACE_HOST;
	if (recording)
		add((uint64_t)data);
}

static bool has(const struct qemu_plugin_insn *instruction, const uint8_t *bytes, size_t size)
{
	return qemu_plugin_insn_size(instruction) == size &&
	       !memcmp(qemu_plugin_insn_data(instruction), bytes, size);
}

/* Does the sample begin with instruction i of the block? */
static bool opens(const struct qemu_plugin_tb *block, size_t i)
{
	for (size_t k = 0; k < 3; k++)
		if (i + k >= qemu_plugin_tb_n_insns(block) ||
		    !has(qemu_plugin_tb_get_insn(block, i + k), open_bytes + 3 * k, 3))
			return false;
	return true;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	size_t count = qemu_plugin_tb_n_insns(block);

	(void)id;
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
		const char *place = qemu_plugin_insn_haddr(instruction);
		void (*callback)(unsigned int cpu, void *data) = on_instruction;

		if (opens(block, i))
			callback = on_open;
		else if (has(instruction, rdtscp, sizeof(rdtscp)))
			callback = on_rdtscp;
		else if (place && place == behind_vmrun)
			callback = on_leave;
		else if (has(instruction, vmrun, sizeof(vmrun)))
			callback = on_vmrun;
		/* What lies behind it is translated when the first exit has brought us there. */
		if (callback == on_vmrun && place)
			behind_vmrun = place + sizeof(vmrun);
		qemu_plugin_register_vcpu_insn_exec_cb(instruction, callback,
						       QEMU_PLUGIN_CB_NO_REGS,
						       (void *)qemu_plugin_insn_vaddr(instruction));
	}
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count, char **arguments)
{
	const char *path = count == 1 && !strncmp(arguments[0], "out=", 4) ? arguments[0] + 4 : "";
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	(void)info;
	if (fd >= 0 && !ftruncate(fd, sizeof(*trace)))
		trace = mmap(NULL, sizeof(*trace), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (!trace || trace == MAP_FAILED) {
		fprintf(stderr, "trace.so: cannot write out=%s\n", path);
		return -1;
	}
	close(fd);
	memcpy(trace->magic, TRACE_MAGIC, sizeof(TRACE_MAGIC));
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
