// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "../../host/bpf_warning.h"
#include "../../host/util.h"
#include "launch_probe.h"
#include "turns_probe.h"

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

/* When it returns none of them runs any more. */
static void detach(struct launch_probe *probe)
{
	bpf_link__destroy(probe->entry);
	bpf_link__destroy(probe->exit);
	probe->entry = probe->exit = NULL;
}

/* 0 or an errno. The return first, so that no entry is without its return. */
static int attach_both(struct launch_probe *probe)
{
	int error = attach(&probe->exit, probe->at_return, &probe->library, probe->offset, true);

	if (!error)
		error = attach(&probe->entry, probe->at_entry, &probe->library, probe->offset,
			       false);
	if (error)
		detach(probe);
	return error;
}

static int begin(struct launch_probe *probe)
{
	int error, code;

	code = gpumem_library_find(&probe->library, probe->libcuda ?: getenv("EXITLAB_LIBCUDA"), 0);
	if (code)
		return code;
	probe->offset = gpumem_library_function(&probe->library, CALL);
	if (!probe->offset) {
		pr_err("%s has no " CALL, probe->library.path);
		return EXIT_CANNOT;
	}
	error = attach_both(probe);
	return error ? launch_probe_refused(error) : EXIT_OK;
}

static int turn(void *context, bool on)
{
	struct launch_probe *probe = context;
	bool is_on = probe->entry || probe->exit;

	if (!on)
		detach(probe);
	return on && !is_on ? attach_both(probe) : 0;
}

__u64 program_runs(const struct bpf_program *program)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) ? 0 : info.run_cnt;
}

static void wait_for_end(int signals, struct ring_buffer *ring)
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

int launch_probe_run(struct launch_probe *probe, const char *more, int signals,
		     struct ring_buffer *ring)
{
	struct turns_probe turns = {.turn = turn, .context = probe};
	int code = begin(probe);

	if (code)
		return code;
	turns_probe_begin(&turns);
	printf("ready");
	turns_probe_say(&turns);
	printf(" %s\n", more);
	fflush(stdout);
	wait_for_end(signals, ring);
	turns_probe_end(&turns);
	detach(probe);
	if (ring)
		ring_buffer__consume(ring);
	return EXIT_OK;
}
