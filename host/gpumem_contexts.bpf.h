/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which context is current to a thread, and of which device it is. Part of gpumem.bpf.c.
 *
 * A context has a number of its own from when it is first seen, since another may get its address
 * when it is gone. A device's own (primary) context has the same for good.
 */
#ifndef EXITLAB_GPUMEM_CONTEXTS_BPF_H
#define EXITLAB_GPUMEM_CONTEXTS_BPF_H

#define CONTEXT_DEPTH 8 /* a power of two */

/* Of no number: unknown. */
struct context {
	__u64 handle; /* 0: unknown */
	__u32 number;
	__u32 device; /* its ordinal and 1; 0: unknown */
};

/*
 * The contexts that a thread has pushed, as many as there is room for: a place is emptied when it
 * is popped, so one that another took is unknown when it is come back to. Likewise before the
 * first.
 */
struct context_stack {
	__u32 depth;
	struct context contexts[CONTEXT_DEPTH];
};

/* What a thread remembers from the entry of a call to its return, and longer its contexts. */
struct thread {
	__u64 stack; /* its stack pointer at the entry; 0 outside */
	__u64 time;  /* of the entry */
	__u64 arguments[5];
	__u64 trace; /* the key of its stack */
	__u32 call;
	__u32 standing;
	struct context_stack contexts;
	/* With --summary-only. */
	__u64 taken_bytes; /* of the pointer that is being freed */
	__u32 program;	   /* its number; 0: none */
	__u8 space;	   /* of the call */
	bool taken;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

struct context_key {
	__u64 handle; /* of a context or a pool; of a device's own context its ordinal, too */
	__u32 process;
	__u32 unused;
};

struct context_known {
	struct context context;
	__u32 retained; /* of a device's own, during the trace */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GPUMEM_CONTEXTS);
	__type(key, struct context_key);
	__type(value, struct context_known);
} contexts SEC(".maps");

__u32 contexts_seen;

static __always_inline struct context *current_context(struct context_stack *stack)
{
	return &stack->contexts[stack->depth % CONTEXT_DEPTH];
}

static __always_inline void push_context(struct context_stack *stack, struct context context)
{
	stack->depth++;
	*current_context(stack) = context;
}

static __always_inline void pop_context(struct context_stack *stack)
{
	*current_context(stack) = (struct context){};
	stack->depth--;
}

static __always_inline struct context_key key_of(__u64 handle)
{
	return (struct context_key){.handle = handle, .process = bpf_get_current_pid_tgid() >> 32};
}

static __always_inline struct context new_context(__u64 handle, __u32 device)
{
	return (struct context){handle, __sync_fetch_and_add(&contexts_seen, 1) + 1, device};
}

static __always_inline void know(const struct context_key *key, struct context context)
{
	struct context_known known = {.context = context};
	__u32 id = key->process;
	struct gpumem_process *process = bpf_map_lookup_elem(&processes, &id);

	if (process)
		process->contexts = true;
	if (bpf_map_update_elem(&contexts, key, &known, BPF_ANY))
		count(&untracked);
}

/* One that is not known was made before the trace: its number is enough to tell it apart. */
static __always_inline struct context context_of(__u64 handle)
{
	struct context_key key = key_of(handle);
	struct context_known *known = bpf_map_lookup_elem(&contexts, &key);
	struct context context;

	if (known)
		return known->context;
	context = new_context(handle, 0);
	know(&key, context);
	return context;
}

/*
 * Both by its device and by its handle, which the CUDA runtime has made current before it retains
 * it. Two threads may retain the first time at once.
 */
static __always_inline void retain(__u64 handle, __u32 device)
{
	struct context_key key = key_of(device), its = key_of(handle);
	struct context_known fresh = {}, *known = bpf_map_lookup_elem(&contexts, &key);

	if (!known) {
		fresh.context = context_of(handle);
		fresh.context.device = device + 1;
		bpf_map_update_elem(&contexts, &key, &fresh, BPF_NOEXIST);
		known = bpf_map_lookup_elem(&contexts, &key);
	}
	if (!known) {
		count(&untracked);
		return;
	}
	__sync_fetch_and_add(&known->retained, 1);
	know(&its, known->context);
}

static __always_inline void send_take_back(struct thread *thread, struct context context)
{
	struct gpumem_event event = {
		.time = thread->time,
		.process = bpf_get_current_pid_tgid() >> 32,
		.type = GPUMEM_TAKE_BACK,
		.call = thread->call,
		.device = context.device - 1,
		.context = context.number,
	};

	send(&event);
}

static __always_inline void destroy(struct thread *thread, __u64 handle)
{
	struct context_key key = key_of(handle);
	struct context_known *known = bpf_map_lookup_elem(&contexts, &key);
	struct context context;

	if (!known)
		return;
	context = known->context;
	bpf_map_delete_elem(&contexts, &key);
	send_take_back(thread, context);
	if (current_context(&thread->contexts)->number == context.number)
		pop_context(&thread->contexts);
}

