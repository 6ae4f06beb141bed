// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is written to /proc/swarm/gpu: one command a write, words between spaces. Numbers are as C
 * has them; a range is its first and its last address.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "agent.h"
#include "gpulock.h"
#include "log.h"
#include "operation.h"
#include "proc.h"
#include "stats.h"

#define WORDS_MOST 5

static int split(char *line, char *words[WORDS_MOST])
{
	int count = 0;
	char *word;

	while ((word = strsep(&line, " \t"))) {
		if (!*word)
			continue;
		if (count == WORDS_MOST)
			return -EINVAL;
		words[count++] = word;
	}
	return count;
}

/* Letters of rwx, each once; 0 where it is anything else. */
static u32 parse_access(const char *word)
{
	static const char letters[] = "rwx";
	u32 access = 0;

	for (; *word; word++) {
		const char *letter = strchr(letters, *word);
		u32 bit = letter ? 1u << (letter - letters) : 0;

		if (!bit || access & bit)
			return 0;
		access |= bit;
	}
	return access;
}

static int range_size(u64 start, u64 last, u64 *size)
{
	*size = last - start + 1;
	return last < start || !*size ? -EINVAL : 0;
}

/* A command's arguments, in the order of its letters; see the table. */
struct arguments {
	u32 agent, device, access;
	u64 number, start, last;
};

static int parse_word(char letter, const char *word, struct arguments *arguments)
{
	switch (letter) {
	case 'A':
		return kstrtou32(word, 0, &arguments->agent);
	case 'D':
		return kstrtou32(word, 0, &arguments->device);
	case 'N':
		return kstrtou64(word, 0, &arguments->number);
	case 'S':
		return kstrtou64(word, 0, &arguments->start);
	case 'E':
		return kstrtou64(word, 0, &arguments->last);
	default:
		arguments->access = parse_access(word);
		return arguments->access ? 0 : -EINVAL;
	}
}

static int allocate(const struct arguments *arguments)
{
	struct gpulock_alloc request = {.agent = arguments->agent,
					.size = arguments->number,
					.device = arguments->device,
					.flags = GPULOCK_KEEP};

	return operation_alloc(NULL, &request, NULL);
}

static int free_id(const struct arguments *arguments)
{
	return operation_free(NULL, arguments->number);
}

static int create_agent(const struct arguments *arguments)
{
	return operation_create_agent(arguments->agent, arguments->number);
}

static int remove_agent(const struct arguments *arguments)
{
	return operation_remove_agent(arguments->agent);
}

static int set_quota(const struct arguments *arguments)
{
	return operation_set_limit(arguments->agent, arguments->number);
}

static int grant_dma(const struct arguments *arguments)
{
	struct gpulock_grant request = {
		.agent = arguments->agent, .start = arguments->start, .access = arguments->access};

	return range_size(arguments->start, arguments->last, &request.size)
		       ?: operation_grant(&request);
}

static int revoke_dma(const struct arguments *arguments)
{
	struct gpulock_revoke request = {.agent = arguments->agent, .start = arguments->start};

	return range_size(arguments->start, arguments->last, &request.size)
		       ?: operation_revoke(&request);
}

/* One byte. What is denied is an error: a write has no other way to say so. */
static int test_dma(const struct arguments *arguments)
{
	return gpulock_check(arguments->agent, arguments->start, 1, arguments->access);
}

static int reset_stats(const struct arguments *arguments)
{
	mutex_lock(&gpulock_mutex);
	stats_reset();
	mutex_unlock(&gpulock_mutex);
	return 0;
}

static int dump_state(const struct arguments *arguments)
{
	struct agent *agent;

	mutex_lock(&gpulock_mutex);
	log_notice("state agents=%u allocations=%llu", agents_count, allocation_count());
	list_for_each_entry(agent, &agents_listed, listed)
		log_notice("state agent=%u limit=%llu used=%llu allocations=%llu grants=%llu",
			   agent->id, agent->quota.limit, agent->quota.used,
			   agent->quota.allocations, agent->grants.count);
	mutex_unlock(&gpulock_mutex);
	return 0;
}

static const struct command {
	const char *name;
	/* Of the arguments: A agent, D device, N number, S start, E end, R access. */
	const char *letters;
	int (*run)(const struct arguments *arguments);
} commands[] = {
	{"test_dma", "ASR", test_dma},
	{"allocate", "AND", allocate},
	{"free", "N", free_id},
	{"create_agent", "AN", create_agent},
	{"remove_agent", "A", remove_agent},
	{"set_quota", "AN", set_quota},
	{"grant_dma", "ASER", grant_dma},
	{"revoke_dma", "ASE", revoke_dma},
	{"reset_stats", "", reset_stats},
	{"dump_state", "", dump_state},
};

static int run(const struct command *command, char *const words[], u32 count)
{
	struct arguments arguments = {};

	if (count != strlen(command->letters))
		return -EINVAL;
	for (u32 i = 0; i < count; i++) {
		int error = parse_word(command->letters[i], words[i], &arguments);

		if (error)
			return error;
	}
	return command->run(&arguments);
}

int control_command(char *line)
{
	char *words[WORDS_MOST];
	int count = split(line, words);

	if (count < 1)
		return -EINVAL;
	for (u32 i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, words[0]))
			return run(&commands[i], words + 1, count - 1);
	return -EINVAL;
}

static int only(const struct command *command, char *line)
{
	char *words[WORDS_MOST];
	int count = split(line, words);

	return count < 0 ? count : run(command, words, count);
}

int control_quota(char *line)
{
	static const struct command command = {"quotas", "AN", set_quota};

	return only(&command, line);
}

int control_grant(char *line)
{
	static const struct command command = {"dma_permissions", "ASER", grant_dma};

	return only(&command, line);
}
