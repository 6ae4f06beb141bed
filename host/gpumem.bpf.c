// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sees every call of libcuda that gives or takes memory, at its entry for the arguments and at its
 * return for the result, and sends one event for both.
 *
 * The programs run in the threads that are traced, so they are short: what is known of a thread is
 * in its own storage, where it needs no key, has no limit and ends with the thread; whether a
 * process is meant is found out once a thread. The reader is woken when an eighth of the buffer is
 * full; it looks by itself, too.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "gpumem_shared.h"
#include "gpumem_summary_shared.h"

#define KERNEL_TYPE __attribute__((preserve_access_index))

typedef struct {
	int counter;
} KERNEL_TYPE atomic_t;

struct signal_struct {
	atomic_t live;
} KERNEL_TYPE;

struct task_struct {
	int pid;
	int tgid;
	char comm[GPUMEM_NAME];
	__u64 start_time;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	void *mm;
} KERNEL_TYPE;

/* Where a call leaves the stack, above where it found it. */
#ifdef __TARGET_ARCH_x86
#define RETURN_POPS 8
#else
#define RETURN_POPS 0
#endif

const volatile __u32 filter;
const volatile bool match_name;
const volatile char name_wanted[GPUMEM_NAME];
const volatile __u64 wake_at; /* bytes in the buffer */
const volatile bool with_stacks, summary_only;

__u64 since; /* ns: from here on nothing is missed; 0: not yet */

bool tracing; /* not while probes are put or removed, one after the other */

__u64 dropped[GPUMEM_TYPES]; /* by what it would have been; the buffer was full */
__u64 untracked;	     /* calls of threads without storage, and processes beyond the map */

static const struct {
	__u8 shape, kind, pointer_bits, size_bits, device;
} calls[] = {
#define CALL(symbol, shape, kind, pointer_bits, size_bits)                                         \
	{GPUMEM_##shape, GPUMEM_##kind, pointer_bits, size_bits, 0},
#include "gpumem.def"
#undef CALL
#define CONTEXT(symbol, shape, device) {GPUMEM_##shape, GPUMEM_KINDS, 0, 0, device},
#include "gpumem_contexts.def"
#undef CONTEXT
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GPUMEM_PROCESSES);
	__type(key, __u32);
	__type(value, struct gpumem_process);
} processes SEC(".maps");

enum standing { UNKNOWN, TRACED, IGNORED };

static __always_inline void count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

static __always_inline void send(const struct gpumem_event *event)
{
	__u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
	__u64 bytes = with_stacks ? sizeof(*event) : GPUMEM_EVENT_BYTES;
	__u64 flags = BPF_RB_NO_WAKEUP;

	if (summary_only)
		return;
	/* Once on the way up: who is late already is not helped by an interrupt an event. */
	if ((waiting >= wake_at && waiting < wake_at + 4096) ||
	    (with_stacks && event->type == GPUMEM_BEGIN))
		flags = BPF_RB_FORCE_WAKEUP;
	if (bpf_ringbuf_output(&events, (void *)event, bytes, flags) && event->type < GPUMEM_TYPES)
		count(&dropped[event->type]);
}

/* Reads what the driver has put at an address, of 32 or 64 bits. */
static __always_inline __u64 read_number(__u64 address, __u32 bits)
{
	__u64 value = 0;

	if (bits == 32)
		bpf_probe_read_user(&value, sizeof(__u32), (void *)address);
	else
		bpf_probe_read_user(&value, sizeof(value), (void *)address);
	return value;
}

#include "gpumem_contexts.bpf.h"
#include "gpumem_stacks.bpf.h"
#include "gpumem_summary.bpf.h"

static __always_inline void send_life(enum gpumem_type type, __u32 process)
{
	struct gpumem_event event = {.time = bpf_ktime_get_ns(), .process = process, .type = type};

	send(&event);
}

static __always_inline bool is_wanted(const char *name)
{
	for (int i = 0; i < GPUMEM_NAME; i++) {
		if (name[i] != name_wanted[i])
			return false;
		if (!name[i])
			break;
	}
	return true;
}

/* At the first call of a thread: are its process's calls sent? The process's first one begins it.
 */
static __noinline __u32 standing_of(struct task_struct *task)
{
	struct gpumem_process fresh = {.begun = true}, *process;
	struct gpumem_event event = {.type = GPUMEM_BEGIN};
	struct task_struct *leader;
	__u32 id;
	long error;

	if (!task)
		return IGNORED;
	leader = task->group_leader;
	id = task->tgid;
	process = bpf_map_lookup_elem(&processes, &id);
	if (filter == GPUMEM_TARGETS && !(process && process->target))
		return IGNORED;
	if (process && process->begun)
		return TRACED;
	bpf_probe_read_kernel(event.name, sizeof(event.name), leader->comm);
	if (match_name && !is_wanted(event.name))
		return IGNORED;
	event.time = leader->start_time;
	event.process = id;
	send(&event);
	fresh.whole = since && event.time >= since;
	if (process) {
		process->begun = true;
		return TRACED;
	}
	/* Another thread may have come first, and what it has put there stays. */
	error = bpf_map_update_elem(&processes, &id, &fresh, BPF_NOEXIST);
	if (error && error != -EEXIST)
		count(&untracked);
	return TRACED;
}

