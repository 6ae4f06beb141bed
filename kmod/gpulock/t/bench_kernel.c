// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See bench.h. A sample is one check between two readings of the TSC, with interrupts off. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/msr.h>

#include "bench.h"
#include "gpulock.h"
#include "structures.h"

static const struct structure *const structures[BENCH_WHATS] = {
	[BENCH_MAPLE] = &structure_maple,	    [BENCH_MAPLE_ALLOC] = &structure_maple_alloc,
	[BENCH_INDEX] = &structure_index,	    [BENCH_LIST] = &structure_list,
	[BENCH_RHASHTABLE] = &structure_rhashtable,
};

/* Ticks of one check; U32_MAX where it was denied. */
static u32 time_check(u32 agent, u64 start)
{
	unsigned long flags;
	u64 before, after;
	int answer;

	local_irq_save(flags);
	before = rdtsc_ordered();
	answer = gpulock_check(agent, start, BENCH_PAGE, GPULOCK_READ);
	after = rdtsc_ordered();
	local_irq_restore(flags);
	return answer ? U32_MAX : after - before;
}

static u32 time_structure(const struct structure *structure, void *of, u64 start)
{
	unsigned long flags;
	u64 before, after;
	bool allowed;

	local_irq_save(flags);
	before = rdtsc_ordered();
	rcu_read_lock();
	allowed = structure->allow(of, start, start + BENCH_PAGE - 1, GPULOCK_READ);
	rcu_read_unlock();
	after = rdtsc_ordered();
	local_irq_restore(flags);
	return allowed ? after - before : U32_MAX;
}

static u32 time_nothing(void)
{
	unsigned long flags;
	u64 before, after;

	local_irq_save(flags);
	before = rdtsc_ordered();
	after = rdtsc_ordered();
	local_irq_restore(flags);
	return after - before;
}

static void *fill(const struct structure *structure, u64 grants)
{
	void *of = structure->create();

	for (u64 i = 0; of && i < grants; i++) {
		u64 start = BENCH_START(bench_order(i, grants));

		if (structure->add(of, start, start + BENCH_PAGE - 1, GPULOCK_READ)) {
			structure->destroy(of);
			of = NULL;
		}
		cond_resched();
	}
	/* The index is made at the first look-up, and takes memory: not with interrupts off. */
	if (of)
		structure->allow(of, 0, 0, GPULOCK_READ);
	return of;
}

static int take(const struct bench_run *run, void *of, u32 *samples)
{
	struct rnd_state random;

	prandom_seed_state(&random, run->grants + run->agents + run->seed);
	for (u32 i = 0; i < run->count; i++) {
		u64 start = BENCH_START(prandom_u32_state(&random) % run->grants);
		u32 agent = run->first_agent + prandom_u32_state(&random) % run->agents;

		if (run->what == BENCH_EMPTY)
			samples[i] = time_nothing();
		else if (run->what == BENCH_CHECK)
			samples[i] = time_check(agent, start);
		else
			samples[i] = time_structure(structures[run->what], of, start);
		if (samples[i] == U32_MAX)
			return -EIO;
		cond_resched();
	}
	return 0;
}

static int do_run(const struct bench_run *run)
{
	const struct structure *structure;
	u32 *samples;
	void *of = NULL;
	int error;

	if (run->what >= BENCH_WHATS || !run->agents || !run->grants || !run->count ||
	    run->count > BENCH_SAMPLES_MOST)
		return -EINVAL;
	structure = structures[run->what];
	samples = vmalloc(run->count * sizeof(*samples));
	if (structure)
		of = fill(structure, run->grants);
	error = samples && (of || !structure) ? take(run, of, samples) : -ENOMEM;
	if (!error &&
	    copy_to_user(u64_to_user_ptr(run->samples), samples, run->count * sizeof(*samples)))
		error = -EFAULT;
	if (of)
		structure->destroy(of);
	vfree(samples);
	return error;
}

static long bench_ioctl(struct file *file, unsigned int number, unsigned long address)
{
	static DEFINE_MUTEX(one_at_a_time);
	struct bench_run run;
	int error;

	if (number != BENCH_RUN)
		return -ENOTTY;
	if (copy_from_user(&run, (void __user *)address, sizeof(run)))
		return -EFAULT;
	mutex_lock(&one_at_a_time);
	error = do_run(&run);
	mutex_unlock(&one_at_a_time);
	return error;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = bench_ioctl,
};

static struct miscdevice node = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &operations,
	.mode = 0600,
};

module_misc_device(node);
MODULE_DESCRIPTION("Benchmark of gpulock and of what it could have been");
MODULE_LICENSE("Dual BSD/GPL");
