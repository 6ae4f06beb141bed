/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel has to complain of, in its log and by its taint. */
#ifndef GPULOCK_T_COMPLAINTS_H
#define GPULOCK_T_COMPLAINTS_H

#define COMPLAINT_MOST 256

struct complaints {
	int found;
	char first[COMPLAINT_MOST];
	/*
	 * Data races that KCSAN found without a module of gpulock on either side, or between the
	 * two sides that a maple tree is made to have: the kernel's own. They are told of, with
	 * this function, and fail no test.
	 */
	int others;
	void (*tell_other)(const char *title);
	unsigned long taint; /* that is new, but for that of any module of another tree */
};

/* Opens the log; what the kernel said of its own start is not of a test. */
void complaints_open(void);

/* What there is since the last time; all of the log is sent as the file kernel.log. */
void complaints_read(struct complaints *complaints);

#endif
