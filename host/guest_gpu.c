// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exitlab guest-gpu: PCI devices of the host go to a guest, the same GPU suite runs there, and they
 * come back, whatever happened in between.
 *
 * A command of its own beside boot: what it boots, runs and archives is another image, another
 * stream and another kind of run; what they share is below both (vm.h, watch.h).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "archive.h"
#include "boot_elsewhere.h"
#include "commands.h"
#include "env.h"
#include "gpu_passthrough.h"
#include "guest_compare.h"
#include "guest_files.h"
#include "guest_gpu_options.h"
#include "guest_said.h"
#include "hugepages.h"
#include "json_file.h"
#include "pass.h"
#include "report.h"
#include "stop_signals.h"
#include "util.h"
#include "watch.h"

#define GUEST_MIB     96   /* of a guest, beside its image */
#define GPU_MIB	      8192 /* what the suite's tenants pin and map, beside that */
#define GPU_VCPUS     8	   /* as many as the suite has tenants */
#define GPU_SILENCE_S 600  /* of one metric, and of a driver that starts a GPU with a huge BAR */

struct guest_gpu {
	struct guest_gpu_options options;
	struct archive archive;
	struct pass pass;
	struct run run;
	struct passthrough_times times;
	struct words devices; /* QEMU's arguments for them */
	char kernel[PATH_MAX], initrd[PATH_MAX], memory[96], args[1100], kernel_args[600];
	int signals;
};

static bool has_gpu(const struct pass *pass)
{
	for (size_t i = 0; i < pass->n; i++)
		if (pass->device[i].pci.vendor == 0x10de && pass->device[i].pci.class >> 16 == 3)
			return true;
	return false;
}

static int find_file(const char *asked, const char *built, char path[PATH_MAX], const char *option)
{
	if (asked ? realpath(asked, path) != NULL : find_part(built, path))
		return EXIT_OK;
	pr_err("%s: %s; `make guest-gpu` builds it, %s names another", asked ?: path,
	       strerror(errno), option);
	return EXIT_CANNOT;
}

/* What of the host's the guest gets: memory, CPUs, addresses. */
static int choose_size(struct guest_gpu *gpu)
{
	struct guest_gpu_options *options = &gpu->options;
	bool gpus = has_gpu(&gpu->pass);
	struct stat image = {0};
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	stat(gpu->initrd, &image);
	if (!options->memory_mib) {
		/* The image as it lies there, what it unpacks to, and room. */
		options->memory_mib = GUEST_MIB + (gpus ? GPU_MIB : 0) + (4 * image.st_size >> 20);
		options->memory_mib = (options->memory_mib + 31) / 32 * 32;
		if (options->page_mib > 2)
			options->memory_mib = (options->memory_mib + 1023) / 1024 * 1024;
	}
	if (!options->vcpus)
		options->vcpus = !gpus ? 1 : cpus < GPU_VCPUS ? cpus : GPU_VCPUS;
	if (options->page_mib) {
		int status =
			hugepages_check(options->page_mib, options->memory_mib, gpu->pass.node);

		if (status != EXIT_OK)
			return status;
	}
	return pass_may_lock(options->memory_mib) ?: pass_fit(&gpu->pass, options->memory_mib);
}

/* On the node that the first device is at: what crosses between nodes is slower. */
static void describe_memory(struct guest_gpu *gpu)
{
	int length = 0, node = gpu->pass.node;
	unsigned int page_mib = gpu->options.page_mib;
	size_t size = sizeof(gpu->memory);

	if (page_mib)
		length = snprintf(gpu->memory, size,
				  "memory-backend-memfd,share=on,hugetlb=on,hugetlbsize=%uM,"
				  "prealloc=on",
				  page_mib);
	else
		length = snprintf(gpu->memory, size, "memory-backend-ram,prealloc=on");
	if (node >= 0)
		snprintf(gpu->memory + length, size - length, ",host-nodes=%d,policy=%s", node,
			 page_mib ? "bind" : "preferred");
}

