// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Call stacks as a picture: a box is as wide as it has instructions, what it called stands on it.
 * A box's colour is its layer, its tooltip the whole name and the numbers. Nothing but SVG and a
 * style is in it, so that it can be looked at anywhere.
 */
#include <string.h>

#include "explain.h"
#include "explain_fold.h"
#include "html.h"
#include "json_file.h"

#define WIDTH	  1150
#define MARGIN	  10
#define HEADER	  74 /* above the boxes */
#define ROW	  18
#define CHARACTER 6.7 /* width of one, pixels: 11px monospace */

static const char style[] =
	"<style>\n"
	"svg { --paper: #ffffff; --ink: #1b1f24; --faint: #57606a; --ring: #dfe3e8; --guest: #b3dba6;"
	" --kvm: #f5b988; --entry: #f1d263; --kernel: #a6c8ee; --qemu: #d9b8ec; }\n"
	"@media (prefers-color-scheme: dark) { svg { --paper: #14171b; --ink: #e8ebee;"
	" --faint: #9da7b1; --ring: #363d45; --guest: #2f6b33; --kvm: #94501c; --entry: #77600f;"
	" --kernel: #2b5790; --qemu: #6a4187; } }\n"
	"text { font: 11px \"DejaVu Sans Mono\", ui-monospace, Menlo, Consolas, monospace;"
	" fill: var(--ink); white-space: pre; }\n"
	".title { font-size: 14px; font-weight: bold; } .faint { fill: var(--faint); }\n"
	".paper { fill: var(--paper); } .ring { fill: var(--ring); } .guest { fill: var(--guest); }"
	" .kvm { fill: var(--kvm); } .entry { fill: var(--entry); } .kernel { fill: var(--kernel); }"
	" .qemu { fill: var(--qemu); }\n"
	"g:hover rect { stroke: var(--ink); }\n"
	"</style>\n";

static unsigned int depth_of(const struct frame *frame)
{
	unsigned int deepest = 0;

	for (const struct frame *child = frame->child; child; child = child->next)
		if (child->total && depth_of(child) > deepest)
			deepest = depth_of(child);
	return deepest + 1;
}

/* As much of the name as the box has room for. */
static void label(const char *name, double width, double x, double y, FILE *out)
{
	int room = (width - 6) / CHARACTER, length = strlen(name);
	char text[256];

	if (room < 3 && room < length)
		return;
	snprintf(text, sizeof(text), "%.*s", length > room ? room - 1 : length, name);
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\">", x + 3, y + ROW - 5);
	html_text(text, out);
	fprintf(out, "%s</text>", length > room ? "…" : "");
}

/* The frame at x, on row `level` from the bottom, and all above it. */
static void draw(const struct frame *frame, double x, double scale, double bottom, int level,
		 uint32_t all, FILE *out)
{
	double width = frame->total * scale, y = bottom - (level + 1) * ROW;
	const struct place *place = frame->place;
	char name[256];

	frame_name(frame, name, sizeof(name));
	fputs("<g><title>", out);
	html_text(name, out);
	if (place) {
		fputs(" (", out);
		html_text(place->object, out);
		fprintf(out, ", %s)", layer_names[place->layer].title);
	}
	fprintf(out, ": %u instructions, %.1f%%, %u of its own</title>", frame->total,
		100.0 * frame->total / all, frame->self);
	/* A narrow gap tells neighbours apart, and leaves something of the narrowest. */
	fprintf(out,
		"<rect class=\"%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\" rx=\"1\"/>",
		place ? layer_names[place->layer].id : "ring", x, y,
		width > 2 ? width - 0.6 : width * 0.7, ROW - 1);
	label(name, width, x, y, out);
	fputs("</g>\n", out);
	for (const struct frame *child = frame->child; child; child = child->next) {
		if (!child->total)
			continue;
		draw(child, x, scale, bottom, level + 1, all, out);
		x += child->total * scale;
	}
}

static void draw_header(const json_t *summary, FILE *out)
{
	const json_t *setup = json_object_get(summary, "setup"), *layer;
	double x = MARGIN;
	size_t i;

	fprintf(out, "<text class=\"title\" x=\"%d\" y=\"22\">", MARGIN);
	html_text(json_text(summary, "row"), out);
	fprintf(out, ": %lld instructions from clock read to clock read</text>\n",
		(long long)json_integer_value(json_object_get(summary, "length")));
	fprintf(out, "<text class=\"faint\" x=\"%d\" y=\"40\">", MARGIN);
	html_printf(out, "lab, emulated: %s, Linux %s; QEMU %s, %s", json_text(setup, "cpu"),
		    json_text(setup, "kernel"), json_text(setup, "qemu"),
		    json_text(setup, "machine"));
	fputs("</text>\n", out);
	json_array_foreach (json_object_get(summary, "layers"), i, layer) {
		char text[100];
		int length = snprintf(text, sizeof(text), "%s %lld", layer_names[i].title,
				      (long long)json_integer_value(json_object_get(layer, "p50")));

		fprintf(out,
			"<rect class=\"%s\" x=\"%.1f\" y=\"50\" width=\"12\" height=\"12\"/>"
			"<text x=\"%.1f\" y=\"60\">%s</text>\n",
			layer_names[i].id, x, x + 17, text);
		x += 17 + length * CHARACTER + 22;
	}
}

void explain_flame(const json_t *summary, const struct frame *root, FILE *out)
{
	double bottom = HEADER + depth_of(root) * ROW, scale = (WIDTH - 2.0 * MARGIN) / root->total;

	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" width=\"%d\" "
		"height=\"%.0f\" role=\"img\">\n<title>",
		WIDTH, bottom + MARGIN, WIDTH, bottom + MARGIN);
	html_text(json_text(summary, "row"), out);
	fprintf(out, ", instructions by call stack</title>\n%s", style);
	fprintf(out, "<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n");
	draw_header(summary, out);
	draw(root, MARGIN, scale, bottom, 0, root->total, out);
	fputs("</svg>\n", out);
}
