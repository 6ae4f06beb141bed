// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "compare.h"
#include "guest_compare.h"
#include "json_file.h"
#include "util.h"

static bool is_gpu_run(const char *directory)
{
	json_t *summary = NULL;
	bool is = !json_file_read(directory, "summary.json", &summary) &&
		  !strcmp(json_text(summary, "kind"), "gpu");

	json_decref(summary);
	return is;
}

int guest_compare_check(const char *reference)
{
	if (!reference || is_gpu_run(reference))
		return EXIT_OK;
	pr_err("--reference %s: there is no summary.json of a GPU run", reference);
	return EXIT_USAGE;
}

/* The newest run of `exitlab gpu` on this host; the caller's to free, NULL: there is none. */
static char *find_reference(const char *results)
{
	struct utsname host;
	char pattern[4400], *path = NULL;
	glob_t found;

	uname(&host);
	/* A time, whose end is Z, and the kind; a second run of that second has -2. */
	snprintf(pattern, sizeof(pattern), "%s/%s/*Z-gpu*", results, host.nodename);
	if (glob(pattern, 0, NULL, &found))
		return NULL;
	for (size_t i = found.gl_pathc; i-- && !path;) {
		const char *end = strrchr(found.gl_pathv[i], '.');

		/* There are gpumem and gpulock, too. */
		if ((!end || (strcmp(end, ".failed") && strcmp(end, ".partial"))) &&
		    is_gpu_run(found.gl_pathv[i]))
			path = strdup(found.gl_pathv[i]);
	}
	globfree(&found);
	return path;
}

static bool has_numbers(const json_t *comparison)
{
	const json_t *two, *row;
	size_t i, k;

	json_array_foreach (json_object_get(comparison, "comparisons"), i, two) {
		json_array_foreach (json_object_get(two, "rows"), k, row) {
			if (json_is_number(json_object_get(row, "change")))
				return true;
		}
	}
	return false;
}

static void print(const struct side sides[2], const char *reference)
{
	json_t *comparison;

	if (sides_check(sides, 2, true))
		return;
	comparison = compare_sides(sides, 2, -1);
	printf("\nhost against guest: %s\n", reference);
	if (has_numbers(comparison))
		compare_table(comparison, stdout);
	else
		puts("no row has a number on both sides");
	json_decref(comparison);
}

void guest_compare(const char *directory, const char *results, const char *reference)
{
	char *found = reference ? strdup(reference) : find_reference(results);
	struct side sides[2] = {0};

	if (found && !side_read(&sides[0], found) && !side_read(&sides[1], directory))
		print(sides, found);
	side_free(&sides[0]);
	side_free(&sides[1]);
	free(found);
}
