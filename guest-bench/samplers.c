// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How each context is sampled: in place, around an ioctl, inside kexit.ko, by gpulock.c. */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "counters.h"
#include "kexit.h"
#include "measure.h"

int kexit_fd = -1;
bool insn_on_amd;

/* Without kexit.ko nothing is ever seen to change. */
static const uint64_t unknown;
static struct counters counters = {(const uint32_t *)&unknown, &unknown, &unknown};

static void map_counters(void)
{
	struct kexit_counters at;
	const char *pages;

	if (ioctl(kexit_fd, KEXIT_COUNTERS, &at))
		fail("kexit.ko has no counters: %s", strerror(errno));
	pages = mmap(NULL, KEXIT_PAGES * 4096, PROT_READ, MAP_SHARED, kexit_fd, 0);
	if (pages == MAP_FAILED)
		fail("kexit.ko's counters: %s", strerror(errno));
	counters.timer = (const uint32_t *)(pages + at.timer);
	counters.device = (const uint64_t *)(pages + at.device);
	if (at.steal != KEXIT_ABSENT)
		counters.steal = (const uint64_t *)(pages + at.steal);
}

void open_kexit(void)
{
	struct kexit_machine machine = {(uint64_t)options.fresh_at << 20, options.vcpus};
	uint32_t eax, ebx, ecx, edx;

	kexit_fd = open("/dev/kexit", O_RDONLY | O_CLOEXEC);
	__cpuid(0, eax, ebx, ecx, edx);
	insn_on_amd = ebx == signature_AMD_ebx || ebx == 0x6f677948 /* HygonGenuine */;
	if (kexit_fd < 0)
		return;
	map_counters();
	if (ioctl(kexit_fd, KEXIT_MACHINE, &machine))
		fail("kexit.ko takes no memory at %u MiB: %s", options.fresh_at, strerror(errno));
}

const char *contamination(void)
{
	if (kexit_fd < 0)
		return "none: kexit.ko is not loaded in the guest";
	return counters.steal == &unknown ? "interrupts" : "interrupts,steal";
}

uint32_t kexit_tsc_khz(void)
{
	uint32_t khz = 0;

	if (kexit_fd >= 0 && ioctl(kexit_fd, KEXIT_TSC_KHZ, &khz))
		return 0;
	return khz;
}

const char *kexit_prepare(const struct row *row, uint32_t *most)
{
	static struct kexit_prepare prepare;

	prepare.row = row->wire;
	if (ioctl(kexit_fd, KEXIT_PREPARE, &prepare))
		fail("%s: kexit.ko does not know it: %s", row->name, strerror(errno));
	*most = prepare.most;
	return prepare.why[0] ? prepare.why : NULL;
}

void sampler_user(const struct row *row, uint32_t *samples, uint8_t *causes, uint32_t count,
		  uint32_t marked)
{
	for (uint32_t i = 0; i < count; i++) {
		struct counts before = counters_read(&counters);

		mark(i + marked >= count);
		samples[i] = sample_narrow(row->sample());
		mark(i + marked >= count);
		causes[i] = counters_causes(&counters, before);
	}
}

/*
 * One bracketed ioctl(kexit_fd, KEXIT_EXECUTE, wire). In asm, since libc's wrapper would be timed
 * with it. SYSCALL itself changes rcx and r11.
 */
static uint64_t sample_ioctl(long fd, long command, long wire, long *result)
{
	register uint64_t low0 asm("r8");
	register uint64_t high0 asm("r9");
	register long argument asm("r10") = wire;
	uint32_t low, high;

	asm volatile(BRACKET_OPEN "movq %%r10, %%rdx\n\tmovl %[number], %%eax\n\tsyscall\n\t"
				  "movq %%rax, %%r10" BRACKET_CLOSE
		     : "=a"(low), "=d"(high), "=r"(low0), "=r"(high0), "+r"(argument)
		     : "D"(fd), "S"(command), [number] "i"(SYS_ioctl)
		     : "rcx", "r11", "memory");
	*result = argument;
	return bracket_ticks(low, high, low0, high0);
}

void sampler_syscall(const struct row *row, uint32_t *samples, uint8_t *causes, uint32_t count,
		     uint32_t marked)
{
	for (uint32_t i = 0; i < count; i++) {
		struct counts before = counters_read(&counters);
		long result;

		mark(i + marked >= count);
		samples[i] =
			sample_narrow(sample_ioctl(kexit_fd, KEXIT_EXECUTE, row->wire, &result));
		mark(i + marked >= count);
		causes[i] = counters_causes(&counters, before);
		if (result)
			fail("%s: kexit.ko refused: %s", row->name, strerror(-result));
	}
}

void sampler_kernel(const struct row *row, uint32_t *samples, uint8_t *causes, uint32_t count,
		    uint32_t marked)
{
	for (uint32_t i = 0; i < count; i += KEXIT_BATCH) {
		struct kexit_batch batch = {
			.row = row->wire,
			.count = count - i < KEXIT_BATCH ? count - i : KEXIT_BATCH,
			.samples = (uintptr_t)(samples + i),
			.causes = (uintptr_t)(causes + i),
			.mark_from = count > marked + i ? count - marked - i : 0,
		};

		if (ioctl(kexit_fd, KEXIT_SAMPLE, &batch))
			fail("%s: kexit.ko refused: %s", row->name, strerror(errno));
	}
}

/*
 * What is timed in the kernel has interrupts off, but may be taken from its host CPU: any sample of
 * those taken at once may then be the one.
 */
static void sample_in_kernel(const struct row *row, uint32_t *samples, uint8_t *causes,
			     uint32_t count)
{
	uint32_t most = gpulock_at_once(row->wire);

	for (uint32_t i = 0; i < count; i += most) {
		uint32_t part = count - i < most ? count - i : most;
		struct counts before = counters_read(&counters);

		gpulock_sample(row->wire, i, samples + i, part);
		memset(causes + i, counters_causes(&counters, before) & DISTURBED_STEAL, part);
	}
}

void sampler_gpulock(const struct row *row, uint32_t *samples, uint8_t *causes, uint32_t count,
		     uint32_t marked)
{
	if (gpulock_in_kernel(row->wire)) {
		sample_in_kernel(row, samples, causes, count);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct counts before = counters_read(&counters);

		mark(i + marked >= count);
		gpulock_sample(row->wire, i, samples + i, 1);
		mark(i + marked >= count);
		causes[i] = counters_causes(&counters, before);
	}
}
