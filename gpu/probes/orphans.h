/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a probe or a workload has left in a session of its own, where no signal to its group comes:
 * a daemon that would run on beside the next case.
 */
#ifndef EXITLAB_PROBES_ORPHANS_H
#define EXITLAB_PROBES_ORPHANS_H

/* From now on children whose parent ends become ours. Those that we have already are not meant. */
void orphans_adopt(void);

/*
 * Ends those that have become ours, and theirs. No child that was started since orphans_adopt() may
 * be meant to live on. Does nothing where the kernel does not list children.
 */
void orphans_end(void);

#endif
