// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The emulated AMD host: QEMU's TCG, which has SVM; its files are this machine's own over 9p. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../layout.h"
#include "../util.h"
#include "backend.h"
#include "tool.h"

#define VERSION_S 30 /* longest time of qemu --version */

static const char *lacks(const struct lab_options *options)
{
	if (options->with.n)
		return "--with: all of this machine's files are there";
	return options->trace ? "--trace: that is what --plugin is for" : NULL;
}

/* "QEMU emulator version 7.2.22 (Debian ...)" becomes "QEMU 7.2.22". */
static int find(int signals, char *name, size_t size)
{
	const char *qemu = qemu_program();
	char *argv[] = {(char *)qemu, "--version", NULL}, text[256], *version;
	int code = tool_run(argv, VERSION_S, signals, text, sizeof(text));

	if (code > 128)
		return code;
	version = strstr(text, "version ");
	if (code || !version) {
		pr_err("lab: %s does not run; make deps installs it, QEMU=PATH names another",
		       qemu);
		return EXIT_CANNOT;
	}
	version += strlen("version ");
	snprintf(name, size, "QEMU %.*s", (int)strcspn(version, " \n"), version);
	return EXIT_OK;
}

static void add_share(struct words *words, const char *tag, const char *path, bool readonly)
{
	char *quoted = qemu_quoted(path);

	words_option(words, "-fsdev", "local,id=%s,path=%s,security_model=none,multidevs=remap%s",
		     tag, quoted, readonly ? ",readonly=on" : "");
	words_option(words, "-device", "virtio-9p-pci,fsdev=%s,mount_tag=%s", tag, tag);
	free(quoted);
}

static void add_kernel(struct words *words, const struct lab_options *options,
		       const struct lab_kernel *kernel, int initramfs)
{
	char more[64], *line;

	/* One instruction is one nanosecond of the lab: nothing need be measured at boot. */
	snprintf(more, sizeof(more), "%s %s", options->insn_clock ? "tsc_early_khz=1000000" : "",
		 options->iommu ? "intel_iommu=on" : "");
	line = lab_kernel_line(options, more);

	words_option(words, "-kernel", "%s", kernel->image);
	words_option(words, "-initrd", "/proc/self/fd/%d", initramfs);
	words_option(words, "-append", "%s", line);
	free(line);
}

static void add_clock(struct words *words, const struct lab_options *options)
{
	/*
	 * One thread for all CPUs. With one each, QEMU before 8.1 may keep a translation that was
	 * made while another CPU wrote there: a kernel that patches itself on two CPUs then meets a
	 * breakpoint that is long gone (static keys toggled in a loop: "Oops: int3" in seconds).
	 */
	words_option(words, "-accel", "tcg,thread=single");
	/*
	 * Both clocks count instructions, at 1 ns each or, where time is to pass about as on this
	 * machine, at 8. Without a count one thread runs two CPUs wrongly: a guest of the lab's KVM
	 * that other CPUs interrupt often is corrupted within minutes (QEMU 7.2).
	 * While the lab idles its clock goes on as ours does: it idles for every file that it
	 * reads, and with sleep=off the clock would skip to the next timer each time, so that
	 * deadlines of seconds passed in no time. The clock chip keeps the lab's time too.
	 */
	words_option(words, "-icount", "shift=%d,sleep=on", options->insn_clock ? 0 : 3);
	words_option(words, "-rtc", "clock=vm");
}

static void add_channels(struct words *words, const int theirs[LAB_CHANNELS])
{
	static const char *const ports[LAB_CHANNELS] = LAB_PORTS;

	words_option(words, "-chardev", "stdio,id=console,signal=off");
	words_option(words, "-serial", "chardev:console");
	words_option(words, "-device", "virtio-serial-pci,max_ports=8");
	for (int i = 0; i < LAB_CHANNELS; i++) {
		words_option(words, "-chardev", "socket,id=channel%d,fd=%d", i, theirs[i]);
		words_option(words, "-device", "virtserialport,chardev=channel%d,name=%s", i,
			     ports[i]);
	}
}

static struct words command_line(const struct lab_options *options, const struct lab_kernel *kernel,
				 int initramfs, const int theirs[LAB_CHANNELS])
{
	struct words words = {};
	char tag[16];

	words_add(&words, "%s", qemu_program());
	words_add(&words, "-nodefaults");
	words_add(&words, "-no-user-config");
	words_add(&words, "-no-reboot");
	words_option(&words, "-display", "none");
	words_option(&words, "-machine", "q35%s", options->iommu ? ",kernel-irqchip=split" : "");
	words_option(&words, "-cpu", "EPYC,+svm,+npt%s", options->iommu ? ",+x2apic" : "");
	words_option(&words, "-smp", "%d", lab_cpus(options));
	words_option(&words, "-m", "%s", options->memory);
	add_clock(&words, options);
	if (options->iommu)
		words_option(&words, "-device", "intel-iommu,intremap=on,caching-mode=on");
	add_channels(&words, theirs);
	add_share(&words, LAB_SHARE_ROOT, "/", true);
	for (size_t i = 0; i < options->writable.n; i++) {
		snprintf(tag, sizeof(tag), LAB_SHARE_RW, (int)i);
		add_share(&words, tag, options->writable.word[i], false);
	}
	for (size_t i = 0; i < options->device.n; i++)
		words_option(&words, "-device", "%s", options->device.word[i]);
	for (size_t i = 0; i < options->plugin.n; i++)
		words_option(&words, "-plugin", "%s", options->plugin.word[i]);
	add_kernel(&words, options, kernel, initramfs);
	return words;
}

static int start(struct lab_machine *machine, const struct lab_options *options,
		 const struct lab_kernel *kernel, int initramfs, int signals)
{
	int theirs[LAB_CHANNELS], keep[LAB_CHANNELS + 2], log;
	struct words words;

	(void)signals;
	lab_channels(machine, theirs, &log);
	words = command_line(options, kernel, initramfs, theirs);
	if (options->verbose) {
		for (size_t i = 0; i < words.n; i++)
			fprintf(stderr, "%s%c", words.word[i], i + 1 < words.n ? ' ' : '\n');
	}
	memcpy(keep, theirs, sizeof(theirs));
	keep[LAB_CHANNELS] = initramfs;
	keep[LAB_CHANNELS + 1] = -1;
	machine->relay = 0;
	machine->emulator = lab_spawn(
		&(struct lab_start){.words = words.word, .keep = keep, .out = log, .err = log});
	for (int i = 0; i < LAB_CHANNELS; i++)
		close(theirs[i]);
	close(log);
	if (machine->emulator < 0)
		pr_err("lab: cannot start %s: %s", words.word[0], strerror(errno));
	words_free(&words);
	return machine->emulator < 0 ? EXIT_FAILED : EXIT_OK;
}

const struct lab_backend lab_amd = {
	.vendor = "amd",
	.emulation = "TCG, cpu EPYC",
	.lacks = lacks,
	.find = find,
	.start = start,
};
