// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The launches of vec_add: with its probe and without, in turns, where that can be. */
#include <dlfcn.h>
#include <sched.h>
#include <time.h>

#include "../../host/util.h"
#include "turns.h"
#include "vec_add.h"

#define WARM_UP 100 /* launches, where there are more than this to time */
#define TURNS	10  /* with the probe, and as many without */

struct run {
	const struct device *device;
	const struct load *load;
	struct result *result;
	probe_turn_call *take; /* NULL: there are no turns */
	struct probe_turn turn;
	bool on;
};

/*
 * A CPU for this thread, the last one that it may have: what is in its caches stays there. Those
 * that the driver has made go where they like.
 */
static void take_cpu(void)
{
	cpu_set_t allowed, one;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET(cpu, &allowed)) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			sched_setaffinity(0, sizeof(one), &one);
			return;
		}
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static void launch(struct run *run)
{
	const struct device *device = run->device;
	const struct load *load = run->load;
	void *parameters[] = {(void *)&device->a, (void *)&device->b, (void *)&device->c,
			      (void *)&load->elements};

	CALL(run->turn.launch(run->turn.kernel, load->blocks, 1, 1, load->threads, 1, 1, 0, NULL,
			      parameters, NULL));
	run->result->launches += run->on;
}

static void warm_up(struct run *run, uint32_t launches)
{
	for (uint32_t i = 0; i < launches; i++) {
		launch(run);
		CALL(cu.CtxSynchronize());
	}
}

static void time_launches(struct run *run, struct times *times, uint32_t until)
{
	while (times->count < until) {
		double start = now_us(), launched;

		launch(run);
		launched = now_us();
		CALL(cu.CtxSynchronize());
		times->whole[times->count] = now_us() - start;
		times->launch[times->count++] = launched - start;
	}
}

/* TURN_TAKEN or TURN_NONE. */
static int take_turn(struct run *run, bool on)
{
	int taken = run->take(on, &run->turn);

	if (taken == TURN_FAILED)
		die("the probe could not be %s", on ? "put on" : "taken off");
	run->on = on;
	return taken;
}

/* What is verified in the end is of the launches that follow. */
static void forget_sums(const struct run *run)
{
	CALL(cu.MemsetD8(run->device->c, UNTOUCHED,
			 (run->load->elements + BEYOND) * sizeof(float)));
	CALL(cu.CtxSynchronize());
}

/*
 * Off and on follow each other as in on off off on on off off on: what drifts is in both alike. The
 * last one is on.
 */
static void run_turns(struct run *run)
{
	uint32_t iterations = run->load->iterations;
	uint32_t turns = iterations < TURNS ? iterations : TURNS;
	struct times *on = &run->result->on, *off = &run->result->off;

	for (uint32_t left = 2 * turns; left--;) {
		struct times *times = (left + 1) / 2 % 2 ? off : on;
		uint64_t number = (uint64_t)times->count * turns / iterations + 1;

		take_turn(run, times == on);
		forget_sums(run);
		warm_up(run, 1);
		/* Rounded up, so that the next turn finds its own number. */
		time_launches(run, times, (number * iterations + turns - 1) / turns);
	}
}

void vec_add_run(const struct device *device, const struct load *load, struct result *result)
{
	struct run run = {.device = device,
			  .load = load,
			  .result = result,
			  .turn = {KERNEL, device->kernel, cu.LaunchKernel},
			  .on = true};

	take_cpu();
	*(void **)&run.take = dlsym(RTLD_DEFAULT, PROBE_TURN);
	warm_up(&run, load->iterations > WARM_UP ? WARM_UP : 1);
	if (run.take && take_turn(&run, true) == TURN_TAKEN) {
		run_turns(&run);
		return;
	}
	forget_sums(&run);
	time_launches(&run, &result->on, load->iterations);
}
