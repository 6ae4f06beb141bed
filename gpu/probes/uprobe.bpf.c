// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a uprobe on cuLaunchKernel can do, from nothing to a hash table: one program for each. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "host_event.h"

__u64 entries, exits, lost;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, HOST_RING_BYTES);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} percpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, HOST_KERNELS);
	__type(key, __u64);
	__type(value, __u64);
} hash SEC(".maps");

SEC("uprobe")
int nothing(void *ctx)
{
	return 0;
}

SEC("uprobe")
int count_entry(void *ctx)
{
	__sync_fetch_and_add(&entries, 1);
	return 0;
}

SEC("uretprobe")
int count_exit(void *ctx)
{
	__sync_fetch_and_add(&exits, 1);
	return 0;
}

SEC("uprobe")
int ring_event(struct pt_regs *ctx)
{
	struct host_event *event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	event->ns = bpf_ktime_get_ns();
	event->function = PT_REGS_PARM1(ctx);
	event->process = bpf_get_current_pid_tgid() >> 32;
	event->blocks = PT_REGS_PARM2(ctx);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("uprobe")
int percpu_count(void *ctx)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&percpu, &zero);

	if (count)
		++*count;
	return 0;
}

SEC("uprobe")
int hash_count(struct pt_regs *ctx)
{
	__u64 function = PT_REGS_PARM1(ctx), none = 0;
	__u64 *count = bpf_map_lookup_elem(&hash, &function);

	if (!count) {
		bpf_map_update_elem(&hash, &function, &none, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&hash, &function);
	}
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		__sync_fetch_and_add(&lost, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
