// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The whole chain: golden runs must give their golden report, byte for byte, or none at all. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <cmocka.h>

#include "../report.h"
#include "../util.h"

#define GOLDEN "host/t/golden"

static const char *const inputs[] = {"run.rec", "proof.json", "env.json"};
static const char *const outputs[] = {"summary.json", "report.md", "report.csv"};

/* A file's text, NULL where there is none; the caller frees it. */
static char *read_text(const char *dir, const char *name, size_t *size)
{
	char path[512], *text = NULL;
	struct stat stat;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return NULL;
	assert_int_equal(fstat(fd, &stat), 0);
	text = calloc(1, stat.st_size + 1);
	assert_non_null(text);
	assert_int_equal(read(fd, text, stat.st_size), stat.st_size);
	close(fd);
	*size = stat.st_size;
	return text;
}

static void write_text(const char *dir, const char *name, const char *text, size_t size)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void copy_inputs(const char *golden, const char *dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
		size_t size;
		char *text = read_text(golden, inputs[i], &size);

		if (text)
			write_text(dir, inputs[i], text, size);
		free(text);
	}
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat, (void)type, (void)ftw;
	return remove(path);
}

/* Every test has a directory of its own. */
static int make_dir(void **state)
{
	char *dir = strdup("/tmp/test_report.XXXXXX");

	*state = dir;
	return dir && mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	int error = nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return error;
}

/* What report_make() writes to stderr; the caller frees it. */
static char *errors_of(const char *dir, int wanted)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO), error;
	char *text = calloc(1, 1000);

	assert_non_null(file);
	assert_non_null(text);
	dup2(fileno(file), STDERR_FILENO);
	error = report_make(dir);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(pread(fileno(file), text, 999, 0) >= 0);
	fclose(file);
	if (error != wanted)
		fail_msg("report_make gave %d, not %d: %s", error, wanted, text);
	return text;
}

static void assert_refused(const char *dir, const char *words)
{
	char *errors = errors_of(dir, -1), *newline = strchr(errors, '\n');

	if (!newline || newline[1])
		fail_msg("not one line: %s", errors);
	if (!strstr(errors, words))
		fail_msg("\"%s\" does not say \"%s\"", errors, words);
	free(errors);
}

static void assert_same_file(const char *wanted_dir, const char *dir, const char *name)
{
	size_t wanted_size, size;
	char *wanted = read_text(wanted_dir, name, &wanted_size);
	char *text = read_text(dir, name, &size);

	if (!wanted || !text)
		fail_msg("%s is missing in %s", name, wanted ? dir : wanted_dir);
	if (size != wanted_size || memcmp(text, wanted, size))
		fail_msg("%s/%s is not as in %s", dir, name, wanted_dir);
	free(wanted);
	free(text);
}

static void golden_runs(void **state)
{
	static const char *const runs[] = {GOLDEN "/1-svm", GOLDEN "/1-vmx", GOLDEN "/1-tcg",
					   GOLDEN "/2-vmx", GOLDEN "/2-tcg"};

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		char dir[64];

		snprintf(dir, sizeof(dir), "%s/%zu", (char *)*state, i);
		assert_int_equal(mkdir(dir, 0777), 0);
		copy_inputs(runs[i], dir);
		assert_int_equal(report_make(dir), 0);
		for (size_t j = 0; j < ARRAY_SIZE(outputs); j++)
			assert_same_file(runs[i], dir, outputs[j]);
	}
}

static void twice_the_same(void **state)
{
	char first[64], second[64], name[64], *summary;
	size_t plots = 0, rows = 0, size;

	snprintf(first, sizeof(first), "%s/first", (char *)*state);
	snprintf(second, sizeof(second), "%s/second", (char *)*state);
	assert_int_equal(mkdir(first, 0777) | mkdir(second, 0777), 0);
	copy_inputs(GOLDEN "/1-vmx", first);
	copy_inputs(GOLDEN "/1-vmx", second);
	assert_int_equal(report_make(first), 0);
	assert_int_equal(report_make(second), 0);
	/* Over an older report, too. */
	assert_int_equal(report_make(second), 0);
	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++)
		assert_same_file(first, second, outputs[i]);
	assert_same_file(first, second, "report.html");
	for (int i = 0; i < EXIT_ROWS; i++) {
		char *svg;

		snprintf(name, sizeof(name), "plots/%s.svg", exit_rows[i].id);
		svg = read_text(first, name, &size);
		if (!svg)
			continue;
		assert_true(strstr(svg, "<?xml") == svg);
		assert_string_equal(svg + size - 7, "</svg>\n");
		assert_non_null(strstr(svg, exit_rows[i].id));
		assert_same_file(first, second, name);
		free(svg);
		plots++;
	}
	/* As many as rows with samples; no gnuplot, no plots. */
	summary = read_text(first, "summary.json", &size);
	assert_non_null(summary);
	for (const char *at = summary; (at = strstr(at, "\"n\":")); at++)
		rows++;
	free(summary);
	assert_true(plots == rows || (!plots && system("gnuplot -V >/dev/null 2>&1")));
}

