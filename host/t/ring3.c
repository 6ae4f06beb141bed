// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A VMM of one file whose guest executes an exact number of exiting instructions and nothing else:
 * what a counter of exits must count is known beforehand. The guest runs in ring 3, so it also runs
 * on a paravirtual /dev/kvm that cannot run a kernel; -0 runs it in ring 0, with MSR accesses too.
 *
 *   ring3 [-0] [-m] [-v VCPUS] [-c CPUIDS] [-o OUTS] [-r RDMSRS] [-w WRMSRS]
 *
 * Prints "ready" and its process id, waits for a byte on stdin (so that a tracer can attach), runs,
 * and prints for each instruction: name, count, and the TSC ticks of one of them, minimum, median
 * and maximum. Each vCPU ends with one write to port 0xf4. -m opens row 3, 6, 13, 0 on the marker
 * port before each phase.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#include "../long_mode.h"

#define PORT_END  0xf4
#define CODE	  0x10000
#define TABLES	  0x20000
#define REGION	  0x200000 /* one 2 MiB page for each vCPU's samples, the first for all else */
#define MAX_VCPUS 7
#define SAMPLES	  (REGION / 4 / PHASES)

enum { CPUID, OUT, RDMSR, WRMSR, PHASES };

static const char *const names[PHASES] = {"cpuid", "out", "rdmsr", "wrmsr"};
static const char letters[] = "corw"; /* their options */

/* Guest registers: r12 samples, r13 iterations left, r14 array of PHASES counts, r15 markers? */
extern const char guest_begin[], guest_end[];

/* Time one instruction r13 times and store each one's ticks at r12. */
#define TIMED(set_up, instruction)                                                                 \
	"1: test %r13, %r13\n"                                                                     \
	"jz 2f\n"                                                                                  \
	"lfence; rdtsc; lfence\n"                                                                  \
	"shl $32, %rdx; or %rax, %rdx; mov %rdx, %r8\n" set_up "\n" instruction "\n"               \
	"rdtscp; lfence\n"                                                                         \
	"shl $32, %rdx; or %rax, %rdx; sub %r8, %rdx\n"                                            \
	"mov %edx, (%r12); add $4, %r12; dec %r13\n"                                               \
	"jmp 1b\n"                                                                                 \
	"2:\n"

#define MARKER(row)                                                                                \
	"test %r15, %r15; jz 3f\n"                                                                 \
	"mov $" #row ", %al; out %al, $0xea\n"                                                     \
	"3:\n"

/* MSR_KVM_WALL_CLOCK_NEW: every KVM has it, and writing 0 does nothing. */
#define WALL_CLOCK "mov $0x4b564d00, %ecx; xor %eax, %eax; xor %edx, %edx"

/* clang-format off */
__asm__(".pushsection .rodata\n"
	"guest_begin:\n"
	MARKER(3) "mov (%r14), %r13\n" TIMED("xor %eax, %eax", "cpuid")
	MARKER(6) "mov 8(%r14), %r13\n" TIMED("", "out %al, $0xe9")
	MARKER(13) "mov 16(%r14), %r13\n" TIMED(WALL_CLOCK, "rdmsr")
	MARKER(0) "mov 24(%r14), %r13\n" TIMED(WALL_CLOCK, "wrmsr")
	"out %al, $0xf4\n"
	"guest_end:\n"
	".popsection\n");
/* clang-format on */

static uint64_t counts[PHASES];
static unsigned int vcpus = 1, ring = 3, markers;
static char *memory;
static int kvm, vm;

static void check(int failed, const char *what)
{
	if (!failed)
		return;
	perror(what);
	exit(1);
}

static void *run(void *argument)
{
	size_t index = (size_t)argument;
	struct kvm_regs regs = {.rip = CODE,
				.rflags = 0x3002, /* IOPL 3 */
				.r12 = REGION * (index + 1),
				.r14 = CODE + (guest_end - guest_begin),
				.r15 = markers};
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, index);
	size_t size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	struct kvm_run *run;

	check(vcpu < 0, "KVM_CREATE_VCPU");
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	check(run == MAP_FAILED, "mmap of a vCPU");
	check(long_mode_cpuid(kvm, vcpu) < 0, "CPUID");
	check(long_mode_enter(vcpu, ring, TABLES) < 0, "registers");
	check(ioctl(vcpu, KVM_SET_REGS, &regs) < 0, "KVM_SET_REGS");
	for (;;) {
		check(ioctl(vcpu, KVM_RUN, 0) < 0, "KVM_RUN");
		if (run->exit_reason != KVM_EXIT_IO) {
			fprintf(stderr, "ring3: unexpected exit %u\n", run->exit_reason);
			exit(1);
		}
		if (run->io.port == PORT_END)
			return NULL;
	}
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The samples of the first vCPU. */
static void print(void)
{
	uint32_t *samples = (uint32_t *)(memory + REGION);

	for (int i = 0; i < PHASES; samples += counts[i++]) {
		if (!counts[i])
			continue;
		qsort(samples, counts[i], sizeof(*samples), ascending);
		printf("%s %lu %u %u %u\n", names[i], counts[i] * vcpus, samples[0],
		       samples[(counts[i] - 1) / 2], samples[counts[i] - 1]);
	}
}

static void make_guest(void)
{
	struct kvm_userspace_memory_region region = {.memory_size = REGION * (MAX_VCPUS + 1ul)};

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	check(kvm < 0, "/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	check(vm < 0, "KVM_CREATE_VM");
	/* Touched now, so that no page fault exits are the host's doing. */
	memory = mmap(NULL, region.memory_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	check(memory == MAP_FAILED, "mmap");
	region.userspace_addr = (uintptr_t)memory;
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0, "KVM_SET_USER_MEMORY_REGION");

	/* Identity, writable, for ring 3 as well: 512 GiB, 1 GiB and 2 MiB levels. */
	long_mode_tables(memory, TABLES);
	memcpy(memory + CODE, guest_begin, guest_end - guest_begin);
	memcpy(memory + CODE + (guest_end - guest_begin), counts, sizeof(counts));
}

int main(int argc, char **argv)
{
	pthread_t threads[MAX_VCPUS];
	int option;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((option = getopt(argc, argv, "0mv:c:o:r:w:")) > 0) {
		if (option == '0')
			ring = 0;
		else if (option == 'm')
			markers = 1;
		else if (option == 'v')
			vcpus = strtoul(optarg, NULL, 10);
		else if (strchr(letters, option))
			counts[strchr(letters, option) - letters] = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (vcpus < 1 || vcpus > MAX_VCPUS)
		return 2;
	for (int i = 0; i < PHASES; i++)
		if (counts[i] > SAMPLES)
			return 2;
	make_guest();
	printf("ready %d\n", getpid());
	fflush(stdout);
	check(read(STDIN_FILENO, &option, 1) < 0, "stdin");
	for (size_t i = 0; i < vcpus; i++)
		check(pthread_create(&threads[i], NULL, run, (void *)i), "pthread_create");
	for (size_t i = 0; i < vcpus; i++)
		pthread_join(threads[i], NULL);
	print();
	return 0;
}
