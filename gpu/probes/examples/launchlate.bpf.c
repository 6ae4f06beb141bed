// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The time from the entry of the launch call to its return, in slots of powers of two of each CPU.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>

#include "launchlate.h"

__u64 lost; /* returns without an entry, entries of more threads than the table has */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, __u64);
} entered SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LATENCY_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} slots SEC(".maps");

SEC("uprobe")
int on_entry(void *ctx)
{
	__u32 thread = bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&entered, &thread, &now, BPF_ANY);
	return 0;
}

static __always_inline __u32 slot_of(__u64 ns)
{
	__u32 slot = 0;

	for (int half = 32; half; half /= 2)
		if (ns >> half) {
			ns >>= half;
			slot += half;
		}
	return slot < LATENCY_SLOTS ? slot : LATENCY_SLOTS - 1;
}

SEC("uretprobe")
int on_return(void *ctx)
{
	__u32 thread = bpf_get_current_pid_tgid(), slot;
	__u64 now = bpf_ktime_get_ns();
	__u64 *start = bpf_map_lookup_elem(&entered, &thread), *count;

	if (!start) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	slot = slot_of(now - *start);
	bpf_map_delete_elem(&entered, &thread);
	count = bpf_map_lookup_elem(&slots, &slot);
	if (count)
		++*count;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