static void broken_inputs(void **state)
{
	const char *dir = *state;
	size_t size;
	char *records = read_text(GOLDEN "/1-svm", "run.rec", &size);

	assert_refused(dir, "run.rec: No such file or directory");
	write_text(dir, "run.rec", records, size - 1);
	assert_refused(dir, "run.rec: truncated at");
	write_text(dir, "run.rec", records, size);
	write_text(dir, "proof.json", "{\"schema\": \n", 12);
	assert_refused(dir, "proof.json:");
	write_text(dir, "proof.json", "{}", 2);
	assert_refused(dir, "proof.json: its schema is not exitlab-proof/1");
	write_text(dir, "env.json", "[1, 2", 5);
	assert_refused(dir, "env.json:1:");
	assert_refused("/nonexistent", "/nonexistent/run.rec: No such file or directory");
	free(records);
}

/* Without env.json and proof.json there is a report, and it says what it does not know. */
static void only_records(void **state)
{
	size_t size;
	char *text = read_text(GOLDEN "/1-svm", "run.rec", &size), *errors;

	write_text(*state, "run.rec", text, size);
	free(text);
	errors = errors_of(*state, 0);
	assert_non_null(strstr(errors, "warning: "));
	free(errors);
	text = read_text(*state, "summary.json", &size);
	assert_non_null(text);
	assert_non_null(strstr(text, "\"host\": \"unknown\""));
	assert_non_null(strstr(text, "\"verdict\": \"UNPROVEN\""));
	assert_non_null(strstr(text, "\"reason\": \"there is no proof.json\""));
	assert_null(strstr(text, "\"proof\""));
	free(text);
}

static void odd_env(void **state)
{
	static const char env[] =
		"{\"time\": 7, \"host\": {\"name\": \"a|b<c>'d\\\"e\\u001b\", \"emulated\": \"no\", "
		"\"cpu\": [], \"kernel\": null}, \"accel\": {}, \"tool\": \"x\"}";
	size_t size;
	char *text;

	copy_inputs(GOLDEN "/1-vmx", *state);
	write_text(*state, "env.json", env, strlen(env));
	assert_int_equal(report_make(*state), 0);
	text = read_text(*state, "report.md", &size);
	assert_non_null(text);
	assert_non_null(strstr(text, "| host | a\\|b\\<c\\>'d\"e  |\n"));
	assert_non_null(strstr(text, "| time | unknown |\n"));
	assert_non_null(strstr(text, "| unit | cycles; whether emulated is unknown |\n"));
	free(text);
	text = read_text(*state, "report.csv", &size);
	assert_non_null(strstr(text, "\n\"a|b<c>'d\"\"e \",\"unknown\",tsc,unknown,"));
	free(text);
}

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

/* The number of saturated samples is counted, not believed. */
static void false_saturation(void **state)
{
	char *records, why[RECORD_WHY];
	struct record record;
	size_t size, at = 0;

	copy_inputs(GOLDEN "/1-svm", *state);
	records = read_text(*state, "run.rec", &size);
	do {
		assert_int_equal(record_parse(records + at, size - at, &record, why), RECORD_OK);
		at += record.length;
	} while (record.header.kind != RECORD_ROW);
	record.header.saturated++;
	record.header.checksum = record_checksum(&record.header, record.payload);
	memcpy(records + at - record.length, &record.header, sizeof(record.header));
	write_text(*state, "run.rec", records, size);
	assert_refused(*state, "user.empty, timed pass claims 1 saturated samples, 0 are there");
	free(records);
}

