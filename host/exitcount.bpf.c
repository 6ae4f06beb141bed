// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts one process's VM exits inside the kernel: by hardware reason, by what user space is asked,
 * by event, all of it per row of exits.def that the guest has opened through the marker port.
 *
 * These programs run on the path that is being measured, so they are counted in instructions:
 * counters are global arrays (no map lookups), the filter is one load and one compare, the exit
 * reason is read by plain loads where the kernel has bpf_rdonly_cast(), and what a mode does not
 * need is constant-folded away by the verifier. The kernel types below name only the fields used;
 * CO-RE finds their places in the running kernel or its modules.
 */
#include <linux/bpf.h>
#include <linux/kvm.h>
#include <asm/svm.h>
#include <asm/vmx.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "exitcount_shared.h"
#include "../guest-bench/record.h"

#define EINTR 4

/* kvm_exit's isa, and kvm_pio's rw, of arch/x86/kvm/trace.h */
#define KVM_ISA_VMX 1
#define KVM_ISA_SVM 2
#define KVM_PIO_OUT 1

#define KERNEL_TYPE __attribute__((preserve_access_index))

struct task_struct {
	int pid;
	int tgid;
} KERNEL_TYPE;

struct vmcb_control_area {
	__u32 exit_code;
	__u64 exit_info_1;
} KERNEL_TYPE;

struct vmcb {
	struct vmcb_control_area control;
} KERNEL_TYPE;

/* Both vendors' vcpu begins with the struct kvm_vcpu that the tracepoint hands over. */
struct vcpu_svm {
	struct vmcb *vmcb;
} KERNEL_TYPE;

union vmx_exit_reason {
	__u32 full;
} KERNEL_TYPE;

struct vcpu_vmx {
	union vmx_exit_reason exit_reason;
} KERNEL_TYPE;

/* Since 6.16 VMX and TDX share the place. */
struct vcpu_vt {
	union vmx_exit_reason exit_reason;
} KERNEL_TYPE;

struct vcpu_vmx___vt {
	struct vcpu_vt vt;
} KERNEL_TYPE;

/* The verifier's own list of kernel functions it knows: says whether bpf_rdonly_cast() exists. */
enum special_kfunc_type {
	KF_bpf_rdonly_cast,
};

extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;

/*
 * bpf_rdonly_cast() takes types of vmlinux only, while vcpu_svm and vcpu_vmx mostly live in
 * modules. So a field is read through a type of vmlinux that has its shape at offset 0.
 */
struct list_head {
	struct list_head *next;
} KERNEL_TYPE;

typedef struct {
	int counter;
} KERNEL_TYPE atomic_t;

struct refcount_struct {
	atomic_t refs;
} KERNEL_TYPE;

const volatile int target_tgid;
const volatile bool use_markers;
const volatile bool use_latency;

struct exitcount_row rows[ROWS];
__u64 latency[REASONS][LATENCY_SLOTS];
__u64 dropped;
__u64 markers;	   /* marker writes seen; their exits are in no row */
__u32 isa_seen;	   /* KVM_ISA_* of the last kvm_exit, 0 before any */
__u32 marker_task; /* thread whose marker's userspace exit is still to come */
__u8 open_row;

static __always_inline bool have_cast(void)
{
	return bpf_core_enum_value_exists(enum special_kfunc_type, KF_bpf_rdonly_cast);
}

static __always_inline const void *read_pointer(const void *at)
{
	if (have_cast()) {
		const struct list_head *cast =
			bpf_rdonly_cast(at, bpf_core_type_id_kernel(struct list_head));

		return cast->next;
	} else {
		const void *value = NULL;

		bpf_probe_read_kernel(&value, sizeof(value), at);
		return value;
	}
}

static __always_inline __u32 read_u32(const void *at)
{
	if (have_cast()) {
		const struct refcount_struct *cast =
			bpf_rdonly_cast(at, bpf_core_type_id_kernel(struct refcount_struct));

		return cast->refs.counter;
	} else {
		__u32 value = 0;

		bpf_probe_read_kernel(&value, sizeof(value), at);
		return value;
	}
}

static __always_inline __u32 svm_reason(const void *vcpu)
{
	const void *vmcb;
	__u32 code;

	if (!bpf_core_type_exists(struct vcpu_svm))
		return REASON_OTHER;
	vmcb = read_pointer(vcpu + bpf_core_field_offset(struct vcpu_svm, vmcb));
	code = read_u32(vmcb + bpf_core_field_offset(struct vmcb, control.exit_code));
	if (code == SVM_EXIT_MSR &&
	    read_u32(vmcb + bpf_core_field_offset(struct vmcb, control.exit_info_1)))
		return REASON_MSR_WRITE;
	return reason_to_index(code);
}

