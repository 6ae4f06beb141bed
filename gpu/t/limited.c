// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The limiter, preloaded as programs preload it, over the fake driver. It begins itself again with
 * the limiter and its limits in the environment; "probe" is what it begins to see how a limit is
 * read. What takes time is compared within one run.
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

#define LIBRARY "build/gpu/liblimiter.so"
#define FAKE	"build/gpu/libfakecuda.so"
#define MIB	(1ull << 20)
#define LIMIT	(64 * MIB)
#define THREADS 8

#define OK(call) assert_int_equal(call, CUDA_SUCCESS)

static volatile struct limiter_control *control;
static CUcontext context;
static CUfunction spin;
static void *driver; /* a handle of libcuda */

/* A call of the driver that driver.def does not have. */
#define EXTRA(name) ((typeof(name) *)dlsym(driver, #name))
CUresult cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height,
			    unsigned int element);
CUresult cuMemAllocFromPoolAsync(CUdeviceptr *pointer, size_t bytes, void *pool, CUstream stream);
CUresult cuLaunchKernel_ptsz(CUfunction function, unsigned int grid_x, unsigned int grid_y,
			     unsigned int grid_z, unsigned int block_x, unsigned int block_y,
			     unsigned int block_z, unsigned int shared, CUstream stream,
			     void **parameters, void **extra);
CUresult cuGetProcAddress(const char *name, void **function, int version, uint64_t flags);
CUresult cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags,
			     int *status);

static size_t left(void)
{
	size_t available, total;

	OK(cu.MemGetInfo(&available, &total));
	assert_int_equal(total, LIMIT);
	return available;
}

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

static CUresult take_pitch(CUdeviceptr *pointer, size_t bytes)
{
	size_t pitch;

	return EXTRA(cuMemAllocPitch_v2)(pointer, &pitch, 1024, bytes / 1024, 4);
}

static CUresult take_managed(CUdeviceptr *pointer, size_t bytes)
{
	return cu.MemAllocManaged(pointer, bytes, CU_MEM_ATTACH_GLOBAL);
}

static CUresult take_async(CUdeviceptr *pointer, size_t bytes)
{
	return cu.MemAllocAsync(pointer, bytes, NULL);
}

static CUresult take_from_pool(CUdeviceptr *pointer, size_t bytes)
{
	return EXTRA(cuMemAllocFromPoolAsync)(pointer, bytes, NULL, NULL);
}

static CUresult create(CUmemGenericAllocationHandle *handle, size_t bytes)
{
	const CUmemAllocationProp property = {
		.type = CU_MEM_ALLOCATION_TYPE_PINNED,
		.location = {CU_MEM_LOCATION_TYPE_DEVICE, 0},
	};

	return cu.MemCreate(handle, bytes, &property, 0);
}

static CUresult free_async(CUdeviceptr pointer)
{
	return cu.MemFreeAsync(pointer, NULL);
}

static void every_way_to_allocate_counts(void **state)
{
	const struct {
		CUresult (*take)(CUdeviceptr *pointer, size_t bytes);
		CUresult (*give)(CUdeviceptr pointer);
	} ways[] = {
		{cu.MemAlloc, cu.MemFree}, {take_pitch, cu.MemFree}, {take_managed, cu.MemFree},
		{take_async, free_async},  {take_async, cu.MemFree}, {take_from_pool, free_async},
		{create, cu.MemRelease},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		CUdeviceptr most, rest, none;

		assert_int_equal(left(), LIMIT);
		assert_int_equal(ways[i].take(&none, LIMIT + MIB), CUDA_ERROR_OUT_OF_MEMORY);
		OK(ways[i].take(&most, LIMIT - 2 * MIB));
		assert_int_equal(left(), 2 * MIB);
		assert_int_equal(ways[i].take(&none, 4 * MIB), CUDA_ERROR_OUT_OF_MEMORY);
		assert_int_equal(cu.MemAlloc(&none, 2 * MIB + 1), CUDA_ERROR_OUT_OF_MEMORY);
		OK(ways[i].take(&rest, 2 * MIB));
		assert_int_equal(left(), 0);
		OK(ways[i].give(most));
		assert_int_equal(left(), LIMIT - 2 * MIB);
		OK(ways[i].give(rest));
	}
	assert_int_equal(left(), LIMIT);
}

/* Rows of 513 bytes take 1024 each, as the fake has it. */
static void a_pitch_counts_as_what_it_takes(void **state)
{
	CUdeviceptr pointer;
	size_t pitch;

	(void)state;
	OK(EXTRA(cuMemAllocPitch_v2)(&pointer, &pitch, 513, 1024, 4));
	assert_int_equal(left(), LIMIT - MIB);
	OK(cu.MemFree(pointer));
	assert_int_equal(EXTRA(cuMemAllocPitch_v2)(&pointer, &pitch, 513, LIMIT / 1024 + 1, 4),
			 CUDA_ERROR_OUT_OF_MEMORY);
	assert_int_equal(left(), LIMIT);
}

