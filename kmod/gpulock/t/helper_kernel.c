// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See helper.h. Of the tests alone: it can be asked to do what no module may. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "gpulock.h"
#include "helper.h"

static struct helper_hold hold;
static bool inside, release;
static DECLARE_COMPLETION(entered);
static struct task_struct *reader;
static DEFINE_MUTEX(one_at_a_time);

static int read_side(void *unused)
{
	unsigned long end = jiffies + msecs_to_jiffies(hold.hold_ms);

	rcu_read_lock();
	hold.answer = gpulock_check(hold.agent, hold.start, hold.size, hold.access);
	WRITE_ONCE(inside, true);
	complete(&entered);
	while (!READ_ONCE(release) && time_before(jiffies, end))
		udelay(100);
	WRITE_ONCE(inside, false);
	rcu_read_unlock();
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static void end_reader(void)
{
	if (!reader)
		return;
	WRITE_ONCE(release, true);
	kthread_stop(reader);
	reader = NULL;
}

static int start_reader(struct helper_hold __user *at)
{
	end_reader();
	if (copy_from_user(&hold, at, sizeof(hold)))
		return -EFAULT;
	WRITE_ONCE(release, false);
	reinit_completion(&entered);
	reader = kthread_run(read_side, NULL, "gpulock_reader");
	if (IS_ERR(reader)) {
		int error = PTR_ERR(reader);

		reader = NULL;
		return error;
	}
	wait_for_completion(&entered);
	return copy_to_user(at, &hold, sizeof(hold)) ? -EFAULT : 0;
}

static int read_stale(void)
{
	int *volatile stale = kmalloc(sizeof(*stale), GFP_KERNEL);

	if (!stale)
		return -ENOMEM;
	kfree(stale);
	return READ_ONCE(*stale) & 1;
}

/* To do so would leave the count of locks wrong, and crash whoever has it next. */
static void sleep_under_lock(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

/*
 * A page that can be mapped, each first write to which waits, as one to memory behind a userfaultfd
 * does.
 */
static struct page *page;
static DECLARE_COMPLETION(let);
static atomic_t stalled;

static vm_fault_t on_read(struct vm_fault *fault)
{
	get_page(page);
	fault->page = page;
	return 0;
}

static vm_fault_t on_write(struct vm_fault *fault)
{
	int error;

	atomic_inc(&stalled);
	error = wait_for_completion_killable(&let);
	atomic_dec(&stalled);
	if (error)
		return VM_FAULT_SIGBUS;
	lock_page(fault->page);
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct page_operations = {
	.fault = on_read,
	.page_mkwrite = on_write,
};

static int helper_mmap(struct file *file, struct vm_area_struct *area)
{
	if (area->vm_pgoff || area->vm_end - area->vm_start != PAGE_SIZE ||
	    !(area->vm_flags & VM_SHARED))
		return -EINVAL;
	area->vm_ops = &page_operations;
	return 0;
}

static u64 shared;

static int race(void *unused)
{
	while (!kthread_should_stop()) {
		for (int i = 0; i < 1000; i++)
			*(volatile u8 *)&shared += 1;
		shared++;
		cond_resched();
	}
	return 0;
}

static void race_for_a_while(void)
{
	struct task_struct *one = kthread_run(race, NULL, "race_one");
	struct task_struct *two = kthread_run(race, NULL, "race_two");

	msleep(2000);
	if (!IS_ERR(one))
		kthread_stop(one);
	if (!IS_ERR(two))
		kthread_stop(two);
}

static int do_plant(u32 what)
{
	switch (what) {
	case PLANT_WARN:
		WARN(1, "planted\n");
		return 0;
	case PLANT_STALE:
		return read_stale();
	case PLANT_SLEEP:
		sleep_under_lock();
		return 0;
	case PLANT_LEAK:
		for (int i = 0; i < 10; i++)
			memset(kmalloc(1000, GFP_KERNEL), 1, 1000);
		return 0;
	case PLANT_RACE:
		race_for_a_while();
		return 0;
	default:
		return -EINVAL;
	}
}

static long helper_ioctl(struct file *file, unsigned int number, unsigned long address)
{
	long answer = -ENOTTY;
	u32 what;

	mutex_lock(&one_at_a_time);
	switch (number) {
	case HELPER_HOLD:
		answer = start_reader((void __user *)address);
		break;
	case HELPER_INSIDE:
		answer = READ_ONCE(inside);
		break;
	case HELPER_RELEASE:
		end_reader();
		answer = 0;
		break;
	case HELPER_STALLED:
		answer = atomic_read(&stalled);
		break;
	case HELPER_LET:
		complete_all(&let);
		answer = 0;
		break;
	case HELPER_PLANT:
		answer = get_user(what, (u32 __user *)address) ?: do_plant(what);
		break;
	}
	mutex_unlock(&one_at_a_time);
	return answer;
}

static int helper_release(struct inode *inode, struct file *file)
{
	mutex_lock(&one_at_a_time);
	end_reader();
	mutex_unlock(&one_at_a_time);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = helper_ioctl,
	.release = helper_release,
	.mmap = helper_mmap,
};

static struct miscdevice node = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &operations,
	.mode = 0600,
};

static int __init helper_init(void)
{
	int error;

	page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!page)
		return -ENOMEM;
	error = misc_register(&node);
	if (error)
		__free_page(page);
	return error;
}

static void __exit helper_exit(void)
{
	misc_deregister(&node);
	__free_page(page);
}

module_init(helper_init);
module_exit(helper_exit);
MODULE_DESCRIPTION("Helper of the tests of gpulock");
MODULE_LICENSE("Dual BSD/GPL");
