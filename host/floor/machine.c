// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../exit_reasons.h"
#include "../long_mode.h"
#include "../stop_signals.h"
#include "../util.h"
#include "../../guest-bench/record.h"
#include "machine.h"

/* The guest's image, which make built. */
extern const char floor_guest[], floor_guest_end[];
__asm__(".pushsection .rodata\n"
	"floor_guest: .incbin \"floor/guest.bin\"\n"
	"floor_guest_end:\n"
	".popsection\n");

#define LARGE_PAGE 0x200000ul

/*
 * What ends a run from outside: the deadline's timer, and the signals that end a command. Both
 * reach this thread; immediate_exit then ends KVM_RUN, be it going on or only about to begin.
 */
static struct kvm_run *volatile running;
static volatile sig_atomic_t too_late, ended_by;

static void kick(int signal)
{
	if (signal == SIGALRM)
		too_late = 1;
	else
		ended_by = signal;
	if (running)
		running->immediate_exit = 1;
}

void machine_catch_signals(void)
{
	static const int signals[] = {STOP_SIGNALS, SIGALRM};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		sigaction(signals[i], &(struct sigaction){.sa_handler = kick}, NULL);
		sigaddset(&set, signals[i]);
	}
	/* Who started this may wait for them with a descriptor, and have them blocked. */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int machine_signal(void)
{
	return ended_by;
}

/* Touched and locked now, so that no page fault of the host falls into a row. */
static int make_memory(struct machine *machine, uint32_t samples)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	size_t size = (FLOOR_SAMPLES + samples * sizeof(uint32_t) + LARGE_PAGE - 1) / LARGE_PAGE *
		      LARGE_PAGE;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		return -1;
	machine->memory = memory;
	machine->memory_size = size;
	setrlimit(RLIMIT_MEMLOCK, &all); /* without the right to it CAP_IPC_LOCK may be ours */
	machine->memory_locked = !mlock(memory, size);
	return 0;
}

/* The guest as it is to begin, and the VM's view of it. */
static int load_guest(struct machine *machine)
{
	struct kvm_userspace_memory_region region = {.memory_size = machine->memory_size,
						     .userspace_addr = (uintptr_t)machine->memory};

	long_mode_tables(machine->memory, FLOOR_TABLES);
	memcpy(machine->memory + FLOOR_CODE, floor_guest, floor_guest_end - floor_guest);
	return ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static int make_vcpu(struct machine *machine)
{
	int khz;

	machine->vcpu = ioctl(machine->vm, KVM_CREATE_VCPU, 0);
	if (machine->vcpu < 0)
		return -1;
	machine->run_size = ioctl(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	machine->run =
		mmap(NULL, machine->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, machine->vcpu, 0);
	if (machine->run == MAP_FAILED)
		return -1;
	khz = ioctl(machine->vcpu, KVM_GET_TSC_KHZ, 0);
	machine->tsc_khz = khz > 0 ? khz : 0;
	return long_mode_cpuid(machine->kvm,
			       machine->vcpu); /* so the guest knows that it runs on KVM */
}

/* The devices that KVM answers by raising an event, as pci-testdev has them; nobody reads it. */
static const struct {
	uint32_t address, length; /* 0: of any length */
	uint32_t flags;
} ioeventfds[] = {
	{FLOOR_AT_PIO_MATCH, 1, KVM_IOEVENTFD_FLAG_PIO | KVM_IOEVENTFD_FLAG_DATAMATCH},
	{FLOOR_AT_PIO_ANY, 1, KVM_IOEVENTFD_FLAG_PIO},
	{FLOOR_AT_MMIO_MATCH, 1, KVM_IOEVENTFD_FLAG_DATAMATCH},
	{FLOOR_AT_MMIO_ANY, 0, 0},
};

/* One that is there makes all ports or all addresses slower: it is there while its row runs. */
static int set_ioeventfd(const struct machine *machine, uint32_t address, uint32_t more_flags)
{
	for (size_t i = 0; i < ARRAY_SIZE(ioeventfds); i++) {
		struct kvm_ioeventfd event = {
			.datamatch = FLOOR_VALUE,
			.addr = address,
			.len = ioeventfds[i].length,
			.fd = machine->event,
			.flags = ioeventfds[i].flags | more_flags,
		};

		if (ioeventfds[i].address == address)
			return ioctl(machine->vm, KVM_IOEVENTFD, &event);
	}
	return 0;
}

/* A timer whose signal comes to this thread and no other. */
static int make_timer(struct machine *machine)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};

	event._sigev_un._tid = syscall(SYS_gettid);
	return timer_create(CLOCK_MONOTONIC, &event, &machine->deadline);
}

