// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What pidmon reads of /proc, planted and real, and the rows that it makes of it. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../pidmon.h"
#include "../util.h"

static void names_in_stat(void **state)
{
	static const char *const names[] = {"bash", "a b", "a) S 1 (b", "((", "))", ")\n(", ""};
	struct process_stat stat;
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(text, sizeof(text), "42 (%s) S 7 1 1 0 -1 4194304 0 0\n", names[i]);
		assert_true(process_parse_stat(text, &stat));
		assert_int_equal(stat.parent, 7);
		assert_false(stat.kernel_thread);
	}
	assert_true(process_parse_stat("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0\n", &stat));
	assert_true(stat.kernel_thread);
	assert_false(process_parse_stat("", &stat));
	assert_false(process_parse_stat("42 (cut) S 7", &stat));
	assert_false(process_parse_stat("42 cut S 7 1 1 0 -1 4194304", &stat));
}

static void memory_in_statm(void **state)
{
	const int64_t page = sysconf(_SC_PAGESIZE);

	(void)state;
	assert_int_equal(process_parse_statm("900 300 20 1 0 80 0\n", false), 300 * page);
	/* More than 32 bits of bytes, and of pages. */
	assert_int_equal(process_parse_statm("9000000000 5000000000 0 0 0 0 0\n", false),
			 5000000000 * page);
	/* Memory given up is not memory of 0; a thread of the kernel has none of its own. */
	assert_int_equal(process_parse_statm("0 0 0 0 0 0 0\n", false), NOT_MEASURED);
	assert_int_equal(process_parse_statm("0 0 0 0 0 0 0\n", true), 0);
	assert_int_equal(process_parse_statm("900 0 0 0 0 0 0\n", false), 0);
	assert_int_equal(process_parse_statm("", false), NOT_MEASURED);
}

static void disk_in_io(void **state)
{
	const char *text = "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 8589934592\n"
			   "write_bytes: 4294967297\ncancelled_write_bytes: 7\n";

	(void)state;
	assert_int_equal(process_parse_io(text, "read_bytes"), 8589934592);
	assert_int_equal(process_parse_io(text, "write_bytes"), 4294967297);
	assert_int_equal(process_parse_io("cancelled_write_bytes: 7\n", "write_bytes"),
			 NOT_MEASURED);
	assert_int_equal(process_parse_io("", "read_bytes"), NOT_MEASURED);
}

static void printable_names(void **state)
{
	char name[PROCESS_NAME], text[200];

	(void)state;
	process_parse_name("plain\n", name);
	assert_string_equal(name, "plain");
	process_parse_name("a\nb\t\xc3\xa9\x7f,\"\n", name);
	assert_string_equal(name, "a?b????,\"");
	process_parse_name("", name);
	assert_string_equal(name, "");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	process_parse_name(text, name);
	assert_int_equal(strlen(name), PROCESS_NAME - 1);
}

/* A child does work when it is told to, says so, and waits for the end. */
struct child {
	pid_t pid;
	int tell, hear;
};

static struct child start(void (*work)(void))
{
	int tell[2], hear[2];
	struct child child;
	char byte;