static __always_inline __u32 vmx_reason(const void *vcpu)
{
	__u32 offset;

	if (bpf_core_field_exists(struct vcpu_vmx, exit_reason))
		offset = bpf_core_field_offset(struct vcpu_vmx, exit_reason);
	else if (bpf_core_field_exists(struct vcpu_vmx___vt, vt))
		offset = bpf_core_field_offset(struct vcpu_vmx___vt, vt.exit_reason);
	else
		return REASON_OTHER;
	return reason_to_index(read_u32(vcpu + offset) & 0xffff);
}

static __always_inline bool ours(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return task->tgid == target_tgid;
}

static __always_inline void count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

/* What a vCPU thread remembers from kvm_exit to kvm_entry. */
struct span {
	__u64 start; /* ns; 0 outside */
	__u32 reason;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct span);
} spans SEC(".maps");

static __always_inline void span_begin(__u32 reason)
{
	struct span *span = bpf_task_storage_get(&spans, bpf_get_current_task_btf(), NULL,
						 BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!span) {
		count(&dropped);
		return;
	}
	span->reason = reason;
	span->start = bpf_ktime_get_ns();
}

static __always_inline __u32 log2_slot(__u64 value)
{
	__u32 slot = 0;

	for (__u32 shift = 32; shift; shift >>= 1)
		if (value >> shift) {
			value >>= shift;
			slot += shift;
		}
	return slot < LATENCY_SLOTS ? slot : LATENCY_SLOTS - 1;
}

SEC("tp_btf/kvm_exit")
int BPF_PROG(on_exit, const void *vcpu, __u32 isa)
{
	__u32 reason;

	/* The verifier holds that a tracepoint of a module may pass NULL. */
	if (!ours() || !vcpu)
		return 0;
	reason = isa == KVM_ISA_SVM ? svm_reason(vcpu) : vmx_reason(vcpu);
	isa_seen = isa;
	barrier_var(reason); /* the compiler knows the range and the verifier wants it checked */
	if (reason < REASONS) {
		count(&rows[open_row].exits[reason]);
		if (use_latency)
			span_begin(reason);
	}
	return 0;
}

SEC("tp_btf/kvm_entry")
int on_entry(void *ctx)
{
	struct span *span;
	__u32 reason;

	if (!ours())
		return 0;
	span = bpf_task_storage_get(&spans, bpf_get_current_task_btf(), NULL, 0);
	if (!span || !span->start)
		return 0;
	reason = span->reason;
	if (reason < REASONS)
		count(&latency[reason][log2_slot(bpf_ktime_get_ns() - span->start)]);
	span->start = 0;
	return 0;
}

/*
 * The guest opens and closes rows by writing to the marker port. The exit that brought this write
 * was counted a moment ago by the same vCPU and is taken back; its userspace exit is still to come.
 */
static __always_inline void marker(const __u64 *arguments)
{
	const void *value = NULL;
	__u32 io = isa_seen == KVM_ISA_SVM ? SVM_EXIT_IOIO : EXIT_REASON_IO_INSTRUCTION;
	__u8 row = 0;

	count(&markers);
	if (isa_seen)
		__sync_fetch_and_add(&rows[open_row].exits[io], -1);
	marker_task = bpf_get_current_task_btf()->pid;
	/* kvm_pio's last argument. Verifiers before 6.13 forbid to load a const void *. */
	bpf_probe_read_kernel(&value, sizeof(value), &arguments[4]);
	bpf_probe_read_kernel(&row, sizeof(row), value);
	open_row = row;
	count(&rows[row].opened);
}

SEC("tp_btf/kvm_pio")
int BPF_PROG(on_pio, __u32 rw, __u32 port)
{
	if (!ours())
		return 0;
	if (use_markers && port == PORT_MARKER && rw == KVM_PIO_OUT)
		marker(ctx);
	else
		count(&rows[open_row].events[EVENT_pio]);
	return 0;
}

SEC("tp_btf/kvm_userspace_exit")
int BPF_PROG(on_userspace_exit, __u32 reason, int error)
{
	if (!ours())
		return 0;
	if (error)
		reason = error == -EINTR ? KVM_EXIT_INTR : USERSPACE_ERROR;
	else if (reason >= USERSPACE_ERROR)
		reason = USERSPACE_OTHER;
	if (use_markers && reason == KVM_EXIT_IO &&
	    marker_task == (__u32)bpf_get_current_task_btf()->pid) {
		marker_task = 0;
		return 0;
	}
	if (reason < USERSPACE_EXITS)
		count(&rows[open_row].userspace_exits[reason]);
	return 0;
}

#define COUNT_EVENT(name)                                                                          \
	SEC("tp_btf/kvm_" #name)                                                                   \
	int on_##name(void *ctx)                                                                   \
	{                                                                                          \
		if (ours())                                                                        \
			count(&rows[open_row].events[EVENT_##name]);                               \
		return 0;                                                                          \
	}

/* kvm_pio has a program of its own above: it also sees the markers. */
COUNT_EVENT(cpuid)
COUNT_EVENT(msr)
COUNT_EVENT(hypercall)

/* bpf_rdonly_cast() is for programs under a licence compatible with the GPL only. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
