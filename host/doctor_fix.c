// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The words of a fix that depend on where exitlab lies and on the distribution:
 *   @make         makes what of exitlab is not there
 *   @deps         installs what exitlab takes of the distribution
 *   @install NAME installs a package that has this name everywhere
 *   @headers      installs the headers of the running kernel
 *   @isolate      the program of that name
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"
#include "layout.h"
#include "util.h"

#define MAKE_SIZE  (PATH_MAX + 16)
#define NO_MODULES "# run a kernel with CONFIG_MODULES=y and without nomodule"

/*
 * By the words of ID and ID_LIKE in os-release(5); the last line is for all others. Headers that
 * end in "-" go on with the kernel's release.
 */
static const struct family {
	const char *id, *install, *headers;
} families[] = {
	{"debian", "sudo apt-get install", "linux-headers-"},
	{"fedora", "sudo dnf install", "kernel-devel-"},
	{"rhel", "sudo dnf install", "kernel-devel-"},
	{"arch", "sudo pacman -S", "linux-headers"},
	{"suse", "sudo zypper install", "kernel-devel"},
	{NULL, "# with this distribution's tool install", "the running kernel's headers"},
};

static const struct family *find_family(const struct doctor_host *host)
{
	const struct family *family = families;
	char path[PATH_MAX], text[4096] = "";
	FILE *file;
	size_t n;

	doctor_path(host, path, "/etc/os-release");
	file = fopen(path, "re");
	if (file) {
		n = fread(text, 1, sizeof(text) - 1, file);
		text[n] = '\0';
		fclose(file);
	}
	while (family->id) {
		for (const char *line = strstr(text, "ID"); line; line = strstr(line + 1, "ID"))
			if ((!strncmp(line, "ID=", 3) || !strncmp(line, "ID_LIKE=", 8)) &&
			    memmem(line, strcspn(line, "\n"), family->id, strlen(family->id)))
				return family;
		family++;
	}
	return family;
}

/* "make", with -C where the working directory is not the tree; false where there is no tree. */
static bool find_make(char make[MAKE_SIZE])
{
	char tree[PATH_MAX], here[PATH_MAX];

	if (!find_part("Makefile", tree))
		return false;
	*strrchr(tree, '/') = '\0';
	if (getcwd(here, sizeof(here)) && !strcmp(here, tree))
		strcpy(make, "make");
	else
		snprintf(make, MAKE_SIZE, "make -C %s", tree);
	return true;
}

static void fix_make(struct doctor_finding *finding)
{
	char make[MAKE_SIZE];

	if (find_make(make))
		doctor_fix(finding, "%s", make);
	else
		doctor_fix(finding, "# install exitlab whole: make && sudo make install");
}

static void fix_deps(struct doctor_finding *finding)
{
	char make[MAKE_SIZE], deps[PATH_MAX];

	if (find_part("deps", deps))
		doctor_fix(finding, "sudo %s", deps);
	else if (find_make(make))
		doctor_fix(finding, "sudo %s deps", make);
	else
		doctor_fix(finding, "# install exitlab whole: make && sudo make install");
}

static void fix_headers(const struct family *family, struct doctor_finding *finding)
{
	struct utsname name;

	uname(&name);
	doctor_fix(finding, "%s %s%s", family->install, family->headers,
		   family->headers[strlen(family->headers) - 1] == '-' ? name.release : "");
}

void doctor_expand_fix(const struct doctor_host *host, struct doctor_finding *finding)
{
	char fix[sizeof(finding->fix)], path[PATH_MAX];

	snprintf(fix, sizeof(fix), "%s", finding->fix);
	doctor_path(host, path, "/proc/modules");
	if ((strstr(fix, "modprobe ") || !strcmp(fix, "@headers")) && access(path, F_OK))
		doctor_fix(finding, NO_MODULES);
	else if (!strcmp(fix, "@make"))
		fix_make(finding);
	else if (!strcmp(fix, "@deps"))
		fix_deps(finding);
	else if (!strcmp(fix, "@headers"))
		fix_headers(find_family(host), finding);
	else if (!strncmp(fix, "@install ", 9))
		doctor_fix(finding, "%s %s", find_family(host)->install, fix + 9);
	else if (!strncmp(fix, "@isolate ", 9))
		doctor_fix(finding, "%s %s",
			   find_part("isolation-scripts/isolate", path) ? path : "isolate",
			   fix + 9);
	/* Where root is, sudo may not be. */
	snprintf(fix, sizeof(fix), "%s", finding->fix);
	if (!geteuid() && !strncmp(fix, "sudo ", 5) && strcmp(fix, "sudo -s"))
		doctor_fix(finding, "%s", fix + 5);
}
