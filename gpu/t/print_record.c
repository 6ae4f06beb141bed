// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints the record of a GPU run for tests, a line a row: id, status, number of samples, least
 * sample, reason, facts, the first of which are the greatest sample and the median; "INFO" with its
 * lines before them and "DONE rows samples" behind them. It holds the record to record.h by itself,
 * without the reader of host/. 1: it is no such record.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../guest-bench/record.h"

static int refuse(const char *why)
{
	fprintf(stderr, "print_record: %s\n", why);
	exit(1);
}

/* The value of a key in "key=value\n" lines; "" where it is missing. */
static const char *value_of(const char *lines, const char *key)
{
	static char values[8][512];
	static unsigned int turn;
	char *value = values[turn++ % 8];
	size_t length = strlen(key);

	*value = '\0';
	for (const char *at = lines; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
		if (!strncmp(at, key, length) && at[length] == '=')
			snprintf(value, sizeof(values[0]), "%.*s",
				 (int)strcspn(at + length + 1, "\n"), at + length + 1);
	return value;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_lines(const char *text)
{
	for (; *text; text++)
		putchar(*text == '\n' ? '\t' : *text);
	putchar('\n');
}

/* Reads one record; its payload, terminated, is the caller's to free. NULL: the file has ended. */
static char *read_record(struct record_header *header)
{
	char *payload;
	size_t size;

	if (fread(header, sizeof(*header), 1, stdin) != 1)
		return NULL;
	if (header->magic != RECORD_MAGIC || header->version != RECORD_VERSION_GPU)
		refuse("wrong magic or version");
	size = (size_t)header->count * header->width;
	if (size > 1u << 30)
		refuse("a record is too large");
	payload = calloc(1, size + 1);
	if (!payload || (size && fread(payload, size, 1, stdin) != 1))
		refuse("it is cut");
	if (record_checksum(header, payload) != header->checksum)
		refuse("a checksum is wrong");
	return payload;
}

int main(void)
{
	struct record_header header, series = {0};
	uint64_t rows = 0, samples = 0;
	bool first = true, done = false;
	double least = 0, greatest = 0, median = 0, *values;
	char *payload;

	while ((payload = read_record(&header))) {
		if (first != (header.kind == RECORD_INFO) || done)
			refuse("INFO is not the first, or DONE not the last");
		first = false;
		if (series.kind && (header.kind != RECORD_VERDICT || header.row != series.row))
			refuse("no VERDICT behind a SERIES");
		switch (header.kind) {
		case RECORD_INFO:
			printf("INFO\t");
			print_lines(payload);
			break;
		case RECORD_SERIES:
			series = header;
			if (!header.count)
				refuse("a SERIES has no samples");
			values = (double *)(void *)payload;
			qsort(values, header.count, sizeof(*values), ascending);
			least = values[0];
			greatest = values[header.count - 1];
			median = values[(header.count - 1) / 2];
			samples += header.count;
			break;
		case RECORD_VERDICT:
			printf("%s\t%s\t%u\t%g\t%s\tgreatest=%g\tmedian=%g\t",
			       value_of(payload, "id"), value_of(payload, "status"), series.count,
			       least, value_of(payload, "reason"), greatest, median);
			print_lines(payload);
			series = (struct record_header){0};
			least = greatest = median = 0;
			rows++;
			break;
		case RECORD_DONE:
			if (header.executed != rows || header.total != samples)
				refuse("DONE counts otherwise");
			printf("DONE\t%ju\t%ju\n", (uintmax_t)rows, (uintmax_t)samples);
			done = true;
			break;
		default:
			refuse("a record of an unknown kind");
		}
		free(payload);
	}
	return 0;
}
