// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What must not be taken, each for its reason and with its remedy; and what status says of it. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../json_file.h"
#include "../util.h"
#include "../vfio_files.h"
#include "vfio_tree.h"

#define DEVICE(bdf) "/sys/devices/pci0000:00/0000:" bdf
#define GPU	    "/sys/devices/pci0000:01/0000:01:00.0"

/* Refused so and with this fix, and nothing is changed. */
static void refused(const char *bdf, const char *what)
{
	char *before = snapshot(), *after, words[64], path[128];

	snprintf(words, sizeof(words), "bind %s", bdf);
	ends(words, EXIT_FAILED, what);
	after = snapshot();
	assert_string_equal(after, before);
	snprintf(path, sizeof(path), "%s/journal", host.state);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(words, sizeof(words), "status %s", bdf);
	ends(words, EXIT_OK, "");
	assert_non_null(strstr(printed, " no: "));
	free(before);
	free(after);
}

static void taken(const char *bdf)
{
	char words[64];

	snprintf(words, sizeof(words), "bind %s", bdf);
	ends(words, EXIT_OK, "bound");
	ends("restore", EXIT_OK, "back");
}

/* A class device below a PCI device. */
static void part(const char *directory, const char *subsystem, const char *number, const char *name)
{
	char path[256], text[256];

	snprintf(path, sizeof(path), "%s/subsystem", directory);
	snprintf(text, sizeof(text), "../../../../../class/%s", subsystem);
	link_to(path, text);
	if (!number)
		return;
	snprintf(path, sizeof(path), "%s/dev", directory);
	file(path, number);
	snprintf(path, sizeof(path), "%s/uevent", directory);
	snprintf(text, sizeof(text), "MAJOR=1\nDEVNAME=%s\nDEVTYPE=x\n", name);
	file(path, text);
}

static void networks(void **state)
{
	(void)state;
	part(DEVICE("00:03.0/net/eth0"), "net", NULL, NULL);
	file(DEVICE("00:03.0/net/eth0/flags"), "0x1002\n");
	taken("00:03.0");
	file(DEVICE("00:03.0/net/eth0/flags"), "0x1003\n");
	refused("00:03.0", "0000:00:03.0 is the network eth0, which is up: ip link set eth0 down");
	file(DEVICE("00:03.0/net/eth0/flags"), "0x1002\n");
	link_to(DEVICE("00:03.0/net/eth0/master"), "../br0");
	refused("00:03.0", "part of br0: ip link set eth0 nomaster");
}

static void disk(const char *path, const char *number, const char *name)
{
	char link[128], target[256];

	part(path, "block", number, name);
	snprintf(link, sizeof(link), "/sys/class/block/%s", name);
	snprintf(target, sizeof(target), "../..%s", path + strlen("/sys"));
	link_to(link, target);
}

static void disks(void **state)
{
	static const char *const uses[][3] = {
		/* file, its text, what is said */
		{"/proc/self/mountinfo", "29 1 8:1 / /boot rw - ext4 /dev/root rw\n",
		 "holds /dev/sda1, mounted at /boot: umount /boot"},
		{"/proc/1/mountinfo", "29 1 0:35 / /a\\040b rw shared:1 - btrfs /dev/sda1 rw\n",
		 "holds /dev/sda1, mounted at /a b: umount"},
		{"/proc/self/mountinfo", "29 1 254:0 / / rw - ext4 /dev/mapper/vg-root rw\n",
		 "holds /dev/sda2, mounted by dm-0 at /: umount /"},
		{"/proc/swaps", "Filename Type\n/dev/dm-0 partition 1 0 -2\n",
		 "holds /dev/sda2, swapped to by dm-0: swapoff /dev/dm-0"},
	};

	(void)state;
	disk(DEVICE("00:05.0/ata1/host0/block/sda"), "8:0", "sda");
	disk(DEVICE("00:05.0/ata1/host0/block/sda/sda1"), "8:1", "sda1");
	file("/proc/self/mountinfo", "29 1 8:16 / / rw - ext4 /dev/sdb rw\nodd line\n");
	taken("00:05.0");
	disk(DEVICE("00:05.0/ata1/host0/block/sda/sda2"), "8:2", "sda2");
	/* LVM upon RAID upon the second partition. */
	file(DEVICE("00:05.0/ata1/host0/block/sda/sda2/holders/md0"), "");
	file("/sys/devices/virtual/block/md0/holders/dm-0", "");
	file("/sys/devices/virtual/block/md0/dev", "9:0\n");
	file("/sys/devices/virtual/block/dm-0/dev", "254:0\n");
	link_to("/sys/class/block/md0", "../../devices/virtual/block/md0");
	link_to("/sys/class/block/dm-0", "../../devices/virtual/block/dm-0");
	link_to("/dev/mapper/vg-root", "../dm-0");
	refused("00:05.0", "holds /dev/sda2, part of dm-0: stop what made dm-0");
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		file(uses[i][0], uses[i][1]);
		refused("00:05.0", uses[i][2]);
		file(uses[i][0], "");
	}
	process(4711, "qemu-system-x86\n", "/dev/sda2");
	refused("00:05.0", "is open as /dev/sda2 by qemu-system-x86 (pid 4711)");
}