/*
 * Only the last release takes back. How many there were before the trace is unknown, so of a
 * process that had calls before it none is the last.
 */
static __always_inline void release_primary(struct thread *thread, __u32 device, bool reset)
{
	struct context_key key = key_of(device);
	struct context_known *known = bpf_map_lookup_elem(&contexts, &key);
	__u32 id = key.process;
	struct gpumem_process *process = bpf_map_lookup_elem(&processes, &id);
	bool last = false;

	if (!known)
		return;
	if (!reset && known->retained)
		last = __sync_fetch_and_add(&known->retained, -1) == 1;
	if (reset || (last && process && process->whole))
		send_take_back(thread, known->context);
}

#define LOCATION_IN_PROPERTIES 8 /* of memory and of pools */

/* The device, and 1, of a CUmemLocation; 0: unknown. */
static __always_inline __u32 device_at(__u64 address)
{
	struct {
		__s32 type, id;
	} location = {};

	if (bpf_probe_read_user(&location, sizeof(location), (void *)address) || !location.type)
		return 0;
	/* CU_MEM_LOCATION_TYPE_DEVICE; all others are of the host. */
	return 1 + (location.type == 1 ? location.id : GPUMEM_NO_DEVICE);
}

static __always_inline void know_pool(__u64 address, __u32 device)
{
	struct context_key key = key_of(read_number(address, 64));

	know(&key, (struct context){.device = device});
}

static __always_inline __u32 device_of_pool(__u64 pool)
{
	struct context_key key = key_of(pool);
	struct context_known *known = bpf_map_lookup_elem(&contexts, &key);

	return known ? known->context.device : 0;
}

/* A call that has succeeded. */
static __noinline int on_context(struct thread *thread, __u32 number)
{
	__u64 first, device;
	struct context context = {};
	struct context_key key;

	if (!thread || number >= GPUMEM_CALLS)
		return 0;
	first = thread->arguments[0];
	device = thread->arguments[1];
	switch (calls[number].shape) {
	case GPUMEM_MAKE:
		device = calls[number].device == 2   ? thread->arguments[2]
			 : calls[number].device == 3 ? thread->arguments[3]
						     : thread->arguments[4];
		key = key_of(read_number(first, 64));
		context = new_context(key.handle, (__u32)device + 1);
		know(&key, context);
		push_context(&thread->contexts, context);
		break;
	case GPUMEM_RETAIN:
		retain(read_number(first, 64), device);
		break;
	case GPUMEM_SET:
		if (first)
			*current_context(&thread->contexts) = context_of(first);
		else
			pop_context(&thread->contexts);
		break;
	case GPUMEM_PUSH:
		push_context(&thread->contexts, context_of(first));
		break;
	case GPUMEM_POP:
		pop_context(&thread->contexts);
		break;
	case GPUMEM_DESTROY:
		destroy(thread, first);
		break;
	case GPUMEM_RELEASE_PRIMARY:
	case GPUMEM_RESET_PRIMARY:
		release_primary(thread, first, calls[number].shape == GPUMEM_RESET_PRIMARY);
		break;
	case GPUMEM_POOL_OF:
		know_pool(first, (__u32)device + 1);
		break;
	case GPUMEM_POOL_AT:
		know_pool(first, device_at(device));
		break;
	case GPUMEM_NEW_POOL:
		know_pool(first, device_at(device + LOCATION_IN_PROPERTIES));
		break;
	}
	return 0;
}

/* Where the memory is that an allocation gave, and which context it is taken back with. */
static __always_inline void locate(struct gpumem_event *event, struct thread *thread, __u32 number)
{
	struct context *current = current_context(&thread->contexts);
	__u32 device;

	/* It may have become known since it became current. */
	if (!current->device && current->handle)
		*current = context_of(current->handle);
	device = current->device;
	if (calls[number].shape == GPUMEM_LOCATED)
		device = device_at(thread->arguments[2] + LOCATION_IN_PROPERTIES);
	if (calls[number].shape == GPUMEM_FROM_POOL)
		device = device_of_pool(thread->arguments[2]);
	if (calls[number].kind == GPUMEM_HOST)
		device = GPUMEM_NO_DEVICE + 1;
	event->device = device - 1;
	if (calls[number].kind != GPUMEM_POOL && calls[number].kind != GPUMEM_PHYSICAL)
		event->context = current->number;
}

static long forget_one(void *map, const struct context_key *key, void *value, __u32 *process)
{
	if (key->process == *process)
		bpf_map_delete_elem(&contexts, key);
	return 0;
}

/* The process ends, or runs another program. */
static __always_inline void forget_contexts(struct gpumem_process *process, __u32 id)
{
	if (process->contexts)
		bpf_for_each_map_elem(&contexts, forget_one, &id, 0);
	process->contexts = false;
}

#endif
