// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the tracer of GPU memory takes besides BPF and BTF. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "doctor.h"
#include "gpumem_attach.h"
#include "gpumem_library.h"
#include "util.h"

void doctor_uprobes(const struct doctor_host *host, const struct doctor_check *check,
		    struct doctor_finding *finding)
{
	static const char type[] = "/sys/bus/event_source/devices/uprobe/type";
	char line[32];

	(void)check;
	if (doctor_line(host, line, sizeof(line), type))
		doctor_found(finding, DOCTOR_OK, "perf events of type %s", line);
	else
		doctor_failed(finding, "%s", type);
}

void doctor_uprobe_multi(const struct doctor_host *host, const struct doctor_check *check,
			 struct doctor_finding *finding)
{
	int error = gpumem_attach_try_together();

	(void)host, (void)check;
	if (!error) {
		doctor_found(finding, DOCTOR_OK, "all probes begin and end together");
		return;
	}
	errno = error;
	doctor_failed(finding, "a link of many uprobes");
	if (finding->state == DOCTOR_DENIED)
		doctor_fix(finding, "sudo -s");
}

void doctor_libcuda(const struct doctor_host *host, const struct doctor_check *check,
		    struct doctor_finding *finding)
{
	struct gpumem_library library;
	int code = gpumem_library_find(&library, NULL, 0);
	size_t calls = 0;

	(void)host, (void)check;
	for (size_t call = 0; call < GPUMEM_CALLS; call++)
		calls += library.offset[call] != 0;
	if (code == EXIT_OK)
		doctor_found(finding, DOCTOR_OK, "%s has %zu calls to trace", library.path, calls);
	else if (library.path[0] && code == EXIT_FAILED)
		doctor_found(finding, DOCTOR_MISSING, "%s is none", library.path);
	else
		doctor_found(finding, DOCTOR_MISSING,
			     "none of 64 bits in LD_LIBRARY_PATH and ldconfig's cache");
}

void doctor_library(const struct doctor_host *host, const struct doctor_check *check,
		    struct doctor_finding *finding)
{
	(void)host;
	if (dlopen(check->argument, RTLD_LAZY))
		doctor_found(finding, DOCTOR_OK, "%s", check->argument);
	else
		doctor_found(finding, DOCTOR_MISSING, "%s", dlerror());
}