static void prepare(struct guest_gpu *gpu)
{
	const struct guest_gpu_options *options = &gpu->options;
	bool gpus = has_gpu(&gpu->pass);

	describe_memory(gpu);
	snprintf(gpu->args, sizeof(gpu->args), "%s%s%s", options->select ? "--select " : "",
		 options->select ?: "", options->quick ? " --quick" : "");
	if (options->pcicheck)
		snprintf(gpu->kernel_args, sizeof(gpu->kernel_args), "PCICHECK=\"%s\"",
			 options->pcicheck);
	gpu->run = (struct run){
		.vm = {.qemu = options->qemu,
		       .machine = "q35",
		       .accel = "kvm",
		       .kernel = gpu->kernel,
		       .initrd = gpu->initrd,
		       .guest_args = gpu->args,
		       .kernel_args = gpu->kernel_args,
		       .directory = gpu->archive.directory,
		       .name = "guest",
		       .debugcon = "null",
		       .memory_mib = options->memory_mib,
		       .vcpus = options->vcpus,
		       .cpu = -1,
		       .devices = &gpu->devices,
		       .memory = gpu->memory},
		.signals = gpu->signals,
		/* Counting costs each exit something: a GPU's numbers are left alone. */
		.prove = !gpus,
		.first_s = gpus ? GPU_SILENCE_S : 120,
		.silence_s = gpus ? GPU_SILENCE_S : 120,
		.deadline_s = options->deadline
				      ?: gpus ? 3600
					      : 300,
	};
}

/* Keeps what there is of a run that failed, and says where. Returns status. */
static int fail(struct guest_gpu *gpu, const char *why, int status)
{
	archive_fail(&gpu->archive, why);
	pr_err("%s; its logs: %s", why, gpu->archive.directory);
	return status;
}

/* env.json: the host, the guest and its QEMU, and all that was passed. */
static int write_env(struct guest_gpu *gpu, const json_t *said)
{
	json_t *env = env_json(&gpu->run, gpu->archive.time), *info = env_lines(gpu->run.info);
	json_t *passthrough = pass_json(&gpu->pass);
	int error;

	json_object_set_new(passthrough, "phases", passthrough_phases(&gpu->times, info, said));
	json_object_set_new(passthrough, "pcicheck", guest_said_pcicheck(gpu->archive.directory));
	json_object_set_new(env, "kind", json_string("gpu"));
	json_object_set_new(env, "passthrough", passthrough);
	json_object_set_new(env, "image", guest_said_image(gpu->initrd));
	error = json_file_write(env, gpu->archive.directory, "env.json");
	if (!error && gpu->run.proof)
		error = json_file_write(gpu->run.proof, gpu->archive.directory, "proof.json");
	json_decref(info);
	json_decref(env);
	return error;
}

/* Was everything that was to work in this guest in order? Says what was not. */
static int judge(const struct guest_gpu *gpu, const json_t *said)
{
	json_int_t pcicheck = json_integer_value(json_object_get(said, "pcicheck_status"));
	json_int_t suite = json_integer_value(json_object_get(said, "suite_status"));
	int status = EXIT_OK;

	if (pcicheck) {
		pr_err("pcicheck ended with status %lld: %s/" GUEST_FILES "/pcicheck.tap", pcicheck,
		       gpu->archive.directory);
		status = EXIT_FAILED;
	}
	if (has_gpu(&gpu->pass) && suite == EXIT_CANNOT) {
		pr_err("the guest has the GPU, but no CUDA: %s/" GUEST_FILES
		       "/gpubench.log and kernel.log say why",
		       gpu->archive.directory);
		status = EXIT_FAILED;
	}
	return status;
}

