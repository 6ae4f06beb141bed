// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <sys/wait.h>

#include "../commands.h"
#include "../util.h"
#include "../vfio_files.h"
#include "tree.h"
#include "vfio_tree.h"

char printed[16384];
static char state_directory[80];
struct vfio_host host = {.root = root, .state = state_directory};

static const struct {
	const char *bdf, *vendor, *device, *class, *driver;
	int group;
} devices[] = {
	{"0000:00:00.0", "0x8086", "0x29c0", "0x060000", "", 0},
	{"0000:00:01.0", "0x8086", "0x1901", "0x060400", "pcieport", 1},
	{"0000:00:02.0", "0x1a03", "0x2000", "0x030000", "ast", 2},
	{"0000:00:03.0", "0x8086", "0x10d3", "0x020000", "e1000e", 3},
	{"0000:00:04.0", "0x144d", "0xa808", "0x010802", "nvme", 4},
	{"0000:00:05.0", "0x8086", "0x2922", "0x010601", "ahci", 5},
	{"0000:00:06.0", "0x1234", "0x11e8", "0x00ff00", "", 6},
	{"0000:00:1f.0", "0x8086", "0x2918", "0x060100", "lpc_ich", 7},
	{"0000:00:1f.3", "0x8086", "0x2930", "0x0c0500", "i801_smbus", 7},
	{"0000:01:00.0", "0x10de", "0x2335", "0x030200", "nvidia", 1},
	{"0000:01:00.1", "0x10de", "0x22bb", "0x040300", "snd_hda_intel", 1},
	{"0000:01:00.2", "0x10de", "0x1ad8", "0x0c8000", "", 1},
	{"0000:05:00.0", "0x10de", "0x22a3", "0x068000", "nvidia-nvswitch", 8},
	{"0001:00:00.0", "0x1af4", "0x1042", "0x010000", "virtio-pci", 9},
};

void file(const char *path, const char *text)
{
	put(path, text);
}

