// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Each parameter at its edges, the devices on the PCI bus and their going, and unloading under
 * load.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

static void test_refused(void)
{
	static const char *const refused[] = {
		"devices=0",
		"devices=65",
		"devices=-1",
		"devices=x",
		"devices=",
		"devices=auto4",
		"devices=auto,",
		"devices=auto,0",
		"devices=auto,65",
		"devices=4294967297",
		"devices=99999999999999999999",
		"devices=0x2",
		"devices=64x",
		"devices=,",
		"devices=AUTO",
		"devices=auto,x",
		"devices=auto,-1",
		"devices=auto,1,2",
		"max_agents=-1",
		"max_allocations_per_agent=4294967296",
		"max_agents=0",
		"max_agents=65537",
		"max_allocations_per_agent=0",
		"max_agents=x",
		"default_quota=-1",
		"default_quota=18446744073709551616",
		"debug=2",
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		int error = module_load("gpulock", refused[i]);

		ok(error == EINVAL || error == ERANGE, "%s: refused with errno %d", refused[i],
		   error);
		if (!error)
			must_unload("gpulock");
	}
	ok(access("/dev/gpulock", F_OK) && access("/proc/swarm", F_OK), "and nothing is left");
}

/* The other side of each edge; nobody may be there for the most of anything to be. */
static void test_accepted(void)
{
	static const char *const accepted[] = {
		"devices=64 max_agents=65536 max_allocations_per_agent=4294967295",
		"devices=1 max_agents=1 max_allocations_per_agent=1",
		"devices=auto,64",
		"devices=auto,1 debug=1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		is(module_load("gpulock", accepted[i]), 0, "%s: accepted", accepted[i]);
		is(module_unload("gpulock"), 0, "and goes again");
	}
	/* A directory that is another's: all that was made before it is taken back. */
	must_load("gpulock", "devices=1");
	is(module_load("gpulock", "devices=1"), EEXIST, "twice: EEXIST");
	must_unload("gpulock");
}

/* Every agent that there may be, and all of them at once when the module goes. */
static void test_many_agents(void)
{
	struct gpulock_alloc request;
	int good = 0, fd;

	must_load("gpulock", "devices=64");
	fd = device();
	for (uint32_t agent = 1; agent <= 1024; agent++)
		good += !alloc(fd, 0xfffffc00u - 1 + agent, 1, &request) &&
			!grant(fd, 0xfffffc00u - 1 + agent, request.dma_start, 4096, 1);
	is(good, 1024, "1024 agents are there at once, the last is number 4294967295");
	is(alloc(fd, 1, 1, &request), ENOMEM, "one more: ENOMEM");
	is(stat_of("agents"), 1024, "and they are as many as before");
	close(fd);
	is(stat_of("allocations"), 0, "closed, all they had is gone");
	must_unload("gpulock");
}

static void test_quota_edges(void)
{
	struct gpulock_alloc request;
	int fd;

	must_load("gpulock", "default_quota=0 devices=1");
	fd = device();
	is(alloc(fd, 1, 1, &request), EDQUOT, "default_quota=0: nothing can be allocated");
	is(set_quota(fd, 1, 1), 0, "but by whom it is given a limit");
	is(alloc(fd, 1, 1, &request), 0, "that much");
	close(fd);
	must_unload("gpulock");
	must_load("gpulock", "default_quota=18446744073709551615 devices=1");
	fd = device();
	is(alloc(fd, 1, 1ull << 56, &request), 0, "default_quota of all: a whole device");
	is(alloc(fd, 1, 1, &request), ENOMEM, "and then its addresses are at their end");
	close(fd);
	must_unload("gpulock");
}

static void test_counts(void)
{
	struct gpulock_alloc request;
	int fd;

	must_load("gpulock", "max_allocations_per_agent=2 max_agents=2 devices=1 debug=1");
	fd = device();
	is(alloc(fd, 1, 1, &request), 0, "the first of two allocations");
	is(alloc(fd, 1, 1, &request), 0, "the second");
	is(alloc(fd, 1, 1, &request), EDQUOT, "the third: EDQUOT");
	is(grant(fd, 2, 0, 1, 1), 0, "the second of two agents");
	is(grant(fd, 3, 0, 1, 1), ENOMEM, "the third, by GRANT: ENOMEM");
	is(set_quota(fd, 3, 1), ENOMEM, "by SET_QUOTA: ENOMEM");
	is(alloc(fd, 3, 1, &request), ENOMEM, "by ALLOC: ENOMEM");
	is(proc_write("control", "create_agent 3 1"), ENOMEM, "by /proc: ENOMEM");
	is(proc_write("control", "remove_agent 2"), 0, "one is removed");
	is(grant(fd, 3, 0, 1, 1), 0, "and there is room for another");
	close(fd);
	must_unload("gpulock");
}