static void table(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	copy_inputs(GOLDEN "/1-vmx", *state);
	assert_int_equal(report_make(*state), 0);
	assert_int_equal(report_print(*state, out), 1); /* INVALID */
	fclose(out);
	assert_non_null(strstr(text, "clock   tsc, unit cycles\n"));
	assert_non_null(strstr(text, "\nINVALID: unexpected HLT exits: 3 (user.cpuid)\n"));
	assert_non_null(strstr(text, "\nuser.outb_kvm      kvm           -         -"));
	assert_non_null(strstr(text,
			       "\nsyscall.hypercall  kvm          40      1568      1639      "
			       "1639       1639      1506  PROVED\n"));
	assert_non_null(strstr(
		text, "\nuser.cpuid         kvm          40      1245     13242     13242      "
		      "13242      1183  INVALID\n"));
	assert_non_null(strstr(text, "\n15 rows, 12 PROVED, 2 INVALID, 1 WAIVED\n"));
	free(text);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(report_print(GOLDEN "/1-svm", out), 0);
	assert_int_equal(report_print("/nonexistent", out), -1);
	fclose(out);
	free(text);
}

/* Every column has the number of its heading: all of them differ. */
static void columns(void **state)
{
	json_t *summary =
		json_loads("{\"floor_run\": {\"reason\": \"\"}, \"rows\": [{\"id\": \"user.cpuid\","
			   " \"path\": \"kvm\", \"n\": 1, \"p50\": 2, \"p99\": 3,"
			   " \"p99.9\": 4, \"max\": 5, \"p50_minus_floor\": 6, \"qemu_tax\": 7,"
			   " \"verdict\": \"PROVED\"}]}",
			   0, NULL);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	assert_non_null(summary);
	report_table(summary, out);
	fclose(out);
	assert_non_null(strstr(
		text,
		"row                path          n       p50       p99     p99.9        max    -floor"
		"       tax  verdict\n"
		"user.cpuid         kvm           1         2         3         4          5         6"
		"         7  PROVED\n"));
	free(text);
	json_decref(summary);
}

/* Gives all samples of a row, in the timed pass, that value. */
static void set_samples(const char *dir, int row, uint32_t value)
{
	char *records, why[RECORD_WHY];
	struct record record;
	size_t size, at = 0;

	records = read_text(dir, "run.rec", &size);
	do {
		assert_int_equal(record_parse(records + at, size - at, &record, why), RECORD_OK);
		at += record.length;
	} while (record.header.kind != RECORD_ROW || record.header.row != exit_rows[row].wire);
	for (uint32_t i = 0; i < record.header.count; i++)
		memcpy((char *)record.payload + i * sizeof(value), &value, sizeof(value));
	record.header.checksum = record_checksum(&record.header, record.payload);
	memcpy(records + at - record.length, &record.header, sizeof(record.header));
	write_text(dir, "run.rec", records, size);
	free(records);
}

static void assert_summary(const char *dir, const char *words, bool there)
{
	json_t *summary = report_of(dir);
	char *text = json_dumps(summary, 0);

	assert_non_null(text);
	if (!strstr(text, words) == there)
		fail_msg("\"%s\": %s", words, there ? "missing" : "there");
	free(text);
	json_decref(summary);
}

/* A clock that exits makes a run INVALID by either empty bracket. */
static void canaries(void **state)
{
	static const int rows[] = {ROW_user_empty, ROW_kernel_empty};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char words[64];

		snprintf(words, sizeof(words), "%s p50 is 200, not below 200",
			 exit_rows[rows[i]].id);
		copy_inputs(GOLDEN "/1-vmx", *state);
		set_samples(*state, rows[i], 199);
		assert_summary(*state, "not below", false);
		set_samples(*state, rows[i], 200);
		assert_summary(*state, words, true);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(golden_runs, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(twice_the_same, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(broken_inputs, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(only_records, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(odd_env, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(full_directory, make_dir, unmount_dir),
		cmocka_unit_test_setup_teardown(unwritable_directory, make_dir, unmount_dir),
		cmocka_unit_test_setup_teardown(without_gnuplot, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(failing_gnuplot, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(dying_gnuplot, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(irreplaceable_file, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(stale_plots, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(false_saturation, make_dir, remove_dir),
		cmocka_unit_test(columns),
		cmocka_unit_test_setup_teardown(table, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(canaries, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
