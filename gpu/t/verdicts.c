// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a test in shell needs of a record: "STATUS ID REASON" for each row, and "ID.KEY=VALUE" for
 * its facts, of which samples, least, median and most are its samples'. Exit code 1 for what is no
 * whole record: the reader of exitlab, which must make do with any, has tests of its own.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../guest-bench/record.h"

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_row(char *text, double *samples, size_t count)
{
	const char *status = "?", *reason = "", *id = "?";

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, "status=", 7))
			status = line + 7;
		else if (!strncmp(line, "reason=", 7))
			reason = line + 7;
		else if (!strncmp(line, "id=", 3))
			printf("%s %s %s\n", status, id = line + 3, reason);
		else
			printf("%s.%s\n", id, line);
	}
	printf("%s.samples=%zu\n", id, count);
	if (!count)
		return;
	qsort(samples, count, sizeof(*samples), ascending);
	printf("%s.least=%g\n%s.median=%g\n%s.most=%g\n", id, samples[0], id,
	       samples[(count - 1) / 2], id, samples[count - 1]);
}

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "re") : NULL;
	struct record_header header = {0};
	double *samples = NULL;
	size_t count = 0;

	if (!file)
		err(1, "%s", argc == 2 ? argv[1] : "one record, please");
	while (header.kind != RECORD_DONE) {
		size_t size;
		char *payload;

		if (fread(&header, sizeof(header), 1, file) != 1 || header.magic != RECORD_MAGIC)
			errx(1, "%s: no whole record", argv[1]);
		size = (size_t)header.count * header.width;
		payload = calloc(1, size + 1);
		if (!payload || fread(payload, 1, size, file) != size ||
		    record_checksum(&header, payload) != header.checksum)
			errx(1, "%s: no whole record", argv[1]);
		if (header.kind == RECORD_SERIES) {
			samples = (double *)payload;
			count = header.count;
			continue;
		}
		if (header.kind == RECORD_VERDICT) {
			print_row(payload, samples, count);
			free(samples);
			samples = NULL;
			count = 0;
		}
		free(payload);
	}
	fclose(file);
	return 0;
}