static int devices_seen(void)
{
	char *text = proc_read("stats"), *at = text;
	int seen = 0;

	while ((at = strstr(at, "\ndevice"))) {
		seen++;
		at++;
	}
	free(text);
	return seen;
}

static void test_device_counts(void)
{
	static const struct {
		const char *parameter;
		int devices;
	} loads[] = {{"devices=1", 1},
		     {"devices=64", 64},
		     {"devices=auto", 2},
		     {"devices=auto,5", 2},
		     {"", 2}};

	for (size_t i = 0; i < ARRAY_SIZE(loads); i++) {
		must_load("gpulock", loads[i].parameter);
		is(devices_seen(), loads[i].devices, "\"%s\": %d devices", loads[i].parameter,
		   loads[i].devices);
		must_unload("gpulock");
	}
}

static void pci(const char *device, const char *what)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/%s%s", device, what);
	if (proc_write(path, "1"))
		bail("%s: %s", path, strerror(errno));
}

/* The name of the first device that is there. */
static void first_name(char name[32])
{
	char *text = proc_read("stats"), *at = strstr(text, "\ndevice");

	if (!at || sscanf(at, "\ndevice%*u %31s", name) != 1)
		bail("no device");
	free(text);
}

/* A device for which there is no number is let be, when it comes and when it goes. */
static void test_too_many(void)
{
	char names[2][32], path[64];

	must_load("gpulock", "devices=auto");
	for (int i = 0; i < 2; i++) {
		first_name(names[i]);
		snprintf(path, sizeof(path), "devices/%s/", names[i]);
		pci(path, "remove");
	}
	must_unload("gpulock");
	must_load("gpulock", "devices=auto,64");
	pci("rescan", "");
	is(devices_seen(), 64, "a device that comes to 64 others is let be");
	snprintf(path, sizeof(path), "devices/%s/", names[0]);
	pci(path, "remove");
	is(devices_seen(), 64, "and so when it goes");
	pci("rescan", "");
	must_unload("gpulock");
}

static void test_unplug(void)
{
	struct gpulock_alloc gone, stays = {.agent = 1, .size = 4096, .device = 1};
	char name[32], path[64];
	struct gpulock_query now;
	int fd;

	must_load("gpulock", "devices=auto,7");
	fd = device();
	first_name(name);
	snprintf(path, sizeof(path), "devices/%s/", name);
	is(alloc(fd, 1, 8192, &gone), 0, "ALLOC on the first device");
	is(ask(fd, GPULOCK_ALLOC, &stays), 0, "and on the second");
	is(grant(fd, 1, gone.dma_start, 4096, GPULOCK_READ), 0, "GRANT of it");
	pci(path, "remove");
	is(devices_seen(), 1, "the first device is taken away");
	is(free_id(fd, gone.id), ENOENT, "what was allocated on it is gone");
	is(check(fd, 1, gone.dma_start, 1, GPULOCK_READ), 0, "and who was granted it is denied");
	query(fd, 1, &now);
	ok(now.used == 4096 && now.allocations == 1, "the agent has the rest");
	is(alloc(fd, 1, 1, &gone), ENODEV, "ALLOC on what is gone: ENODEV");
	pci("rescan", "");
	is(devices_seen(), 2, "it comes back");
	is(alloc(fd, 1, 1, &gone), 0, "with the number that it had: ALLOC");
	close(fd);
	must_unload("gpulock");

	pci(path, "remove");
	must_load("gpulock", "devices=auto");
	is(devices_seen(), 1, "loaded while it is away");
	pci("rescan", "");
	is(devices_seen(), 2, "the module sees it come");
	pci(path, "remove");
	first_name(name);
	snprintf(path, sizeof(path), "devices/%s/", name);
	must_unload("gpulock");
	pci(path, "remove");
	must_load("gpulock", "devices=auto,7");
	is(devices_seen(), 7, "without any device on the bus: as many as the parameter says");
	pci("rescan", "");
	is(devices_seen(), 9, "and those that come are two more");
	must_unload("gpulock");
	test_too_many();
}

