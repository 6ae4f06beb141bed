// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The report's files: all of them or the old ones, whatever fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "run_dir.h"

static void remove_file(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(unlink(path), 0);
}

static void make_subdir(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0777), 0);
}

static bool exists(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

/* Puts a gnuplot of these shell commands, or none when NULL, in the place of the real one. */
static char *errors_with_gnuplot(const char *dir, const char *commands, int wanted)
{
	char *path = strdup(getenv("PATH")), bin[64], program[80], *errors;
	FILE *file;

	assert_non_null(path);
	snprintf(bin, sizeof(bin), "%s/bin", dir);
	snprintf(program, sizeof(program), "%s/gnuplot", bin);
	assert_int_equal(mkdir(bin, 0777), 0);
	if (commands) {
		file = fopen(program, "w");
		assert_non_null(file);
		fprintf(file, "#!/bin/sh\n%s\n", commands);
		assert_int_equal(fchmod(fileno(file), 0755), 0);
		assert_int_equal(fclose(file), 0);
	}
	setenv("PATH", bin, 1);
	errors = errors_of(dir, wanted);
	setenv("PATH", path, 1);
	free(path);
	return errors;
}

static void without_gnuplot(void **state)
{
	char *errors;

	copy_inputs(GOLDEN "/1-svm", *state);
	errors = errors_with_gnuplot(*state, NULL, 0);
	assert_string_equal(errors, "exitlab: warning: no plots: gnuplot is not installed "
				    "(Debian: gnuplot-nox)\n");
	free(errors);
	assert_same_file(GOLDEN "/1-svm", *state, "summary.json");
	assert_false(exists(*state, "plots"));
}

static void failing_gnuplot(void **state)
{
	char *errors;

	copy_inputs(GOLDEN "/1-svm", *state);
	errors = errors_with_gnuplot(*state, "echo line 3: nonsense >&2; exit 1", -1);
	assert_string_equal(errors,
			    "exitlab: gnuplot failed with status 0x100: line 3: nonsense\n");
	free(errors);
	assert_false(exists(*state, "summary.json"));
}

static void dying_gnuplot(void **state)
{
	char *errors;

	copy_inputs(GOLDEN "/1-svm", *state);
	errors = errors_with_gnuplot(*state, "echo '<?xml?><svg></svg>'; kill -9 $$", -1);
	assert_non_null(strstr(errors, "gnuplot failed with status 0x9"));
	free(errors);
	assert_false(exists(*state, "summary.json"));
}

/* The report of one run, then another run's records and no room for all of their report. */
static void full_directory(void **state)
{
	const char *dir = *state;
	char before[64], size[64];
	struct statvfs room;

	snprintf(before, sizeof(before), "%s.before", dir);
	if (geteuid() || mount("test_report", dir, "tmpfs", 0, "size=1m"))
		skip();
	assert_int_equal(mkdir(before, 0777), 0);
	copy_inputs(GOLDEN "/1-svm", before);
	copy_inputs(GOLDEN "/1-svm", dir);
	assert_int_equal(report_make(before), 0);
	assert_int_equal(report_make(dir), 0);
	copy_inputs(GOLDEN "/1-vmx", dir);
	assert_int_equal(statvfs(dir, &room), 0);
	snprintf(size, sizeof(size), "size=%lu",
		 (room.f_blocks - room.f_bfree) * room.f_frsize + 65536);
	assert_int_equal(mount("test_report", dir, "tmpfs", MS_REMOUNT, size), 0);
	assert_refused(dir, "No space left on device");
	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++)
		assert_same_file(before, dir, outputs[i]);
	assert_same_file(before, dir, "plots/kernel.outb.svg");
	assert_false(exists(dir, "summary.json.new"));
	assert_false(exists(dir, "plots/user.empty.svg.new"));
	assert_true(exists(dir, "plots/user.empty.svg"));
}

static int unmount_dir(void **state)
{
	char before[64];

	umount2(*state, MNT_DETACH);
	snprintf(before, sizeof(before), "%s.before", (char *)*state);
	if (!access(before, F_OK) && nftw(before, remove_one, 8, FTW_DEPTH | FTW_PHYS))
		return -1;
	return remove_dir(state);
}

static void unwritable_directory(void **state)
{
	if (geteuid() || mount("test_report", *state, "tmpfs", 0, "size=1m"))
		skip();
	copy_inputs(GOLDEN "/1-svm", *state);
	assert_int_equal(mount("test_report", *state, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_refused(*state, "Read-only file system");
}

/* Something in the way of a new file: a report of two runs is never taken for one. */
static void irreplaceable_file(void **state)
{
	const char *dir = *state;

	copy_inputs(GOLDEN "/1-svm", dir);
	assert_int_equal(report_make(dir), 0);
	remove_file(dir, "report.md");
	make_subdir(dir, "report.md");
	assert_refused(dir, "report.md: Is a directory; no report is made");
	assert_false(exists(dir, "summary.json"));
	assert_false(exists(dir, "summary.json.new"));
	assert_false(exists(dir, "plots/user.empty.svg.new"));
}

/* A plot goes with its row, all of them with gnuplot. */
static void stale_plots(void **state)
{
	const char *dir = *state;

	copy_inputs(GOLDEN "/1-vmx", dir);
	make_subdir(dir, "plots");
	write_text(dir, "plots/user.gone.svg", "", 0);
	write_text(dir, "plots/user.outb_kvm.svg", "", 0);
	assert_int_equal(report_make(dir), 0);
	assert_false(exists(dir, "plots/user.gone.svg"));
	assert_false(exists(dir, "plots/user.outb_kvm.svg")); /* waived */
	free(errors_with_gnuplot(dir, NULL, 0));
	assert_false(exists(dir, "plots"));
	assert_true(exists(dir, "summary.json"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(full_directory, make_dir, unmount_dir),
		cmocka_unit_test_setup_teardown(unwritable_directory, make_dir, unmount_dir),
		cmocka_unit_test_setup_teardown(without_gnuplot, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(failing_gnuplot, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(dying_gnuplot, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(irreplaceable_file, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(stale_plots, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