void gone(const char *path)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	assert_int_equal(nftw(whole, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void link_to(const char *path, const char *target)
{
	char whole[PATH_MAX];

	put(path, "");
	snprintf(whole, sizeof(whole), "%s%s", root, path);
	assert_int_equal(remove(whole), 0);
	assert_int_equal(symlink(target, whole), 0);
}

void process(int pid, const char *name, const char *node)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	put(path, name);
	snprintf(path, sizeof(path), "/proc/%d/fd/7", pid);
	link_to(path, node);
}

/* path and name in one, in turn in a few places. */
static const char *join(const char *path, const char *name)
{
	static char places[4][PATH_MAX];
	static int next;
	char *place = places[next++ % 4];

	snprintf(place, PATH_MAX, "%s/%s", path, name);
	return place;
}

static void make_device(size_t i)
{
	bool bridge = !strcmp(devices[i].class, "0x060400");
	const char *bdf = devices[i].bdf;
	char directory[80], path[160];

	snprintf(directory, sizeof(directory), "/sys/devices/pci%.7s/%s", bdf, bdf);
	snprintf(path, sizeof(path), "../../..%s", directory + strlen("/sys"));
	link_to(join(VFIO_DEVICES, bdf), path);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices", devices[i].group);
	link_to(join(path, bdf), "x");
	put(join(directory, "vendor"), devices[i].vendor);
	put(join(directory, "device"), devices[i].device);
	put(join(directory, "class"), devices[i].class);
	put(join(directory, "numa_node"), "-1\n");
	put(join(directory, "driver_override"), "(null)\n");
	put(join(directory, "d3cold_allowed"), "1\n");
	put(join(directory, "reset_method"), "flr bus\n");
	put(join(directory, "power_state"), "D0\n");
	put(join(directory, "config"),
	    bridge ? "..............\1......." : "..............\200.......");
	snprintf(path, sizeof(path), "../../../kernel/iommu_groups/%d", devices[i].group);
	link_to(join(directory, "iommu_group"), path);
	if (!*devices[i].driver)
		return;
	snprintf(path, sizeof(path), "../../../bus/pci/drivers/%s", devices[i].driver);
	link_to(join(directory, "driver"), path);
	snprintf(path, sizeof(path), VFIO_DRIVERS "/%s", devices[i].driver);
	put(join(path, "bind"), "");
	put(join(path, "unbind"), "");
	link_to(join(path, "module"), "../../../../module/some_module");
}

int make_host(void **state)
{
	if (make_root(state))
		return -1;
	snprintf(state_directory, sizeof(state_directory), "%s.state", root);
	inject(FAULT_NONE, "", 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		make_device(i);
	put(VFIO_DRIVERS "/vfio-pci/bind", "");
	put(VFIO_DRIVERS "/vfio-pci/unbind", "");
	put("/sys/bus/pci/drivers_probe", "");
	put("/proc/sys/kernel/random/boot_id", "this-boot\n");
	put(VFIO_DEVICES "/0000:01:00.0/resource",
	    "0x00000000de000000 0x00000000deffffff 0x0000000000040200\n"
	    "0x0000200000000000 0x0000201fffffffff 0x000000000014220c\n"
	    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
	    "0x0000000000000000 0x0000000001ffffff 0x000000002014220c\n"
	    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
	    "0x000000000000e000 0x000000000000e07f 0x0000000000040101\n"
	    "0x00000000df000000 0x00000000df07ffff 0x0000000000046200\n");
	return 0;
}

int remove_host(void **state)
{
	nftw(state_directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return remove_root(state);
}

static int by_name(const FTSENT **one, const FTSENT **other)
{
	return strcmp((*one)->fts_name, (*other)->fts_name);
}

static void print_entry(FILE *out, const FTSENT *entry)
{
	char text[4096] = "";
	ssize_t n = 0;
	FILE *in;

	fprintf(out, "%s ", entry->fts_path + strlen(root));
	if (entry->fts_info == FTS_F) {
		in = fopen(entry->fts_path, "r");
		assert_non_null(in);
		n = fread(text, 1, sizeof(text), in);
		fclose(in);
	} else if (entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE) {
		n = readlink(entry->fts_path, text, sizeof(text));
		fputs("-> ", out);
	}
	fwrite(text, 1, n, out);
	fputc('\n', out);
}

char *snapshot(void)
{
	FTS *tree = fts_open((char *[]){root, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	char *text = NULL;
	FTSENT *entry;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(tree);
	assert_non_null(out);
	while ((entry = fts_read(tree)))
		if (entry->fts_info != FTS_DP)
			print_entry(out, entry);
	fts_close(tree);
	fclose(out);
	return text;
}

/* The fault, and how many calls of that kind there were. */
static struct {
	enum fault fault;
	char where[128];
	int at, error, count;
} injected;

void inject(enum fault fault, const char *where, int at, int error)
{
	injected.fault = fault;
	snprintf(injected.where, sizeof(injected.where), "%s", where);
	injected.at = at;
	injected.error = error;
	injected.count = 0;
}

/* Is this call the one? Then the error that it fails with. */
static int strike(const char *where)
{
	if (injected.fault == FAULT_NONE || !strstr(where, injected.where) ||
	    ++injected.count != injected.at)
		return 0;
	if (injected.fault == FAULT_KILL)
		raise(SIGKILL);
	if (injected.fault == FAULT_STOP)
		raise(injected.error);
	return injected.fault == FAULT_ERROR ? injected.error : 0;
}

#define WRAP(type, name, ...)                                                                      \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

WRAP(int, fsync, int fd)
{
	errno = strike("fsync");
	return errno ? -1 : __real_fsync(fd);
}

WRAP(int, rename, const char *from, const char *to)
{
	errno = strike("rename");
	return errno ? -1 : __real_rename(from, to);
}

WRAP(int, unlink, const char *path)
{
	errno = strike("unlink");
	return errno ? -1 : __real_unlink(path);
}

/* The driver has the device from now on, where it may. */
static int kernel_binds(const char *bdf, const char *driver)
{
	struct vfio_device device;
	char path[160], target[160];

	if (vfio_device_read(&host, bdf, &device) || *device.driver ||
	    !vfio_exists(&host, VFIO_DRIVERS "/%s", driver) ||
	    (*device.override && strcmp(device.override, driver)))
		return ENODEV;
	/* vfio-pci has no devices of its own, and takes no bridge. */
	if (!strcmp(driver, "vfio-pci") && (!*device.override || device.bridge))
		return EINVAL;
	snprintf(path, sizeof(path), VFIO_DEVICES "/%s/driver", bdf);
	snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver);
	link_to(path, target);
	return 0;
}

static int kernel_probes(const char *bdf)
{
	struct vfio_device device;

	if (vfio_device_read(&host, bdf, &device))
		return ENODEV;
	if (*device.override)
		return kernel_binds(bdf, device.override);
	/* Another driver would have it as well: probing is no way to give a device back. */
	return kernel_binds(bdf, "nouveau");
}

/* In place of sysfs. */
int __wrap_vfio_put(const struct vfio_host *where, const char *text, const char *path);
int __wrap_vfio_put(const struct vfio_host *where, const char *text, const char *path)
{
	int error = strike(path), length;
	char bdf[VFIO_BDF_SIZE], link[80];

	if (error)
		return error;
	if (!vfio_exists(where, "%s", path))
		return ENOENT;
	if (!strcmp(path, "/sys/bus/pci/drivers_probe"))
		return kernel_probes(text);
	length = strcspn(path + strlen(VFIO_DRIVERS "/"), "/");
	if (!strncmp(path, VFIO_DRIVERS "/", strlen(VFIO_DRIVERS "/")) && strstr(path, "/bind")) {
		char driver[64];

		snprintf(driver, sizeof(driver), "%.*s", length, path + strlen(VFIO_DRIVERS "/"));
		return kernel_binds(text, driver);
	}
	if (sscanf(path, VFIO_DEVICES "/%23[^/]/driver/unbind", bdf) == 1 &&
	    strstr(path, "/driver/unbind")) {
		snprintf(link, sizeof(link), VFIO_DEVICES "/%s/driver", bdf);
		gone(link);
		return 0;
	}
	put(path, strstr(path, "driver_override") && !strcmp(text, "\n") ? "(null)\n" : text);
	return 0;
}

static void in_child(const char *words, int output)
{
	char copy[512], *rest = copy,
			*argv[32] = {"exitlab vfio", "--root", root, "--state", state_directory};
	int argc = 5;

	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	snprintf(copy, sizeof(copy), "%s", words);
	while ((argv[argc] = strsep(&rest, " ")))
		argc++;
	argc = cmd_vfio(argc, argv);
	fflush(stdout);
	_exit(argc);
}

int run(const char *words)
{
	FILE *output = tmpfile();
	int status;
	pid_t pid;
	size_t n;

	assert_non_null(output);
	fflush(stdout);
	pid = fork();
	if (!pid)
		in_child(words, fileno(output));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rewind(output);
	n = fread(printed, 1, sizeof(printed) - 1, output);
	printed[n] = '\0';
	fclose(output);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void ends(const char *words, int code, const char *says)
{
	int ended = run(words);

	if (ended != code || !strstr(printed, says))
		print_error("vfio %s ends with %d, not %d and \"%s\":\n%s\n", words, ended, code,
			    says, printed);
	assert_int_equal(ended, code);
	assert_non_null(strstr(printed, says));
}

void has(const char *bdf, const char *driver, const char *override)
{
	struct vfio_device device;

	assert_int_equal(vfio_device_read(&host, bdf, &device), 0);
	assert_string_equal(device.driver, driver);
	assert_string_equal(device.override, override);
}
