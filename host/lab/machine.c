// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The emulated AMD host: QEMU's command line, and its life. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../util.h"
#include "lab.h"
#include "wire.h"

/*
 * No watchdog may bark, since a busy machine holds the lab up. Crypto is not what is tested here,
 * and its self-tests take a tenth of the boot.
 */
static const char kernel_arguments[] =
	"console=ttyS0 quiet panic=-1 cgroup_no_v1=all random.trust_cpu=on cryptomgr.notests "
	"tsc=reliable nowatchdog rcupdate.rcu_cpu_stall_suppress=1 "
	"sysctl.kernel.hung_task_timeout_secs=0";

/*
 * One instruction is one nanosecond of the lab, so nothing need be measured at boot. Where memory
 * lies must not change a path: hardened usercopy takes one instruction more in the tail page of a
 * slab, and which objects lie there differs from boot to boot, so slabs are single pages; programs
 * lie at the same addresses in every run.
 */
static const char insn_arguments[] = "tsc_early_khz=1000000 slub_max_order=0 norandmaps";

static const struct channel {
	const char *name;
	size_t ours; /* the member of struct lab_machine */
} channels[] = {
	{LAB_PORT_CONTROL, offsetof(struct lab_machine, control)},
	{LAB_PORT_STDIN, offsetof(struct lab_machine, in)},
	{LAB_PORT_STDOUT, offsetof(struct lab_machine, out)},
	{LAB_PORT_STDERR, offsetof(struct lab_machine, err)},
};

#define CHANNELS ARRAY_SIZE(channels)

void words_add(struct words *words, const char *format, ...)
{
	va_list list;

	words->word = realloc(words->word, (words->n + 2) * sizeof(*words->word));
	va_start(list, format);
	if (!words->word || vasprintf(&words->word[words->n++], format, list) < 0)
		die("no memory");
	va_end(list);
	words->word[words->n] = NULL;
}

static void words_free(struct words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->word[i]);
	free(words->word);
}

int lab_cpus(const struct lab_options *options)
{
	if (options->cpus)
		return options->cpus;
	return options->insn_clock ? 1 : 2;
}

char *qemu_quoted(const char *text)
{
	char *quoted = malloc(2 * strlen(text) + 1), *to = quoted;

	if (!quoted)
		die("no memory");
	for (; *text; text++) {
		*to++ = *text;
		if (*text == ',')
			*to++ = ',';
	}
	*to = 0;
	return quoted;
}

/* An option and its value, printf-style. */
#define add_option(words, name, ...) (words_add(words, name), words_add(words, __VA_ARGS__))

static void add_share(struct words *words, const char *tag, const char *path, bool readonly)
{
	char *quoted = qemu_quoted(path);

	add_option(words, "-fsdev", "local,id=%s,path=%s,security_model=none,multidevs=remap%s",
		   tag, quoted, readonly ? ",readonly=on" : "");
	add_option(words, "-device", "virtio-9p-pci,fsdev=%s,mount_tag=%s", tag, tag);
	free(quoted);
}

static void add_kernel(struct words *words, const struct lab_options *options,
		       const struct lab_kernel *kernel, int initramfs)
{
	add_option(words, "-kernel", "%s", kernel->image);
	add_option(words, "-initrd", "/proc/self/fd/%d", initramfs);
	add_option(words, "-append", "%s", kernel_arguments);
	for (size_t i = 0; i < options->append.n + 2; i++) {
		char **all = &words->word[words->n - 1], *before = *all;
		const char *more = i == 0   ? (options->insn_clock ? insn_arguments : "")
				   : i == 1 ? (options->iommu ? "intel_iommu=on" : "")
					    : options->append.word[i - 2];

		if (asprintf(all, "%s %s", before, more) < 0)
			die("no memory");
		free(before);
	}
}

static void add_clock(struct words *words, const struct lab_options *options)
{
	/*
	 * One thread for all CPUs. With one each, QEMU before 8.1 may keep a translation that was
	 * made while another CPU wrote there: a kernel that patches itself on two CPUs then meets a
	 * breakpoint that is long gone (static keys toggled in a loop: "Oops: int3" in seconds).
	 */
	add_option(words, "-accel", "tcg,thread=single");
	/*
	 * Both clocks count instructions, at 1 ns each or, where time is to pass about as on this
	 * machine, at 8. Without a count one thread runs two CPUs wrongly: a guest of the lab's KVM
	 * that other CPUs interrupt often is corrupted within minutes (QEMU 7.2).
	 * While the lab idles its clock goes on as ours does: it idles for every file that it
	 * reads, and with sleep=off the clock would skip to the next timer each time, so that
	 * deadlines of seconds passed in no time. The clock chip keeps the lab's time too.
	 */
	add_option(words, "-icount", "shift=%d,sleep=on", options->insn_clock ? 0 : 3);
	add_option(words, "-rtc", "clock=vm");
}

