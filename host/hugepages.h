/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The host's reserved huge pages, as memory of a guest. */
#ifndef EXITLAB_HUGEPAGES_H
#define EXITLAB_HUGEPAGES_H

/* The page's size in MiB of "2M" or "1G"; 0: neither. */
unsigned int hugepages_mib(const char *size);

/*
 * Are there free pages of page_mib MiB for memory_mib MiB on a NUMA node (-1: on any)? EXIT_OK;
 * EXIT_CANNOT with one line on stderr: how many are missing, and the command that reserves them;
 * EXIT_USAGE where the memory is no whole number of pages.
 */
int hugepages_check(unsigned int page_mib, unsigned int memory_mib, int node);

#endif
