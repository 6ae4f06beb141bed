/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What NVML tells of the device: clocks, so that throttled samples can be dropped, utilisation, the
 * link. Optional: without libnvidia-ml everything reads as unknown and the run says so.
 */
#ifndef EXITLAB_GPU_NVML_H
#define EXITLAB_GPU_NVML_H

/* Finds the device by its PCI address, "0000:01:00.0". 0, or -1: there is no NVML, or not there. */
int nvml_open(const char *pci);

/* MHz of the multiprocessors: now, and at most. 0: unknown. */
unsigned int nvml_sm_clock(void);
unsigned int nvml_sm_clock_max(void);

/* MHz of the device memory at most; 0: unknown. */
unsigned int nvml_memory_clock_max(void);

/* Percent of the last sampling period (1/6 s to 1 s) in which a kernel ran; -1: unknown. */
int nvml_utilisation(void);

/* One direction of the link at its best, in 10^9 bytes a second before protocol; 0: unknown. */
double nvml_link_peak(void);

/* "580.159.04"; "" where unknown. */
const char *nvml_driver_version(void);

#endif
