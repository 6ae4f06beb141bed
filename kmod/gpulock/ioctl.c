// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * /dev/gpulock: one line per command in the table at the end; gpulock_uapi.h has what each means.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "check.h"
#include "ioctl.h"
#include "operation.h"

/* All arguments are of one size class: the largest is on the stack. */
union argument {
	struct gpulock_alloc alloc;
	struct gpulock_free free;
	struct gpulock_query query;
	struct gpulock_set_quota set_quota;
	struct gpulock_check check;
	struct gpulock_grant grant;
	struct gpulock_revoke revoke;
	struct gpulock_check_batch batch;
};

static int do_alloc(struct owner *owner, union argument *argument, void __user *at)
{
	return operation_alloc(owner, &argument->alloc, at);
}

static int do_free(struct owner *owner, union argument *argument, void __user *at)
{
	return operation_free(owner, argument->free.id);
}

static int do_query(struct owner *owner, union argument *argument, void __user *at)
{
	int error = operation_query(&argument->query);

	return !error && copy_to_user(at, argument, sizeof(argument->query)) ? -EFAULT : error;
}

static int do_set_quota(struct owner *owner, union argument *argument, void __user *at)
{
	return operation_set_quota(&argument->set_quota);
}

static int do_grant(struct owner *owner, union argument *argument, void __user *at)
{
	return operation_grant(&argument->grant);
}

static int do_revoke(struct owner *owner, union argument *argument, void __user *at)
{
	return operation_revoke(&argument->revoke);
}

/* 1 allowed, 0 denied, or -EINVAL. */
static __always_inline int check_one(const struct gpulock_check *asked)
{
	int answer;

	if (asked->zero)
		return -EINVAL;
	answer = check(asked->agent, asked->start, asked->size, asked->access);
	return answer == -EACCES ? 0 : answer ?: 1;
}

static long check_ioctl(struct gpulock_check __user *at)
{
	struct gpulock_check check;
	int answer;

	if (copy_from_user(&check, at, sizeof(check)))
		return -EFAULT;
	answer = check_one(&check);
	if (answer < 0)
		return answer;
	return put_user(answer, &at->allowed);
}

/* Copied a few at a time, since opening the way to user memory costs as much as a check does. */
#define CHUNK 16u

static int check_chunk(struct gpulock_check __user *at, struct gpulock_check *checks, u32 count)
{
	u32 i;

	if (copy_from_user(checks, at, count * sizeof(*checks)))
		return -EFAULT;
	for (i = 0; i < count; i++) {
		int answer = check_one(&checks[i]);

		if (answer < 0)
			return answer;
		checks[i].allowed = answer;
	}
	if (!user_write_access_begin(at, count * sizeof(*checks)))
		return -EFAULT;
	for (i = 0; i < count; i++)
		unsafe_put_user(checks[i].allowed, &at[i].allowed, fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

static int do_check_batch(struct owner *owner, union argument *argument, void __user *unused)
{
	struct gpulock_check __user *at = u64_to_user_ptr(argument->batch.checks);
	struct gpulock_check checks[CHUNK];
	u32 left = argument->batch.count;
	int error = 0;

	if (!left || left > GPULOCK_BATCH_MOST || argument->batch.zero)
		return -EINVAL;
	while (left && !error) {
		u32 count = min(left, CHUNK);

		error = check_chunk(at, checks, count);
		at += count;
		left -= count;
		cond_resched();
	}
	return error;
}

static const struct command {
	unsigned int number;
	int (*run)(struct owner *owner, union argument *argument, void __user *at);
	bool administers;
} commands[] = {
	{GPULOCK_ALLOC, do_alloc},
	{GPULOCK_FREE, do_free},
	{GPULOCK_QUERY, do_query},
	{GPULOCK_SET_QUOTA, do_set_quota, true},
	{GPULOCK_GRANT, do_grant, true},
	{GPULOCK_REVOKE, do_revoke, true},
	{GPULOCK_CHECK_BATCH, do_check_batch},
};

static const struct command *find_command(unsigned int number)
{
	for (u32 i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].number == number)
			return &commands[i];
	return NULL;
}

static long gpulock_ioctl(struct file *file, unsigned int number, unsigned long address)
{
	void __user *at = (void __user *)address;
	struct owner *owner = file->private_data;
	const struct command *command;
	union argument argument;

	if (likely(number == GPULOCK_CHECK))
		return check_ioctl(at);
	command = find_command(number);
	if (!command)
		return -ENOTTY;
	if (command->administers && !owner->administrator)
		return -EPERM;
	if (copy_from_user(&argument, at, _IOC_SIZE(number)))
		return -EFAULT;
	return command->run(owner, &argument, at);
}

static int gpulock_open(struct inode *inode, struct file *file)
{
	struct owner *owner = kmalloc(sizeof(*owner), GFP_KERNEL);

	if (!owner)
		return -ENOMEM;
	INIT_LIST_HEAD(&owner->allocations);
	owner->administrator = capable(CAP_SYS_ADMIN);
	file->private_data = owner;
	return nonseekable_open(inode, file);
}

static int gpulock_release(struct inode *inode, struct file *file)
{
	struct owner *owner = file->private_data;

	mutex_lock(&gpulock_mutex);
	allocation_close(owner);
	mutex_unlock(&gpulock_mutex);
	kfree(owner);
	return 0;
}

const struct file_operations gpulock_file_operations = {
	.owner = THIS_MODULE,
	.open = gpulock_open,
	.release = gpulock_release,
	.unlocked_ioctl = gpulock_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
