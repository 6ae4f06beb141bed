/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * By which calls of the program an allocation comes about. Part of gpumem.bpf.c.
 *
 * Each stack of a process is sent once, under a hash of 64 bits, which its allocations then carry.
 * A BPF map of stack traces would lose those that fall on one of its places together.
 */
#ifndef EXITLAB_GPUMEM_STACKS_BPF_H
#define EXITLAB_GPUMEM_STACKS_BPF_H

__u64 stackless; /* allocations whose stack the kernel could not read */

/* The oldest make room, and are sent again when they come again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, GPUMEM_STACKS);
	__type(key, __u64);
	__type(value, __u8);
} stacks_sent SEC(".maps");

/* Too large for the programs' own stack. A thread may be preempted amid it, so it is the thread's.
 */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct gpumem_stack);
} stack_room SEC(".maps");

/*
 * At a function's entry its caller has no frame yet that a walk by frame pointers would find (since
 * 6.11 the kernel looks for it, at functions that begin as most do).
 */
static __always_inline __u64 caller_of(struct pt_regs *ctx)
{
	__u64 caller = 0;

#ifdef __TARGET_ARCH_x86
	bpf_probe_read_user(&caller, sizeof(caller), (void *)PT_REGS_SP(ctx));
#else
	caller = PT_REGS_RET(ctx);
#endif
	return caller;
}

static __always_inline __u64 mix(__u64 hash, __u64 more)
{
	hash = (hash ^ more) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

/* Of equal addresses in another process, or in another program of the same, the hash is another. */
static __noinline __u64 hash_of(struct gpumem_stack *stack, struct task_struct *task)
{
	__u64 hash = 0;

	if (!stack || !task)
		return 0;
	bpf_core_read(&hash, sizeof(hash), &task->mm); /* as a number, not as a pointer */
	hash = mix(hash, task->group_leader->start_time);
	hash = mix(hash, stack->event.pointer);
	for (int i = 0; i < GPUMEM_FRAMES; i++) {
		if ((__u64)i >= stack->event.bytes)
			break;
		hash = mix(hash, stack->frames[i]);
	}
	return hash ?: 1;
}

/* The key of the stack, which is sent where it was not; 0: unknown. */
static __always_inline __u64 take_stack(struct pt_regs *ctx, struct task_struct *task)
{
	struct gpumem_stack *stack;
	__u8 sent = true;
	__u64 hash;
	long bytes;

	stack = bpf_task_storage_get(&stack_room, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!stack) {
		count(&stackless);
		return 0;
	}
	bytes = bpf_get_stack(ctx, stack->frames, sizeof(stack->frames), BPF_F_USER_STACK);
	if (bytes <= 0) {
		count(&stackless);
		return 0;
	}
	stack->event.type = GPUMEM_STACK;
	stack->event.process = task->tgid;
	stack->event.pointer = caller_of(ctx);
	stack->event.bytes = (__u32)bytes / sizeof(*stack->frames);
	hash = hash_of(stack, task);
	stack->event.stack = hash;
	if (bpf_map_lookup_elem(&stacks_sent, &hash))
		return hash;
	bpf_map_update_elem(&stacks_sent, &hash, &sent, BPF_ANY);
	bytes += sizeof(stack->event);
	if (bytes > (long)sizeof(*stack))
		bytes = sizeof(*stack);
	/* At once, since what the addresses are is known only as long as the process is there. */
	if (bpf_ringbuf_output(&events, stack, bytes, BPF_RB_FORCE_WAKEUP)) {
		count(&dropped[GPUMEM_STACK]);
		bpf_map_delete_elem(&stacks_sent, &hash);
	}
	return hash;
}

#endif
