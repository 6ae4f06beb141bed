// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counts launches in the kernel: nothing is sent for a launch. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "cuda-counter.h"

__u64 lost; /* launches of kernels beyond the table */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct counter_key);
	__type(value, struct counter_value);
} counts SEC(".maps");

SEC("uprobe")
int on_launch(struct pt_regs *ctx)
{
	struct counter_key key = {.function = PT_REGS_PARM1(ctx),
				  .process = bpf_get_current_pid_tgid() >> 32};
	struct counter_value *value = bpf_map_lookup_elem(&counts, &key), none = {0};

	if (!value) {
		bpf_map_update_elem(&counts, &key, &none, BPF_NOEXIST);
		value = bpf_map_lookup_elem(&counts, &key);
	}
	if (!value) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	__sync_fetch_and_add(&value->launches, 1);
	/* The first of three dimensions, the only one that most launches have. */
	__sync_fetch_and_add(&value->blocks, (__u32)PT_REGS_PARM2(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
