/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Part of gpumem.bpf.c: --summary-only, which adds up here and sends nothing.
 *
 * Events have times, by which their reader tells whose a pointer was. Here a pointer is taken out
 * at the entry of its free, before the driver could give it to another thread, and put back where
 * the driver has refused. So whoever is given it finds its place empty.
 */

__u64 unfit; /* allocations that the map of pointers had no room for */
__u64 all_live_bytes, all_peak_bytes;
__u32 programs; /* that have begun */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GPUMEM_PROCESSES);
	__type(key, __u32);
	__type(value, struct gpumem_summary);
} summaries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct gpumem_live_key);
	__type(value, __u64);
} live_pointers SEC(".maps");

static __always_inline void add(__u64 *number, __u64 more)
{
	__sync_fetch_and_add(number, more);
}

/* The number of the program of a process, at the first call of a thread. 0: it cannot be had. */
static __noinline __u32 summary_begin(struct task_struct *task)
{
	struct gpumem_summary fresh = {}, *mine;
	struct gpumem_process *process;
	struct task_struct *leader;
	__u32 program;

	if (!task)
		return 0;
	leader = task->group_leader;
	fresh.process = task->tgid;
	process = bpf_map_lookup_elem(&processes, &fresh.process);
	if (!process || process->program)
		return process ? process->program : 0;
	fresh.start = leader->start_time;
	bpf_probe_read_kernel(fresh.name, sizeof(fresh.name), leader->comm);
	program = __sync_fetch_and_add(&programs, 1) + 1;
	if (bpf_map_update_elem(&summaries, &program, &fresh, BPF_NOEXIST))
		return 0;
	/* Two threads may begin their process at once: one of them does. */
	if (__sync_val_compare_and_swap(&process->program, 0, program)) {
		bpf_map_delete_elem(&summaries, &program);
		return process->program;
	}
	mine = bpf_map_lookup_elem(&summaries, &program);
	if (mine)
		mine->stage = GPUMEM_LIVES;
	return program;
}

/* What it has live is gone with it. None of its threads is left to change that. */
static __always_inline void summary_end(struct gpumem_process *process, enum gpumem_stage stage)
{
	struct gpumem_summary *summary = bpf_map_lookup_elem(&summaries, &process->program);

	if (!summary)
		return;
	add(&all_live_bytes, -summary->live_bytes);
	summary->stage = stage;
	process->program = 0;
}

static __always_inline struct gpumem_live_key live_key(const struct thread *thread, __u64 pointer)
{
	return (struct gpumem_live_key){
		.pointer = pointer, .program = thread->program, .space = thread->space};
}

/* At the entry of a call, below GPUMEM_CALLS. */
static __always_inline void summary_enter(struct thread *thread, __u64 call)
{
	struct gpumem_live_key key;
	__u64 *bytes;

	thread->space = calls[call].kind < GPUMEM_PHYSICAL ? GPUMEM_DEVICE : calls[call].kind;
	if (calls[call].shape != GPUMEM_FREE)
		return;
	key = live_key(thread, thread->arguments[0]);
	bytes = bpf_map_lookup_elem(&live_pointers, &key);
	if (!bytes)
		return;
	thread->taken_bytes = *bytes;
	/* Of two threads that free it at once one takes it. */
	thread->taken = !bpf_map_delete_elem(&live_pointers, &key);
}

/* Whether its place was still empty. */
static __always_inline bool summary_put_back(struct thread *thread)
{
	struct gpumem_live_key key = live_key(thread, thread->arguments[0]);
	long error = bpf_map_update_elem(&live_pointers, &key, &thread->taken_bytes, BPF_NOEXIST);

	thread->taken = false;
	if (error && error != -EEXIST)
		count(&unfit);
	return error != -EEXIST;
}

/* Each try that fails was another's success, so a few are enough. */
static __always_inline void raise_to(volatile __u64 *peak, __u64 value)
{
	for (int i = 0; i < 64; i++) {
		__u64 old = *peak;

		if (old >= value || __sync_val_compare_and_swap(peak, old, value) == old)
			return;
	}
}

static __always_inline void summary_allocate(struct gpumem_summary *summary,
					     const struct thread *thread,
					     const struct gpumem_event *event)
{
	struct gpumem_live_key key = live_key(thread, event->pointer);
	__u64 bytes = event->bytes, more = bytes, *old;

	add(&summary->allocations, 1);
	add(&summary->allocated_bytes, bytes);
	old = bpf_map_lookup_elem(&live_pointers, &key);
	if (old) { /* given back in a way that is not traced */
		more -= *old;
		add(&summary->freed_bytes, *old);
		*old = bytes;
	} else if (bpf_map_update_elem(&live_pointers, &key, &bytes, BPF_NOEXIST)) {
		count(&unfit);
		return;
	} else {
		add(&summary->live, 1);
	}
	raise_to(&summary->peak_bytes, __sync_fetch_and_add(&summary->live_bytes, more) + more);
	raise_to(&all_peak_bytes, __sync_fetch_and_add(&all_live_bytes, more) + more);
}

static __always_inline void summary_forget(struct gpumem_summary *summary, __u64 bytes)
{
	add(&summary->freed_bytes, bytes);
	add(&summary->live, -1);
	add(&summary->live_bytes, -bytes);
	add(&all_live_bytes, -bytes);
}

static __always_inline void summary_release(struct gpumem_summary *summary, struct thread *thread)
{
	add(&summary->frees, 1);
	if (thread->taken)
		summary_forget(summary, thread->taken_bytes);
	else
		add(&summary->unknown_frees, 1);
	thread->taken = false;
}

static __always_inline void summary_refuse(struct gpumem_summary *summary, struct thread *thread)
{
	add(&summary->failed_frees, 1);
	if (!thread->taken || summary_put_back(thread))
		return;
	/* Another thread has freed it, for which it was unknown, and it was given anew. */
	add(&summary->unknown_frees, -1);
	summary_forget(summary, thread->taken_bytes);
}

/* At the return of a call, in place of its event. */
static __always_inline void summary_count(struct thread *thread, const struct gpumem_event *event,
					  bool is_free)
{
	struct gpumem_summary *summary = bpf_map_lookup_elem(&summaries, &thread->program);

	if (!summary) {
		count(&untracked);
	} else if (event->type == GPUMEM_ALLOCATION) {
		summary_allocate(summary, thread, event);
	} else if (event->type == GPUMEM_RELEASE) {
		summary_release(summary, thread);
	} else if (is_free) {
		summary_refuse(summary, thread);
	} else {
		add(&summary->failed_allocations, 1);
	}
}
