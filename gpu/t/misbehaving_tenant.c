// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a tenant can do wrong: a table of it, and a tenant that does. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../message.h"
#include "misbehaving_tenant.h"

/* None of them returns, but for those that only say a thing. */

static void hang(int fd)
{
	(void)fd;
	for (;;)
		pause();
}

static void leave(int fd)
{
	(void)fd;
	_exit(5);
}

static void crash(int fd)
{
	(void)fd;
	abort();
}

/* As a library does that closes all files it does not know. */
static void close_socket(int fd)
{
	close(fd);
	hang(fd);
}

static void say(int fd, enum message_type type, const char *text)
{
	if (message_send(fd, type, text, strlen(text)))
		_exit(9);
}

static void send_garbage(int fd)
{
	send(fd, "all work and no play makes Jack a dull boy", 42, 0);
	hang(fd);
}

static void send_short(int fd)
{
	send(fd, "abc", 3, 0);
	hang(fd);
}

static void send_huge(int fd)
{
	static const struct message message[2] = {{.magic = MESSAGE_MAGIC, .type = MESSAGE_READY}};

	send(fd, message, sizeof(message), 0);
	hang(fd);
}

/* The header promises more than there is. */
static void send_cut(int fd)
{
	static const struct message message = {
		.magic = MESSAGE_MAGIC, .type = MESSAGE_FACT, .size = 4000};

	send(fd, &message, 100, 0);
	hang(fd);
}

static void send_order(int fd)
{
	static const struct order order;

	message_send(fd, MESSAGE_ORDER, &order, sizeof(order));
	hang(fd);
}

static void send_finish(int fd)
{
	message_send(fd, MESSAGE_FINISH, NULL, 0);
	hang(fd);
}

static void send_half_sample(int fd)
{
	message_send(fd, MESSAGE_SAMPLES, "abcd", 4);
	hang(fd);
}

static void forge(int fd)
{
	say(fd, MESSAGE_FACT, "a=1\nstatus=ok");
	hang(fd);
}

static void flood_with_facts(int fd)
{
	for (;;)
		say(fd, MESSAGE_FACT, "a=1");
}

static void flood_with_samples(int fd)
{
	static const double samples[MESSAGE_MAX / sizeof(double)];

	while (!message_send(fd, MESSAGE_SAMPLES, samples, sizeof(samples)))
		;
	hang(fd);
}

static void waive(int fd)
{
	say(fd, MESSAGE_WAIVED, "not on this device");
}

static void be_broken(int fd)
{
	say(fd, MESSAGE_FAILED, "it broke");
}

static void be_invalid(int fd)
{
	say(fd, MESSAGE_INVALID, "5 of 6 words are wrong");
}

static void cannot(int fd)
{
	say(fd, MESSAGE_CANNOT, "no NVIDIA GPU");
	_exit(77);
}

static const struct {
	const char *name;
	void (*act)(int fd);
} actions[] = {
	{"hang", hang},
	{"leave", leave},
	{"crash", crash},
	{"close", close_socket},
	{"garbage", send_garbage},
	{"short", send_short},
	{"huge", send_huge},
	{"cut", send_cut},
	{"order", send_order},
	{"finish", send_finish},
	{"half-sample", send_half_sample},
	{"forge", forge},
	{"facts", flood_with_facts},
	{"samples", flood_with_samples},
	{"waive", waive},
	{"fail", be_broken},
	{"invalid", be_invalid},
	{"cannot", cannot},
};

/* Does what MISBEHAVE has for this stage. False: nothing. */
static bool misbehave(int fd, const char *stage)
{
	const char *what = getenv("MISBEHAVE"), *action = what ? strchr(what, ':') : NULL;

	if (!action || strncmp(what, stage, action - what))
		return false;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(actions[i].name, action + 1)) {
			actions[i].act(fd);
			return true;
		}
	_exit(9);
}

/* Says the window that it was given as the time in which it worked, and two samples. */
static void work(int fd, const struct window *window)
{
	const struct busy busy = {.start = window->start, .end = window->end, .throttled = 1};
	const double samples[] = {1, 2};

	say(fd, MESSAGE_FACT, "verified=7");
	message_send(fd, MESSAGE_SAMPLES, samples, sizeof(samples));
	message_send(fd, MESSAGE_RESULT, &busy, sizeof(busy));
}

int misbehaving_tenant(int fd)
{
	struct message message;
	struct stat output, errors;
	char hello[64];

	if (fstat(1, &output) || fstat(2, &errors))
		return 1;
	snprintf(hello, sizeof(hello), "gpu=none\nwhere=%s\n%s", getenv("WHERE"),
		 output.st_ino == errors.st_ino ? "output=errors\n" : "");
	if (!misbehave(fd, "start"))
		say(fd, MESSAGE_HELLO, hello);
	while (message_receive(fd, &message, UINT64_MAX) == MESSAGE_CAME) {
		const char *stage = message.type == MESSAGE_ORDER ? "prepare"
				    : message.type == MESSAGE_GO  ? "go"
								  : "finish";

		if (misbehave(fd, stage))
			continue;
		if (message.type == MESSAGE_GO)
			work(fd, &message.window);
		else
			message_send(fd, MESSAGE_READY, NULL, 0);
	}
	return 0;
}