SEC("uprobe")
int BPF_KPROBE(on_call, __u64 first, __u64 second, __u64 third, __u64 fourth, __u64 fifth)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 stack = PT_REGS_SP(ctx), call = bpf_get_attach_cookie(ctx);
	struct thread *thread;

	if (!tracing)
		return 0;
	thread = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread) {
		count(&untracked);
		return 0;
	}
	if (thread->standing == UNKNOWN) {
		thread->standing = standing_of(task);
		if (summary_only && thread->standing == TRACED)
			thread->program = summary_begin(task);
	}
	if (thread->standing != TRACED || call >= GPUMEM_CALLS)
		return 0;
	/* One that the driver makes within another is the other's business. */
	if (thread->stack && stack < thread->stack)
		return 0;
	if (summary_only && thread->taken) /* a call that did not come back */
		summary_put_back(thread);
	thread->call = call;
	thread->stack = stack;
	thread->time = bpf_ktime_get_ns();
	thread->arguments[0] = first;
	thread->arguments[1] = second;
	thread->arguments[2] = third;
	thread->arguments[3] = fourth;
	thread->arguments[4] = fifth;
	if (calls[call].pointer_bits == 32 && calls[call].shape == GPUMEM_FREE)
		thread->arguments[0] = (__u32)first;
	if (with_stacks && calls[call].shape < GPUMEM_FREE)
		thread->trace = take_stack(ctx, task);
	if (summary_only)
		summary_enter(thread, call);
	return 0;
}

/* Of an allocation that succeeded. */
static __always_inline void fill(struct gpumem_event *event, struct thread *thread, __u32 number)
{
	bool pitch = calls[number].shape == GPUMEM_PITCH;

	event->time = bpf_ktime_get_ns();
	event->pointer = read_number(thread->arguments[0], calls[number].pointer_bits);
	if (pitch)
		event->bytes *= read_number(thread->arguments[1], calls[number].size_bits);
	locate(event, thread, number);
}

SEC("uretprobe")
int BPF_KRETPROBE(on_return, int result)
{
	__u64 number = bpf_get_attach_cookie(ctx);
	struct thread *thread = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), NULL, 0);
	struct gpumem_event event = {};

	if (!thread || !thread->stack || thread->call != number || number >= GPUMEM_CALLS ||
	    (__u64)PT_REGS_SP(ctx) < thread->stack + RETURN_POPS)
		return 0;
	thread->stack = 0;
	if (calls[number].shape > GPUMEM_FREE) {
		/* What is added up here is not told apart by context. */
		if (!result && !summary_only)
			on_context(thread, number);
		return 0;
	}
	event.process = bpf_get_current_pid_tgid() >> 32;
	event.call = number;
	event.result = result;
	event.time = thread->time;
	if (calls[number].shape == GPUMEM_FREE) {
		event.pointer = thread->arguments[0];
		/* Freeing nothing is allowed, and is none. */
		if (!event.pointer)
			return 0;
		event.type = result ? GPUMEM_FAILURE : GPUMEM_RELEASE;
	} else {
		event.type = result ? GPUMEM_FAILURE : GPUMEM_ALLOCATION;
		event.bytes = calls[number].shape == GPUMEM_PITCH ? thread->arguments[3]
								  : thread->arguments[1];
		if (calls[number].size_bits == 32)
			event.bytes = (__u32)event.bytes;
		if (!result)
			fill(&event, thread, number);
		event.stack = thread->trace;
	}
	if (summary_only)
		summary_count(thread, &event, calls[number].shape == GPUMEM_FREE);
	else
		send(&event);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct gpumem_process fresh = {.target = true, .whole = true}, *process;
	__u32 id = parent->tgid, child_id = child->tgid;

	if (child->pid != child->tgid)
		return 0;
	process = bpf_map_lookup_elem(&processes, &id);
	if (process && process->target &&
	    bpf_map_update_elem(&processes, &child_id, &fresh, BPF_ANY))
		count(&untracked);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	__u32 id = task->tgid;
	struct gpumem_process *process = bpf_map_lookup_elem(&processes, &id);

	bpf_task_storage_delete(&threads, task);
	if (!process)
		return 0;
	process->whole = true;
	forget_contexts(process, id);
	if (!process->begun)
		return 0;
	send_life(GPUMEM_EXEC, id);
	if (summary_only)
		summary_end(process, GPUMEM_HAS_EXECED);
	process->begun = false;
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	__u32 id = task->tgid;
	struct gpumem_process *process = bpf_map_lookup_elem(&processes, &id);

	if (!process || task->signal->live.counter)
		return 0;
	if (process->begun)
		send_life(GPUMEM_EXIT, id);
	forget_contexts(process, id);
	if (summary_only)
		summary_end(process, GPUMEM_HAS_EXITED);
	bpf_map_delete_elem(&processes, &id);
	return 0;
}

/* Reading the memory of a process is for programs under a licence compatible with the GPL only. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
