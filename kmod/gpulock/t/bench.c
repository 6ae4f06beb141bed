// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a check costs, by layer, by number of grants and by number of agents; and what it would cost
 * with other structures. Sends run.rec, the stream of a GPU run, for the report, and tables of
 * medians.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "../../../guest-bench/record.h"
#include "bench.h"
#include "../../../guest-bench/send.h"
#include "tap.h"

#define SAMPLES 501
#define WARM_UP 50
#define BATCH	1024

static int fd, bench, control;
static uint32_t samples[SAMPLES];

/* A point: which agents, and how many grants each has. */
struct point {
	uint32_t first_agent, agents;
	uint64_t grants;
};

static uint64_t address(const struct point *point, uint32_t i)
{
	return BENCH_START((uint64_t)i * 7919 % point->grants);
}

static uint32_t agent(const struct point *point, uint32_t i)
{
	return point->first_agent + i % point->agents;
}

static inline uint64_t now(void)
{
	unsigned int cpu;

	return __rdtscp(&cpu);
}

/* Each times one of what it is, the ith; in ticks. */
static uint64_t time_empty(const struct point *point, uint32_t i)
{
	uint64_t before = now();

	(void)point;
	(void)i;
	return now() - before;
}

static uint64_t time_unknown(const struct point *point, uint32_t i)
{
	uint64_t before = now();

	(void)point;
	(void)i;
	ioctl(fd, _IO(GPULOCK_MAGIC, 0));
	return now() - before;
}

static void must(bool good, const char *what)
{
	if (!good)
		bail("%s: %s", what, strerror(errno));
}

static uint64_t time_check(const struct point *point, uint32_t i)
{
	struct gpulock_check check = {.agent = agent(point, i),
				      .access = GPULOCK_READ,
				      .start = address(point, i),
				      .size = BENCH_PAGE};
	uint64_t before = now(), ticks;
	int error = ioctl(fd, GPULOCK_CHECK, &check);

	ticks = now() - before;
	must(!error && check.allowed, "CHECK");
	return ticks;
}

/* Of a whole batch; what is kept is a check's share. */
static uint64_t time_batch(const struct point *point, uint32_t i)
{
	static struct gpulock_check checks[BATCH];
	struct gpulock_check_batch batch = {.checks = (uintptr_t)checks, .count = BATCH};
	uint64_t before, ticks;
	int error;

	for (uint32_t j = 0; j < BATCH; j++)
		checks[j] = (struct gpulock_check){.agent = agent(point, i + j),
						   .access = GPULOCK_READ,
						   .start = address(point, i * BATCH + j),
						   .size = BENCH_PAGE};
	before = now();
	error = ioctl(fd, GPULOCK_CHECK_BATCH, &batch);
	ticks = now() - before;
	must(!error && checks[BATCH - 1].allowed, "CHECK_BATCH");
	return ticks / BATCH;
}

static int test_line(char line[64], const struct point *point, uint32_t i)
{
	return snprintf(line, 64, "test_dma %u %#llx r", agent(point, i),
			(unsigned long long)address(point, i));
}

static uint64_t time_write(const struct point *point, uint32_t i)
{
	char line[64];
	int length = test_line(line, point, i);
	uint64_t before = now(), ticks;
	ssize_t wrote = write(control, line, length);

	ticks = now() - before;
	must(wrote == length, "write");
	return ticks;
}

static uint64_t time_open_write(const struct point *point, uint32_t i)
{
	char line[64];
	int length = test_line(line, point, i), file;
	uint64_t before = now(), ticks;
	ssize_t wrote;

	file = open("/proc/swarm/gpu/control", O_WRONLY);
	wrote = write(file, line, length);
	close(file);
	ticks = now() - before;
	must(wrote == length, "open, write");
	return ticks;
}

static uint64_t time_alloc(const struct point *point, uint32_t i)
{
	struct gpulock_alloc request = {.agent = agent(point, i), .size = BENCH_PAGE};
	uint64_t before = now(), ticks;
	int error = ioctl(fd, GPULOCK_ALLOC, &request);

	ticks = now() - before;
	must(!error && !free_id(fd, request.id), "ALLOC");
	return ticks;
}

