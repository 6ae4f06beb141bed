// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One command line, rebuilt for the place where it is to run. Files and the archive are named by
 * absolute paths, since the place may have another working directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot_elsewhere.h"
#include "boot_vendors.h"
#include "child.h"
#include "util.h"

/* "SELF boot" and all its options but those that say where; results is the archive. */
static void add_boot(struct words *command, const struct boot_options *options, const char *self,
		     const char *results)
{
	words_add(command, "%s", self);
	words_add(command, "boot");
	command_option(command, "--device", options->devices);
	command_option(command, "--machine", options->machine);
	command_option(command, "--kernel", options->kernel);
	command_option(command, "--initrd", options->initrd);
	command_option(command, "--qemu", options->qemu);
	command_option(command, "--select", options->select);
	command_option(command, "--debugcon", options->debugcon);
	command_option(command, "--attach", options->attach);
	command_option(command, "--modules", options->modules);
	command_option(command, "--results", results);
	if (options->iter)
		command_number(command, "--iter", options->iter);
	if (options->deadline)
		command_number(command, "--deadline", options->deadline);
	if (options->vcpus > 1)
		command_number(command, "--vcpus", options->vcpus);
	if (options->symbols)
		words_add(command, "--symbols");
	if (options->no_proof)
		words_add(command, "--no-proof");
	if (options->no_floor)
		words_add(command, "--no-floor");
}

int find_results(const char *asked, char results[PATH_MAX])
{
	if ((mkdir(asked, 0777) && errno != EEXIST) || !realpath(asked, results)) {
		pr_err("%s: %s; RESULTS= names another place", asked, strerror(errno));
		return -1;
	}
	return 0;
}

/* Why /dev/kvm cannot be used, or NULL. The line names what mends it. */
static const char *kvm_missing(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return NULL;
	}
	switch (errno) {
	case ENOENT:
		return "there is no /dev/kvm (load kvm_amd or kvm_intel; switch SVM or VT-x on in the firmware)";
	case EACCES:
	case EPERM:
		return "no rights to /dev/kvm (join the group kvm, or run as root)";
	default:
		return "/dev/kvm cannot be opened";
	}
}

bool lab_wanted(const char *accel)
{
	const char *missing;

	if (!strcmp(accel, "lab") || !strcmp(accel, "tcg"))
		return !strcmp(accel, "lab");
	missing = kvm_missing();
	if (missing && !strcmp(accel, "kvm"))
		die_code(EXIT_CANNOT, "%s; --accel lab needs none (ACCEL=lab of make boot)",
			 missing);
	if (missing)
		printf("accel: lab, since %s\n", missing);
	return missing != NULL;
}

void lab_begin(struct words *command, const char *self, const char *vendor, const char *results,
	       bool two_cpus, long deadline)
{
	bool amd = !strcmp(vendor, "amd");

	words_add(command, "%s", self);
	words_add(command, "lab");
	command_option(command, "--vendor", amd ? NULL : vendor);
	command_number(command, "--deadline", amd ? deadline : INTEL_SLOWER * deadline);
	command_option(command, "--rw", results);
	if (two_cpus) {
		command_option(command, "--clock", "host");
		command_number(command, "--cpus", 2);
	}
}

void lab_add_device(struct words *command)
{
	words_add(command, "--iommu");
	command_option(command, "--device", "edu");
}

int lab_exec(const struct words *command)
{
	fflush(stdout);
	/* A boot reads nothing; the lab would read for it. */
	if (!freopen("/dev/null", "r", stdin))
		pr_warn("/dev/null: %s", strerror(errno));
	execv(command->word[0], command->word);
	pr_err("%s: %s", command->word[0], strerror(errno));
	return EXIT_FAILED;
}

void check_isolation(void)
{
	if (geteuid())
		die_code(EXIT_CANNOT, "isolation changes the host: run as root");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		die_code(EXIT_CANNOT, "isolation needs a second CPU for the rest of the host");
}

void lab_boot_command(struct words *command, const struct boot_options *options, const char *vendor,
		      const char *results)
{
	/* Another CPU for the rest of the host, or for the second vCPU. */
	bool two_cpus = options->isolate || options->vcpus > 1;
	struct boot_options inside = *options;
	char self[PATH_MAX];

	if (two_cpus && !options->iter)
		inside.iter = LAB_ITER;
	find_self(self);
	/* Two boots, and the lab's own. */
	lab_begin(command, self, vendor, results, two_cpus,
		  2 * boot_deadline(options, inside.iter ?: INSN_ITER) + 120);
	if (options->devices)
		lab_add_device(command);
	words_add(command, "--");
	add_boot(command, &inside, self, results);
	command_option(command, "--accel", "kvm");
	if (options->isolate)
		words_add(command, "--isolate");
	if (options->fifo)
		command_number(command, "--fifo", options->fifo);
}

int boot_in_lab(const struct boot_options *options)
{
	struct words command = {0};
	char results[PATH_MAX];

	if (find_results(options->results, results))
		return EXIT_FAILED;
	if (options->vendor && strcmp(options->vendor, "amd"))
		return boot_vendors(options, results);
	lab_boot_command(&command, options, "amd", results);
	return lab_exec(&command);
}

static void find_isolate(char isolate[PATH_MAX])
{
	if (!find_part("isolation-scripts/isolate", isolate) || access(isolate, X_OK))
		die("%s: %s; make builds or installs it", isolate, strerror(errno));
}

int boot_isolated(const struct boot_options *options)
{
	char self[PATH_MAX], results[PATH_MAX], isolate[PATH_MAX];
	struct words command = {0};
	bool interrupted;

	check_isolation();
	if (find_results(options->results, results))
		return EXIT_FAILED;
	find_self(self);
	find_isolate(isolate);
	words_add(&command, "%s", isolate);
	words_add(&command, "run");
	command_number(&command, "--cpu", boot_cpu(options));
	words_add(&command, "--outside"); /* of QEMU's threads only the vCPU's is to be in */
	command_number(&command, "--hugepages",
		       boot_memory_mib(options, options->select, options->iter));
	if (options->fifo)
		command_number(&command, "--fifo", options->fifo);
	words_add(&command, "--");
	add_boot(&command, options, self, results);
	command_option(&command, "--accel", options->accel);
	words_add(&command, "--under-isolate");
	return command_run(&command, -1, &interrupted);
}
