/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Messages: "gpulock: event=NAME key=value ...", never more than a few in a second whatever a
 * tenant does.
 */
#ifndef GPULOCK_LOG_H
#define GPULOCK_LOG_H

#include <linux/printk.h>
#include <linux/ratelimit.h>

#include "parameters.h"

/* By now there is one without the name, since headers of the kernel's come before this one. */
#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

/* What an administrator wants to know. */
#define log_notice(fmt, ...) pr_notice_ratelimited("event=" fmt "\n", ##__VA_ARGS__)

/* What is of use with debug=1 only. */
#define log_event(fmt, ...)                                                                        \
	do {                                                                                       \
		/* An administrator may set it meanwhile. */                                       \
		if (data_race(debug))                                                              \
			pr_info_ratelimited("event=" fmt "\n", ##__VA_ARGS__);                     \
	} while (0)

#endif