static uint64_t time_free(const struct point *point, uint32_t i)
{
	struct gpulock_alloc request = {.agent = agent(point, i), .size = BENCH_PAGE};
	struct gpulock_free release;
	uint64_t before, ticks;
	int error;

	must(!ioctl(fd, GPULOCK_ALLOC, &request), "ALLOC");
	release.id = request.id;
	before = now();
	error = ioctl(fd, GPULOCK_FREE, &release);
	ticks = now() - before;
	must(!error, "FREE");
	return ticks;
}

/* The layers, from the inside out. id as reports have it. */
static const struct layer {
	const char *id, *name;
	uint64_t (*time)(const struct point *point, uint32_t i); /* NULL: the kernel times it */
} layers[] = {
	{"KERNEL", "in-kernel check", NULL},
	{"CHANGED", "in-kernel check, grants just changed", NULL},
	{"ENOTTY", "empty ioctl (ENOTTY)", time_unknown},
	{"CHECK", "CHECK ioctl", time_check},
	{"BATCH", "CHECK_BATCH, per check", time_batch},
	{"WRITE", "/proc write on an open descriptor", time_write},
	{"OPENWRITE", "/proc open + write + close", time_open_write},
	{"ALLOC", "ALLOC ioctl", time_alloc},
	{"FREE", "FREE ioctl", time_free},
};

