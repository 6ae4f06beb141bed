/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the test programs of the guest all do beside TAP: load the module, open and ask it. */
#ifndef GPULOCK_T_TAP_H
#define GPULOCK_T_TAP_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "../../../guest-bench/tap.h"
#include "../gpulock_uapi.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* 0 or an errno; parameters as insmod has them, "" none. */
int module_load(const char *name, const char *parameters);
int module_unload(const char *name);
/* The same, and bails out where that fails. */
void must_load(const char *name, const char *parameters);
void must_unload(const char *name);

/* A new descriptor of /dev/gpulock; bails out. */
int device(void);

/* ioctl, as 0 or an errno. */
int ask(int fd, unsigned long command, void *argument);

/* The commands, with nothing but what matters; 0 or an errno. */
int alloc(int fd, uint32_t agent, uint64_t size, struct gpulock_alloc *request);
int free_id(int fd, uint64_t id);
int set_quota(int fd, uint32_t agent, uint64_t limit);
int grant(int fd, uint32_t agent, uint64_t start, uint64_t size, uint32_t access);
int revoke(int fd, uint32_t agent, uint64_t start, uint64_t size);
int query(int fd, uint32_t agent, struct gpulock_query *query);
/* 1 allowed, 0 denied, or a negative errno. */
int check(int fd, uint32_t agent, uint64_t start, uint64_t size, uint32_t access);

/* Writes text to /proc/swarm/gpu/NAME in one write; 0 or an errno. */
int proc_write(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* All of /proc/swarm/gpu/NAME, or of any file where that has a slash; to be freed. */
char *proc_read(const char *name);

/* The number behind "key " at the start of a line of /proc/swarm/gpu/stats; bails out. */
long long stat_of(const char *key);

/* A process that runs function(argument) and ends with its value; its pid. */
int start(int (*function)(void *argument), void *argument);
/* How it ended: what its function returned, or -1 where it did not. */
int finish(int pid);

#endif
