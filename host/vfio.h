/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PCI devices for guests: what the host has, taken from their drivers for vfio-pci, and given back.
 * What there was is in a journal on the disk before anything is changed, so that `exitlab vfio
 * restore` puts it back after kill -9, too. Every function that can fail says why, and what mends
 * it, in one line on stderr.
 */
#ifndef EXITLAB_VFIO_H
#define EXITLAB_VFIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where to look, and where the journal is. */
struct vfio_host {
	const char
		*root; /* before every path of procfs, sysfs and devfs: "" or a tree, for tests */
	const char *state; /* directory of the journal and its lock */
};

extern const struct vfio_host vfio_this_host;

/* What switches the IOMMU on, in words; NULL where it is on. */
const char *vfio_iommu_fix(const struct vfio_host *host);

#define VFIO_BDF_SIZE	24 /* of "0000:65:00.0"; a domain may have more than four digits */
#define VFIO_NAME_SIZE	64 /* of a driver's name */
#define VFIO_GROUP_MOST 64 /* devices of one group */
#define VFIO_BARS	7  /* six, and the expansion ROM */

/*
 * Domain, bus, device, function as sysfs has them: "65:00.0" is 0000:65:00.0. False, and nothing is
 * said, where the text is none.
 */
bool vfio_parse_bdf(const char *text, char bdf[VFIO_BDF_SIZE]);

struct vfio_bar {
	unsigned int index; /* 0 to 5, 6 the expansion ROM */
	bool memory;	    /* else I/O ports */
	bool prefetchable, is_64bit;
	bool placed;	  /* the firmware or the kernel found an address for it */
	uint64_t address; /* physical; 0 unless placed */
	uint64_t size;	  /* bytes, a power of two */
};

/* The BARs that a device has, by index; how many. 0 where it has none or cannot be read. */
size_t vfio_bars(const struct vfio_host *host, const char *bdf, struct vfio_bar bars[VFIO_BARS]);

struct vfio_device {
	char bdf[VFIO_BDF_SIZE];
	unsigned int vendor, device, class; /* class: 24 bits, base, subclass, interface */
	char driver[VFIO_NAME_SIZE];	    /* "" none */
	char override[VFIO_NAME_SIZE];	    /* driver_override; "" none */
	int group;			    /* of the IOMMU; -1 none */
	int node;			    /* NUMA; -1 none is known */
	bool bridge;			    /* of PCI: neither taken nor in the way of its group */
	char reset[96];			    /* methods, by blanks: "flr bus"; "" none */
	char power[16];			    /* "D0", "D3hot", ...; "" not known */
};

/* Reads one. 0, or -1 where there is no such device; then nothing is said. */
int vfio_device_read(const struct vfio_host *host, const char *bdf, struct vfio_device *device);

/*
 * The NUMA node whose memory is nearest to the device, where there are several; -1: there is one,
 * none is known, or it has no memory of its own, so that nothing can be had from there.
 */
int vfio_memory_node(const struct vfio_host *host, const struct vfio_device *device);

/* The class in words, "3D controller". */
const char *vfio_class_name(unsigned int class);

/* A switch of NVLinks: it stays with the host, whose fabric manager sets it up. */
bool vfio_is_nvswitch(const struct vfio_device *device);

/* The devices of a group, by address; how many, 0 where there is no such group. */
size_t vfio_group(const struct vfio_host *host, int group,
		  char members[VFIO_GROUP_MOST][VFIO_BDF_SIZE]);

/*
 * Has this host iommufd, and this device, which is bound to vfio-pci, a file of its own for it?
 * Then path is that file, below /dev/vfio/devices.
 */
bool vfio_iommufd(const struct vfio_host *host, const char *bdf, char *path, size_t size);

/* What one vfio_take() took: the device itself first, then those of its group bound along. */
struct vfio_taken {
	size_t n; /* 0: left alone */
	struct {
		char bdf[VFIO_BDF_SIZE];
		bool ours; /* to be given back; else it was bound to vfio-pci before */
	} device[VFIO_GROUP_MOST];
};

/*
 * Binds the device, and what of its group has a driver, to vfio-pci, for as long as this process
 * lives or until vfio_give_back(). Refused where something uses one of them. An NVSwitch is left
 * alone, with a line on stderr: EXIT_OK and n is 0. Returns an exit code of util.h; but for EXIT_OK
 * the host is as it was. STOP_SIGNALS (stop_signals.h) wait until it is done.
 */
int vfio_take(const struct vfio_host *host, const char *bdf, struct vfio_taken *taken);

/*
 * Puts back the drivers that there were. Call it once nothing has the group open any more. EXIT_OK,
 * or EXIT_FAILED with what is not back kept in the journal. Twice is harmless.
 */
int vfio_give_back(const struct vfio_host *host, struct vfio_taken *taken);

#endif
