// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* device/NAME.ptx, as it is in the program, and the pieces of it. */
#include <inttypes.h>
#include <string.h>

#include "../../host/util.h"
#include "pieces.h"

extern const char probe_part_counts[], probe_part_memory[], probe_part_ring[];

#define PROBE(name, at, keeps, prose) extern const char probe_##name[];
#include "probes.def"
#undef PROBE

#define ENTRY	   PROBE_AT_ENTRY
#define EXIT	   PROBE_AT_EXIT
#define ACCESS	   PROBE_AT_ACCESS
#define NOTHING	   PROBE_KEEPS_NOTHING
#define RING	   PROBE_KEEPS_RING
#define HOST_RING  PROBE_KEEPS_HOST_RING
#define THREADS	   PROBE_KEEPS_THREADS
#define ARRAY	   PROBE_KEEPS_ARRAY
#define HASH	   PROBE_KEEPS_HASH
#define HOST_ARRAY PROBE_KEEPS_HOST_ARRAY

const struct probe probes[] = {
#define PROBE(name, at, keeps, prose) {#name, prose, at, keeps, probe_##name},
#include "probes.def"
#undef PROBE
	{0},
};

const struct probe *probe_named(const char *name)
{
	for (const struct probe *probe = probes; probe->name; probe++)
		if (!strcmp(probe->name, name))
			return probe;
	return NULL;
}

/* What is behind the line "//: NAME", or NULL. */
static const char *find_piece(const char *text, const char *name, size_t length)
{
	for (const char *at = text; (at = strstr(at, "\n//: ")); at++) {
		const char *here = at + strlen("\n//: ");

		if (!strncmp(here, name, length) && here[length] == '\n')
			return here + length + 1;
	}
	return NULL;
}

/* A piece that probes have in common. */
static const char *common_piece(const char *name, size_t length)
{
	return find_piece(probe_part_counts, name, length)
		       ?: find_piece(probe_part_ring, name, length);
}

/*
 * A line with a number instead of a variable: what loads the variable moves the number, what
 * declares it is left out.
 */
static void put_line(FILE *out, const char *line, size_t length, const struct weave_state *state)
{
	const struct {
		const char *name;
		unsigned int bits;
		uint64_t value;
	} variables[] = {
		{"exitlab_counts", 64, state->counts}, {"exitlab_memory", 64, state->memory},
		{"exitlab_shadow", 64, state->shadow}, {"exitlab_bits", 32, state->bits},
		{"exitlab_mask", 32, state->mask},     {"exitlab_shift", 32, state->shift},
	};

	if (!strncmp(line, ".visible ", strlen(".visible ")))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if (memmem(line, length, variables[i].name, strlen(variables[i].name))) {
			const char *to = memchr(line, '%', length);

			fprintf(out, "\tmov.b%u %.*s, %" PRIu64 ";\n", variables[i].bits,
				(int)strcspn(to, ","), to, variables[i].value);
			return;
		}
	fwrite(line, 1, length, out);
}

/* Lines up to the next piece; "//+ NAME" stands for a piece of parts/. */
static void put_lines(FILE *out, const char *line, const struct weave_state *state)
{
	size_t length;

	for (; line && *line && strncmp(line, "//: ", 4); line += length) {
		length = strcspn(line, "\n");
		length += line[length] == '\n';
		if (!strncmp(line, "//+ ", 4))
			put_lines(out, common_piece(line + 4, length - 5), state);
		else if (strncmp(line + strspn(line, "\t "), "//", 2) && *line != '\n') {
			if (state)
				put_line(out, line, length, state);
			else
				fwrite(line, 1, length, out);
		}
	}
}

static const char *piece_of(const char *text, enum probe_place place)
{
	static const char *const names[] = {
		[PLACE_MODULE] = "module", [PLACE_KERNEL] = "kernel", [PLACE_ENTRY] = "entry",
		[PLACE_EXIT] = "exit",	   [PLACE_ACCESS] = "access", [PLACE_FUNCTION] = "function",
	};

	return find_piece(text, names[place], strlen(names[place]));
}

bool has_piece(const struct probe *probe, enum probe_place place)
{
	return piece_of(probe->functions, place);
}

void put_piece(FILE *out, const struct probe *probe, enum probe_place place,
	       const struct weave_state *state)
{
	put_lines(out, piece_of(probe->functions, place), state);
}

void put_module_pieces(FILE *out, const struct probe *probe, const struct weave_state *state)
{
	fprintf(out, "// exitlab: the probe %s\n", probe->name);
	put_lines(out, piece_of(probe_part_counts, PLACE_MODULE), state);
	if (probe->keeps != PROBE_KEEPS_NOTHING)
		put_lines(out, piece_of(probe_part_memory, PLACE_MODULE), state);
	if (probe->keeps == PROBE_KEEPS_RING || probe->keeps == PROBE_KEEPS_HOST_RING)
		put_lines(out, piece_of(probe_part_ring, PLACE_MODULE), state);
	put_lines(out, piece_of(probe->functions, PLACE_MODULE), state);
	fputc('\n', out);
}
