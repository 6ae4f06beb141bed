/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the examples share: no options but --help, SIGTERM as their end. */
#ifndef EXITLAB_PROBES_EXAMPLE_H
#define EXITLAB_PROBES_EXAMPLE_H

/* Reads the command line; a usage error ends the process. The descriptor of SIGTERM. */
int example_begin(int argc, char **argv, const char *doc);

/* The same for one that weaves the named probe: an exit code. say prints what it has seen. */
struct woven_shared;
int example_woven(int argc, char **argv, const char *doc, const char *probe,
		  void (*say)(const struct woven_shared *shared));

#endif
