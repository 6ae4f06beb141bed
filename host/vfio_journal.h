/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What has to be put back, on the disk before anything is changed. Text in the form of isolate's
 * journal (isolation-scripts/lib/journal.sh), lines of fields separated by tabs:
 *
 *   exitlab-vfio-journal/1  boot=ID       of the boot it is of: what we change ends with that
 *   device  bdf=...  KEY=VALUE...         one device, with what there was
 *   end  COUNT  CKSUM                     lines before this one and cksum(1) of them
 *
 * It is written whole to another name, synced and renamed. It is not isolate's own file, since a
 * device is taken and given back within `isolate run`, which holds its lock all the time.
 */
#ifndef EXITLAB_VFIO_JOURNAL_H
#define EXITLAB_VFIO_JOURNAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "vfio.h"

#define VFIO_HELD_MOST 256

/* One device that is taken, or was about to be. */
struct vfio_held {
	char bdf[VFIO_BDF_SIZE];
	char asked[VFIO_BDF_SIZE]; /* the device for which it was taken, itself or one of its group
				    */
	pid_t pid;		   /* whose it is while that lives; 0: bound until unbound */
	unsigned long long ticks;  /* when that process began, in clock ticks since boot */
	char driver[VFIO_NAME_SIZE], module[VFIO_NAME_SIZE]; /* former driver and its module; "" */
	char override[VFIO_NAME_SIZE];
	char d3cold[8]; /* d3cold_allowed; "" there is no such file */
};

struct vfio_journal {
	const struct vfio_host *host;
	int lock; /* -1: only read */
	bool other_boot;
	size_t n; /* in the order of taking */
	struct vfio_held held[VFIO_HELD_MOST];
};

/* Reads it as it is; one of another boot has no devices. An exit code of util.h. */
int vfio_journal_read(const struct vfio_host *host, struct vfio_journal *journal);

/* The same to change it: waits for whoever else does. To be closed where it is EXIT_OK. */
int vfio_journal_open(const struct vfio_host *host, struct vfio_journal *journal);
void vfio_journal_close(struct vfio_journal *journal);

/* Writes it through to the disk; without devices it is removed. 0, or -1 with a line on stderr. */
int vfio_journal_write(struct vfio_journal *journal);

struct vfio_held *vfio_journal_find(struct vfio_journal *journal, const char *bdf);

/* Takes a line out; on the disk with the next write. */
void vfio_journal_drop(struct vfio_journal *journal, struct vfio_held *held);

/* Does the process that took it live? False for what was bound until unbound. */
bool vfio_owner_lives(const struct vfio_held *held);

/* This process is its owner. */
void vfio_own(struct vfio_held *held);

#endif
