// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "../../host/bpf_warning.h"
#include "../../host/gpumem_library.h"
#include "../../host/util.h"
#include "launch_probe.h"

#define CALL "cuLaunchKernel"

int launch_probe_refused(int error)
{
	if (error == EPERM || error == EACCES) {
		pr_err("no right to load BPF programs and to probe: run as root");
		return EXIT_CANNOT;
	}
	pr_err("cannot probe " CALL ": %s (%s)", strerror(error), bpf_warning());
	return EXIT_FAILED;
}

static int attach(struct bpf_link **link, const struct bpf_program *program,
		  const struct gpumem_library *library, size_t offset, bool at_return)
{
	struct bpf_uprobe_opts options = {.sz = sizeof(options), .retprobe = at_return};

	if (!program)
		return 0;
	*link = bpf_program__attach_uprobe_opts(program, -1, library->path, offset, &options);
	return *link ? 0 : errno;
}

int launch_probe_attach(struct launch_probe *probe, struct bpf_program *entry,
			struct bpf_program *exit)
{
	struct gpumem_library library;
	size_t offset;
	int error, code;

	code = gpumem_library_find(&library, probe->libcuda ?: getenv("EXITLAB_LIBCUDA"), 0);
	if (code)
		return code;
	offset = gpumem_library_function(&library, CALL);
	if (!offset) {
		pr_err("%s has no " CALL, library.path);
		return EXIT_CANNOT;
	}
	error = attach(&probe->exit, exit, &library, offset, true);
	if (!error)
		error = attach(&probe->entry, entry, &library, offset, false);
	if (!error)
		return EXIT_OK;
	launch_probe_detach(probe);
	return launch_probe_refused(error);
}

void launch_probe_detach(struct launch_probe *probe)
{
	bpf_link__destroy(probe->entry);
	bpf_link__destroy(probe->exit);
	probe->entry = probe->exit = NULL;
}

__u64 program_runs(const struct bpf_program *program)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) ? 0 : info.run_cnt;
}

void probe_until_end(int signals, struct ring_buffer *ring)
{
	struct pollfd all[] = {{signals, POLLIN, 0},
			       {ring ? ring_buffer__epoll_fd(ring) : -1, POLLIN, 0}};

	while (!all[0].revents) {
		if (poll(all, ARRAY_SIZE(all), -1) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		if (all[1].revents)
			ring_buffer__consume(ring);
	}
}
