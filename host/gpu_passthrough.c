// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Host and guest have clocks of their own. The guest's first record says how long its kernel has
 * been up; the host knows when it came: so the kernel's start is known on the host's clock, and
 * with it where the firmware ended.
 */
#include <string.h>

#include "gpu_passthrough.h"
#include "html.h"
#include "json_file.h"
#include "report.h"
#include "util.h"

static void add(json_t *phases, const char *phase, json_int_t ns, const char *missing)
{
	json_array_append_new(phases, json_pack("{s:s, s:o, s:s}", "phase", phase, "ns",
						ns < 0 ? json_null() : json_integer(ns), "reason",
						ns < 0 ? missing : ""));
}

/* Nanoseconds of what the guest says began and ended; -1: it says no such thing. */
static json_int_t between(const json_t *guest, const char *begin, const char *end)
{
	json_int_t from = json_integer_value(json_object_get(guest, begin));
	json_int_t to = json_integer_value(json_object_get(guest, end));

	return from && to >= from ? to - from : -1;
}

json_t *passthrough_phases(const struct passthrough_times *times, const json_t *info,
			   const json_t *guest)
{
	json_int_t up = json_integer_value(json_object_get(info, "info_ns"));
	json_int_t init = json_integer_value(json_object_get(guest, "init_ns"));
	json_int_t firmware = (json_int_t)times->boot_ns - up;
	json_t *phases = json_array();

	add(phases, "vfio: bind", times->take_ns, "");
	add(phases, "vfio: map memory", times->start_ns, "");
	add(phases, "firmware", up && firmware >= 0 ? firmware : -1, "the guest does not say");
	add(phases, "kernel", init ?: -1, "the guest does not say");
	add(phases, "driver", between(guest, "driver_begin_ns", "driver_end_ns"),
	    "the guest's image has no driver");
	add(phases, "first CUDA call", between(guest, "cuda_begin_ns", "cuda_end_ns"),
	    "the guest has no NVIDIA GPU");
	add(phases, "GPU suite", between(guest, "suite_begin_ns", "suite_end_ns"),
	    "it came to no end");
	return phases;
}

static void print_phase(const json_t *phase, const char *format, const char *not_run, FILE *out)
{
	const json_t *ns = json_object_get(phase, "ns");

	if (json_is_integer(ns))
		fprintf(out, format, json_text(phase, "phase"), json_integer_value(ns) / 1e9);
	else
		fprintf(out, not_run, json_text(phase, "phase"), json_text(phase, "reason"));
}

/* "10de:2335 3D controller, 0000:65:00.0, behind type1" */
static void print_device(const json_t *device, const json_t *passthrough, FILE *out)
{
	fprintf(out, "%s %s, %s, behind %s", json_text(device, "id"), json_text(device, "class"),
		json_text(device, "bdf"), json_text(passthrough, "iommu"));
}

/* What pcicheck found, of an edu device; "" where there was none. */
static const char *describe_pcicheck(const json_t *passthrough, char text[128])
{
	const json_t *pcicheck = json_object_get(passthrough, "pcicheck");
	const char *outside = json_string_value(
		json_object_get(json_object_get(pcicheck, "facts"), "outside_read"));

	text[0] = '\0';
	if (json_is_object(pcicheck))
		snprintf(text, 128, "%lld tests, %lld failed%s%s",
			 json_integer_value(json_object_get(pcicheck, "tests")),
			 json_integer_value(json_object_get(pcicheck, "failed")),
			 outside ? "; DMA outside of the guest's memory saw " : "", outside ?: "");
	return text;
}

void passthrough_table(const json_t *summary, FILE *out)
{
	const json_t *passthrough = json_object_get(summary, "passthrough"), *part;
	char pcicheck[128];
	size_t i;

	json_array_foreach (json_object_get(passthrough, "devices"), i, part) {
		fputs("device  ", out);
		print_device(part, passthrough, out);
		fputc('\n', out);
	}
	if (*describe_pcicheck(passthrough, pcicheck))
		fprintf(out, "pcicheck  %s\n", pcicheck);
	if (passthrough)
		fputs("\nphase                  seconds\n", out);
	json_array_foreach (json_object_get(passthrough, "phases"), i, part) {
		print_phase(part, "%-20s %9.3f\n", "%-20s   not run: %s\n", out);
	}
}

void passthrough_markdown(const json_t *summary, FILE *out)
{
	const json_t *passthrough = json_object_get(summary, "passthrough"), *part;
	char pcicheck[128];
	size_t i;

	if (!passthrough)
		return;
	fputs("## Passthrough\n\n", out);
	json_array_foreach (json_object_get(passthrough, "devices"), i, part) {
		fputs("- ", out);
		print_device(part, passthrough, out);
		fputc('\n', out);
	}
	if (*describe_pcicheck(passthrough, pcicheck))
		fprintf(out, "- pcicheck: %s\n", pcicheck);
	fputs("\n| phase | seconds |\n| --- | ---: |\n", out);
	json_array_foreach (json_object_get(passthrough, "phases"), i, part) {
		print_phase(part, "| %s | %.3f |\n", "| %s | not run: %s |\n", out);
	}
	fputc('\n', out);
}

/* A phase's length, or why there is none. */
static void put_phase(const json_t *phase, FILE *out)
{
	const json_t *ns = json_object_get(phase, "ns");
	json_t *seconds = json_is_integer(ns) ? json_real(json_integer_value(ns) / 1e9) : NULL;

	fputs("<tr>", out);
	html_text_cell(json_text(phase, "phase"), out);
	html_number_cell(seconds, out);
	html_text_cell(seconds ? "" : json_text(phase, "reason"), out);
	fputs("</tr>\n", out);
	json_decref(seconds);
}

void passthrough_html(const json_t *summary, FILE *out)
{
	static const char *const titles[] = {"phase", "#seconds", "not run"};
	const json_t *passthrough = json_object_get(summary, "passthrough"), *part;
	char pcicheck[128];
	size_t i;

	if (!passthrough)
		return;
	fputs("<h2>Passthrough</h2>\n", out);
	json_array_foreach (json_object_get(passthrough, "devices"), i, part) {
		fputs("<p>", out);
		html_printf(out, "%s %s, %s, behind %s", json_text(part, "id"),
			    json_text(part, "class"), json_text(part, "bdf"),
			    json_text(passthrough, "iommu"));
		fputs("</p>\n", out);
	}
	if (*describe_pcicheck(passthrough, pcicheck)) {
		fputs("<p>", out);
		html_printf(out, "pcicheck: %s", pcicheck);
		fputs("</p>\n", out);
	}
	html_table_begin("facts", "How long each phase took", out);
	fputs("<thead><tr>", out);
	html_columns(titles, ARRAY_SIZE(titles), out);
	fputs("</tr></thead>\n<tbody>\n", out);
	json_array_foreach (json_object_get(passthrough, "phases"), i, part) {
		put_phase(part, out);
	}
	fputs("</tbody>\n", out);
	html_table_end(out);
}