/* The guest came to its end: archives, reports, compares. */
static int finish(struct guest_gpu *gpu)
{
	const char *directory = gpu->archive.directory;
	json_t *said = guest_said(directory);
	json_int_t suite = json_integer_value(json_object_get(said, "suite_status"));
	char from[4300], to[4300];
	int status;

	/* 1: a row is FAILED or INVALID, as the record says; 77: there is no CUDA. */
	if (suite > EXIT_FAILED && suite != EXIT_CANNOT) {
		json_decref(said);
		return fail(gpu,
			    "gpubench did not end by itself in the guest: " GUEST_FILES
			    "/gpubench.log and kernel.log",
			    EXIT_FAILED);
	}
	snprintf(from, sizeof(from), "%s/" GUEST_FILES "/gpu.rec", directory);
	snprintf(to, sizeof(to), "%s/run.rec", directory);
	if (write_env(gpu, said) || rename(from, to) || report_make(directory)) {
		json_decref(said);
		return fail(gpu, "the run could not be archived or reported", EXIT_FAILED);
	}
	status = archive_keep(&gpu->archive) ? EXIT_FAILED : judge(gpu, said);
	json_decref(said);
	if (report_print(directory, stdout)) /* a row is FAILED or INVALID */
		status = EXIT_FAILED;
	guest_compare(directory, gpu->options.results, gpu->options.reference);
	printf("archived in %s\n", directory);
	return status;
}

/* With the devices taken: boots, and ends QEMU. Returns an exit code. */
static int boot(struct guest_gpu *gpu)
{
	struct utsname host;
	int status = choose_size(gpu)
			     ?: pass_arguments(&gpu->pass, gpu->options.qemu, gpu->signals,
					       &gpu->devices);

	if (status != EXIT_OK)
		return status;
	uname(&host);
	if (archive_begin(&gpu->archive, gpu->options.results, host.nodename, "guest-gpu"))
		return EXIT_FAILED;
	prepare(gpu);
	run_guest_files(&gpu->run);
	gpu->times.start_ns = gpu->run.start_ns;
	gpu->times.boot_ns = gpu->run.boot_ns;
	if (gpu->run.outcome == RUN_DONE)
		return EXIT_OK;
	return fail(gpu, gpu->run.why, gpu->run.outcome == RUN_CANNOT ? EXIT_CANNOT : EXIT_FAILED);
}

static int run_here(struct guest_gpu *gpu)
{
	unsigned long long begin_ns;
	int status, back;

	gpu->signals = stop_signals(0);
	begin_ns = watch_now_ns();
	status = pass_take(&gpu->pass, gpu->options.devices);
	gpu->times.take_ns = watch_now_ns() - begin_ns;
	if (status != EXIT_OK)
		return status;
	status = boot(gpu);
	/* Before the report, which takes its time. */
	back = pass_give_back(&gpu->pass);
	if (status == EXIT_OK)
		status = finish(gpu);
	run_free(&gpu->run);
	words_free(&gpu->devices);
	return status ?: back;
}

/* The same command on an emulated host that has an IOMMU and an edu device. */
static int run_in_lab(struct guest_gpu *gpu)
{
	char self[PATH_MAX], results[PATH_MAX];
	struct words command = {0};

	if (find_results(gpu->options.results, results))
		return EXIT_FAILED;
	find_self(self);
	lab_begin(&command, self, "amd", results, false, 900);
	/* A transfer of the edu device takes 100 ms of the lab's time, in which the guest polls. */
	words_option(&command, "--clock", "host");
	words_option(&command, "--cpus", "1");
	lab_add_device(&command);
	words_add(&command, "--");
	words_add(&command, "%s", self);
	words_add(&command, "guest-gpu");
	words_option(&command, "--results", "%s", results);
	if (!gpu->options.devices)
		gpu->options.devices = "1234:11e8";
	if (!gpu->options.pcicheck) /* the lab's IOMMU has to stop it */
		gpu->options.pcicheck = "--outside auto";
	guest_gpu_options_write(&gpu->options, &command);
	return lab_exec(&command);
}

int cmd_guest_gpu(int argc, char **argv)
{
	static struct guest_gpu gpu;
	int status;

	guest_gpu_options_read(&gpu.options, argc, argv);
	status = pass_check(gpu.options.devices) ?: guest_compare_check(gpu.options.reference);
	if (status != EXIT_OK)
		return status;
	if (lab_wanted(gpu.options.accel))
		return run_in_lab(&gpu);
	status = find_file(gpu.options.kernel, "kernel-gpu/vmlinux", gpu.kernel, "--kernel")
			 ?: find_file(gpu.options.initrd, "initramfs-gpu.cpio", gpu.initrd,
				      "--initrd");
	return status ?: run_here(&gpu);
}