static int compare(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static void sort_samples(void)
{
	qsort(samples, SAMPLES, sizeof(*samples), compare);
}

static void kernel_samples(uint32_t what, const struct point *point)
{
	struct bench_run run = {.what = what,
				.first_agent = point->first_agent,
				.agents = point->agents,
				.count = SAMPLES,
				.grants = point->grants,
				.samples = (uintptr_t)samples};

	must(!ioctl(bench, BENCH_RUN, &run), "BENCH_RUN");
}

static void user_samples(uint64_t (*time)(const struct point *, uint32_t),
			 const struct point *point)
{
	uint32_t count = time == time_batch ? 51 : SAMPLES;

	for (uint32_t i = 0; i < WARM_UP && time != time_batch; i++)
		time(point, i);
	for (uint32_t i = 0; i < SAMPLES; i++)
		samples[i] = i < count ? time(point, WARM_UP + i) : samples[i % count];
}

/* run.rec, as it grows. */
static struct {
	char bytes[1 << 20];
	size_t size;
	uint64_t rows, total;
} stream;

static void put(struct record_header header, const void *payload)
{
	size_t size = (size_t)header.count * header.width;

	header.magic = RECORD_MAGIC;
	header.version = RECORD_VERSION_GPU;
	header.clock = CLOCK_NS;
	header.checksum = record_checksum(&header, payload);
	if (stream.size + sizeof(header) + size > sizeof(stream.bytes))
		bail("run.rec is too large");
	memcpy(stream.bytes + stream.size, &header, sizeof(header));
	memcpy(stream.bytes + stream.size + sizeof(header), payload, size);
	stream.size += sizeof(header) + size;
}

static void put_text(struct record_header header, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put_text(struct record_header header, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	header.count = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	header.width = 1;
	put(header, text);
}

/* Ticks become instructions under the insn clock; a bracket's own are taken off. */
static void put_row(const struct layer *layer, const struct point *point, uint32_t floor)
{
	static double values[SAMPLES];
	struct record_header header = {.kind = RECORD_SERIES,
				       .row = ++stream.rows,
				       .pass = PASS_TIMED,
				       .width = sizeof(double),
				       .count = SAMPLES,
				       .executed = SAMPLES};

	for (int i = 0; i < SAMPLES; i++)
		values[i] = (double)samples[i] - floor;
	put(header, values);
	put_text((struct record_header){.kind = RECORD_VERDICT,
					.row = header.row,
					.pass = PASS_TIMED},
		 "status=ok\nreason=\nid=%s.%llu-%u\nname=%s\nunit=%s\nbetter=lower\nclock=host\n"
		 "throttled=0\ngrants=%llu\nagents=%u\nfloor=%u\n",
		 layer->id, (unsigned long long)point->grants, point->agents, layer->name,
		 getenv("CLOCK") ?: "cycles", (unsigned long long)point->grants, point->agents,
		 floor);
	stream.total += SAMPLES;
}

static void send_line(const char *file, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void send_line(const char *file, const char *format, ...)
{
	char line[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	send_file(file, line, strlen(line));
}

static uint32_t user_floor, kernel_floor;

static void run_layer(const struct layer *layer, const struct point *point)
{
	uint32_t floor = layer->time ? user_floor : kernel_floor;

	if (layer->time == time_batch)
		floor = 0; /* a thousandth of it */
	/* Indexed behind a tenth of a second, or not yet. */
	if (strcmp(layer->id, "CHANGED"))
		usleep(300000);
	for (uint32_t i = 0; i < point->agents && !strcmp(layer->id, "CHANGED"); i++)
		must(!grant(fd, point->first_agent + i, 0, 1, GPULOCK_READ) &&
			     !revoke(fd, point->first_agent + i, 0, 1),
		     "GRANT, REVOKE");
	if (layer->time)
		user_samples(layer->time, point);
	else
		kernel_samples(BENCH_CHECK, point);
	put_row(layer, point, floor);
	sort_samples();
	send_line("budget.tsv", "%s\t%s\t%llu\t%u\t%u\t%u\t%u\n", layer->id, layer->name,
		  (unsigned long long)point->grants, point->agents, samples[SAMPLES / 2] - floor,
		  samples[0] - floor, samples[SAMPLES - 1] - floor);
}

static void fill(uint32_t to, uint64_t grants)
{
	if (set_quota(fd, to, 1ull << 40))
		bail("SET_QUOTA");
	for (uint64_t i = 0; i < grants; i++)
		if (grant(fd, to, BENCH_START(bench_order(i, grants)), BENCH_PAGE, GPULOCK_READ))
			bail("GRANT %llu", (unsigned long long)i);
}

static void run_budget(void)
{
	static const uint64_t grants[] = {1, 1000, 100000};
	static const uint32_t agents[] = {1, 2, 4};

	for (uint32_t i = 0; i < ARRAY_SIZE(grants); i++)
		for (uint32_t j = 0; j < 4; j++)
			fill(1 + 10 * i + j, grants[i]);
	for (size_t k = 0; k < ARRAY_SIZE(layers); k++)
		for (uint32_t i = 0; i < ARRAY_SIZE(grants); i++)
			for (size_t j = 0; j < ARRAY_SIZE(agents); j++)
				run_layer(&layers[k],
					  &(struct point){1 + 10 * i, agents[j], grants[i]});
}

static void run_structures(void)
{
	static const char *const names[BENCH_WHATS] = {[BENCH_MAPLE] = "maple tree",
						       [BENCH_MAPLE_ALLOC] = "maple tree with gaps",
						       [BENCH_INDEX] = "maple tree and index",
						       [BENCH_LIST] = "spinlock and list",
						       [BENCH_RHASHTABLE] = "rhashtable of pages"};

	for (uint64_t grants = 1; grants <= 100000; grants *= 10)
		for (uint32_t what = BENCH_MAPLE; what < BENCH_WHATS; what++) {
			kernel_samples(what, &(struct point){1, 1, grants});
			sort_samples();
			send_line("structures.tsv", "%s\t%llu\t%u\n", names[what],
				  (unsigned long long)grants, samples[SAMPLES / 2] - kernel_floor);
		}
}

int main(void)
{
	const struct point nothing = {1, 1, 1};

	send_open();
	must_load("gpulock", "devices=1");
	must_load("gpulock_bench", "");
	fd = device();
	bench = open("/dev/gpulock_bench", O_RDWR);
	control = open("/proc/swarm/gpu/control", O_WRONLY);
	must(bench >= 0 && control >= 0, "open");
	put_text((struct record_header){.kind = RECORD_INFO}, "kind=gpu\nsystem=gpulock\nunit=%s\n",
		 getenv("CLOCK") ?: "cycles");
	user_samples(time_empty, &nothing);
	sort_samples();
	user_floor = samples[SAMPLES / 2];
	kernel_samples(BENCH_EMPTY, &nothing);
	sort_samples();
	kernel_floor = samples[SAMPLES / 2];
	run_budget();
	run_structures();
	put((struct record_header){.kind = RECORD_DONE,
				   .executed = stream.rows,
				   .total = stream.total},
	    "");
	send_file("run.rec", stream.bytes, stream.size);
	send_line("tap", "ok 1 - bench: measured\n1..1\n");
	send_done();
	return 0;
}