static struct words command_line(const struct lab_options *options, const struct lab_kernel *kernel,
				 const char *qemu, int initramfs, int channel[][2])
{
	struct words words = {};
	char tag[16];

	words_add(&words, "%s", qemu);
	words_add(&words, "-nodefaults");
	words_add(&words, "-no-user-config");
	words_add(&words, "-no-reboot");
	add_option(&words, "-display", "none");
	add_option(&words, "-machine", "q35%s", options->iommu ? ",kernel-irqchip=split" : "");
	add_option(&words, "-cpu", "EPYC,+svm,+npt%s", options->iommu ? ",+x2apic" : "");
	add_option(&words, "-smp", "%d", lab_cpus(options));
	add_option(&words, "-m", "%s", options->memory);
	add_clock(&words, options);
	if (options->iommu)
		add_option(&words, "-device", "intel-iommu,intremap=on,caching-mode=on");
	add_option(&words, "-chardev", "stdio,id=console,signal=off");
	add_option(&words, "-serial", "chardev:console");
	add_option(&words, "-device", "virtio-serial-pci,max_ports=8");
	for (size_t i = 0; i < CHANNELS; i++) {
		add_option(&words, "-chardev", "socket,id=channel%zu,fd=%d", i, channel[i][1]);
		add_option(&words, "-device", "virtserialport,chardev=channel%zu,name=%s", i,
			   channels[i].name);
	}
	add_share(&words, LAB_SHARE_ROOT, "/", true);
	for (size_t i = 0; i < options->writable.n; i++) {
		snprintf(tag, sizeof(tag), LAB_SHARE_RW, (int)i);
		add_share(&words, tag, options->writable.word[i], false);
	}
	for (size_t i = 0; i < options->device.n; i++)
		add_option(&words, "-device", "%s", options->device.word[i]);
	for (size_t i = 0; i < options->plugin.n; i++)
		add_option(&words, "-plugin", "%s", options->plugin.word[i]);
	add_kernel(&words, options, kernel, initramfs);
	return words;
}

/* The child: QEMU's three standard streams are the log, its other descriptors are the channels'. */
static void exec_qemu(pid_t parent, char **words, int channel[][2], int log, int initramfs)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	for (size_t i = 0; i < CHANNELS; i++)
		fcntl(channel[i][1], F_SETFD, 0);
	fcntl(initramfs, F_SETFD, 0);
	execvp(words[0], words);
	dprintf(STDERR_FILENO, "%s: %s\n", words[0], strerror(errno));
	_exit(127);
}

int lab_machine_start(struct lab_machine *machine, const struct lab_options *options,
		      const struct lab_kernel *kernel, const char *qemu, int initramfs)
{
	int channel[CHANNELS][2], log[2];
	pid_t self = getpid();
	struct words words;

	for (size_t i = 0; i < CHANNELS; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel[i]))
			die("lab: cannot make a channel: %s", strerror(errno));
	if (pipe2(log, O_CLOEXEC))
		die("lab: cannot make a channel: %s", strerror(errno));
	words = command_line(options, kernel, qemu, initramfs, channel);
	if (options->verbose) {
		for (size_t i = 0; i < words.n; i++)
			fprintf(stderr, "%s%c", words.word[i], i + 1 < words.n ? ' ' : '\n');
	}
	machine->qemu = fork();
	if (!machine->qemu)
		exec_qemu(self, words.word, channel, log[1], initramfs);
	words_free(&words);
	for (size_t i = 0; i < CHANNELS; i++) {
		*(int *)((char *)machine + channels[i].ours) = channel[i][0];
		close(channel[i][1]);
	}
	machine->log = log[0];
	close(log[1]);
	if (machine->qemu > 0)
		return 0;
	pr_err("lab: cannot start %s: %s", qemu, strerror(errno));
	return -1;
}

int lab_machine_stop(struct lab_machine *machine)
{
	int status = 0;

	kill(machine->qemu, SIGKILL);
	while (waitpid(machine->qemu, &status, 0) < 0 && errno == EINTR)
		continue;
	for (size_t i = 0; i < CHANNELS; i++)
		close(*(int *)((char *)machine + channels[i].ours));
	close(machine->log);
	return status;
}
