// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The programs and files that exitlab takes: each is run or read, not only looked for. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"
#include "layout.h"
#include "util.h"

void doctor_guest(const struct doctor_host *host, const struct doctor_check *check,
		  struct doctor_finding *finding)
{
	static const char *const parts[] = {"kernel/vmlinux", "initramfs.cpio.lz4"};
	char path[PATH_MAX];

	(void)host, (void)check;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!find_part(parts[i], path) || access(path, R_OK)) {
			doctor_failed(finding, "%s", path);
			return;
		}
	find_part(parts[0], path);
	doctor_found(finding, DOCTOR_OK, "%s and its initramfs", path);
}

/* argument: the part. */
void doctor_part(const struct doctor_host *host, const struct doctor_check *check,
		 struct doctor_finding *finding)
{
	char path[PATH_MAX];

	(void)host;
	if (!find_part(check->argument, path) || access(path, R_OK))
		doctor_failed(finding, "%s", path);
	else
		doctor_found(finding, DOCTOR_OK, "%s", path);
}

static bool find_qemu(const struct doctor_host *host, struct doctor_finding *finding,
		      char path[PATH_MAX])
{
	const char *name = qemu_program();

	if (doctor_program(host, name, path))
		return true;
	doctor_found(finding, DOCTOR_MISSING, "%s is not %s", name,
		     strchr(name, '/') ? "an executable file" : "in PATH");
	return false;
}

void doctor_qemu(const struct doctor_host *host, const struct doctor_check *check,
		 struct doctor_finding *finding)
{
	char path[PATH_MAX], output[512], *version;

	(void)check;
	if (!find_qemu(host, finding, path))
		return;
	if (doctor_run((char *[]){path, "--version", NULL}, output, sizeof(output)) ||
	    !(version = strstr(output, "version "))) {
		doctor_found(finding, DOCTOR_MISSING, "%s does not run: %.*s", path,
			     (int)strcspn(output, "\n"), output);
		return;
	}
	version += strlen("version ");
	doctor_found(finding, DOCTOR_OK, "%.*s, %s", (int)strcspn(version, " \n"), version, path);
}

/* argument: what QEMU is asked, a colon, and what it must say. */
void doctor_qemu_help(const struct doctor_host *host, const struct doctor_check *check,
		      struct doctor_finding *finding)
{
	static char output[1 << 18];
	char path[PATH_MAX], asked[64], *argv[4] = {path}, *rest = asked;
	const char *answer = strchr(check->argument, ':') + 1;

	if (!find_qemu(host, finding, path))
		return;
	snprintf(asked, sizeof(asked), "%.*s", (int)(answer - 1 - check->argument),
		 check->argument);
	for (size_t i = 1; i < ARRAY_SIZE(argv) - 1 && (argv[i] = strsep(&rest, " ")); i++)
		;
	if (!doctor_run(argv, output, sizeof(output)) && strstr(output, answer))
		doctor_found(finding, DOCTOR_OK, "it has %s", answer);
	else
		doctor_found(finding, DOCTOR_MISSING, "%s has no %s", path, answer);
}

/* What the lab would take for its kernel, and why: lab/prepare says it, and fetches nothing. */
void doctor_lab(const struct doctor_host *host, const struct doctor_check *check,
		struct doctor_finding *finding)
{
	char prepare[PATH_MAX], agent[PATH_MAX], output[1024], *kernel = getenv("LAB_KERNEL"),
							       *line;
	int status;

	(void)host, (void)check;
	if (!find_part("lab/agent", agent) || !find_part("lab/prepare", prepare)) {
		doctor_failed(finding, "%s", access(agent, F_OK) ? agent : prepare);
		doctor_fix(finding, "@make");
		return;
	}
	if (kernel && !*kernel)
		kernel = NULL;
	status = doctor_run((char *[]){prepare, "-n", kernel, NULL}, output, sizeof(output));
	line = strrchr(output, '\n');
	if (line && !line[1])
		*line = '\0';
	line = strrchr(output, '\n') ? strrchr(output, '\n') + 1 : output;
	if (!strncmp(line, "exitlab: lab: ", 14))
		line += 14;
	if (status)
		doctor_found(finding, DOCTOR_MISSING, "%s",
			     *line ? line : "lab/prepare does not run: is there a /bin/sh?");
	else
		doctor_found(finding, DOCTOR_OK, "%s", line);
}

/* argument: the model of the CPU that it must have. */
void doctor_bochs(const struct doctor_host *host, const struct doctor_check *check,
		  struct doctor_finding *finding)
{
	static const char begins[] = "Bochs x86 Emulator ";
	char path[PATH_MAX], output[8192], *version, *name = getenv("BOCHS");

