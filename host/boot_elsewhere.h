/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `exitlab boot` inside something else: the emulated host of `exitlab lab`, or `isolate run`. */
#ifndef EXITLAB_BOOT_ELSEWHERE_H
#define EXITLAB_BOOT_ELSEWHERE_H

#include <limits.h>
#include <stdbool.h>

#include "boot_options.h"
#include "child.h"
#include "layout.h"

/* The archive's directory, made where it is not there. 0, or -1 with one line on stderr. */
int find_results(const char *asked, char results[PATH_MAX]);

/*
 * Is the lab the place, where accel was asked for? Says why where /dev/kvm cannot be used; ends the
 * process with EXIT_CANNOT where it was to be KVM.
 */
bool lab_wanted(const char *accel);

/*
 * "SELF lab ...": more of its options may follow, "--", and a command. vendor: of its CPU, amd or
 * intel; results is the archive; two_cpus: which takes the host clock; deadline: of what is run in
 * an AMD lab, seconds; the Intel lab, which is slower, gets INTEL_SLOWER times as many. lab_exec()
 * replaces this process by it, and returns only when it cannot, with an exit code and one line on
 * stderr.
 */
#define INTEL_SLOWER 3
void lab_begin(struct words *command, const char *self, const char *vendor, const char *results,
	       bool two_cpus, long deadline);
int lab_exec(const struct words *command);

/* More of its options: an IOMMU, and a device that can be passed through, edu (1234:11e8). */
void lab_add_device(struct words *command);

/* All of it with the boot of options in that lab, archived in results. */
void lab_boot_command(struct words *command, const struct boot_options *options, const char *vendor,
		      const char *results);

/* Ends the process with EXIT_CANNOT where no CPU can be isolated here. */
void check_isolation(void);

/*
 * The same command in the lab, which replaces this process where only the AMD lab is asked for.
 * The CPU asked for is one of this host and means nothing there. Returns an exit code.
 */
int boot_in_lab(const struct boot_options *options);

/*
 * Runs the same command under `isolate run`, which isolates its CPU, and puts the host back as it
 * was. Returns its exit code: EXIT_NO_GUEST where KVM did not run the guest and accel is auto;
 * EXIT_CANNOT is of isolate, or of accel kvm.
 */
int boot_isolated(const struct boot_options *options);

#endif
