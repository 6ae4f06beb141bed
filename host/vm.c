// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* QEMU is given connected sockets, so that nothing of it has a name in a file system. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../guest-bench/record.h"
#include "hostinfo.h"
#include "memlock.h"
#include "util.h"
#include "vm.h"

#define ARGUMENTS_MOST 256 /* of QEMU; but for devices of the host there are 50 */

/* Appends an argument. One that JSON cannot hold becomes null, which command_ok() finds. */
static void add(json_t *command, const char *format, ...)
{
	va_list arguments;
	char *argument;

	va_start(arguments, format);
	if (vasprintf(&argument, format, arguments) < 0)
		argument = NULL;
	va_end(arguments);
	if (!argument || json_array_append_new(command, json_string(argument)))
		json_array_append_new(command, json_null());
	free(argument);
}

static bool command_ok(const json_t *command)
{
	size_t i;
	json_t *argument;

	json_array_foreach (command, i, argument)
		if (!json_is_string(argument))
			return false;
	return i < ARGUMENTS_MOST;
}

/*
 * QEMU's TCG as the host of SVM (7.2 and others) forgets that it has delivered the interrupt that
 * VMRUN injected: where its instruction counter runs out, or something kicks it, before the guest
 * next exits, the interrupt comes once more, whether the guest has interrupts on or not. In the
 * middle of a timer tick that is the end of the guest. Without the paravirtual end of interrupt a
 * handler begins with an exit, and nothing can come twice after it.
 */
static const char *kvm_eoi(void)
{
	return hostinfo_emulator() == EMULATOR_TCG ? ",kvm-pv-eoi=off" : "";
}

/*
 * QEMU's CPUs have 40 bits of physical address where nothing else is said, and firmware puts no BAR
 * above what the CPU has: a GPU of 256 GiB may then have no place beside the guest's memory. The
 * host's number is the right one, since the IOMMU of the same host has to reach there, too.
 */
static void add_cpu(json_t *command, const struct vm_config *config)
{
	add(command, "-cpu");
	if (strcmp(config->accel, "kvm"))
		add(command, "max");
	else
		add(command, "host%s%s", kvm_eoi(), config->devices ? ",host-phys-bits=on" : "");
}

/* What differs between the machines: how the CPU and the virtio-serial bus are called. */
static void add_machine(json_t *command, const struct vm_config *config)
{
	bool micro = !strcmp(config->machine, "microvm"), kvm = !strcmp(config->accel, "kvm");

	add(command, "-machine");
	/* KVM's own interrupt controllers: a port of theirs is timed (user.outb_kvm). */
	add(command, "%s,memory-backend=ram%s%s", config->machine, micro ? ",acpi=off" : "",
	    kvm ? ",kernel-irqchip=on" : "");
	add(command, "-accel");
	add(command, "%s", config->accel);
	add_cpu(command, config);
	add(command, "-device");
	/* Port 0 is a console's, 1 is ours; the 31 of the default cost the guest 60 more queues. */
	add(command, "%s,max_ports=2", micro ? "virtio-serial-device" : "virtio-serial-pci");
	/* Ports and memory of QEMU's, and ioeventfds on them: for rows that need a PCI bus. */
	if (!micro && config->testdevs) {
		add(command, "-device");
		add(command, "pci-testdev");
		add(command, "-device");
		add(command, "edu");
	}
}

/* The guest's memory, there from the start: from the pages made for it where there are enough. */
static void add_memory(json_t *command, const struct vm_config *config)
{
	if (config->memory)
		add(command, "%s,id=ram,size=%uM", config->memory, config->memory_mib);
	else if (vm_hugepages(config))
		add(command,
		    "memory-backend-memfd,id=ram,size=%uM,prealloc=on,share=on,hugetlb=on,hugetlbsize=2M,"
		    "host-nodes=%d,policy=bind",
		    config->memory_mib, config->isolation->node);
	else
		add(command, "memory-backend-ram,id=ram,size=%uM,prealloc=on", config->memory_mib);
}

bool vm_hugepages(const struct vm_config *config)
{
	return config->isolation && config->isolation->hugepages >= config->memory_mib;
}

/* The connected sockets, each with an end of ours and one of QEMU's. */
enum { QMP, RECORD, DEBUGCON, CHANNELS };

