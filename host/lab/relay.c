// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The outer end of the Intel lab's one stream: frames out of the emulator's standard output become
 * bytes of the session's channels, and the other way round. What changed in the --rw directories
 * comes by it, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../util.h"
#include "backend.h"
#include "changes.h"
#include "relay.h"

#define PIPE_SIZE 1048576

/*
 * The emulator writes each byte by itself. A reader that waits for bytes is woken by each of them;
 * one that looks now and then lets it write twice as fast.
 */
#define LOOK_EVERY_MS 1

/* The one frame that is on its way in. */
struct sending {
	int to;
	struct {
		struct lab_frame head;
		char data[LAB_FRAME_MOST];
	} frame;
	size_t size, sent; /* equal: there is none */
};

struct state {
	const struct relay *relay;
	struct sending sending;
	char buffer[65536];
	size_t used;
	uint64_t sent, taken; /* bytes of standard input */
	bool stdin_ended;
	bool heard; /* the agent, which listens before it speaks: what comes sooner is lost */
	struct changes changes;
};

/* Sends what the serial port takes: this must not wait for an emulator that waits for us. */
static void send_some(struct sending *sending)
{
	ssize_t n = write(sending->to, (char *)&sending->frame + sending->sent,
			  sending->size - sending->sent);

	if (n > 0)
		sending->sent += n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		sending->sent = sending->size; /* the emulator has ended */
}

/* What was to be brought back and was not makes the lab fail. */
static void take_control(struct state *state, const void *data, size_t size)
{
	struct lab_message message;

	if (size != sizeof(message))
		return;
	memcpy(&message, data, sizeof(message));
	if (message.kind == LAB_STATUS && state->changes.lost)
		message.value = EXIT_FAILED;
	write_whole(state->relay->channel[LAB_CONTROL], &message, sizeof(message));
}

/* The lab's root may say anything; it cannot have read more than was sent. */
static void take_taken(struct state *state, const void *data, size_t size)
{
	uint64_t taken;

	if (size != sizeof(taken))
		return;
	memcpy(&taken, data, size);
	if (taken >= state->taken && taken <= state->sent)
		state->taken = taken;
}

static void take(struct state *state, const struct lab_frame *head, const void *data)
{
	const struct words *writable = state->relay->writable;
	const char *directory = head->number < writable->n ? writable->word[head->number] : NULL;

	state->heard = true;
	switch (head->kind) {
	case LAB_CONTROL:
		take_control(state, data, head->size);
		break;
	case LAB_STDOUT:
	case LAB_STDERR:
		write_whole(state->relay->channel[head->kind], data, head->size);
		break;
	case LAB_FRAME_TAKEN:
		take_taken(state, data, head->size);
		break;
	case LAB_FRAME_GONE:
		if (directory)
			changes_gone(&state->changes, head->number, data, head->size);
		break;
	case LAB_FRAME_FILES:
		if (directory)
			changes_files(&state->changes, head->number, data, head->size);
		break;
	case LAB_FRAME_END:
		if (directory)
			changes_end(&state->changes, head->number, directory);
		break;
	}
}

static void say(const struct state *state, const void *words, size_t size)
{
	if (size && state->relay->words >= 0)
		write_whole(state->relay->words, words, size);
}

/* Takes the frames that are whole; what stands between them are the emulator's words. */
static void take_all(struct state *state)
{
	static const uint32_t magic = LAB_FRAME_MAGIC;
	struct lab_frame head;
	size_t at = 0;

	while (at < state->used) {
		char *from = state->buffer + at;
		size_t left = state->used - at;
		char *frame = memmem(from, left, &magic, sizeof(magic));

		if (!frame) {
			/* All but the last bytes, with which one may begin. */
			size_t words = left < sizeof(magic) ? 0 : left - (sizeof(magic) - 1);

			say(state, from, words);
			at += words;
			break;
		}
		say(state, from, frame - from);
		at += frame - from;
		left -= frame - from;
		if (left < sizeof(head))
			break;
		memcpy(&head, frame, sizeof(head));
		if (head.size > LAB_FRAME_MOST) {
			at++;
			continue;
		}
		if (left < sizeof(head) + head.size)
			break;
		take(state, &head, frame + sizeof(head));
		at += sizeof(head) + head.size;
	}
	state->used -= at;
	memmove(state->buffer, state->buffer + at, state->used);
}

/* False at the end of the emulator. */
static bool hear(struct state *state)
{
	ssize_t n = read(state->relay->from, state->buffer + state->used,
			 sizeof(state->buffer) - state->used);

	if (n <= 0)
		return n < 0 && errno == EINTR;
	state->used += n;
	take_all(state);
	poll(NULL, 0, LOOK_EVERY_MS);
	return true;
}

/* Makes a frame of what a channel has, at most so many bytes. */
static void pass(struct state *state, int channel, size_t most)
{
	struct sending *sending = &state->sending;
	ssize_t n = read(state->relay->channel[channel], sending->frame.data, most);

	if (n > 0) {
		sending->frame.head = (struct lab_frame){LAB_FRAME_MAGIC, channel, 0, n};
		sending->size = sizeof(sending->frame.head) + n;
		sending->sent = 0;
	}
	if (n > 0 && channel == LAB_STDIN)
		state->sent += n;
	if (n <= 0 && channel == LAB_STDIN)
		state->stdin_ended = true;
}

static void carry(const struct relay *relay)
{
	static struct state state;

	state.relay = relay;
	state.changes = no_changes;
	state.sending.to = relay->to;
	for (;;) {
		size_t room = LAB_STDIN_AHEAD - (state.sent - state.taken);
		bool sending = state.sending.sent < state.sending.size;
		bool idle = state.heard && !sending;
		bool more = idle && room && !state.stdin_ended;
		struct pollfd fds[] = {
			{relay->from, POLLIN, 0},
			{sending ? relay->to : -1, POLLOUT, 0},
			{idle ? relay->channel[LAB_CONTROL] : -1, POLLIN, 0},
			{more ? relay->channel[LAB_STDIN] : -1, POLLIN, 0},
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[0].revents && !hear(&state))
			break;
		if (fds[1].revents)
			send_some(&state.sending);
		if (fds[2].revents)
			pass(&state, LAB_CONTROL, sizeof(struct lab_message));
		else if (fds[3].revents)
			pass(&state, LAB_STDIN, room);
	}
	say(&state, state.buffer, state.used);
}

pid_t relay_start(const struct relay *relay)
{
	pid_t self = getpid(), pid = fork();

	if (pid)
		return pid;
	lab_child(self, SIGKILL);
	signal(SIGPIPE, SIG_IGN); /* a tar that fails says so by its status */
	fcntl(relay->from, F_SETPIPE_SZ, PIPE_SIZE);
	fcntl(relay->to, F_SETFL, O_NONBLOCK);
	carry(relay);
	_exit(EXIT_OK);
}