	if (!name || !*name)
		name = "bochs";
	if (!doctor_program(host, name, path)) {
		doctor_found(finding, DOCTOR_MISSING, "%s is not %s", name,
			     strchr(name, '/') ? "an executable file" : "in PATH");
		return;
	}
	if (doctor_run((char *[]){path, "--help", "cpu", NULL}, output, sizeof(output))) {
		doctor_found(finding, DOCTOR_MISSING, "%s does not run: %.*s", path,
			     (int)strcspn(output, "\n"), output);
		return;
	}
	version = strstr(output, begins);
	if (!strstr(output, check->argument))
		doctor_found(finding, DOCTOR_MISSING, "%s has no CPU %s", path, check->argument);
	else
		doctor_found(finding, DOCTOR_OK, "%.*s, %s",
			     version ? (int)strcspn(version + strlen(begins), " \n") : 0,
			     version ? version + strlen(begins) : "", path);
}

/* argument: a file of Bochs' own, in BXSHARE or where Debian has them. */
void doctor_bochs_file(const struct doctor_host *host, const struct doctor_check *check,
		       struct doctor_finding *finding)
{
	const char *directory = getenv("BXSHARE");
	char path[PATH_MAX];

	if (!directory || !*directory)
		directory = "/usr/share/bochs";
	doctor_path(host, path, "%s/%s", directory, check->argument);
	if (access(path, R_OK))
		doctor_failed(finding, "%s/%s", directory, check->argument);
	else
		doctor_found(finding, DOCTOR_OK, "%s/%s", directory, check->argument);
}

/* argument: the program and, if it has one, the option by which it tells its version. */
void doctor_tool(const struct doctor_host *host, const struct doctor_check *check,
		 struct doctor_finding *finding)
{
	char words[64], path[PATH_MAX], output[512], *rest = words, *name, *option;

	snprintf(words, sizeof(words), "%s", check->argument);
	name = strsep(&rest, " ");
	option = strsep(&rest, " ");
	if (!doctor_program(host, name, path)) {
		doctor_found(finding, DOCTOR_MISSING, "%s is not in PATH", name);
		return;
	}
	if (!option) {
		doctor_found(finding, DOCTOR_OK, "%s", path);
		return;
	}
	if (doctor_run((char *[]){path, option, NULL}, output, sizeof(output)))
		doctor_found(finding, DOCTOR_MISSING, "%s does not run: %.*s", path,
			     (int)strcspn(output, "\n"), output);
	else
		doctor_found(finding, DOCTOR_OK, "%.*s", (int)strcspn(output, "\n"), output);
}

/* A program that the guest can run: the kernel is asked for no interpreter, thus for no library. */
void doctor_static(const struct doctor_host *host, const struct doctor_check *check,
		   struct doctor_finding *finding)
{
	Elf64_Phdr segment = {0};
	char path[PATH_MAX];
	bool whole = true;
	Elf64_Ehdr elf;
	int fd = -1;

	if (doctor_program(host, check->argument, path))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		doctor_failed(finding, "%s", check->argument);
		return;
	}
	whole = read(fd, &elf, sizeof(elf)) == sizeof(elf) &&
		!memcmp(elf.e_ident, ELFMAG, SELFMAG) && elf.e_phnum;
	for (int i = 0; whole && i < elf.e_phnum && segment.p_type != PT_INTERP; i++)
		whole = pread(fd, &segment, sizeof(segment), elf.e_phoff + i * sizeof(segment)) ==
			sizeof(segment);
	close(fd);
	if (whole && segment.p_type != PT_INTERP)
		doctor_found(finding, DOCTOR_OK, "%s, static", path);
	else
		doctor_found(finding, DOCTOR_MISSING, "%s is not static", path);
}

void doctor_nvcc(const struct doctor_host *host, const struct doctor_check *check,
		 struct doctor_finding *finding)
{
	char path[PATH_MAX], output[1024], *release;

	(void)check;
	if (!doctor_program(host, "nvcc", path)) {
		doctor_found(finding, DOCTOR_MISSING,
			     "nvcc is neither in PATH nor in /usr/local/cuda/bin");
		return;
	}
	if (doctor_run((char *[]){path, "--version", NULL}, output, sizeof(output)) ||
	    !(release = strstr(output, "release ")))
		doctor_found(finding, DOCTOR_MISSING, "%s does not run", path);
	else
		doctor_found(finding, DOCTOR_OK, "%.*s, %s", (int)strcspn(release, ",\n"), release,
			     path);
}

void doctor_headers(const struct doctor_host *host, const struct doctor_check *check,
		    struct doctor_finding *finding)
{
	char path[PATH_MAX];
	struct utsname name;

	(void)check;
	uname(&name);
	doctor_path(host, path, "/lib/modules/%s/build/Makefile", name.release);
	if (access(path, R_OK)) {
		doctor_failed(finding, "/lib/modules/%s/build", name.release);
		doctor_fix(finding, "@headers");
		return;
	}
	doctor_found(finding, DOCTOR_OK, "/lib/modules/%s/build", name.release);
}
