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
#include <sys/wait.h>
#include <unistd.h>

#include "../util.h"
#include "backend.h"
#include "relay.h"

#define PIPE_SIZE 1048576

/*
 * The emulator writes each byte by itself. A reader that waits for bytes is woken by each of them;
 * one that looks now and then lets it write twice as fast.
 */
#define LOOK_EVERY_MS 1

/* A child that takes frames of one directory: rm, then tar. */
struct taker {
	pid_t pid;
	int to;
};

struct state {
	const struct relay *relay;
	char buffer[65536];
	size_t used;
	uint64_t sent, taken; /* bytes of standard input */
	bool stdin_ended;
	bool heard; /* the agent, which listens before it speaks: what comes sooner is lost */
	struct taker tar;
	struct words gone; /* paths in the directory whose frames come */
	bool lost;	   /* something could not be brought back */
};

static bool write_whole(int fd, const void *data, size_t size)
{
	for (const char *from = data; size;) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			from += n;
			size -= n;
		}
	}
	return true;
}

static void send_frame(const struct state *state, int kind, const void *data, size_t size)
{
	struct {
		struct lab_frame head;
		char data[LAB_FRAME_MOST];
	} frame = {.head = {LAB_FRAME_MAGIC, kind, 0, size}};

	memcpy(frame.data, data, size);
	write_whole(state->relay->to, &frame, sizeof(frame.head) + size);
}

/* Starts a program in a --rw directory. input -1: it reads nothing. */
static pid_t start(const char *directory, char *const *argv, int input)
{
	pid_t self = getpid(), pid = fork();

	if (pid)
		return pid;
	lab_child(self);
	if (input < 0)
		input = open("/dev/null", O_RDONLY);
	dup2(input, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	if (!chdir(directory))
		execvp(argv[0], argv);
	pr_err("lab: %s: cannot run %s: %s", directory, argv[0], strerror(errno));
	_exit(EXIT_FAILED);
}

static void end(struct state *state, const char *directory, pid_t pid)
{
	int status = -1;

	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (!status)
		return;
	pr_err("lab: %s: not all that changed there could be brought back", directory);
	state->lost = true;
}

/* Is this a path that stays below where it is taken from? */
static bool below(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += part != path;
		if (!strcmp(part, "..") || !strncmp(part, "../", 3))
			return false;
	}
	return *path && *path != '/';
}

static void remove_gone(struct state *state, const char *directory)
{
	struct words *gone = &state->gone;

	if (gone->n)
		end(state, directory, start(directory, gone->word, -1));
	words_free(gone);
	*gone = (struct words){};
}

/* Directories come one after the other, each with what is gone first. */
static void take_gone(struct state *state, const char *directory, const char *path, size_t size)
{
	struct words *gone = &state->gone;

	if (!gone->n) {
		words_add(gone, "rm");
		words_add(gone, "-rf");
		words_add(gone, "--");
	}
	words_add(gone, "%.*s", (int)size, path);
	if (!below(gone->word[gone->n - 1])) {
		free(gone->word[--gone->n]);
		gone->word[gone->n] = NULL;
	}
	if (gone->n == 1000)
		remove_gone(state, directory);
}

static void take_files(struct state *state, const char *directory, const void *data, size_t size)
{
	/* The lab has a time of its own: what comes from it is as old as its coming. */
	char *argv[] = {"tar", "--extract", "--file=-", "--touch", NULL};
	int pair[2];

	if (!state->tar.pid) {
		remove_gone(state, directory);
		if (pipe2(pair, O_CLOEXEC))
			die("lab: %s", strerror(errno));
		state->tar = (struct taker){start(directory, argv, pair[0]), pair[1]};
		close(pair[0]);
	}
	write_whole(state->tar.to, data, size);
}

static void take_files_end(struct state *state, const char *directory)
{
	close(state->tar.to);
	end(state, directory, state->tar.pid);
	state->tar = (struct taker){0};
}

/* What was to be brought back and was not makes the lab fail. */
static void take_control(struct state *state, void *data, size_t size)
{
	struct lab_message *message = data;

	for (size_t i = 0; i < state->relay->writable->n && state->gone.n; i++)
		remove_gone(state, state->relay->writable->word[i]);
	if (size == sizeof(*message) && message->kind == LAB_STATUS && state->lost)
		message->value = EXIT_FAILED;
	write_whole(state->relay->channel[LAB_CONTROL], data, size);
}

static void take(struct state *state, const struct lab_frame *head, void *data)
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
		if (head->size == sizeof(state->taken))
			memcpy(&state->taken, data, head->size);
		break;
	case LAB_FRAME_GONE:
		if (directory)
			take_gone(state, directory, data, head->size);
		break;
	case LAB_FRAME_FILES:
		if (directory)
			take_files(state, directory, data, head->size);
		break;
	case LAB_FRAME_FILES_END:
		if (directory)
			take_files_end(state, directory);
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

static void pass(struct state *state, int channel, size_t most)
{
	char data[LAB_FRAME_MOST];
	ssize_t n = read(state->relay->channel[channel], data, most);

	if (n > 0)
		send_frame(state, channel, data, n);
	if (n > 0 && channel == LAB_STDIN)
		state->sent += n;
	if (n <= 0 && channel == LAB_STDIN)
		state->stdin_ended = true;
}

static void carry(const struct relay *relay)
{
	static struct state state;

	state.relay = relay;
	for (;;) {
		size_t room = LAB_STDIN_AHEAD - (state.sent - state.taken);
		bool more = room && !state.stdin_ended && state.heard;
		struct pollfd fds[] = {
			{relay->from, POLLIN, 0},
			{state.heard ? relay->channel[LAB_CONTROL] : -1, POLLIN, 0},
			{more ? relay->channel[LAB_STDIN] : -1, POLLIN, 0},
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[0].revents && !hear(&state))
			break;
		if (fds[1].revents)
			pass(&state, LAB_CONTROL, sizeof(struct lab_message));
		if (fds[2].revents)
			pass(&state, LAB_STDIN, room);
	}
	say(&state, state.buffer, state.used);
}

pid_t relay_start(const struct relay *relay)
{
	pid_t self = getpid(), pid = fork();

	if (pid)
		return pid;
	lab_child(self);
	signal(SIGPIPE, SIG_IGN); /* a tar that fails says so by its status */
	fcntl(relay->from, F_SETPIPE_SZ, PIPE_SIZE);
	carry(relay);
	_exit(EXIT_OK);
}
