/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Readers in the kernel that may still act on permission that was taken away. REVOKE waits for them
 * outside gpulock_mutex, so another call may find the grant gone while its readers are not; whoever
 * promises that there are none waits for those too.
 */
#ifndef GPULOCK_READERS_H
#define GPULOCK_READERS_H

/* When the module is loaded. */
void readers_start(void);

/* Permission was taken away just now. Under gpulock_mutex. */
void readers_cut(void);

/*
 * For readers_wait(), which then waits until none acts on what was taken away so far. Under
 * gpulock_mutex; the wait need not be.
 */
unsigned long readers_state(void);
void readers_wait(unsigned long state);

#endif
