// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The limiter, preloaded as programs preload it, over the fake driver. It begins itself again with
 * the limiter and its limits in the environment; "probe" is what it begins to see how a limit is
 * read. What takes time is compared within one run. The tests of memory are in limited_memory.c.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../driver.h"
#include "../limiter/limiter.h"
#include "../message.h"
#include "limited.h"

#define LIBRARY "build/gpu/liblimiter.so"
#define FAKE	"build/gpu/libfakecuda.so"

static volatile struct limiter_control *control;
CUcontext context;
static CUfunction spin;
void *driver;

/* For EXTRA(). */
CUresult cuLaunchKernel_ptsz(CUfunction function, unsigned int grid_x, unsigned int grid_y,
			     unsigned int grid_z, unsigned int block_x, unsigned int block_y,
			     unsigned int block_z, unsigned int shared, CUstream stream,
			     void **parameters, void **extra);
CUresult cuGetProcAddress(const char *name, void **function, int version, uint64_t flags);
CUresult cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags,
			     int *status);

/* The file of the library that an address is in. */
static const char *home(void *address)
{
	Dl_info info;
	const char *slash;

	assert_non_null(address);
	assert_true(dladdr(address, &info));
	slash = strrchr(info.dli_fname, '/');
	return slash ? slash + 1 : info.dli_fname;
}

static void every_way_to_a_call_leads_through_it(void **state)
{
	static const char *const hooked[] = {"cuMemAlloc_v2", "cuMemCreate", "cuLaunchKernel",
					     "cuLaunchKernel_ptsz", "cuGetProcAddress_v2"};

	(void)state;
	for (size_t i = 0; i < sizeof(hooked) / sizeof(hooked[0]); i++) {
		assert_string_equal(home(dlsym(RTLD_DEFAULT, hooked[i])), "liblimiter.so");
		assert_string_equal(home(dlsym(driver, hooked[i])), "liblimiter.so");
	}
	assert_string_equal(home(dlsym(driver, "cuInit")), "libfakecuda.so");
	assert_null(dlsym(driver, "cuNoSuchCall"));
	/* The fake has none of it, so that there is nothing to stand before. */
	assert_null(dlsym(driver, "cuGraphLaunch"));
}

/* dlsym() tells by its caller what is next: the limiter must not become the caller. */
static void dlsym_still_knows_its_caller(void **state)
{
	(void)state;
	assert_string_equal(home(dlsym(RTLD_NEXT, "dlsym")), "liblimiter.so");
	assert_string_equal(home(dlsym(RTLD_NEXT, "nanosleep")), "libc.so.6");
}

static void *address_of(const char *name, int version, uint64_t flags)
{
	void *function = NULL;
	int status;

	OK(EXTRA(cuGetProcAddress_v2)(name, &function, version, flags, &status));
	return function;
}

static void addresses_that_the_runtime_asks_for_are_its_own(void **state)
{
	void *first = NULL;

	(void)state;
	assert_ptr_equal(address_of("cuMemAlloc", 12000, 0), dlsym(driver, "cuMemAlloc_v2"));
	assert_ptr_equal(address_of("cuMemCreate", 12000, 0), dlsym(driver, "cuMemCreate"));
	assert_ptr_equal(address_of("cuLaunchKernel", 12000, 0), dlsym(driver, "cuLaunchKernel"));
	assert_ptr_equal(address_of("cuLaunchKernel", 12000, 2),
			 dlsym(driver, "cuLaunchKernel_ptsz"));
	assert_ptr_equal(address_of("cuMemAlloc", 12000, 2), dlsym(driver, "cuMemAlloc_v2"));
	assert_ptr_equal(address_of("cuGetProcAddress", 12000, 0),
			 dlsym(driver, "cuGetProcAddress_v2"));
	assert_ptr_equal(address_of("cuGetProcAddress", 11030, 0),
			 dlsym(driver, "cuGetProcAddress"));
	assert_string_equal(home(address_of("cuMemAlloc", 3000, 0)), "libfakecuda.so");
	assert_string_equal(home(address_of("cuInit", 12000, 0)), "libfakecuda.so");
	OK(EXTRA(cuGetProcAddress)("cuMemAlloc", &first, 11030, 0));
	assert_ptr_equal(first, dlsym(driver, "cuMemAlloc_v2"));
	assert_int_equal(EXTRA(cuGetProcAddress)("cuNoSuchCall", &first, 11030, 0),
			 CUDA_ERROR_NOT_FOUND);
}