/* Who mounts something chooses its name: one that is too long is cut off within its last number. */
static void long_name(void **state)
{
	char text[512];

	(void)state;
	disk(DEVICE("00:05.0/ata1/host0/block/sda"), "8:0", "sda");
	for (int length = 155; length < 160; length++) {
		snprintf(text, sizeof(text), "29 1 0:60 / /%0*d\\040b rw - fuse %0*d\\040b rw\n",
			 length - 1, 0, length, 0);
		file("/proc/self/mountinfo", text);
		taken("00:05.0");
	}
}

/* With more than one way to it a disk is below its subsystem, not below a controller. */
static void nvme(void **state)
{
	(void)state;
	part(DEVICE("00:04.0/nvme/nvme3"), "nvme", "240:3", "nvme3");
	file("/sys/class/nvme-subsystem/nvme-subsys0/nvme0/state", "");
	file("/sys/class/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p2/partition", "2\n");
	file("/proc/self/mountinfo", "29 1 259:2 / /srv rw - xfs /dev/nvme0n1p2 rw\n");
	taken("00:04.0");
	file("/sys/class/nvme-subsystem/nvme-subsys0/nvme3/state", "");
	refused("00:04.0", "holds /dev/nvme0n1p2, mounted at /srv");
}

static void shares(void **state)
{
	(void)state;
	part("/sys/devices/pci0001:00/0001:00:00.0/virtio0", "virtio", NULL, NULL);
	file("/sys/devices/pci0001:00/0001:00:00.0/virtio0/mount_tag", "home");
	file("/proc/self/mountinfo", "29 1 0:9 / /x rw - 9p other rw\n");
	file("/sys/module/9pnet_virtio/refcnt", "0\n");
	taken("0001:00:00.0");
	file("/sys/module/9pnet_virtio/refcnt", "1\n");
	refused("0001:00:00.0", "shares home, and some 9p file system is mounted");
	file("/proc/self/mountinfo", "29 1 0:9 / /home rw - 9p home rw\n");
	refused("0001:00:00.0", "shares home, mounted at /home: umount /home");
}

static void displays(void **state)
{
	(void)state;
	file(DEVICE("00:02.0/boot_vga"), "0\n");
	part(DEVICE("00:02.0/graphics/fb0"), "graphics", "29:0", "fb0");
	file("/sys/class/vtconsole/vtcon0/name", "(S) dummy device\n");
	file("/sys/class/vtconsole/vtcon0/bind", "1\n");
	file("/sys/class/vtconsole/vtcon1/name", "(M) frame buffer device\n");
	file("/sys/class/vtconsole/vtcon1/bind", "0\n");
	taken("00:02.0");
	file("/sys/class/vtconsole/vtcon1/bind", "1\n");
	refused("00:02.0",
		"has the console's screen, fb0: echo 0 >/sys/class/vtconsole/vtcon1/bind");
	file("/sys/class/vtconsole/vtcon1/bind", "0\n");
	file(DEVICE("00:02.0/boot_vga"), "1\n");
	refused("00:02.0", "is the boot display");
}

static void consoles(void **state)
{
	(void)state;
	part(DEVICE("00:06.0/tty/ttyS4"), "tty", "4:68", "ttyS4");
	file("/sys/class/tty/console/active", "tty0 ttyS40\n");
	taken("00:06.0");
	file("/sys/class/tty/console/active", "tty0 ttyS4\n");
	refused("00:06.0", "is the console ttyS4: boot without console=ttyS4");
}

static void programs(void **state)
{
	(void)state;
	file("/proc/driver/nvidia/gpus/0000:01:00.0/information",
	     "Model: \t\t H200\nDevice Minor: \t 2\n");
	process(4711, "persistenced\n", "/dev/nvidia0");
	process(4712, "daemon\n", "/dev/nvidiactl");
	taken("01:00.0");
	process(4713, "python\033[31m\n", "/container/dev/nvidia2");
	refused("01:00.0", "is open as /dev/nvidia2 by python?[31m (pid 4713): end that program");
}

static void other_guests(void **state)
{
	(void)state;
	ends("bind 01:00.0", EXIT_OK, "");
	process(4711, "qemu-system-x86\n", "/dev/vfio/1");
	ends("bind 01:00.0", EXIT_FAILED,
	     "is in group 1, which qemu-system-x86 (pid 4711) has: shut that guest down");
	ends("restore", EXIT_FAILED, "shut that guest down; then exitlab vfio restore");
	has("0000:01:00.0", "vfio-pci", "vfio-pci");
	gone("/proc/4711");
	process(4712, "crosvm\n", "/dev/vfio/devices/vfio0");
	part(GPU "/vfio-dev/vfio0", "vfio-dev", "511:0", "vfio/devices/vfio0");
	ends("restore", EXIT_FAILED, "is open as /dev/vfio/devices/vfio0 by crosvm (pid 4712)");
	gone("/proc/4712");
	ends("restore", EXIT_OK, "back");
	has("0000:01:00.0", "nvidia", "");
}