/*
 * The devices go and come back while others allocate on them: what was allocated on one is gone
 * with it, so a FREE may find nothing, and nothing else may go wrong.
 */
static int use_devices(void *argument)
{
	volatile int *end = argument;
	int fd = device(), wrong = 0;

	while (!*end)
		for (uint32_t number = 0; number < 2; number++) {
			struct gpulock_alloc request = {
				.agent = 1 + number, .size = 4096, .device = number};
			int error = ask(fd, GPULOCK_ALLOC, &request);

			wrong |= error && error != ENODEV;
			if (error)
				continue;
			error = grant(fd, request.agent, request.dma_start, 4096, 1);
			wrong |= error && error != EEXIST ? 2 : 0;
			error = free_id(fd, request.id);
			wrong |= error && error != ENOENT ? 4 : 0;
		}
	close(fd);
	return wrong;
}

static void test_unplug_under_load(void)
{
	int users[3], wrong = 0, fd;
	struct gpulock_query now;
	char name[32], path[64];
	volatile int *end =
		mmap(NULL, sizeof(*end), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (end == MAP_FAILED)
		bail("no shared memory");
	must_load("gpulock", "devices=auto");
	first_name(name);
	snprintf(path, sizeof(path), "devices/%s/", name);
	for (size_t i = 0; i < ARRAY_SIZE(users); i++)
		users[i] = start(use_devices, (void *)end);
	for (int i = 0; i < 10; i++) {
		usleep(5000);
		pci(path, "remove");
		usleep(5000);
		pci("rescan", "");
	}
	*end = 1;
	for (size_t i = 0; i < ARRAY_SIZE(users); i++)
		wrong |= finish(users[i]);
	is(wrong, 0, "a device goes ten times while others allocate on it");
	fd = device();
	is(stat_of("allocations"), 0, "nothing is left of what was allocated");
	is(stat_of("allocated"), stat_of("freed"), "as many were freed as were made");
	for (uint32_t agent = 1; agent <= 2; agent++) {
		query(fd, agent, &now);
		ok(!now.used && !now.allocations, "agent %u uses nothing", agent);
	}
	close(fd);
	must_unload("gpulock");
}

static volatile int *stop;

static int use(void *argument)
{
	struct gpulock_alloc request;

	(void)argument;
	while (!*stop) {
		int fd = open("/dev/gpulock", O_RDWR);

		if (fd < 0) {
			sched_yield();
			continue;
		}
		alloc(fd, 1, 4096, &request);
		grant(fd, 1, request.dma_start, 4096, GPULOCK_READ);
		check(fd, 1, request.dma_start, 1, GPULOCK_READ);
		close(fd);
	}
	return 0;
}

static void test_unload_under_load(void)
{
	int users[3], loads = 0, refusals = 0, ended = 0;

	stop = mmap(NULL, sizeof(*stop), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stop == MAP_FAILED)
		bail("no shared memory");
	for (size_t i = 0; i < ARRAY_SIZE(users); i++)
		users[i] = start(use, NULL);
	for (int i = 0; i < 30; i++) {
		int error = module_load("gpulock", "devices=1");

		if (error && error != EEXIST)
			bail("the module does not load: %s", strerror(error));
		loads += !error;
		usleep(2000);
		refusals += module_unload("gpulock") == EWOULDBLOCK;
	}
	*stop = 1;
	for (size_t i = 0; i < ARRAY_SIZE(users); i++)
		ended += finish(users[i]) == 0;
	module_unload("gpulock");
	is(ended, 3, "loaded %d times under load, in use %d times", loads, refusals);
	ok(access("/dev/gpulock", F_OK), "and nothing is left");
}

int main(void)
{
	test_refused();
	test_accepted();
	test_many_agents();
	test_quota_edges();
	test_counts();
	test_device_counts();
	test_unplug();
	test_unplug_under_load();
	test_unload_under_load();
	return done();
}