int machine_open(struct machine *machine, uint32_t samples, bool irqchip, char why[MACHINE_WHY])
{
	const char *step = "/dev/kvm";

	machine->vm = machine->vcpu = machine->event = -1;
	machine->run = MAP_FAILED;
	machine->deadline = NULL;
	machine->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (machine->kvm < 0)
		goto refused;
	step = "KVM does not make a VM";
	machine->vm = ioctl(machine->kvm, KVM_CREATE_VM, 0);
	if (machine->vm < 0)
		goto refused;
	step = "KVM does not make its interrupt controllers";
	if (irqchip && ioctl(machine->vm, KVM_CREATE_IRQCHIP, 0) < 0)
		goto refused;
	step = "the guest's memory";
	if ((!machine->memory && make_memory(machine, samples)) || load_guest(machine))
		goto refused;
	step = "KVM does not make a vCPU";
	if (make_vcpu(machine))
		goto refused;
	step = "an eventfd";
	machine->event = eventfd(0, EFD_CLOEXEC);
	if (machine->event < 0)
		goto refused;
	step = "the deadline's timer";
	if (!make_timer(machine))
		return 0;
refused:
	snprintf(why, MACHINE_WHY, "%s: %s", step, strerror(errno));
	machine->deadline = NULL;
	machine_close(machine);
	return -1;
}

void machine_close(struct machine *machine)
{
	running = NULL;
	if (machine->deadline)
		timer_delete(machine->deadline);
	if (machine->run != MAP_FAILED)
		munmap(machine->run, machine->run_size);
	if (machine->vcpu >= 0)
		close(machine->vcpu);
	if (machine->event >= 0)
		close(machine->event);
	if (machine->vm >= 0)
		close(machine->vm);
	if (machine->kvm >= 0)
		close(machine->kvm);
}

void machine_free(struct machine *machine)
{
	if (machine->memory)
		munmap(machine->memory, machine->memory_size);
	machine->memory = NULL;
}

uint32_t *machine_samples(const struct machine *machine)
{
	return (uint32_t *)(machine->memory + FLOOR_SAMPLES);
}

/* 64-bit mode with flat segments, at the guest's first instruction, interrupts off, IOPL 3. */
static int set_registers(const struct machine *machine, int ring)
{
	struct kvm_regs registers = {
		.rip = FLOOR_CODE,
		.rsp = FLOOR_CODE - 8, /* as after a call */
		.rdi = FLOOR_ORDER,
		.rflags = LONG_MODE_IOPL3,
	};

	if (long_mode_enter(machine->vcpu, ring, FLOOR_TABLES))
		return -1;
	return ioctl(machine->vcpu, KVM_SET_REGS, &registers);
}

static void set_deadline(const struct machine *machine, unsigned int seconds)
{
	timer_settime(machine->deadline, 0, &(struct itimerspec){.it_value.tv_sec = seconds}, NULL);
}

/* KVM_RUN failed with error, or came back with what the guest never asks for. */
static enum machine_end refuse(const struct kvm_run *run, int error, char why[MACHINE_WHY])
{
	if (error)
		snprintf(why, MACHINE_WHY, "KVM_RUN: %s", strerror(error));
	else if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		snprintf(why, MACHINE_WHY, "KVM cannot run it: internal error, suberror %u",
			 run->internal.suberror);
	else if (run->exit_reason == KVM_EXIT_SHUTDOWN)
		snprintf(why, MACHINE_WHY, "KVM raised an exception in the guest (triple fault)");
	else
		snprintf(why, MACHINE_WHY, "KVM_RUN came back with exit %u (%s)", run->exit_reason,
			 userspace_exit_name(run->exit_reason) ?: "unknown");
	return MACHINE_REFUSED;
}

/* The loop that is measured: what a userspace exit costs at least. */
static enum machine_end run_vcpu(struct machine *machine, unsigned int deadline_s,
				 char why[MACHINE_WHY])
{
	struct kvm_run *run = machine->run;

	for (;;) {
		int error = ioctl(machine->vcpu, KVM_RUN, 0) < 0 ? errno : 0;

		if (!error && run->exit_reason == KVM_EXIT_IO) {
			if (run->io.port == PORT_DEBUGCON)
				machine->bytes_taken++;
			else if (run->io.port == FLOOR_PORT_END)
				return MACHINE_DONE;
		} else if (!error && run->exit_reason == KVM_EXIT_MMIO) {
			continue;
		} else if (error != EINTR) {
			return refuse(run, error, why);
		} else if (ended_by) {
			return MACHINE_INTERRUPTED;
		} else if (too_late) {
			snprintf(why, MACHINE_WHY, "not at its end within %u s, its deadline",
				 deadline_s);
			return MACHINE_REFUSED;
		}
	}
}

enum machine_end machine_run(struct machine *machine, const struct floor_order *order, int ring,
			     unsigned int deadline_s, char why[MACHINE_WHY])
{
	enum machine_end end;

	memcpy(machine->memory + FLOOR_ORDER, order, sizeof(*order));
	if (set_registers(machine, ring)) {
		snprintf(why, MACHINE_WHY, "KVM does not take ring %d's registers: %s", ring,
			 strerror(errno));
		return MACHINE_REFUSED;
	}
	if (set_ioeventfd(machine, order->address, 0)) {
		snprintf(why, MACHINE_WHY, "KVM does not make an ioeventfd: %s", strerror(errno));
		return MACHINE_REFUSED;
	}
	too_late = 0;
	machine->run->immediate_exit = 0;
	running = machine->run;
	if (ended_by)
		return MACHINE_INTERRUPTED;
	set_deadline(machine, deadline_s);
	end = run_vcpu(machine, deadline_s, why);
	set_deadline(machine, 0);
	running = NULL;
	if (end == MACHINE_DONE)
		set_ioeventfd(machine, order->address, KVM_IOEVENTFD_FLAG_DEASSIGN);
	return end;
}
