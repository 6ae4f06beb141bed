// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dlfcn.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#include "nvml.h"
#include "tenant.h"

/* The kernels as nvcc built them; empty where there was none. */
extern const char kernels_image[], kernels_image_end[];

static CUevent timer[2];

/* One line of text, as a message. */
static void say(struct tenant *tenant, enum message_type type, const char *format,
		va_list arguments)
{
	char text[512];
	int length = vsnprintf(text, sizeof(text), format, arguments);

	if (length >= (int)sizeof(text))
		length = sizeof(text) - 1;
	for (int i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ')
			text[i] = ' ';
	message_send(tenant->fd, type, text, length);
}

#define SAYS(name, type, result, returned)                                                         \
	result name(struct tenant *tenant, const char *format, ...)                                \
	{                                                                                          \
		va_list arguments;                                                                 \
                                                                                                   \
		va_start(arguments, format);                                                       \
		say(tenant, type, format, arguments);                                              \
		va_end(arguments);                                                                 \
		return returned;                                                                   \
	}
SAYS(tenant_fail, MESSAGE_FAILED, int, -1)
SAYS(tenant_invalid, MESSAGE_INVALID, int, -1)
SAYS(tenant_waive, MESSAGE_WAIVED, int, -1)
SAYS(tenant_fact, MESSAGE_FACT, void, )

int tenant_check(struct tenant *tenant, CUresult error, const char *call, const char *file,
		 int line)
{
	if (!error)
		return 0;
	return tenant_fail(tenant, "%s: %s (%s:%d)", call, driver_error(error), file, line);
}

bool tenant_in_window(const struct tenant *tenant)
{
	return now_ns() < tenant->window.end;
}

int tenant_kernel(struct tenant *tenant, CUfunction *function, const char *name)
{
	CUresult error = cu.ModuleGetFunction(function, tenant->module, name);

	if (!error)
		return 0;
	return tenant_fail(tenant, "no kernel %s: %s", name, driver_error(error));
}

int tenant_timer_begin(struct tenant *tenant)
{
	for (int i = 0; i < 2; i++)
		if (!timer[i] && CALL(tenant, cu.EventCreate(&timer[i], CU_EVENT_DEFAULT)))
			return -1;
	return CALL(tenant, cu.EventRecord(timer[0], tenant->stream));
}

int tenant_timer_end(struct tenant *tenant, double *seconds)
{
	float milliseconds;

	if (CALL(tenant, cu.EventRecord(timer[1], tenant->stream)) ||
	    CALL(tenant, cu.EventSynchronize(timer[1])) ||
	    CALL(tenant, cu.EventElapsedTime(&milliseconds, timer[0], timer[1])))
		return -1;
	*seconds = milliseconds / 1000.0;
	return 0;
}

uint32_t work_index(const char *name)
{
	for (size_t i = 0; i < work_count; i++)
		if (!strcmp(works[i]->name, name))
			return i;
	fprintf(stderr, "gpubench: no work is called %s\n", name);
	abort();
}

/*
 * A CPU for itself, as far as there are enough: a call that finds its cache cold, or the CPU of
 * another tenant, takes longer. Only for this thread: those that the driver has made go where they
 * like.
 */
static void take_cpu(int place)
{
	cpu_set_t allowed, one;
	int left;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	left = place % CPU_COUNT(&allowed);
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET(cpu, &allowed) && left-- == 0) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			sched_setaffinity(0, sizeof(one), &one);
			return;
		}
}

/*
 * A context with the kernels and a stream in it, once in a tenant's life. The stream is the last:
 * what is missing after an order that was waived is tried again, and said again, for the next.
 */
static int make_context(struct tenant *tenant)
{
	CUresult error;

	if (tenant->stream)
		return 0;
	if (!tenant->context && CALL(tenant, cu.CtxCreate(&tenant->context, 0, tenant->device)))
		return -1;
	error = cu.ModuleLoadData(&tenant->module, kernels_image);
	if (error && &kernels_image[0] == &kernels_image_end[0])
		return tenant_waive(tenant, "built without nvcc, so there are no kernels: install "
					    "the CUDA toolkit and build again");
	if (error)
		return tenant_fail(tenant, "the kernels do not load: %s", driver_error(error));
	if (CALL(tenant, cu.StreamCreateWithPriority(&tenant->stream, CU_STREAM_NON_BLOCKING, 0)))
		return -1;
	take_cpu(tenant->place);
	return 0;
}

/* Waits without sleeping: all tenants begin within the time that a look at the clock takes. */
static void wait_for_start(const struct window *window)
{
	while (now_ns() < window->start)
		;
}

static void send_samples(struct tenant *tenant)
{
	const size_t most = MESSAGE_MAX / sizeof(double);
	const struct series *series = &tenant->series;

	for (size_t i = 0; i < series->count; i += most) {
		size_t count = series->count - i < most ? series->count - i : most;

		message_send(tenant->fd, MESSAGE_SAMPLES, series->values + i,
			     count * sizeof(double));
	}
}