static json_t *command_line(const struct vm_config *config, bool lock, int channel[][2])
{
	char fresh[48] = "";
	json_t *command = json_array();

	add(command, "%s", config->qemu);
	for (const char *const *flag =
		     (const char *const[]){"-nodefaults", "-no-user-config", "-no-reboot", "-S",
					   "-display", "none", NULL};
	     *flag; flag++)
		add(command, "%s", *flag);
	add_machine(command, config);
	add(command, "-smp");
	add(command, "%u", config->vcpus);
	add(command, "-m");
	add(command, "%u", config->memory_mib);
	add(command, "-object");
	add_memory(command, config);
	add(command, "-overcommit");
	add(command, "mem-lock=%s", lock ? "on" : "off");
	add(command, "-kernel");
	add(command, "%s", config->kernel);
	add(command, "-initrd");
	add(command, "%s", config->initrd);
	/*
	 * A reset ends QEMU (-no-reboot): reboot=t and panic=-1 make every end of the guest one.
	 * The kernel hands init what it does not know itself as environment. What follows "--"
	 * would be init's arguments, but microvm adds its devices at the end.
	 */
	if (config->fresh_mib)
		snprintf(fresh, sizeof(fresh), "memmap=%uM$%uM ", config->fresh_mib,
			 VM_FRESH_AT_MIB);
	add(command, "-append");
	add(command, "console=ttyS0 quiet reboot=t panic=-1 %s%s%s%sMEASURE=\"%s\"", fresh,
	    strcmp(config->machine, "microvm") ? "" : "pci=off ", config->kernel_args ?: "",
	    config->kernel_args ? " " : "", config->guest_args);
	add(command, "-chardev");
	add(command, "socket,id=qmp,fd=%d", channel[QMP][1]);
	add(command, "-mon");
	add(command, "chardev=qmp,mode=control");
	add(command, "-serial");
	add(command, "file:%s.console.log", config->name);
	add(command, "-chardev");
	if (!strcmp(config->debugcon, "socket"))
		add(command, "socket,id=debugcon,fd=%d", channel[DEBUGCON][1]);
	else if (!strcmp(config->debugcon, "file"))
		add(command, "file,id=debugcon,path=/proc/self/fd/%d", channel[DEBUGCON][1]);
	else if (!strcmp(config->debugcon, "kept"))
		add(command, "file,id=debugcon,path=%s.debugcon", config->name);
	else
		add(command, "null,id=debugcon");
	add(command, "-device");
	add(command, "isa-debugcon,iobase=%#x,chardev=debugcon", PORT_DEBUGCON);
	add(command, "-chardev");
	add(command, "socket,id=record,fd=%d", channel[RECORD][1]);
	add(command, "-device");
	add(command, "virtserialport,chardev=record,name=" RECORD_PORT);
	for (size_t i = 0; config->devices && i < config->devices->n; i++)
		add(command, "%s", config->devices->word[i]);
	return command;
}

/* In the child: QEMU dies with us, has clean signals, and says what it has to say in its log. */
static void exec_qemu(const struct vm_config *config, const json_t *command, pid_t parent,
		      int channel[][2])
{
	char *arguments[ARGUMENTS_MOST], log[64];
	size_t count = json_array_size(command);
	sigset_t none;
	int fd;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	setpgid(0, 0);
	snprintf(log, sizeof(log), "%s.qemu.log", config->name);
	if (chdir(config->directory))
		_exit(126);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		_exit(126);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	fd = open("/dev/null", O_RDONLY);
	dup2(fd, STDIN_FILENO);
	for (int i = 0; i < CHANNELS; i++)
		fcntl(channel[i][1], F_SETFD, 0);
	for (size_t i = 0; i < count; i++)
		arguments[i] = (char *)json_string_value(json_array_get(command, i));
	arguments[count] = NULL;
	execvp(arguments[0], arguments);
	_exit(errno == ENOENT ? 127 : 126);
}

/*
 * Keeps every thread of QEMU but the vCPU's, and this process, off cpu where there is another; this
 * process until vm_stop(), since more than one guest may have its turn on that CPU.
 */
static void clear_cpu(struct vm *vm, int cpu)
{
	char path[64];
	struct dirent *entry;
	cpu_set_t others;
	DIR *tasks;

	if (sched_getaffinity(0, sizeof(others), &others))
		return;
	vm->before = others;
	CPU_CLR(cpu, &others);
	if (!CPU_COUNT(&others))
		return;
	vm->moved = !sched_setaffinity(0, sizeof(others), &others);
	snprintf(path, sizeof(path), "/proc/%d/task", vm->pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		pid_t thread = strtol(entry->d_name, NULL, 10);

		if (thread > 0 && thread != vm->vcpu)
			sched_setaffinity(thread, sizeof(others), &others);
	}
	if (tasks)
		closedir(tasks);
}

/* Gives the vCPU's thread its CPU, alone among ours, and where that is isolated the isolation. */
static bool pin_vcpu(struct vm *vm, const struct vm_config *config)
{
	json_t *cpus = qmp_command(&vm->qmp, "query-cpus-fast");
	pid_t thread = vm->vcpu =
		json_integer_value(json_object_get(json_array_get(cpus, 0), "thread-id"));
	cpu_set_t set;

	json_decref(cpus);
	if (!thread || config->cpu < 0)
		return false;
	clear_cpu(vm, config->cpu);
	CPU_ZERO(&set);
	CPU_SET(config->cpu, &set);
	vm->isolated = config->isolation && isolation_enter(config->isolation, vm->pid, thread);
	if (config->isolation && !vm->isolated)
		pr_warn("the vCPU could not enter %s: %s; it is not isolated",
			config->isolation->cgroup, strerror(errno));
	if (sched_setaffinity(thread, sizeof(set), &set))
		return false;
	if (config->isolation && config->isolation->fifo &&
	    sched_setscheduler(thread, SCHED_FIFO,
			       &(struct sched_param){.sched_priority = config->isolation->fifo}))
		pr_warn("the vCPU could not be given real-time priority %d: %s",
			config->isolation->fifo, strerror(errno));
	return true;
}

