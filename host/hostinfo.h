/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The host as env.json describes it: what a number was measured on. */
#ifndef EXITLAB_HOSTINFO_H
#define EXITLAB_HOSTINFO_H

#include <jansson.h>

/* What emulates a CPU; UNKNOWN: neither a hypervisor's name nor a BIOS says. */
enum emulator { EMULATOR_UNKNOWN, EMULATOR_NONE, EMULATOR_TCG, EMULATOR_BOCHS };

/* Of this host's. */
enum emulator hostinfo_emulator(void);

/*
 * The "host" object of env.json, read from procfs, sysfs and CPUID. Sizes and frequencies carry
 * their unit in the key (_kb, _khz, _us). What cannot be read here is null, and its dotted key is
 * in the array "unavailable". Keys are sorted. Returns a new reference, or NULL without memory.
 */
json_t *hostinfo_json(void);

/*
 * The same for another tree and another CPUID, for tests: root is put before every path and may
 * not hold glob characters; signature is what the hypervisor calls itself, up to 12 characters, or
 * NULL where there is none.
 */
json_t *hostinfo_json_from(const char *root, const char *signature);

#endif