/* One GO. A run that failed has said so. */
static void work_window(struct tenant *tenant, const struct work *work, const struct window *window)
{
	tenant->window = *window;
	tenant->busy = (struct busy){0};
	tenant->series.count = tenant->series.judged = tenant->series.watched = 0;
	tenant->series.started = tenant->series.throttled = 0;
	tenant->series.clock_matters = false;
	wait_for_start(window);
	tenant->busy.start = now_ns();
	if (work->run(tenant))
		return;
	if (!tenant->busy.end)
		tenant->busy.end = now_ns();
	tenant->busy.throttled = tenant->series.throttled;
	send_samples(tenant);
	message_send(tenant->fd, MESSAGE_RESULT, &tenant->busy, sizeof(tenant->busy));
}

/* An ORDER to its FINISH. false: the coordinator is gone, or talks nonsense. */
static bool obey(struct tenant *tenant, const struct order *order)
{
	const struct work *work = works[order->work];
	struct message message;
	bool alive;

	tenant->order = *order;
	tenant->state = NULL;
	if ((work->bare || !make_context(tenant)) && (!work->prepare || !work->prepare(tenant)))
		message_send(tenant->fd, MESSAGE_READY, NULL, 0);
	while ((alive = message_receive(tenant->fd, &message, UINT64_MAX) == MESSAGE_CAME) &&
	       message.type == MESSAGE_GO)
		work_window(tenant, work, &message.window);
	if (work->finish)
		work->finish(tenant);
	if (!alive || message.type != MESSAGE_FINISH)
		return false;
	return !message_send(tenant->fd, MESSAGE_READY, NULL, 0);
}

/* What the device is, for INFO and for the checks of what is physically possible. */
static void say_hello(struct tenant *tenant)
{
	static const struct {
		const char *key;
		int attribute;
	} attributes[] = {
		{"multiprocessors", CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT},
		{"l2_bytes", CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE},
		{"memory_bus_bits", CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH},
		{"memory_khz", CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE},
		{"sm_khz", CU_DEVICE_ATTRIBUTE_CLOCK_RATE},
		{"compute_major", CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR},
		{"compute_minor", CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR},
	};
	char name[128] = "", pci[32] = "", text[2048];
	size_t memory = 0;
	int version = 0, count = 0, length, value;

	cu.DeviceGetCount(&count);
	cu.DriverGetVersion(&version);
	cu.DeviceGetName(name, sizeof(name) - 1, tenant->device);
	cu.DeviceGetPCIBusId(pci, sizeof(pci), tenant->device);
	cu.DeviceTotalMem(&memory, tenant->device);
	nvml_open(pci);
	length = snprintf(text, sizeof(text),
			  "gpu=%s\npci=%s\ngpus=%d\nmemory_bytes=%zu\ncuda=%d.%d\ndriver=%s\n"
			  "sm_mhz_max=%u\nmemory_mhz_max=%u\nlink_gbs=%.3f\n",
			  name, pci, count, memory, version / 1000, version % 1000 / 10,
			  nvml_driver_version(), nvml_sm_clock_max(), nvml_memory_clock_max(),
			  nvml_link_peak());
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (!cu.DeviceGetAttribute(&value, attributes[i].attribute, tenant->device))
			length += snprintf(text + length, sizeof(text) - length, "%s=%d\n",
					   attributes[i].key, value);
	message_send(tenant->fd, MESSAGE_HELLO, text, length);
}

/*
 * The loader goes on without a library that it cannot preload: what is measured then is not the
 * limiter. NULL, or the reason.
 */
static const char *miss_library(const char *library)
{
	void *handle = library ? dlopen(library, RTLD_LAZY | RTLD_NOLOAD) : NULL;
	static char text[400];

	if (!library || handle) {
		if (handle)
			dlclose(handle);
		return NULL;
	}
	snprintf(text, sizeof(text),
		 "%.300s: the loader does not preload it; see LD_PRELOAD=it true", library);
	return text;
}

/* The limiter, the driver and the device. 0, or -1 after CANNOT. */
static int begin(struct tenant *tenant, const char *libcuda, const char *library)
{
	const char *why = miss_library(library) ?: driver_open(libcuda);
	CUresult error = why ? 0 : cu.Init(0);
	char text[300];
	int count = 0;

	if (!why && !error)
		error = cu.DeviceGetCount(&count) ?: count ? 0 : CUDA_ERROR_NO_DEVICE;
	if (!why && !error)
		error = cu.DeviceGet(&tenant->device, 0);
	if (!why && !error) {
		say_hello(tenant);
		return 0;
	}
	if (error)
		snprintf(text, sizeof(text), "no NVIDIA GPU: %s; nvidia-smi -L lists them",
			 driver_error(error));
	message_send(tenant->fd, MESSAGE_CANNOT, why ?: text, strlen(why ?: text));
	return -1;
}

int tenant_main(int fd, int place, const char *libcuda, const char *library)
{
	struct tenant tenant = {.fd = fd, .place = place};
	struct message message;

	/* A coordinator that is killed takes its tenants with it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (begin(&tenant, libcuda, library))
		return 77;
	while (message_receive(fd, &message, UINT64_MAX) == MESSAGE_CAME)
		if (message.type != MESSAGE_ORDER || message.order.work >= work_count ||
		    !obey(&tenant, &message.order))
			break;
	return 0;
}