/*
 * Reads what debugcon writes to its socket, until QEMU has ended. A batch task does not take the
 * CPU from the vCPU that wakes it: where both have one CPU only, its work is not in a sample.
 */
static void *drain(void *socket)
{
	char bytes[4096];

	sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
	while (recv(*(int *)socket, bytes, sizeof(bytes), 0) > 0)
		;
	return NULL;
}

static void learn_version(struct vm *vm)
{
	json_t *version = qmp_command(&vm->qmp, "query-version"), *number;

	number = json_object_get(version, "qemu");
	if (!number || asprintf(&vm->version, "%lld.%lld.%lld %s",
				json_integer_value(json_object_get(number, "major")),
				json_integer_value(json_object_get(number, "minor")),
				json_integer_value(json_object_get(number, "micro")),
				json_string_value(json_object_get(version, "package")) ?: "") < 0)
		vm->version = NULL;
	json_decref(version);
}

int vm_start(struct vm *vm, const struct vm_config *config, char *why, size_t size)
{
	int channel[CHANNELS][2] = {{-1, -1}, {-1, -1}, {-1, -1}}, status;
	pid_t parent = getpid();

	*vm = (struct vm){.pid = -1,
			  .record = -1,
			  .debugcon = -1,
			  .memory_locked = may_lock(memlock_mib(config->memory_mib))};
	for (int i = 0; i < CHANNELS; i++) {
		if (i == DEBUGCON && strcmp(config->debugcon, "socket"))
			continue;
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel[i])) {
			snprintf(why, size, "socketpair: %s", strerror(errno));
			for (int j = 0; j < 2 * i; j++)
				close(channel[j / 2][j % 2]);
			return -1;
		}
	}
	/* In memory, since what a write costs must not hang on the disk that the archive is on. */
	if (!strcmp(config->debugcon, "file"))
		channel[DEBUGCON][1] = memfd_create("debugcon", MFD_CLOEXEC);
	vm->command = command_line(config, vm->memory_locked, channel);
	vm->record = channel[RECORD][0];
	vm->debugcon = channel[DEBUGCON][0];
	vm->qmp.fd = channel[QMP][0];
	if (command_ok(vm->command))
		vm->pid = fork();
	if (!vm->pid)
		exec_qemu(config, vm->command, parent, channel);
	for (int i = 0; i < CHANNELS; i++)
		close(channel[i][1]);
	if (vm->pid > 0 && !qmp_open(&vm->qmp, channel[QMP][0], config->cancel)) {
		vm->pinned = pin_vcpu(vm, config);
		learn_version(vm);
		if (vm->debugcon >= 0 && pthread_create(&vm->drain, NULL, drain, &vm->debugcon))
			die("no thread to read debugcon");
		return 0;
	}
	snprintf(why, size, "QEMU does not start");
	if (!command_ok(vm->command))
		snprintf(why, size, "a path or option is not UTF-8: rename it");
	status = vm_stop(vm);
	errno = EIO;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		snprintf(why, size, "%s: no such program; make deps, or QEMU=path", config->qemu);
		errno = ENOENT;
	}
	return -1;
}

int vm_continue(struct vm *vm)
{
	json_t *reply = qmp_command(&vm->qmp, "cont");

	json_decref(reply);
	return reply ? 0 : -1;
}

void vm_state(struct vm *vm, char *state, size_t size)
{
	json_t *reply = qmp_command(&vm->qmp, "query-status");

	snprintf(state, size, "%s", json_string_value(json_object_get(reply, "status")) ?: "gone");
	json_decref(reply);
}

int vm_wait(const struct vm *vm, siginfo_t *status)
{
	struct pollfd poller = {.fd = pidfd_open(vm->pid, 0), .events = POLLIN};
	int ended = poll(&poller, 1, 1000);

	close(poller.fd);
	return ended == 1 ? waitid(P_PID, vm->pid, status, WEXITED | WNOWAIT) : -1;
}

int vm_stop(struct vm *vm)
{
	int status = 0, qmp_fd = vm->qmp.fd;

	if (vm->pid > 0) {
		kill(vm->pid, SIGKILL);
		while (waitpid(vm->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	qmp_close(&vm->qmp);
	close(qmp_fd);
	close(vm->record);
	if (vm->drain)
		pthread_join(vm->drain, NULL);
	close(vm->debugcon);
	json_decref(vm->command);
	free(vm->version);
	if (vm->moved)
		sched_setaffinity(0, sizeof(vm->before), &vm->before);
	*vm = (struct vm){.pid = -1, .record = -1, .debugcon = -1, .qmp.fd = -1};
	return status;
}
