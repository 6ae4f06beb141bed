// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The combinations that are run, in the order in which they are printed. */
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "pathlength.h"
#include "util.h"

const char *const factor_names[FACTORS] = {"kernel", "mitigations", "machine", "debugcon",
					   "attached"};

static const char *const mitigations[] = {"default", "off", NULL};
static const char *const machines[] = {"microvm", "q35", NULL};
static const char *const backends[] = {"null", "file", "socket", NULL};
static const char *const tracers[] = ATTACH_NAMES;

static const char *const *const values[FACTORS] = {
	[FACTOR_MITIGATIONS] = mitigations,
	[FACTOR_MACHINE] = machines,
	[FACTOR_DEBUGCON] = backends,
	[FACTOR_ATTACHED] = tracers,
};

static int add_kernels(struct matrix *matrix, const char *list, char *why, size_t size)
{
	const char **value = matrix->value[FACTOR_KERNEL];
	size_t count = 0;
	char *word, *rest;

	rest = matrix->kernels = strdup(list);
	while ((word = strsep(&rest, " ,\n"))) {
		if (!*word)
			continue;
		for (size_t i = 0; i < count; i++) {
			if (!strcmp(value[i], word)) {
				snprintf(why, size, "kernel %s is named twice", word);
				return -1;
			}
		}
		if (count == VALUES_MOST) {
			snprintf(why, size, "more than %d kernels", VALUES_MOST);
			return -1;
		}
		value[count++] = word;
	}
	if (!count)
		snprintf(why, size, "no kernel is named");
	return count ? 0 : -1;
}

/* Is the factor in the list? No list names all. */
static bool listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; at && (at = strstr(at, name)); at += length)
		if ((at == list || at[-1] == ',') && (!at[length] || at[length] == ','))
			return true;
	return !list;
}

static int check_list(const char *list, char *why, size_t size)
{
	while (list && *list) {
		size_t length = strcspn(list, ",");
		bool known = false;

		for (int i = 0; i < FACTORS; i++)
			known |= strlen(factor_names[i]) == length &&
				 !strncmp(list, factor_names[i], length);
		if (!known) {
			snprintf(why, size,
				 "no factor \"%.*s\"; there are kernel, mitigations, machine, "
				 "debugcon and attached",
				 (int)length, list);
			return -1;
		}
		list += length + (list[length] == ',');
	}
	return 0;
}

/* How many of the factors differ from the base, those of which all combinations are run left out.
 */
static int deviations(const size_t index[FACTORS])
{
	int count = index[FACTOR_KERNEL] || index[FACTOR_MITIGATIONS];

	for (int i = FACTOR_MITIGATIONS + 1; i < FACTORS; i++)
		count += index[i] != 0;
	return count;
}

static void add_cell(struct matrix *matrix, const size_t index[FACTORS])
{
	struct pathlength_cell *cell;

	matrix->cells = reallocarray(matrix->cells, matrix->count + 1, sizeof(*matrix->cells));
	if (!matrix->cells)
		die("no memory");
	cell = &matrix->cells[matrix->count++];
	*cell = (struct pathlength_cell){0};
	for (int i = 0; i < FACTORS; i++)
		cell->value[i] = matrix->value[i][index[i]];
}

int matrix_make(struct matrix *matrix, const char *kernels, const char *vary, bool full, char *why,
		size_t size)
{
	size_t index[FACTORS] = {0};
	int i;

	*matrix = (struct matrix){0};
	if (check_list(vary, why, size) || add_kernels(matrix, kernels, why, size))
		return -1;
	for (i = 0; i < FACTORS; i++) {
		for (int j = 0; i != FACTOR_KERNEL && values[i][j]; j++)
			matrix->value[i][j] = values[i][j];
		if (!listed(vary, factor_names[i]))
			matrix->value[i][1] = NULL;
	}
	/* Counts through all combinations, the first factor the fastest. */
	do {
		if (full || deviations(index) <= 1)
			add_cell(matrix, index);
		for (i = 0; i < FACTORS && !matrix->value[i][++index[i]]; i++)
			index[i] = 0;
	} while (i < FACTORS);
	return 0;
}

void matrix_forget(struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->count; i++) {
		struct pathlength_cell *cell = &matrix->cells[i];

		json_decref(cell->summary);
		cell->summary = NULL;
		cell->verdict = NULL;
		cell->reason[0] = cell->run[0] = '\0';
	}
}

void matrix_free(struct matrix *matrix)
{
	matrix_forget(matrix);
	free(matrix->cells);
	free(matrix->kernels);
}

/* Cuts text behind its last part where that is suffix. */
static void cut(char *text, const char *suffix)
{
	size_t length = strlen(text), end = strlen(suffix);

	if (length > end && !strcmp(text + length - end, suffix))
		text[length - end] = '\0';
}

char *factor_text(enum factor factor, const char *value, char *text, size_t size)
{
	static const char *const before[] = {"linux-image-", "vmlinuz-"};
	const char *slash = strrchr(value, '/');

	if (factor != FACTOR_KERNEL) {
		snprintf(text, size, "%s", value);
		return text;
	}
	value = slash ? slash + 1 : value;
	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		if (!strncmp(value, before[i], strlen(before[i])))
			value += strlen(before[i]);
	snprintf(text, size, "%s", value);
	cut(text, "-unsigned");
	cut(text, "-amd64");
	return text;
}

char *cell_label(const struct matrix *matrix, const struct pathlength_cell *cell, char *text,
		 size_t size)
{
	char value[128];
	size_t length = 0;

	snprintf(text, size, "base");
	for (int i = 0; i < FACTORS && length < size; i++) {
		if (!strcmp(cell->value[i], matrix->cells[0].value[i]))
			continue;
		length += snprintf(text + length, size - length, "%s%s%s", length ? " " : "",
				   i == FACTOR_MITIGATIONS ? "mitigations=" : "",
				   factor_text(i, cell->value[i], value, sizeof(value)));
	}
	return text;
}
