// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../../host/gpu_record.h"
#include "../../host/util.h"
#include "heard.h"

const char *const hit_per_names[] = {"", "launch", "thread", "element"};

#define HITS_MOST 1000000 /* of one launch, thread or element */

/* A whole number and nothing else. */
static bool number(const char *text, uint64_t most, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	*value = strtoull(text, &end, 10);
	return !*end && *value <= most;
}

static bool take_per(const char *text, struct hits *hits)
{
	for (size_t i = HITS_PER_LAUNCH; i <= HITS_PER_ELEMENT; i++)
		if (!strcmp(text, hit_per_names[i])) {
			hits->per = i;
			return true;
		}
	return false;
}

/* One "name=value" of a ready line. */
static bool take_ready(struct heard_probe *probe, const char *word)
{
	const char *value = strchr(word, '=');
	struct hits *hits = &probe->hits;

	if (!value++ || value == word + 1)
		return false;
	if (isupper((unsigned char)*word))
		return words_add(&probe->settings, "%s", word), true;
	if (!strncmp(word, "per=", 4))
		return take_per(value, hits);
	if (!strncmp(word, "times=", 6))
		return number(value, HITS_MOST, &hits->times) && hits->times;
	hits->apart = !strcmp(word, "proof=apart");
	return hits->apart;
}

/* One of a done line. */
static bool take_done(struct heard_probe *probe, const char *word)
{
	struct hits *hits = &probe->hits;

	if (!strncmp(word, "hits=", 5))
		return hits->counted = number(word + 5, UINT64_MAX, &hits->count);
	return !strncmp(word, "lost=", 5) && number(word + 5, UINT64_MAX, &hits->lost);
}

void heard_probe_line(void *context, const char *line)
{
	struct heard_probe *probe = context;
	bool (*take)(struct heard_probe * probe, const char *word) = NULL;
	char copy[1024], *rest = copy, *word;

	if (probe->text) {
		probe->ready |= strstr(line, probe->text) != NULL;
		return;
	}
	snprintf(copy, sizeof(copy), "%.1023s", line);
	word = strsep(&rest, " ");
	if (!strcmp(word, "ready"))
		take = take_ready;
	else if (!strcmp(word, "done") && probe->ready)
		take = take_done;
	while (take && (word = strsep(&rest, " ")))
		if (*word && !take(probe, word))
			snprintf(probe->why, sizeof(probe->why),
				 "the probe says \"%.100s\", of which \"%.60s\" cannot be", line,
				 word);
	probe->ready |= take == take_ready;
}

void heard_load_line(void *context, const char *line)
{
	struct trial *trial = context;
	const struct {
		const char *text;
		double *to;
	} figures[] = {
		{"Average kernel time:", &trial->mean_us},
		{"Median:", &trial->median_us},
		{"P99:", &trial->p99_us},
	};

	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		const char *at = strstr(line, figures[i].text);
		char *end;
		double value;

		if (!at)
			continue;
		at += strlen(figures[i].text);
		value = strtod(at, &end);
		/* "us" follows, or the sign for it. */
		if (end > at && isfinite(value) && value > 0)
			*figures[i].to = value;
	}
}

static uint64_t fact(const struct gpu_row *row, const char *key)
{
	size_t length;
	const char *text = record_text(&row->verdict, key, &length);
	char copy[32];
	uint64_t value = 0;

	if (!text || length >= sizeof(copy))
		return 0;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return number(copy, UINT64_MAX, &value) ? value : 0;
}

static void info(const struct gpu_record *record, const char *key, char *to, size_t size)
{
	size_t length;
	const char *text = record_text(&record->info, key, &length);

	snprintf(to, size, "%.*s", text ? (int)length : 0, text ?: "");
}

static double *samples_of(const struct gpu_row *row)
{
	double *samples = malloc(row->series.header.count * sizeof(*samples));

	if (!samples)
		die("no memory for %u samples", row->series.header.count);
	gpu_samples(row, samples);
	return samples;
}

/* Two rows that belong together. */
static int take_pair(const struct gpu_row *whole, const struct gpu_row *launch,
		     struct samples *samples)
{
	if (!whole->series.header.count ||
	    whole->series.header.count != launch->series.header.count)
		return -1;
	samples->count = whole->series.header.count;
	samples->whole_us = samples_of(whole);
	samples->launch_us = samples_of(launch);
	return 0;
}

static int take_rows(const struct gpu_record *record, struct trial *trial)
{
	const struct gpu_row *row = record->rows;
	size_t length;
	const char *text;

	if ((record->count != 2 && record->count != 4) || take_pair(row, row + 1, &trial->on) ||
	    (record->count == 4 && take_pair(row + 2, row + 3, &trial->off)))
		return -1;
	trial->launches = fact(row, "launches");
	trial->elements = fact(row, "elements");
	trial->threads = fact(row, "threads") * fact(row, "blocks");
	info(record, "gpu", trial->device, sizeof(trial->device));
	info(record, "pci", trial->pci, sizeof(trial->pci));
	info(record, "cuda", trial->cuda, sizeof(trial->cuda));
	text = gpu_verdict(row, GPU_STATUS, &length);
	if (length == 7 && !memcmp(text, "INVALID", 7)) {
		text = gpu_verdict(row, GPU_REASON, &length);
		trial_set(trial, TRIAL_INVALID, "%.*s", (int)length, text);
	}
	return 0;
}

int heard_record(int fd, struct trial *trial, char *why, size_t size)
{
	static struct gpu_record record;
	char bad[RECORD_WHY];
	struct stat file;
	void *map;
	int error = 0;

	if (fstat(fd, &file) || !file.st_size)
		return 0;
	map = mmap(NULL, file.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED) {
		snprintf(why, size, "the workload's record cannot be read: %m");
		return -1;
	}
	if (gpu_record_read(&record, map, file.st_size, bad)) {
		snprintf(why, size, "the workload's record: %s", bad);
		error = -1;
	} else if (take_rows(&record, trial)) {
		snprintf(why, size, "the workload's record is none of vec_add");
		error = -1;
	}
	munmap(map, file.st_size);
	return error;
}