#define KERNEL_NS 1000000ull
#define KERNELS	  40

/* Seconds of KERNELS kernels, launched without waiting for any, and of all that waits for them. */
static double seconds_of_kernels(bool of_thread)
{
	uint64_t ns = KERNEL_NS, start = now_ns();
	void *parameters[] = {&ns};

	for (int i = 0; i < KERNELS; i++)
		OK((of_thread ? EXTRA(cuLaunchKernel_ptsz) : cu.LaunchKernel)(
			spin, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
	OK(cu.CtxSynchronize());
	return (now_ns() - start) / 1e9;
}

/* Once without, for the bucket to be empty, then with the limit. */
static double seconds_limited(unsigned int percent, bool of_thread)
{
	double seconds;

	control->sm_limit = percent;
	seconds_of_kernels(of_thread);
	seconds = seconds_of_kernels(of_thread);
	control->sm_limit = 0;
	return seconds;
}

/*
 * No sooner than the share allows, but for what was saved up. And about as soon as that; a loaded
 * host may hold it up, though not each time.
 */
static void is_share(unsigned int percent, bool of_thread)
{
	double wanted = KERNELS * KERNEL_NS / 1e9 * 100 / percent, seconds;
	int tries = 0;

	do {
		seconds = seconds_limited(percent, of_thread);
		assert_true(seconds > 0.75 * wanted);
	} while (seconds > 1.5 * wanted && ++tries < 50);
	assert_true(tries < 50);
}

static void a_share_of_time_is_that_share(void **state)
{
	(void)state;
	is_share(50, false);
	is_share(25, false);
	is_share(25, true);
}

/*
 * What is captured into a graph does not run, so that it neither waits nor is charged. At 1 % the
 * kernels would take four seconds.
 */
static void a_captured_launch_is_let_through(void **state)
{
	_Atomic int *capturing = dlsym(driver, "fake_capturing");
	double seconds;

	(void)state;
	assert_non_null(capturing);
	*capturing = 1;
	seconds = seconds_limited(1, false);
	*capturing = 0;
	assert_true(seconds < 0.5 * KERNELS * KERNEL_NS / 1e9 * 100);
}

static void *launch_some(void *done)
{
	cu.CtxSetCurrent(context);
	seconds_of_kernels(false);
	*(_Atomic bool *)done = true;
	return NULL;
}

/* At 1 % the kernels would take seconds. */
static void a_launch_that_waits_sees_the_new_limit(void **state)
{
	_Atomic bool done = false;
	pthread_t thread;
	bool waited;

	(void)state;
	control->sm_limit = 1;
	assert_int_equal(pthread_create(&thread, NULL, launch_some, (void *)&done), 0);
	usleep(200000);
	waited = !done;
	control->sm_limit = 0;
	pthread_join(thread, NULL);
	assert_true(waited);
}

/* Begins itself as a probe with a limit. Its exit code; text gets what it said on stderr. */
static int probe(const char *variable, const char *value, char *text, size_t size)
{
	int fds[2], status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		dup2(fds[1], 2);
		unsetenv(LIMITER_CONTROL);
		unsetenv(LIMITER_MEMORY);
		setenv(variable, value, 1);
		execl("/proc/self/exe", "limited", "probe", NULL);
		_exit(127);
	}
	close(fds[1]);
	got = read(fds[0], text, size - 1);
	text[got > 0 ? got : 0] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void limits_are_read_as_hami_has_them(void **state)
{
	static const struct {
		const char *variable, *value;
		unsigned long long total; /* 0: the process ends */
	} cases[] = {
		{LIMITER_MEMORY, "0", 4ull << 30},
		{LIMITER_MEMORY, "", 4ull << 30},
		{LIMITER_MEMORY, "1g", 1ull << 30},
		{LIMITER_MEMORY, "1.5G", 3ull << 29},
		{LIMITER_MEMORY, "512m", 512 * MIB},
		{LIMITER_MEMORY, "64k", 64 << 10},
		{LIMITER_MEMORY, "4096", 4096},
		{LIMITER_MEMORY, "lots", 0},
		{LIMITER_MEMORY, "1t", 0},
		{LIMITER_MEMORY, "1gg", 0},
		{LIMITER_MEMORY, "-1g", 0},
		{LIMITER_SM, "50", 4ull << 30},
		{LIMITER_SM, "0", 4ull << 30},
		{LIMITER_SM, "100", 4ull << 30},
		{LIMITER_SM, "101", 0},
		{LIMITER_SM, "half", 0},
		{LIMITER_CONTROL, "/no/file", 0},
		{LIMITER_CONTROL, "/dev/null", 0},
	};
	char text[512], wanted[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int code = probe(cases[i].variable, cases[i].value, text, sizeof(text));

		snprintf(wanted, sizeof(wanted), "total=%llu\n", cases[i].total);
		if (cases[i].total) {
			assert_int_equal(code, 0);
			assert_string_equal(text, wanted);
			continue;
		}
		assert_int_equal(code, 2);
		assert_non_null(strstr(text, cases[i].variable));
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	}
}

static int begin(void)
{
	CUmodule module;
	const char *why = driver_open(FAKE);

	if (why) {
		fprintf(stderr, "%s\n", why);
		return -1;
	}
	driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
	return cu.Init(0) || cu.CtxCreate(&context, 0, 0) || cu.ModuleLoadData(&module, "") ||
	       cu.ModuleGetFunction(&spin, module, "spin");
}

static int map_control(void)
{
	const char *path = getenv(LIMITER_CONTROL);
	size_t total;
	int fd = path ? open(path, O_RDWR) : -1;

	control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	/* The limiter maps it at its first call. */
	return control == MAP_FAILED || cu.DeviceTotalMem(&total, 0) || unlink(path);
}

/* With the limiter, a limit of memory and a control file without a limit. */
static void begin_again(char **argv)
{
	static const struct limiter_control none;
	char path[] = "/tmp/exitlab-limited-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, &none, sizeof(none)) != sizeof(none))
		return;
	setenv("LD_PRELOAD", LIBRARY, 1);
	setenv(LIMITER_MEMORY, "64m", 1);
	setenv(LIMITER_CONTROL, path, 1);
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_read_as_hami_has_them),
		cmocka_unit_test(every_way_to_a_call_leads_through_it),
		cmocka_unit_test(dlsym_still_knows_its_caller),
		cmocka_unit_test(addresses_that_the_runtime_asks_for_are_its_own),
		cmocka_unit_test(every_way_to_allocate_counts),
		cmocka_unit_test(a_pitch_counts_as_what_it_takes),
		cmocka_unit_test(what_the_limiter_does_not_know_is_left_to_the_driver),
		cmocka_unit_test(what_the_driver_refuses_changes_nothing),
		cmocka_unit_test(mapped_memory_outlives_its_handle),
		cmocka_unit_test(a_context_takes_its_memory_with_it),
		cmocka_unit_test(the_limit_is_exact_under_threads),
		cmocka_unit_test(a_share_of_time_is_that_share),
		cmocka_unit_test(a_captured_launch_is_let_through),
		cmocka_unit_test(a_launch_that_waits_sees_the_new_limit),
	};
	size_t total;

	alarm(120);
	if (!getenv("LD_PRELOAD")) {
		begin_again(argv);
		return 1;
	}
	if (begin())
		return 1;
	if (argc > 1) {
		if (cu.DeviceTotalMem(&total, 0))
			return 1;
		fprintf(stderr, "total=%zu\n", total);
		return 0;
	}
	if (map_control())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
