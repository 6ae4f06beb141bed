// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* NVML without a GPU: clocks and a link as the environment has them (../fakecuda/README.md). */
#include <stdio.h>
#include <stdlib.h>

#define SM_MHZ	   1980
#define MEMORY_MHZ 2000

enum { CLOCK_SM = 1, CLOCK_MEMORY = 2, INVALID_ARGUMENT = 2 };

struct utilisation {
	unsigned int gpu, memory;
};

int nvmlInit_v2(void);
int nvmlDeviceGetHandleByPciBusId_v2(const char *id, void **device);
int nvmlDeviceGetClockInfo(void *device, int which, unsigned int *mhz);
int nvmlDeviceGetMaxClockInfo(void *device, int which, unsigned int *mhz);
int nvmlDeviceGetUtilizationRates(void *device, struct utilisation *utilisation);
int nvmlDeviceGetMaxPcieLinkGeneration(void *device, unsigned int *generation);
int nvmlDeviceGetMaxPcieLinkWidth(void *device, unsigned int *width);
int nvmlSystemGetDriverVersion(char *version, unsigned int length);

/* A number of the environment. */
static unsigned int set(const char *name, unsigned int otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 10) : otherwise;
}

int nvmlInit_v2(void)
{
	return 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char *id, void **device)
{
	static int one;

	(void)id;
	*device = &one;
	return 0;
}

static unsigned int sm_clock(void)
{
	const char *path = getenv("FAKENVML_FILE");
	FILE *file = path ? fopen(path, "re") : NULL;
	unsigned int mhz = set("FAKENVML_SM_MHZ", SM_MHZ), read;

	if (file && fscanf(file, "%u", &read) == 1)
		mhz = read;
	if (file)
		fclose(file);
	return mhz;
}

int nvmlDeviceGetClockInfo(void *device, int which, unsigned int *mhz)
{
	(void)device;
	*mhz = which == CLOCK_SM ? sm_clock() : MEMORY_MHZ;
	return which == CLOCK_SM || which == CLOCK_MEMORY ? 0 : INVALID_ARGUMENT;
}

int nvmlDeviceGetMaxClockInfo(void *device, int which, unsigned int *mhz)
{
	(void)device;
	*mhz = which == CLOCK_SM ? SM_MHZ : MEMORY_MHZ;
	return which == CLOCK_SM || which == CLOCK_MEMORY ? 0 : INVALID_ARGUMENT;
}

int nvmlDeviceGetUtilizationRates(void *device, struct utilisation *utilisation)
{
	(void)device;
	*utilisation = (struct utilisation){.gpu = 100, .memory = 50};
	return 0;
}

int nvmlDeviceGetMaxPcieLinkGeneration(void *device, unsigned int *generation)
{
	(void)device;
	*generation = set("FAKENVML_LINK", 5);
	return 0;
}

int nvmlDeviceGetMaxPcieLinkWidth(void *device, unsigned int *width)
{
	(void)device;
	*width = set("FAKENVML_LANES", 16);
	return 0;
}

int nvmlSystemGetDriverVersion(char *version, unsigned int length)
{
	snprintf(version, length, "0.0");
	return 0;
}
