// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The window that BARs take, and what QEMU is told of devices; and a guest's phases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../gpu_passthrough.h"
#include "../pass.h"
#include "../util.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static void add_device(struct pass *pass, const char *bdf, unsigned int port, unsigned int function,
		       uint64_t large, uint64_t small)
{
	struct pass_device *device = &pass->device[pass->n++];

	snprintf(device->pci.bdf, sizeof(device->pci.bdf), "%s", bdf);
	device->port = port;
	device->function = function;
	device->bars[device->bar_n++] =
		(struct vfio_bar){.index = 0, .memory = true, .size = 16 * MIB};
	if (large)
		device->bars[device->bar_n++] = (struct vfio_bar){
			.index = 1, .memory = true, .is_64bit = true, .size = large};
	if (small)
		device->bars[device->bar_n++] = (struct vfio_bar){
			.index = 3, .memory = true, .is_64bit = true, .size = small};
}

static uint64_t window(struct pass *pass)
{
	/* What the CPU that the test runs on cannot address is still computed. */
	pass_fit(pass, 1024);
	return pass->window;
}

static void windows(void **state)
{
	static struct pass small, gpu, two, pair;

	(void)state;
	add_device(&small, "0000:00:04.0", 0, 0, 0, 0);
	assert_int_equal(window(&small) / GIB, 32);
	/* 256 GiB and 32 MiB behind one port end at 512; the window begins anywhere. */
	add_device(&gpu, "0000:65:00.0", 0, 0, 256 * GIB, 32 * MIB);
	assert_int_equal(window(&gpu) / GIB, 768);
	add_device(&two, "0000:65:00.0", 0, 0, 64 * GIB, 0);
	add_device(&two, "0000:75:00.0", 1, 0, 64 * GIB, 0);
	assert_int_equal(window(&two) / GIB, 192);
	/* Both functions are behind the same port. */
	add_device(&pair, "0000:65:00.0", 0, 0, 32 * GIB, 0);
	add_device(&pair, "0000:65:00.1", 0, 1, 16 * GIB, 0);
	assert_int_equal(window(&pair) / GIB, 96);
}

/* Is the pair of words there, one after the other? */
static bool has(const struct words *words, const char *option, const char *value)
{
	for (size_t i = 0; i + 1 < words->n; i++)
		if (!strcmp(words->word[i], option) && !strcmp(words->word[i + 1], value))
			return true;
	print_error("no %s %s\n", option, value);
	return false;
}

static void arguments(void **state)
{
	static struct pass pass;
	struct words words = {0};

	(void)state;
	add_device(&pass, "0000:65:00.0", 0, 0, 256 * GIB, 0);
	add_device(&pass, "0000:65:00.1", 0, 1, 0, 0);
	add_device(&pass, "0000:75:00.0", 1, 0, 0, 0);
	window(&pass);
	assert_int_equal(pass_arguments(&pass, "/nowhere/qemu", -1, &words), EXIT_OK);
	assert_true(has(&words, "-global", "q35-pcihost.pci-hole64-size=512G"));
	assert_true(has(&words, "-device", "pcie-root-port,id=port0,chassis=1,hotplug=off"));
	assert_true(has(&words, "-device", "pcie-root-port,id=port1,chassis=2,hotplug=off"));
	assert_true(has(&words, "-device",
			"vfio-pci,host=0000:65:00.0,bus=port0,addr=0.0,multifunction=on"));
	assert_true(has(&words, "-device",
			"vfio-pci,host=0000:65:00.1,bus=port0,addr=0.1,multifunction=on"));
	assert_true(has(&words, "-device",
			"vfio-pci,host=0000:75:00.0,bus=port1,addr=0.0,multifunction=on"));
	assert_int_equal(words.n, 2 + 4 + 6);
	words_free(&words);
}

/* A QEMU that prints what it is told to for -object help. */
static void make_qemu(const char *path, const char *objects)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n[ \"$*\" = '-object help' ] && echo '%s'\n", objects);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

static void iommufd(void **state)
{
	char directory[] = "/tmp/test_pass.XXXXXX", qemu[64];
	static struct pass pass = {.iommufd = true}, old = {.iommufd = true};
	struct words words = {0};

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(qemu, sizeof(qemu), "%s/qemu", directory);
	add_device(&pass, "0000:65:00.0", 0, 0, 0, 0);
	make_qemu(qemu, "iommufd");
	assert_int_equal(pass_arguments(&pass, qemu, -1, &words), EXIT_OK);
	assert_true(pass.iommufd);
	assert_true(has(&words, "-object", "iommufd,id=iommufd0"));
	assert_true(has(
		&words, "-device",
		"vfio-pci,host=0000:65:00.0,bus=port0,addr=0.0,multifunction=on,iommufd=iommufd0"));
	words_free(&words);
	/* A host that has it, and a QEMU that does not know it. */
	make_qemu(qemu, "iothread");
	words = (struct words){0};
	add_device(&old, "0000:65:00.0", 0, 0, 0, 0);
	assert_int_equal(pass_arguments(&old, qemu, -1, &words), EXIT_OK);
	assert_false(old.iommufd);
	assert_true(has(&words, "-device",
			"vfio-pci,host=0000:65:00.0,bus=port0,addr=0.0,multifunction=on"));
	words_free(&words);
	unlink(qemu);
	rmdir(directory);
}

static json_int_t ns_of(const json_t *phases, size_t i)
{
	const json_t *ns = json_object_get(json_array_get(phases, i), "ns");

	return json_is_null(ns) ? -1 : json_integer_value(ns);
}

static void phases(void **state)
{
	const struct passthrough_times times = {.take_ns = 1, .start_ns = 2, .boot_ns = 1000};
	json_t *info = json_pack("{s:i}", "info_ns", 300);
	json_t *guest = json_pack("{s:i, s:i, s:i, s:i}", "init_ns", 200, "driver_begin_ns", 210,
				  "driver_end_ns", 250, "cuda_begin_ns", 260);
	json_t *all = passthrough_phases(&times, info, guest), *none;
	const json_int_t expected[] = {1, 2, 700, 200, 40, -1, -1};

	(void)state;
	assert_int_equal(json_array_size(all), 7);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(ns_of(all, i), expected[i]);
	/* A guest that said nothing has no times of its own, rather than zeros. */
	none = passthrough_phases(&times, NULL, NULL);
	for (size_t i = 2; i < 7; i++)
		assert_int_equal(ns_of(none, i), -1);
	json_decref(all);
	json_decref(none);
	json_decref(info);
	json_decref(guest);
}

/* What pcicheck found is in the report, where it ran. */
static void table(void **state)
{
	json_t *summary =
		json_pack("{s:{s:[], s:{s:i, s:i, s:{s:s}}}}", "passthrough", "phases", "pcicheck",
			  "tests", 61, "failed", 1, "facts", "outside_read", "zeros");
	json_t *passthrough = json_object_get(summary, "passthrough");
	char text[512] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	passthrough_table(summary, out);
	fflush(out);
	assert_non_null(strstr(text, "pcicheck  61 tests, 1 failed; DMA outside of the guest's "
				     "memory saw zeros\n"));
	rewind(out);
	json_object_set_new(passthrough, "pcicheck", json_null());
	passthrough_table(summary, out);
	fclose(out);
	assert_null(strstr(text, "pcicheck"));
	json_decref(summary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows), cmocka_unit_test(arguments), cmocka_unit_test(iommufd),
		cmocka_unit_test(phases),  cmocka_unit_test(table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
