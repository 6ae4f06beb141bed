// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A tenant, a process on the fake driver, held to what message.h promises of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../tenant.h"

#define LIBCUDA	 "build/gpu/libfakecuda.so"
#define DEADLINE 60 /* seconds; for a tenant that never answers */

/* No kernels: the fake driver has its own. */
const char kernels_image[1], kernels_image_end[1];

/* What the tests order: argument[0] says what goes wrong. */
enum { SOUND, PREPARE_FAILS, RUN_FAILS, WAIVES, CONTROLS };

static int prepare(struct tenant *tenant)
{
	if (tenant->order.argument[0] == PREPARE_FAILS)
		return CALL(tenant, CUDA_ERROR_OUT_OF_MEMORY);
	if (tenant->order.argument[0] == WAIVES)
		return tenant_waive(tenant, "not here");
	tenant->state = "prepared";
	return 0;
}

static int run(struct tenant *tenant)
{
	double sample = 0;

	if (tenant->order.argument[0] == RUN_FAILS)
		return tenant_invalid(tenant, "%d of %d words are wrong", 1, 2);
	if (tenant->order.argument[0] == CONTROLS)
		tenant_fact(tenant, "name=two\nlines\tand a tab");
	while (sampling_more(tenant)) {
		sampling_add(tenant, sample++);
		if (tenant->window.end)
			usleep(100);
	}
	return 0;
}

static void finish(struct tenant *tenant)
{
	tenant_fact(tenant, "finished=%s", tenant->state ? (char *)tenant->state : "nothing");
}

static const struct work plain = {"plain", true, prepare, run, finish};
static const struct work device = {"device", false, prepare, run, finish};
const struct work *const works[] = {&plain, &device};
const size_t work_count = 2;

static int to; /* the tenant's other end */
static pid_t child;
static struct message message;

static void start(const char *libcuda)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		close(fds[0]);
		_exit(tenant_main(fds[1], 0, libcuda, NULL));
	}
	close(fds[1]);
	to = fds[0];
}

static void hears(enum message_type type)
{
	assert_int_equal(message_receive(to, &message, now_ns() + DEADLINE * SECOND), MESSAGE_CAME);
	if (message.type != type)
		fail_msg("message %u \"%.*s\", not %u", message.type, (int)message.size,
			 message.text, type);
}

static void hears_text(enum message_type type, const char *text)
{
	hears(type);
	assert_int_equal(message.size, strlen(text));
	assert_memory_equal(message.text, text, message.size);
}

/* How it ends by itself. */
static void ends(int code)
{
	int status;

	assert_int_equal(message_receive(to, &message, now_ns() + DEADLINE * SECOND), MESSAGE_GONE);
	close(to);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
}

static int begin(void **state)
{
	(void)state;
	start(LIBCUDA);
	hears(MESSAGE_HELLO);
	return 0;
}

static int end(void **state)
{
	(void)state;
	shutdown(to, SHUT_WR);
	ends(0);
	return 0;
}

static void order(uint32_t work, uint64_t what)
{
	const struct order order = {.work = work,
				    .minimum = 10,
				    .maximum = 2500,
				    .repeat = 1,
				    .cap = 50,
				    .argument = {what}};

	assert_int_equal(message_send(to, MESSAGE_ORDER, &order, sizeof(order)), 0);
}

static void go(uint64_t start, uint64_t end)
{
	const struct window window = {start, end};

	assert_int_equal(message_send(to, MESSAGE_GO, &window, sizeof(window)), 0);
}

/* Counts samples, which are 0, 1, 2..., to the message behind them. */
static size_t hears_samples(void)
{
	size_t count = 0;

	for (;;) {
		assert_int_equal(message_receive(to, &message, now_ns() + DEADLINE * SECOND),
				 MESSAGE_CAME);
		if (message.type != MESSAGE_SAMPLES)
			return count;
		for (size_t i = 0; i < message.size / sizeof(double); i++)
			assert_true(message.samples[i] == (double)count++);
	}
}

static void finishes(const char *fact)
{
	assert_int_equal(message_send(to, MESSAGE_FINISH, NULL, 0), 0);
	hears_text(MESSAGE_FACT, fact);
	hears(MESSAGE_READY);
}

static void says_what_it_runs_on(void **state)
{
	(void)state;
	assert_non_null(memmem(message.text, message.size, "gpu=fake libcuda: no GPU\n", 25));
	assert_non_null(memmem(message.text, message.size, "\nmemory_bytes=4294967296\n", 25));
}