	assert_int_equal(pipe2(tell, O_CLOEXEC), 0);
	assert_int_equal(pipe2(hear, O_CLOEXEC), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (!child.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves it behind */
		close(tell[1]);
		if (read(tell[0], &byte, 1) == 1 && work)
			work();
		if (write(hear[1], "", 1) != 1 || read(tell[0], &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	close(tell[0]);
	close(hear[1]);
	child.tell = tell[1];
	child.hear = hear[0];
	return child;
}

static void let_work(const struct child *child)
{
	char byte;

	assert_int_equal(write(child->tell, "", 1), 1);
	assert_int_equal(read(child->hear, &byte, 1), 1);
}

static void end(const struct child *child)
{
	close(child->tell);
	close(child->hear);
	kill(child->pid, SIGKILL);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

#define BURNT_NS 20000000

static void *burn(void *unused)
{
	struct timespec used;

	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	while (used.tv_sec * 1000000000LL + used.tv_nsec < BURNT_NS);
	return unused;
}

static void burn_in_threads(void)
{
	pthread_t threads[3];

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, burn, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
}

/* The first thread ends before the process does: its memory is gone from /proc/PID/statm. */
static void *outlive(void *leader)
{
	pthread_join(*(pthread_t *)leader, NULL);
	pause();
	return NULL;
}

static void leave_a_thread(void)
{
	static pthread_t leader;
	pthread_t other;

	leader = pthread_self();
	pthread_create(&other, NULL, outlive, &leader);
	pthread_exit(NULL);
}

static void threads_count(void **state)
{
	struct child child = start(burn_in_threads);
	struct process_sample now;
	struct process process;
	char why[256];

	(void)state;
	assert_int_equal(process_open(&process, child.pid, getpid(), why, sizeof(why)), EXIT_OK);
	assert_false(process.kernel_thread);
	assert_true(process.before.memory_bytes > 0);
	let_work(&child);
	assert_true(process_sample(&process, &now));
	/* Of threads that have ended, which task/ no longer has. */
	assert_true(now.cpu_ns - process.before.cpu_ns >= 3LL * BURNT_NS);
	assert_true(now.time_ns > process.before.time_ns);
	process_close(&process);
	end(&child);
}

static bool first_thread_ended(pid_t pid)
{
	char path[64], text[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	return strstr(text, ") Z ");
}

static void process_outlives_first_thread(void **state)
{
	struct child child = start(leave_a_thread);
	struct process_sample now;
	struct process process;
	char why[256];

	(void)state;
	assert_int_equal(process_open(&process, child.pid, 0, why, sizeof(why)), EXIT_OK);
	assert_int_equal(write(child.tell, "", 1), 1);
	while (!first_thread_ended(child.pid))
		sched_yield();
	assert_true(process_sample(&process, &now));
	assert_int_equal(now.memory_bytes, NOT_MEASURED);
	assert_false(process.ended);
	process_close(&process);
	end(&child);
}

static void gone_processes(void **state)
{
	struct child child = start(NULL);
	struct process_sample now;
	struct process process, again;
	siginfo_t info;
	char why[256];

	(void)state;
	assert_int_equal(process_open(&process, child.pid, 0, why, sizeof(why)), EXIT_OK);
	assert_int_equal(process_open(&again, child.pid, 1, why, sizeof(why)), EXIT_FAILED);
	kill(child.pid, SIGKILL);
	assert_int_equal(waitid(P_PID, child.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(process_open(&again, child.pid, 0, why, sizeof(why)), EXIT_FAILED);
	assert_non_null(strstr(why, "has ended"));
	end(&child);
	assert_false(process_sample(&process, &now));
	assert_true(process.ended);
	assert_int_equal(process_open(&again, child.pid, 0, why, sizeof(why)), EXIT_FAILED);
	assert_non_null(strstr(why, "no process"));
	process_close(&process);
}

static void *open_itself(void *why)
{
	struct process process;

	assert_int_equal(process_open(&process, syscall(SYS_gettid), 0, why, 256), EXIT_FAILED);
	return NULL;
}

static void threads_are_no_processes(void **state)
{
	char why[256] = "", wanted[64];
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, open_itself, why), 0);
	pthread_join(thread, NULL);
	snprintf(wanted, sizeof(wanted), "is a thread of process %d", getpid());
	assert_non_null(strstr(why, wanted));
}

static void count_child(pid_t child, void *context)
{
	pid_t *wanted = context;

	if (child == *wanted)
		*wanted = 0;
}

static void children_are_found(void **state)
{
	struct child child = start(NULL);
	struct process process;
	pid_t wanted = child.pid;
	char why[256];

	(void)state;
	if (!process_children_known()) {
		end(&child);
		skip();
	}
	assert_int_equal(process_open(&process, getpid(), 0, why, sizeof(why)), EXIT_OK);
	process_children(&process, count_child, &wanted);
	assert_int_equal(wanted, 0);
	process_close(&process);
	end(&child);
}

/* The text of the file after one row of the process and samples. */
static char *row_of(bool json, const char *description, const struct process *process,
		    const struct process_sample *now)
{
	static char text[1024];
	char path[] = "/tmp/exitlab-pidmon.XXXXXX";
	struct pidmon_output output;
	int fd = mkstemp(path);
	ssize_t got;

	assert_true(fd >= 0);
	assert_int_equal(pidmon_output_open(&output, path, json, description, -1), EXIT_OK);
	output.host_bytes = 16LL << 30;
	pidmon_output_row(&output, process, now);
	assert_int_equal(pidmon_output_write(&output), EXIT_OK);
	assert_int_equal(pidmon_output_close(&output, true), EXIT_OK);
	got = pread(fd, text, sizeof(text) - 1, 0);
	assert_true(got > 0);
	text[got] = '\0';
	close(fd);
	unlink(path);
	return text;
}

#define HEADER                                                                                     \
	"timestamp,description,pid,name,cpu_percent,memory_mb,memory_percent,disk_read_kb,"        \
	"disk_write_kb\n"

static void rows(void **state)
{
	/* 2.5 CPUs over 0.2 s; 5 GiB of 16; more KB than 32 bits of bytes have. */
	struct process process = {.pid = 4194304,
				  .before = {.time_ns = 1000000000, .cpu_ns = 5000000000}};
	struct process_sample now = {.time = {1757954525, 38128999},
				     .time_ns = 1200000000,
				     .cpu_ns = 5500000000,
				     .memory_bytes = 5LL << 30,
				     .read_bytes = 512,
				     .written_bytes = 6LL << 30,
				     .name = "a,\"b\""};

	(void)state;
	assert_string_equal(
		row_of(false, "1000/s, ratio 1", &process, &now),
		HEADER "2025-09-15 16:42:05.038128,\"1000/s, ratio 1\",4194304,\"a,\"\"b\"\"\","
		       "250.000,5120.000,31.2500,0.5,6291456.0\n");
	strcpy(now.name, "a\"b");
	assert_non_null(strstr(row_of(false, "", &process, &now), ",4194304,\"a\"\"b\",250.000,"));
	strcpy(now.name, "plain name");
	now.memory_bytes = now.read_bytes = now.written_bytes = NOT_MEASURED;
	assert_string_equal(row_of(false, "", &process, &now),
			    HEADER "2025-09-15 16:42:05.038128,,4194304,plain name,250.000,,,,\n");
	assert_string_equal(
		row_of(true, "a \"b\"", &process, &now),
		"{\"timestamp\":\"2025-09-15 16:42:05.038128\",\"description\":"
		"\"a \\\"b\\\"\",\"pid\":4194304,\"name\":\"plain name\",\"cpu_percent\":"
		"250.0,\"memory_mb\":null,\"memory_percent\":null,\"disk_read_kb\":null,"
		"\"disk_write_kb\":null}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_in_stat),
		cmocka_unit_test(memory_in_statm),
		cmocka_unit_test(disk_in_io),
		cmocka_unit_test(printable_names),
		cmocka_unit_test(threads_count),
		cmocka_unit_test(process_outlives_first_thread),
		cmocka_unit_test(gone_processes),
		cmocka_unit_test(threads_are_no_processes),
		cmocka_unit_test(children_are_found),
		cmocka_unit_test(rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