static void functions(void **state)
{
	(void)state;
	file(DEVICE("00:03.0/sriov_numvfs"), "0\n");
	taken("00:03.0");
	file(DEVICE("00:03.0/sriov_numvfs"), "4\n");
	refused("00:03.0", "has 4 virtual functions: echo 0 >");
}

static void board(void **state)
{
	(void)state;
	refused("00:00.0", "is part of the board, host bridge");
	refused("00:01.0", "is part of the board, PCI bridge");
	refused("00:1f.0", "is part of the board, ISA bridge");
	refused("00:1f.3", "shares group 7 with 0000:00:1f.0, ISA bridge of driver lpc_ich");
	gone(DEVICE("00:06.0/iommu_group"));
	refused("00:06.0", "has no IOMMU group");
}

static void nvswitch(void **state)
{
	char *before = snapshot(), *after;

	(void)state;
	ends("bind 05:00.0", EXIT_FAILED, "is an NVSwitch: left alone");
	after = snapshot();
	assert_string_equal(after, before);
	free(before);
	free(after);
	ends("bind 05:00.0 00:06.0", EXIT_OK, "0000:00:06.0  bound");
	has("0000:05:00.0", "nvidia-nvswitch", "");
	ends("status 05:00.0", EXIT_OK, "left: an NVSwitch stays with the host");
}

static void no_iommu(void **state)
{
	(void)state;
	gone("/sys/kernel/iommu_groups");
	ends("bind 00:06.0", EXIT_CANNOT, "switch VT-d or AMD-Vi on in the firmware");
	file("/sys/firmware/acpi/tables/IVRS", "");
	ends("bind 00:06.0", EXIT_CANNOT, "boot without amd_iommu=off");
	file("/sys/firmware/acpi/tables/DMAR", "");
	ends("bind 00:06.0", EXIT_CANNOT, "the IOMMU is off");
	assert_non_null(strstr(printed, "boot with intel_iommu=on"));
	ends("status", EXIT_CANNOT, "0000:00:06.0");
	ends("status --json", EXIT_CANNOT, "\"iommu\": false");
	file("/sys/kernel/iommu_groups/0/name", "vfio-noiommu\n");
	ends("bind 00:06.0", EXIT_CANNOT, "the IOMMU is off");
}

static void wrong(void **state)
{
	(void)state;
	ends("bind 77:00.0", EXIT_FAILED, "there is no PCI device 0000:77:00.0");
	ends("unbind 77:00.0", EXIT_FAILED, "there is no PCI device 0000:77:00.0");
	ends("status 77:00.0", EXIT_FAILED, "there is no PCI device 0000:77:00.0");
	gone(VFIO_DRIVERS "/vfio-pci");
	ends("bind 00:06.0", EXIT_CANNOT, "CONFIG_VFIO_PCI");
	has("0000:00:06.0", "", "");
}

static void as_json(void **state)
{
	json_t *all, *one;

	(void)state;
	ends("bind --json 01:00.0", EXIT_OK, "\"exitlab-vfio-bind/1\"");
	ends("status --json", EXIT_OK, "");
	all = json_loads(printed, 0, NULL);
	assert_string_equal(json_text(all, "schema"), "exitlab-vfio/1");
	assert_true(json_is_true(json_object_get(all, "iommu")));
	assert_int_equal(json_array_size(json_object_get(all, "devices")), 14);
	one = (json_t *)json_find(json_object_get(all, "devices"), "bdf", "0000:01:00.0");
	assert_string_equal(json_text(one, "class_name"), "3D controller");
	assert_string_equal(json_text(one, "vendor"), "10de");
	assert_int_equal(json_integer_value(json_object_get(one, "group")), 1);
	assert_int_equal(json_array_size(json_object_get(one, "members")), 4);
	assert_int_equal(json_array_size(json_object_get(one, "reset")), 2);
	assert_int_equal(json_array_size(json_object_get(one, "bars")), 5);
	assert_true(json_is_null(json_object_get(one, "numa_node")));
	assert_true(json_is_true(json_object_get(one, "viable")));
	assert_string_equal(json_text(json_object_get(one, "taken"), "former_driver"), "nvidia");
	json_decref(all);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_host, remove_host)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(networks),	    TEST(disks),     TEST(long_name), TEST(nvme),
		TEST(shares),	    TEST(displays),  TEST(consoles),  TEST(programs),
		TEST(other_guests), TEST(functions), TEST(board),     TEST(nvswitch),
		TEST(no_iommu),	    TEST(wrong),     TEST(as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
