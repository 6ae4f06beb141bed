/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A made-up host with PCI devices in a directory, and a kernel for it: what is written to its files
 * is answered as sysfs answers. Tests link vfio_put() and the calls that make the journal last
 * with --wrap, so that they can fail, or be the last thing a process does.
 */
#ifndef EXITLAB_TEST_VFIO_TREE_H
#define EXITLAB_TEST_VFIO_TREE_H

#include <stdbool.h>

#include "../vfio.h"

extern struct vfio_host host;

/* cmocka's set-up and tear-down. */
int make_host(void **state);
int remove_host(void **state);

/* A file with its directories; a link; neither. Below the root. */
void file(const char *path, const char *text);
void link_to(const char *path, const char *target);
void gone(const char *path);

/* A process with these files of /dev open. */
void process(int pid, const char *name, const char *node);

/* The whole tree as text, the caller's: names, contents, links. */
char *snapshot(void);

/*
 * Which call is to fail and how, to be the last, or to be during which a signal comes, that is in
 * error: from the next run() on.
 */
enum fault { FAULT_NONE, FAULT_KILL, FAULT_STOP, FAULT_ERROR };
void inject(enum fault fault, const char *where, int at, int error);

/*
 * `exitlab vfio WORDS` in a process of its own. Its exit code, 128 + n where a signal ended it;
 * what it printed is in printed.
 */
int run(const char *words);
extern char printed[16384];

/* It ends so, and says this. */
void ends(const char *words, int code, const char *says);

/* Driver and override of a device: "nvidia", "" and so on. */
void has(const char *bdf, const char *driver, const char *override);

#endif
