// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Removing a probe waits for all CPUs, a tenth of a second for each, so all of them are one link
 * where the kernel can do that. The libbpf of Debian 12 does not know such links yet; its
 * declarations are here.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "gpumem_attach.h"
#include "util.h"

/* Of include/uapi/linux/bpf.h since 6.6. */
#define TRACE_UPROBE_MULTI  48
#define UPROBE_MULTI_RETURN 1

struct create_multi {
	__u32 program, target, type, flags;
	__aligned_u64 path, offsets, counters, cookies;
	__u32 count, multi_flags, process, unused;
};

void gpumem_attach_prepare(struct bpf_program *program, bool together)
{
	bpf_program__set_expected_attach_type(program, together ? TRACE_UPROBE_MULTI : 0);
}

/* A descriptor, or -errno. */
static int attach_all(const struct bpf_program *program, const struct gpumem_library *library,
		      bool at_return)
{
	__u64 offsets[GPUMEM_CALLS], cookies[GPUMEM_CALLS];
	struct create_multi create = {
		.program = bpf_program__fd(program),
		.type = TRACE_UPROBE_MULTI,
		.path = (uintptr_t)library->path,
		.offsets = (uintptr_t)offsets,
		.cookies = (uintptr_t)cookies,
		.multi_flags = at_return ? UPROBE_MULTI_RETURN : 0,
	};
	int fd;

	for (size_t call = 0; call < GPUMEM_CALLS; call++) {
		if (!library->offset[call])
			continue;
		offsets[create.count] = library->offset[call] + library->past[call];
		cookies[create.count++] = call;
	}
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &create, sizeof(create));
	return fd < 0 ? -errno : fd;
}

int gpumem_attach_try_together(void)
{
	static const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	struct bpf_prog_load_opts options = {.sz = sizeof(options),
					     .expected_attach_type = TRACE_UPROBE_MULTI};
	static const __u64 offset;
	struct create_multi create = {
		.type = TRACE_UPROBE_MULTI,
		.path = (uintptr_t) "/",
		.offsets = (uintptr_t)&offset,
		.count = 1,
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "try_together", "Dual BSD/GPL", nothing,
				    ARRAY_SIZE(nothing), &options);
	int link, error;

	if (program < 0)
		return errno;
	create.program = program;
	link = syscall(SYS_bpf, BPF_LINK_CREATE, &create, sizeof(create));
	error = link < 0 ? errno : 0;
	if (link >= 0)
		close(link);
	close(program);
	/* Who knows such links says that a directory is no file to probe. */
	return error == EBADF ? 0 : error;
}

static int attach_each(struct gpumem_links *links, const struct bpf_program *program,
		       const struct gpumem_library *library, bool at_return)
{
	for (size_t call = 0; call < GPUMEM_CALLS; call++) {
		struct bpf_uprobe_opts options = {
			.sz = sizeof(options), .bpf_cookie = call, .retprobe = at_return};

		if (!library->offset[call])
			continue;
		links->each[call] = bpf_program__attach_uprobe_opts(
			program, -1, library->path, library->offset[call] + library->past[call],
			&options);
		if (!links->each[call])
			return -errno;
	}
	return 0;
}

int gpumem_attach(struct gpumem_links *links, const struct bpf_program *program,
		  const struct gpumem_library *library, bool at_return, bool together)
{
	int fd;

	if (!together)
		return attach_each(links, program, library, at_return);
	fd = attach_all(program, library, at_return);
	if (fd < 0)
		return fd;
	links->all = fd;
	return 0;
}

void gpumem_detach(struct gpumem_links *links)
{
	if (links->all > 0)
		close(links->all);
	links->all = 0;
	for (size_t call = 0; call < GPUMEM_CALLS; call++) {
		bpf_link__destroy(links->each[call]);
		links->each[call] = NULL;
	}
}
