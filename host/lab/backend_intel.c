// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The emulated Intel host: Bochs, which has VMX and EPT. It has no virtio, so only what CMD needs
 * is carried, in images in its memory (payload.h), and what is said goes by one stream each way
 * (relay.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pty.h>
#include <string.h>
#include <unistd.h>

#include "../layout.h"
#include "../util.h"
#include "backend.h"
#include "memory_file.h"
#include "payload.h"
#include "relay.h"
#include "tool.h"

/*
 * Ticks of the TSC a second, one an instruction. KVM uses the VMX preemption timer only where its
 * 32 bits last ten seconds, and that of Bochs counts these ticks.
 */
#define TICKS_MHZ 400

/*
 * RDRAND and RDSEED are the one thing in Bochs 2.7 that is not the same in each run. Without them
 * the kernel's random numbers are, and with them where objects lie and what is hashed.
 */
#define STRING_(word)	 #word
#define STRING(word)	 STRING_(word)
#define KERNEL_ARGUMENTS "clearcpuid=rdrand,rdseed tsc_early_khz=" STRING(TICKS_MHZ) "000"

#define MARKS	  20000	    /* most pairs of marks whose instructions are written */
#define VERSION_S 30	    /* longest time of bochs --help */
#define CARRY_S	  600	    /* of gathering what is carried */
#define MEMORY	  3072	    /* MiB; above begins what is not memory */
#define BEGIN_AT  946684800 /* by the lab's clock chip: 2000-01-01T00:00:00Z */

static const char *bochs_program(void)
{
	const char *name = getenv("BOCHS");

	return name && *name ? name : "bochs";
}

static const char *bios_directory(void)
{
	const char *name = getenv("BXSHARE"); /* Bochs' own variable */

	return name && *name ? name : "/usr/share/bochs";
}

static const char *lacks(const struct lab_options *options)
{
	if (!options->insn_clock)
		return "clock but insn";
	if (options->cpus > 1)
		return "second CPU";
	if (options->iommu)
		return "--iommu";
	if (options->device.n)
		return "--device";
	return options->plugin.n ? "--plugin; --trace writes instructions" : NULL;
}

/* "Bochs x86 Emulator 2.7" becomes "Bochs 2.7". */
static int find(int signals, char *name, size_t size)
{
	static const char title[] = "Bochs x86 Emulator ";
	char *bochs = (char *)bochs_program(), bios[PATH_MAX], text[65536], *at;
	/* It says its name to one of the two and its options to the other. */
	char *argv[] = {"sh", "-c", "exec \"$0\" --help 2>&1", bochs, NULL};
	int code = tool_run(argv, VERSION_S, signals, text, sizeof(text));

	if (code > 128)
		return code;
	at = strstr(text, title);
	if (code == 127 || !at) {
		pr_err("lab: %s does not run; make deps installs it, BOCHS=PATH names another",
		       bochs);
		return EXIT_CANNOT;
	}
	if (!strstr(text, "-rc ")) {
		pr_err("lab: this %s was built without its debugger, which starts it unattended; BOCHS=PATH names another",
		       bochs);
		return EXIT_CANNOT;
	}
	at += strlen(title);
	snprintf(name, size, "Bochs %.*s", (int)strcspn(at, " \n"), at);
	snprintf(bios, sizeof(bios), "%s/BIOS-bochs-latest", bios_directory());
	if (access(bios, R_OK)) {
		pr_err("lab: %s is missing; make deps installs bochsbios", bios);
		return EXIT_CANNOT;
	}
	return EXIT_OK;
}

/* Asks host/lab/carry for the images; text holds their names. An exit code. */
static int gather(const struct lab_options *options, int signals, char *text, size_t size,
		  const char *image[PAYLOAD_IMAGES])
{
	char carry[PATH_MAX];
	struct words words = {};
	char *rest = text;
	int code;

	find_part("lab/carry", carry);
	words_add(&words, "%s", carry);
	if (options->verbose)
		words_add(&words, "-v");
	words_option(&words, "--with", "tar"); /* brings back what changed */
	for (size_t i = 0; i < options->with.n; i++)
		words_option(&words, "--with", "%s", options->with.word[i]);
	for (size_t i = 0; i < options->writable.n; i++)
		words_option(&words, "--rw", "%s", options->writable.word[i]);
	words_add(&words, "--");
	for (char **word = options->command; *word; word++)
		words_add(&words, "%s", *word);
	code = tool_run(words.word, CARRY_S, signals, text, size);
	words_free(&words);
	for (int i = 0; i < PAYLOAD_IMAGES; i++) {
		image[i] = rest ? strsep(&rest, "\n") : NULL;
		if (image[i] && !*image[i])
			image[i] = NULL;
	}
	if (code == 127)
		pr_err("lab: %s is missing; run make", carry);
	return code == 127 ? EXIT_CANNOT : code;
}

/* "2G", "512M", as QEMU says it; 0: no such size. */
static unsigned long mebibytes(const char *text)
{
	char *unit;
	unsigned long size = strtoul(text, &unit, 10);

	if (*unit == 'G' || *unit == 'g')
		size *= 1024;
	else if (*unit && *unit != 'M' && *unit != 'm')
		return 0;
	return *unit && unit[1] ? 0 : size;
}

/*
 * One instruction is one tick. Nothing is in step with this machine's time, and
 * every run begins in the same second: whatever comes, comes at the same instruction.
 */
static int configuration(unsigned long memory_mib, int rom, int payload, int log,
			 const char *serial, bool trace)
{
	FILE *file = memory_file_begin("bochsrc");

	if (!file)
		return -1;
	fprintf(file,
		"cpu: model=corei7_skylake_x, count=1, ips=%d000000, reset_on_triple_fault=0\n"
		"memory: guest=%lu, host=%lu\n"
		"clock: sync=none, time0=%d\n"
		"pci: enabled=1, chipset=i440fx\n"
		"romimage: file=\"%s/BIOS-bochs-latest\"\n"
		"optromimage1: file=/proc/self/fd/%d, address=%#x\n"
		"optramimage1: file=/proc/self/fd/%d, address=%#x\n",
		TICKS_MHZ, memory_mib, memory_mib, BEGIN_AT, bios_directory(), rom, START_ADDRESS,
		payload, PAYLOAD_LOAD);
	fprintf(file,
		"com1: enabled=1, mode=file, dev=/proc/self/fd/%d\n"
		"com2: enabled=1, mode=term, dev=%s\n"
		"port_e9_hack: enabled=1\n"
		"magic_break: enabled=%d\n"
		"plugin_ctrl: speaker=0, gameport=0, parallel=0\n"
		"display_library: rfb, options=\"timeout=0\"\n"
		"log: /dev/null\n"
		"panic: action=fatal\n"
		"error: action=ignore\n"
		"info: action=ignore\n"
		"debug: action=ignore\n",
		log, serial, trace);
	return memory_file_end(file);
}

/* What the debugger is told. It stops at each mark. */
static int orders(bool trace)
{
	FILE *file = memory_file_begin("orders");

	if (!file)
		return -1;
	fputs("c\n", file);
	for (int i = 0; trace && i < MARKS; i++)
		fputs("trace on\nc\ntrace off\nc\n", file);
	return memory_file_end(file);
}

/* The files that Bochs reads by their descriptors; -1 where there is none yet. */
struct parts {
	int rom, payload, configuration, orders, log, trace;
	int serial, terminal; /* both ends of the second serial port */
	char serial_name[64];
};

/* An image that is nobody else's is no more when this process is; its name becomes another. */
static int make_nameless(const char **image, char *name, size_t size)
{
	int fd = *image ? open(*image, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return fd;
	unlink(*image);
	snprintf(name, size, "/proc/self/fd/%d", fd);
	*image = name;
	return fd;
}

static int make_parts(struct parts *parts, const struct lab_options *options,
		      const struct lab_kernel *kernel, int initramfs, int signals)
{
	const char *image[PAYLOAD_IMAGES] = {NULL};
	char start[PATH_MAX], text[2 * PATH_MAX], name[32];
	struct payload payload = {.kernel = kernel->image,
				  .image = image,
				  .initramfs = initramfs,
				  .memory_mib = mebibytes(options->memory)};
	int code, writable;

	if (!payload.memory_mib || payload.memory_mib > MEMORY) {
		pr_err("lab: --mem %s: at most %dM with --vendor intel", options->memory, MEMORY);
		return EXIT_USAGE;
	}
	if (options->trace) {
		parts->trace = open(options->trace, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (parts->trace < 0) {
			pr_err("lab: %s: %s", options->trace, strerror(errno));
			return EXIT_FAILED;
		}
	}
	find_part("lab/start.bin", start);
	parts->rom = payload_start(start);
	if (parts->rom < 0)
		return EXIT_FAILED;
	code = gather(options, signals, text, sizeof(text), image);
	writable = make_nameless(&image[1], name, sizeof(name));
	if (!code) {
		payload.kernel_line = lab_kernel_line(options, KERNEL_ARGUMENTS);
		code = payload_make(&payload, &parts->payload);
	}
	close(writable);
	if (code)
		return code;
	if (openpty(&parts->serial, &parts->terminal, parts->serial_name, NULL, NULL)) {
		pr_err("lab: no terminal for the lab's serial port: %s", strerror(errno));
		return EXIT_FAILED;
	}
	fcntl(parts->serial, F_SETFD, FD_CLOEXEC);
	fcntl(parts->terminal, F_SETFD, FD_CLOEXEC);
	parts->configuration = configuration(payload.memory_mib, parts->rom, parts->payload,
					     parts->log, parts->serial_name, options->trace);
	parts->orders = orders(options->trace);
	if (parts->configuration >= 0 && parts->orders >= 0)
		return EXIT_OK;
	pr_err("lab: no memory: %s", strerror(errno));
	return EXIT_FAILED;
}

static int start_bochs(struct lab_machine *machine, const struct parts *parts, int out)
{
	struct words words = {};

	words_add(&words, "%s", bochs_program());
	words_add(&words, "-q");
	words_option(&words, "-f", "/proc/self/fd/%d", parts->configuration);
	words_option(&words, "-rc", "/proc/self/fd/%d", parts->orders);
	/* Its display listens on a port: in a network of its own nobody can come. */
	machine->emulator = lab_spawn(&(struct lab_start){
		.words = words.word,
		.keep = (int[]){parts->rom, parts->payload, parts->configuration, parts->orders,
				parts->log, -1},
		.out = out,
		.err = parts->log,
		.alone = true,
	});
	if (machine->emulator < 0)
		pr_err("lab: cannot start %s: %s", words.word[0], strerror(errno));
	words_free(&words);
	return machine->emulator < 0 ? EXIT_FAILED : EXIT_OK;
}

static int start(struct lab_machine *machine, const struct lab_options *options,
		 const struct lab_kernel *kernel, int initramfs, int signals)
{
	struct parts parts = {.rom = -1,
			      .payload = -1,
			      .configuration = -1,
			      .orders = -1,
			      .trace = -1,
			      .serial = -1,
			      .terminal = -1};
	struct relay relay = {.writable = &options->writable};
	int out[2], code;

	lab_channels(machine, relay.channel, &parts.log);
	code = make_parts(&parts, options, kernel, initramfs, signals);
	if (code)
		return code;
	if (pipe2(out, O_CLOEXEC))
		die("lab: cannot make a channel: %s", strerror(errno));
	code = start_bochs(machine, &parts, out[1]);
	close(out[1]);
	close(parts.log); /* its end says that Bochs has ended */
	relay.from = out[0];
	relay.to = parts.serial;
	relay.words = parts.trace;
	/* The relay has the other end of the serial port, too: Bochs may not have opened it yet. */
	machine->relay = code ? 0 : relay_start(&relay);
	for (int i = 0; i < LAB_CHANNELS; i++)
		close(relay.channel[i]);
	close(out[0]);
	close(parts.rom);
	close(parts.payload);
	close(parts.configuration);
	close(parts.orders);
	close(parts.trace);
	close(parts.serial);
	close(parts.terminal);
	return code;
}

const struct lab_backend lab_intel = {
	.vendor = "intel",
	.emulation = "cpu corei7_skylake_x",
	.lacks = lacks,
	.find = find,
	.start = start,
};
