// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* libnvidia-ml by dlopen(); the calls used are the same in every version of it. */
#include <dlfcn.h>
#include <stddef.h>

#include "nvml.h"

enum { CLOCK_SM = 1, CLOCK_MEMORY = 2 };

struct utilisation {
	unsigned int gpu, memory;
};

static struct {
	int (*init)(void);
	int (*by_pci)(const char *id, void **device);
	int (*clock)(void *device, int which, unsigned int *mhz);
	int (*clock_max)(void *device, int which, unsigned int *mhz);
	int (*utilisation)(void *device, struct utilisation *utilisation);
	int (*link_generation)(void *device, unsigned int *generation);
	int (*link_width)(void *device, unsigned int *width);
	int (*driver_version)(char *version, unsigned int length);
	void *device; /* NULL: there is no NVML */
} nvml;

int nvml_open(const char *pci)
{
	static const struct {
		const char *symbol;
		size_t offset;
	} calls[] = {
#define CALL(member, symbol) {symbol, offsetof(typeof(nvml), member)}
		CALL(init, "nvmlInit_v2"),
		CALL(by_pci, "nvmlDeviceGetHandleByPciBusId_v2"),
		CALL(clock, "nvmlDeviceGetClockInfo"),
		CALL(clock_max, "nvmlDeviceGetMaxClockInfo"),
		CALL(utilisation, "nvmlDeviceGetUtilizationRates"),
		CALL(link_generation, "nvmlDeviceGetMaxPcieLinkGeneration"),
		CALL(link_width, "nvmlDeviceGetMaxPcieLinkWidth"),
		CALL(driver_version, "nvmlSystemGetDriverVersion"),
#undef CALL
	};
	void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW), *device;

	if (!library)
		return -1;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		void *call = dlsym(library, calls[i].symbol);

		if (!call)
			return -1;
		*(void **)((char *)&nvml + calls[i].offset) = call;
	}
	if (nvml.init() || nvml.by_pci(pci, &device))
		return -1;
	nvml.device = device;
	return 0;
}

static unsigned int clock_of(int (*call)(void *, int, unsigned int *), int which)
{
	unsigned int mhz;

	return nvml.device && !call(nvml.device, which, &mhz) ? mhz : 0;
}

unsigned int nvml_sm_clock(void)
{
	return clock_of(nvml.clock, CLOCK_SM);
}

unsigned int nvml_sm_clock_max(void)
{
	return clock_of(nvml.clock_max, CLOCK_SM);
}

unsigned int nvml_memory_clock_max(void)
{
	return clock_of(nvml.clock_max, CLOCK_MEMORY);
}

int nvml_utilisation(void)
{
	struct utilisation now;

	return nvml.device && !nvml.utilisation(nvml.device, &now) ? (int)now.gpu : -1;
}

double nvml_link_peak(void)
{
	/* GB/s of one lane and direction, after the line code: generation 1, 2, ... */
	static const double lanes[] = {0, 0.25, 0.5, 0.984615, 1.969231, 3.938462, 7.563};
	unsigned int generation, width;

	if (!nvml.device || nvml.link_generation(nvml.device, &generation) ||
	    nvml.link_width(nvml.device, &width))
		return 0;
	return generation < sizeof(lanes) / sizeof(lanes[0]) ? lanes[generation] * width : 0;
}

const char *nvml_driver_version(void)
{
	static char version[96];

	if (!nvml.device || nvml.driver_version(version, sizeof(version)))
		return "";
	return version;
}
