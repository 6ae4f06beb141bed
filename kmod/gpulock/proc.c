// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * /proc/swarm/gpu: what the module knows, as tables of words between spaces, the first line being
 * their names. A table is read while others change it: each line is true, and none is twice in it.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "agent.h"
#include "allocation.h"
#include "device.h"
#include "proc.h"
#include "stats.h"

static int show_stats(struct seq_file *file, void *unused)
{
	struct check_counts checks;

	mutex_lock(&gpulock_mutex);
	checks = stats_checks();
	seq_printf(file, "agents %u\nallocations %llu\n", agents_count, allocation_count());
	seq_printf(file, "checks %llu\ndenials %llu\n", checks.checks, checks.denials);
#define TOTAL(name) seq_printf(file, #name " %llu\n", totals.name);
	TOTALS(TOTAL)
#undef TOTAL
	for (u32 i = 0; i < GPULOCK_DEVICES_MOST; i++) {
		const struct device_slot *slot = &device_slots[i];

		if (slot->present)
			seq_printf(file, "device%u %s %04x:%04x %llu\n", i, slot->name,
				   slot->vendor, slot->product, slot->used);
	}
	mutex_unlock(&gpulock_mutex);
	return 0;
}

/*
 * Where a reader is: behind which line, said by what that line was of, since lines come and go
 * between two reads. number: how many lines there were before.
 */
struct place {
	loff_t number;
	u64 first, second; /* the next line is of these or later ones */
};

static void show_quota(struct seq_file *file, struct agent *agent)
{
	struct quota quota;

	quota_read(&agent->quota, &quota);
	seq_printf(file, "%u %llu %llu %llu %llu %#llx\n", agent->id, quota.limit, quota.used,
		   quota.peak, quota.allocations, agent->device_mask);
}

static void *next_agent(struct place *place)
{
	struct agent *agent = place->first > U32_MAX ? NULL : agent_at(place->first);

	if (agent)
		place->first = (u64)agent->id + 1;
	return agent;
}

static int show_quotas(struct seq_file *file, void *line)
{
	if (line == SEQ_START_TOKEN)
		seq_puts(file, "agent limit used peak allocations devices\n");
	else
		show_quota(file, line);
	return 0;
}

static void *next_allocation(struct place *place)
{
	struct allocation *allocation = allocation_at(place->first);

	if (allocation)
		place->first = allocation->id + 1;
	return allocation;
}

/* The address is hashed, as the kernel hashes its own: this file is for everyone. */
static int show_allocations(struct seq_file *file, void *line)
{
	const struct allocation *allocation = line;

	if (line == SEQ_START_TOKEN)
		seq_puts(file, "id agent device size start flags\n");
	else
		seq_printf(file, "%llu %u %u %llu %p %s\n", allocation->id, allocation->agent->id,
			   allocation->device, allocation->size, (void *)allocation->start,
			   allocation->flags & GPULOCK_KEEP ? "keep" : "-");
	return 0;
}

/* One grant, and whose it is. */
struct permission {
	u32 agent;
	const struct grant *grant;
};

/*
 * What is kept of an open file: where it is, where it was one line before, and the line where that
 * is no object.
 */
struct reader {
	struct place place, before;
	struct permission permission;
};

static void *next_permission(struct place *place)
{
	struct permission *permission = &container_of(place, struct reader, place)->permission;
	struct agent *agent;

	while (place->first <= U32_MAX && (agent = agent_at(place->first))) {
		if (agent->id != place->first)
			place->second = 0;
		permission->agent = agent->id;
		permission->grant = grants_next(&agent->grants, place->second);
		if (permission->grant && permission->grant->last != U64_MAX) {
			place->first = agent->id;
			place->second = permission->grant->last + 1;
			return permission;
		}
		place->first = (u64)agent->id + 1;
		place->second = 0;
		if (permission->grant)
			return permission;
	}
	return NULL;
}

/* Only an administrator sees addresses as they are. */
static int show_permissions(struct seq_file *file, void *line)
{
	const struct permission *permission = line;
	bool plain = file_ns_capable(file->file, &init_user_ns, CAP_SYS_ADMIN);
	const struct grant *grant;

	if (line == SEQ_START_TOKEN) {
		seq_puts(file, "agent start end access\n");
		return 0;
	}
	grant = permission->grant;
	seq_printf(file, "%u %#llx %#llx %s%s%s\n", permission->agent, plain ? grant->start : 0,
		   plain ? grant->last : 0, grant->access & GPULOCK_READ ? "r" : "",
		   grant->access & GPULOCK_WRITE ? "w" : "",
		   grant->access & GPULOCK_EXECUTE ? "x" : "");
	return 0;
}

