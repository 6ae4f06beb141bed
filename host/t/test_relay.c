// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The relay of the Intel lab (host/lab/relay.h), with an emulator that is this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../lab/relay.h"
#include "tree.h"

#define PATIENCE_MS 20000

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

/* The ends that are the emulator's and the session's. */
struct lab {
	pid_t relay;
	int out, serial, channel[LAB_CHANNELS], words;
	struct words writable;
};

static struct lab begin(void)
{
	struct lab lab = {};
	struct relay relay = {.writable = &lab.writable};
	int out[2], words[2], pair[2];
	struct termios raw = {};

	cfmakeraw(&raw);
	put("/one/same", "old");
	words_add(&lab.writable, "%s/one", root);
	assert_int_equal(pipe2(out, O_CLOEXEC) | pipe2(words, O_CLOEXEC), 0);
	assert_int_equal(openpty(&relay.to, &lab.serial, NULL, &raw, NULL), 0);
	for (int i = 0; i < LAB_CHANNELS; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		lab.channel[i] = pair[0];
		relay.channel[i] = pair[1];
	}
	lab.out = out[1];
	lab.words = words[0];
	relay.from = out[0];
	relay.words = words[1];
	fcntl(lab.out, F_SETFD, FD_CLOEXEC);
	lab.relay = relay_start(&relay);
	assert_true(lab.relay > 0);
	close(relay.from);
	close(relay.words);
	close(relay.to);
	for (int i = 0; i < LAB_CHANNELS; i++)
		close(relay.channel[i]);
	return lab;
}

static void end(struct lab *lab)
{
	kill(lab->relay, SIGKILL);
	waitpid(lab->relay, NULL, 0);
	for (int i = 0; i < LAB_CHANNELS; i++)
		close(lab->channel[i]);
	close(lab->out);
	close(lab->serial);
	close(lab->words);
	words_free(&lab->writable);
}

static void frame(const struct lab *lab, int kind, int number, const void *data, size_t size)
{
	struct lab_frame head = {LAB_FRAME_MAGIC, kind, number, size};

	assert_int_equal(write(lab->out, &head, sizeof(head)), sizeof(head));
	assert_int_equal(write(lab->out, data, size), size);
}

static void tell(const struct lab *lab, uint32_t kind, uint32_t value)
{
	struct lab_message message = {.kind = kind, .value = value};

	frame(lab, LAB_CONTROL, 0, &message, sizeof(message));
}

/* Reads what comes within a time that is long enough, to its last byte. */
static void comes(int fd, void *data, size_t size)
{
	struct pollfd poll_in = {fd, POLLIN, 0};

	for (char *to = data; size;) {
		ssize_t n = poll(&poll_in, 1, PATIENCE_MS) == 1 ? read(fd, to, size) : -1;

		assert_true(n > 0);
		to += n;
		size -= n;
	}
}

static struct lab_message told(const struct lab *lab)
{
	struct lab_message message;

	comes(lab->channel[LAB_CONTROL], &message, sizeof(message));
	return message;
}

static void frames_come_in_pieces_between_words(void **unused)
{
	struct lab lab = begin();
	static const struct lab_frame head = {LAB_FRAME_MAGIC, LAB_STDOUT, 0, 5};
	char text[16] = "";

	assert_int_equal(write(lab.out, "word", 4), 4);
	for (size_t i = 0; i < sizeof(head); i++) {
		assert_int_equal(write(lab.out, (const char *)&head + i, 1), 1);
		poll(NULL, 0, 2); /* longer than the relay waits to look again */
	}
	assert_int_equal(write(lab.out, "bytes", 5), 5);
	comes(lab.channel[LAB_STDOUT], text, 5);
	assert_string_equal(text, "bytes");
	comes(lab.words, text, 4);
	assert_memory_equal(text, "word", 4);
	end(&lab);
	(void)unused;
}

static void what_cannot_be_brought_back_fails_the_lab(void **unused)
{
	struct lab lab = begin();

	frame(&lab, LAB_FRAME_FILES, 0, "this is no tar file", 19);
	frame(&lab, LAB_FRAME_END, 0, "", 0);
	tell(&lab, LAB_STATUS, 0);
	assert_int_equal(told(&lab).value, EXIT_FAILURE);
	end(&lab);
	(void)unused;
}

/* An emulator that waits for its output to be read does not read its serial port. */
static void output_comes_while_nobody_reads_input(void **unused)
{
	struct lab lab = begin();
	char text[8] = "";

	tell(&lab, LAB_READY, 0);
	told(&lab);
	/* Each byte in a frame of its own: more of them than the port has room for. */
	for (int i = 0; i < LAB_STDIN_AHEAD; i++) {
		int left = 1;

		assert_int_equal(write(lab.channel[LAB_STDIN], "x", 1), 1);
		for (int wait = 0; left && wait < 100; wait++) {
			ioctl(lab.channel[LAB_STDIN], SIOCOUTQ, &left);
			if (left)
				poll(NULL, 0, 1);
		}
		if (left)
			break;
	}
	frame(&lab, LAB_STDERR, 0, "heard", 5);
	comes(lab.channel[LAB_STDERR], text, 5);
	assert_string_equal(text, "heard");
	end(&lab);
	(void)unused;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_come_in_pieces_between_words),
		TEST(what_cannot_be_brought_back_fails_the_lab),
		TEST(output_comes_while_nobody_reads_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