static void works_twice_on_two_orders(void **state)
{
	(void)state;
	for (uint32_t work = 0; work < 2; work++) {
		order(work, SOUND);
		hears(MESSAGE_READY);
		for (int i = 0; i < 2; i++) {
			go(0, 0);
			assert_int_equal(hears_samples(), 2500);
			assert_int_equal(message.type, MESSAGE_RESULT);
			assert_true(message.busy.start && message.busy.end >= message.busy.start);
		}
		finishes("finished=prepared");
	}
}

/* The barrier: nothing is done before the window, nothing is begun after it. */
static void keeps_to_its_window(void **state)
{
	uint64_t start, end;

	(void)state;
	order(0, SOUND);
	hears(MESSAGE_READY);
	start = now_ns() + SECOND / 5;
	go(start, start + DEADLINE * SECOND); /* the maximum ends it */
	assert_int_equal(hears_samples(), 2500);
	assert_int_equal(message.type, MESSAGE_RESULT);
	assert_true(message.busy.start >= start);
	assert_true(message.busy.end > message.busy.start);
	end = now_ns() + SECOND / 50;
	go(0, end); /* too short for all of them */
	assert_true(hears_samples() < 2500);
	assert_int_equal(message.type, MESSAGE_RESULT);
	assert_true(now_ns() >= end);
	go(start, end); /* over: no sample */
	hears(MESSAGE_RESULT);
	finishes("finished=prepared");
}

static void finishes_what_failed(void **state)
{
	(void)state;
	order(0, PREPARE_FAILS);
	hears(MESSAGE_FAILED);
	assert_non_null(memmem(message.text, message.size, "CUDA_ERROR_OUT_OF_MEMORY (", 26));
	finishes("finished=nothing");
	order(1, WAIVES);
	hears_text(MESSAGE_WAIVED, "not here");
	finishes("finished=nothing");
	order(0, RUN_FAILS);
	hears(MESSAGE_READY);
	go(0, 0);
	hears_text(MESSAGE_INVALID, "1 of 2 words are wrong");
	finishes("finished=prepared");
}

/* Not only the first order meets it that the device takes no kernels. */
static void says_each_time_what_is_missing(void **state)
{
	(void)state;
	setenv("FAKECUDA_FAULTS", "ModuleLoadData=209", 1);
	start(LIBCUDA);
	unsetenv("FAKECUDA_FAULTS");
	hears(MESSAGE_HELLO);
	for (int i = 0; i < 2; i++) {
		order(1, SOUND);
		hears_text(MESSAGE_FAILED, "the kernels do not load: CUDA_ERROR_NO_BINARY_FOR_GPU");
		finishes("finished=nothing");
	}
	end(state);
}

static void says_a_line_at_a_time(void **state)
{
	(void)state;
	order(0, CONTROLS);
	hears(MESSAGE_READY);
	go(0, 0);
	hears_text(MESSAGE_FACT, "name=two lines and a tab");
	hears_samples();
	finishes("finished=prepared");
}

static void leaves_on_nonsense(void **state)
{
	const char *const texts[] = {"abc", "all work and no play makes Jack a dull boy"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		begin(state);
		assert_true(send(to, texts[i], strlen(texts[i]), 0) > 0);
		ends(0);
	}
	begin(state);
	order(work_count, SOUND); /* there is no such work */
	ends(0);
	begin(state);
	go(0, 0); /* nothing was ordered */
	ends(0);
	begin(state);
	order(0, SOUND);
	hears(MESSAGE_READY);
	order(0, SOUND); /* nothing was finished */
	hears_text(MESSAGE_FACT, "finished=prepared");
	ends(0);
}

static void says_why_it_cannot(void **state)
{
	(void)state;
	start("build/gpu/no-such-library.so");
	hears(MESSAGE_CANNOT);
	assert_memory_equal(message.text, "no NVIDIA driver: ", 18);
	ends(77);
	setenv("FAKECUDA_DEVICES", "0", 1);
	start(LIBCUDA);
	unsetenv("FAKECUDA_DEVICES");
	hears_text(MESSAGE_CANNOT, "no NVIDIA GPU: CUDA_ERROR_NO_DEVICE; nvidia-smi -L lists them");
	ends(77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_what_it_runs_on, begin, end),
		cmocka_unit_test_setup_teardown(works_twice_on_two_orders, begin, end),
		cmocka_unit_test_setup_teardown(keeps_to_its_window, begin, end),
		cmocka_unit_test_setup_teardown(finishes_what_failed, begin, end),
		cmocka_unit_test(says_each_time_what_is_missing),
		cmocka_unit_test_setup_teardown(says_a_line_at_a_time, begin, end),
		cmocka_unit_test(leaves_on_nonsense),
		cmocka_unit_test(says_why_it_cannot),
	};

	alarm(2 * DEADLINE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