/* The tables: how each goes on. The functions of seq_file know theirs by the file's data. */
struct table {
	void *(*next)(struct place *place);
	int (*show)(struct seq_file *file, void *line);
	int (*write)(char *line);
};

static const struct table stats = {.show = show_stats};
static const struct table quotas = {next_agent, show_quotas, control_quota};
static const struct table allocations = {next_allocation, show_allocations};
static const struct table permissions = {next_permission, show_permissions, control_grant};
static const struct table control = {.write = control_command};

static const struct table *table_of(const struct file *file)
{
	return pde_data(file_inode(file));
}

static void *table_next(struct seq_file *file, void *line, loff_t *position)
{
	struct reader *kept = file->private;

	kept->before = kept->place;
	kept->place.number = ++*position;
	return table_of(file->file)->next(&kept->place);
}

/*
 * Goes on where the last read ended. The last line may not have fitted then, so it is the place in
 * front of it that is gone on from; a reader that has sought back begins anew.
 */
static void *table_start(struct seq_file *file, loff_t *position)
{
	struct reader *kept = file->private;
	void *line = SEQ_START_TOKEN;
	loff_t wanted = *position;

	mutex_lock(&gpulock_mutex);
	if (!wanted || wanted <= kept->before.number)
		kept->before = (struct place){};
	kept->place = kept->before;
	for (*position = kept->place.number; line && *position < wanted;)
		line = table_next(file, line, position);
	*position = wanted;
	return line;
}

static void table_stop(struct seq_file *file, void *line)
{
	mutex_unlock(&gpulock_mutex);
}

static int table_show(struct seq_file *file, void *line)
{
	return table_of(file->file)->show(file, line);
}

static const struct seq_operations table_operations = {
	.start = table_start,
	.next = table_next,
	.stop = table_stop,
	.show = table_show,
};

#define LINE_MOST 128

/*
 * Who opened the file is who counts: a privileged program may be handed the descriptor of another.
 */
static ssize_t table_write(struct file *file, const char __user *from, size_t size,
			   loff_t *position)
{
	char line[LINE_MOST];
	size_t length;
	int error;

	if (!file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	if (!size || size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, size))
		return -EFAULT;
	if (memchr(line, '\0', size))
		return -EINVAL;
	length = size - (line[size - 1] == '\n');
	if (memchr(line, '\n', length))
		return -EINVAL;
	line[length] = '\0';
	error = table_of(file)->write(line);
	return error ?: size;
}

static int table_open(struct inode *inode, struct file *file)
{
	if (table_of(file)->next)
		return __seq_open_private(file, &table_operations, sizeof(struct reader)) ? 0
											  : -ENOMEM;
	return single_open(file, table_of(file)->show, NULL);
}

static int table_release(struct inode *inode, struct file *file)
{
	return table_of(file)->next ? seq_release_private(inode, file)
				    : single_release(inode, file);
}

static const struct proc_ops read_only = {
	.proc_open = table_open,
	.proc_read_iter = seq_read_iter,
	.proc_lseek = seq_lseek,
	.proc_release = table_release,
};

static const struct proc_ops read_write = {
	.proc_open = table_open,
	.proc_read_iter = seq_read_iter,
	.proc_lseek = seq_lseek,
	.proc_write = table_write,
	.proc_release = table_release,
};

static const struct proc_ops write_only = {
	.proc_lseek = noop_llseek,
	.proc_write = table_write,
};

static const struct {
	const char *name;
	umode_t mode;
	const struct proc_ops *operations;
	const struct table *table;
} files[] = {
	{"stats", 0444, &read_only, &stats},
	{"quotas", 0644, &read_write, &quotas},
	{"allocations", 0444, &read_only, &allocations},
	{"dma_permissions", 0644, &read_write, &permissions},
	{"control", 0200, &write_only, &control},
};

static struct proc_dir_entry *swarm;

int proc_start(void)
{
	struct proc_dir_entry *gpu;

	swarm = proc_mkdir("swarm", NULL);
	gpu = swarm ? proc_mkdir("gpu", swarm) : NULL;
	for (u32 i = 0; gpu && i < ARRAY_SIZE(files); i++)
		if (!proc_create_data(files[i].name, files[i].mode, gpu, files[i].operations,
				      (void *)files[i].table))
			gpu = NULL;
	if (gpu)
		return 0;
	proc_stop();
	return -ENOMEM;
}

void proc_stop(void)
{
	proc_remove(swarm);
}
