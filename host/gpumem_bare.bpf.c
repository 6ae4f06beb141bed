// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs that do nothing: what is left of a probe is what the kernel's own part of it costs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("uprobe")
int bare_entry(void *context)
{
	return 0;
}

SEC("uretprobe")
int bare_return(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
