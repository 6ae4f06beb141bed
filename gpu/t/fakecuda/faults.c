// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* FAKECUDA_FAULTS: what goes wrong, where, and the how manieth time. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fakecuda.h"

#define FAULTS 16
#define TIRED  8 /* kernels behind a refusal */

enum action { RETURN, HANG, CRASH, EXIT, SLEEP, CORRUPT, LEAK, LOSE };

static const char *const actions[] = {
	[HANG] = "hang",       [CRASH] = "crash", [EXIT] = "exit", [SLEEP] = "sleep",
	[CORRUPT] = "corrupt", [LEAK] = "leak",	  [LOSE] = "lose",
};

static const char *const places[] = {
#define CUDA(name, symbol, arguments) #name,
#include "../../driver.def"
#undef CUDA
	"Kernel",
	"Copy",
};

static struct fault {
	unsigned int place;
	unsigned int first, last; /* times, from 1 */
	enum action action;
	unsigned int number; /* the error, or microseconds */
} faults[FAULTS];

static unsigned int fault_count;
static _Atomic unsigned int times[PLACES];
bool fake_faults;

static void refuse(const char *text)
{
	fprintf(stderr, "fakecuda: FAKECUDA_FAULTS: what is \"%s\"? CALL[:N[+]]=ACTION\n", text);
	abort();
}

static void parse_action(struct fault *fault, const char *text)
{
	size_t action = sizeof(actions) / sizeof(actions[0]);
	const char *rest = text;
	char *end;

	while (--action && strncmp(text, actions[action], strlen(actions[action])))
		;
	fault->action = action;
	if (action)
		rest += strlen(actions[action]);
	fault->number = strtoul(rest, &end, 10);
	/* Errors and sleeps have a number, the others none. */
	if (*end || (end == rest) != (action != RETURN && action != SLEEP))
		refuse(text);
}

static void parse(char *text)
{
	struct fault *fault = &faults[fault_count++];
	char *action = strchr(text, '='), *number;

	if (!action || fault_count > FAULTS)
		refuse(text);
	*action++ = '\0';
	fault->first = 1;
	fault->last = -1u;
	number = strchr(text, ':');
	if (number) {
		char *end;

		*number++ = '\0';
		fault->first = strtoul(number, &end, 10);
		if (*end != '+')
			fault->last = fault->first;
		if (end == number || (*end && strcmp(end, "+")))
			refuse(number);
	}
	while (fault->place < PLACES && strcmp(places[fault->place], text))
		fault->place++;
	if (fault->place == PLACES)
		refuse(text);
	parse_action(fault, action);
}

__attribute__((constructor)) static void read_faults(void)
{
	const char *variable = getenv("FAKECUDA_FAULTS");
	char *text = variable && *variable ? strdup(variable) : NULL, *rest;

	if (!text)
		return;
	for (char *word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
		parse(word);
	free(text);
	fake_faults = true;
}

/* Is it this process's to fail? */
static bool is_mine(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static int mine = -1;
	const char *once = getenv("FAKECUDA_FAULTS_ONCE");

	pthread_mutex_lock(&lock);
	if (mine < 0 && once) {
		int fd = open(once, O_CREAT | O_EXCL | O_CLOEXEC, 0600);

		mine = fd >= 0;
		if (mine)
			close(fd);
	}
	pthread_mutex_unlock(&lock);
	return mine;
}

static int act(const struct fault *fault)
{
	switch (fault->action) {
	case HANG:
		for (;;)
			pause();
	case CRASH:
		abort();
	case EXIT:
		_exit(3);
	case SLEEP:
		usleep(fault->number);
		return 0;
	case CORRUPT:
		return FAULT_CORRUPT;
	case LEAK:
		return FAULT_LEAK;
	case LOSE:
		return FAULT_LOSE;
	default:
		return (int)fault->number;
	}
}

static _Atomic unsigned int tired; /* kernels to come that take longer */

void fake_refused(void)
{
	if (getenv("FAKECUDA_REFUSAL_TIRES"))
		tired = TIRED;
}

void fake_rest(void)
{
	unsigned int left = tired;

	if (left && atomic_compare_exchange_strong(&tired, &left, left - 1))
		usleep(strtoul(getenv("FAKECUDA_REFUSAL_TIRES"), NULL, 10));
}

int fake_fault(enum fake_place place)
{
	unsigned int time = ++times[place];
	int result = 0;

	for (unsigned int i = 0; i < fault_count && !result; i++)
		if (faults[i].place == place && time >= faults[i].first && time <= faults[i].last &&
		    is_mine())
			result = act(&faults[i]);
	return result;
}
