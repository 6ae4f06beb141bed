// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "hugepages.h"
#include "util.h"

unsigned int hugepages_mib(const char *size)
{
	return !strcmp(size, "2M") ? 2 : !strcmp(size, "1G") ? 1024 : 0;
}

/* A count of the pages in directory; -1: there are no pages of that size. */
static long read_count(const char *directory, const char *name)
{
	char path[PATH_MAX];
	long count = -1;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "re");
	if (file && fscanf(file, "%ld", &count) != 1)
		count = -1;
	if (file)
		fclose(file);
	return count;
}

/* Pages that a process has reserved and not yet touched are counted as free, but are not. */
static long count_free(const char *directory, int node)
{
	long reserved = node < 0 ? read_count(directory, "resv_hugepages") : 0;

	return read_count(directory, "free_hugepages") - (reserved > 0 ? reserved : 0);
}

int hugepages_check(unsigned int page_mib, unsigned int memory_mib, int node)
{
	char directory[128], pages[64];
	long wanted = memory_mib / page_mib, there, free;

	snprintf(pages, sizeof(pages), "hugepages/hugepages-%ukB", page_mib * 1024);
	if (node < 0)
		snprintf(directory, sizeof(directory), "/sys/kernel/mm/%s", pages);
	else
		snprintf(directory, sizeof(directory), "/sys/devices/system/node/node%d/%s", node,
			 pages);
	if (memory_mib % page_mib) {
		pr_err("--hugepages: %u MiB of memory are no whole number of pages of %u MiB; "
		       "--memory %u are",
		       memory_mib, page_mib, (memory_mib / page_mib + 1) * page_mib);
		return EXIT_USAGE;
	}
	there = read_count(directory, "nr_hugepages");
	if (there < 0) {
		pr_err("--hugepages: this host has no pages of %u MiB (%s is not there)", page_mib,
		       directory);
		return EXIT_CANNOT;
	}
	free = count_free(directory, node);
	if (free >= wanted)
		return EXIT_OK;
	pr_err("--hugepages: %ld of %u MiB are needed, %ld are free: echo %ld >%s/nr_hugepages "
	       "reserves them%s",
	       wanted, page_mib, free, there + wanted - free, directory,
	       page_mib > 2 ? ", hugepagesz=1G hugepages=N on the kernel's command line does for "
			      "sure"
			    : "");
	return EXIT_CANNOT;
}
