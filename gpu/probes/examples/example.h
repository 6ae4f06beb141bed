/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the examples share: no options but --help, SIGTERM as their end, histograms. */
#ifndef EXITLAB_PROBES_EXAMPLE_H
#define EXITLAB_PROBES_EXAMPLE_H

#include <stdint.h>

/* Reads the command line; a usage error ends the process. The descriptor of SIGTERM. */
int example_begin(int argc, char **argv, const char *doc);

/*
 * Prints a histogram with a bar for each slot that is not empty, slot n being what is from 2^n on:
 * title, of what the bounds are, and what is counted are its columns. slots: 64 at most.
 */
void example_histogram(const char *title, const char *counted, const uint64_t *counts,
		       unsigned int slots);

/* The same as example_begin() for one that weaves the named probe: an exit code. say prints what it
 * has seen. */
struct woven_shared;
int example_woven(int argc, char **argv, const char *doc, const char *probe,
		  void (*say)(const struct woven_shared *shared));

#endif