static void what_the_limiter_does_not_know_is_left_to_the_driver(void **state)
{
	CUdeviceptr pointer;
	void *host;

	(void)state;
	OK(cu.MemAlloc(&pointer, MIB));
	assert_int_not_equal(cu.MemFree(pointer + 4096), CUDA_SUCCESS);
	assert_int_not_equal(cu.MemFree(12345), CUDA_SUCCESS);
	assert_int_equal(left(), LIMIT - MIB);
	OK(cu.MemFree(pointer));
	assert_int_not_equal(cu.MemFree(pointer), CUDA_SUCCESS);
	assert_int_equal(left(), LIMIT);
	assert_int_not_equal(cu.MemAlloc(&pointer, 0), CUDA_SUCCESS);
	OK(cu.MemHostAlloc(&host, 2 * LIMIT, 0));
	assert_int_equal(left(), LIMIT);
	OK(cu.MemFreeHost(host));
}

/* Without a context the driver refuses all of it. */
static void what_the_driver_refuses_changes_nothing(void **state)
{
	CUdeviceptr pointer, other;

	(void)state;
	OK(cu.MemAlloc(&pointer, MIB));
	OK(cu.CtxSetCurrent(NULL));
	assert_int_not_equal(cu.MemAlloc(&other, MIB), CUDA_SUCCESS);
	assert_int_not_equal(cu.MemFree(pointer), CUDA_SUCCESS);
	OK(cu.CtxSetCurrent(context));
	assert_int_equal(left(), LIMIT - MIB);
	OK(cu.MemFree(pointer));
	assert_int_equal(left(), LIMIT);
}

static void mapped_memory_outlives_its_handle(void **state)
{
	CUmemGenericAllocationHandle handles[2];
	CUdeviceptr at;

	(void)state;
	OK(cu.MemAddressReserve(&at, 8 * MIB, 0, 0, 0));
	for (int i = 0; i < 2; i++) {
		OK(create(&handles[i], 4 * MIB));
		OK(cu.MemMap(at + i * 4 * MIB, 4 * MIB, 0, handles[i], 0));
		OK(cu.MemRelease(handles[i]));
	}
	assert_int_equal(left(), LIMIT - 8 * MIB);
	OK(cu.MemUnmap(at, 4 * MIB));
	assert_int_equal(left(), LIMIT - 4 * MIB);
	OK(cu.MemUnmap(at + 4 * MIB, 4 * MIB));
	assert_int_equal(left(), LIMIT);
	OK(cu.MemAddressFree(at, 8 * MIB));
}

static void a_context_takes_its_memory_with_it(void **state)
{
	CUcontext other;
	CUdeviceptr pointer;

	(void)state;
	OK(cu.CtxCreate(&other, 0, 0));
	OK(cu.MemAlloc(&pointer, LIMIT / 2));
	OK(cu.MemAlloc(&pointer, LIMIT / 4));
	OK(cu.CtxDestroy(other));
	OK(cu.CtxSetCurrent(context));
	assert_int_equal(left(), LIMIT);
}

static _Atomic uint64_t held, most_held, refused;
static pthread_barrier_t all_here;

static void *allocate_at_random(void *seed)
{
	unsigned int random = (uintptr_t)seed;
	CUdeviceptr pointers[8] = {0};
	size_t sizes[8] = {0};

	cu.CtxSetCurrent(context);
	pthread_barrier_wait(&all_here);
	for (int i = 0; i < 100000; i++) {
		int slot = rand_r(&random) % 8;

		if (pointers[slot]) {
			held -= sizes[slot];
			cu.MemFree(pointers[slot]);
			pointers[slot] = 0;
			continue;
		}
		sizes[slot] = (rand_r(&random) % 64 + 1) * (MIB / 4);
		if (cu.MemAlloc(&pointers[slot], sizes[slot])) {
			pointers[slot] = 0;
			refused++;
			continue;
		}
		uint64_t now = held += sizes[slot], most = most_held;

		while (now > most && !atomic_compare_exchange_weak(&most_held, &most, now))
			;
	}
	for (int slot = 0; slot < 8; slot++)
		if (pointers[slot]) {
			held -= sizes[slot];
			cu.MemFree(pointers[slot]);
		}
	return NULL;
}

static void the_limit_is_exact_under_threads(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	assert_int_equal(pthread_barrier_init(&all_here, NULL, THREADS), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, allocate_at_random, (void *)(i + 1)), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_true(most_held <= LIMIT && most_held > LIMIT / 2);
	assert_true(refused);
	assert_int_equal(left(), LIMIT);
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

/* What is captured into a graph does not run, so that it neither waits nor is charged. */

/* At 1 % the kernels would take four seconds. */
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
