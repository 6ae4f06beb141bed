// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "html.h"
#include "util.h"

/* The style sheet, as a string; the build's rule for this file names it. */
__asm__(".pushsection .rodata\n"
	"page_css: .incbin \"host/page.css\"\n"
	".byte 0\n"
	".popsection");
extern const char page_css[];

void html_begin(const char *title, FILE *out)
{
	/* Should anything get through the escaping, the policy lets it load and run nothing. */
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
	      out);
	html_text(title, out);
	fputs("</title>\n<style>\n", out);
	fputs(page_css, out);
	fputs("</style>\n</head>\n<body>\n<main>\n", out);
}

void html_end(FILE *out)
{
	fputs("</main>\n</body>\n</html>\n", out);
}

void html_text(const char *text, FILE *out)
{
	for (; *text; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc((unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text, out);
		}
}

void html_printf(FILE *out, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	html_text(text, out);
}

static bool plain_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || (byte && strchr("-._~", byte));
}

void html_anchor(const char *text, FILE *out)
{
	for (; *text; text++)
		fputc(plain_byte(*text) ? *text : '-', out);
}

void html_url(const char *path, FILE *out)
{
	/* "./" keeps a name with a colon from being taken for a scheme. */
	fputs("./", out);
	for (; *path; path++)
		if (plain_byte(*path) || *path == '/')
			fputc(*path, out);
		else
			fprintf(out, "%%%02X", (unsigned char)*path);
}

void html_number(const json_t *value, FILE *out)
{
	if (json_is_integer(value))
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		fprintf(out, "%.15g", round(json_real_value(value) * 1000) / 1000);
	else
		fputs("–", out);
}

static void put_value(const json_t *value, const char *between, FILE *out);

/* The members of an object or of an array. */
static void put_members(const json_t *value, const char *between, FILE *out)
{
	const char *key, *separator = "";
	json_t *member;
	size_t i;

	json_object_foreach ((json_t *)value, key, member) {
		fputs(separator, out);
		html_printf(out, "%s: ", key);
		put_value(member, ", ", out);
		separator = between;
	}
	json_array_foreach (value, i, member) {
		fputs(separator, out);
		put_value(member, ", ", out);
		separator = ", ";
	}
}

static void put_value(const json_t *value, const char *between, FILE *out)
{
	if (json_is_string(value))
		html_text(json_string_value(value), out);
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "yes" : "no", out);
	else if (json_is_object(value) || json_is_array(value))
		put_members(value, between, out);
	else
		html_number(value, out);
}

void html_value(const json_t *value, FILE *out)
{
	bool lines = json_object_size(value) > 1;

	if (lines)
		fputs("<div class=\"lines\">", out);
	put_value(value, "<br>", out);
	if (lines)
		fputs("</div>", out);
}

/* The words that exitlab uses, by the style that page.css has for them. */
static const struct {
	const char *verdict, *style;
} verdicts[] = {
	{"PROVED", "good"},   {"ok", "good"},	  {"CLEAN", "good"}, {"INVALID", "bad"},
	{"FAILED", "bad"},    {"invalid", "bad"}, {"failed", "bad"}, {"UNPROVEN", "doubt"},
	{"NO-EXIT", "doubt"}, {"NOISY", "doubt"},
};

void html_verdict(const char *verdict, FILE *out)
{
	const char *style = "plain";

	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++)
		if (!strcmp(verdicts[i].verdict, verdict))
			style = verdicts[i].style;
	fprintf(out, "<span class=\"verdict %s\">", style);
	html_text(verdict, out);
	fputs("</span>", out);
}

void html_table_begin(const char *style, const char *label, FILE *out)
{
	/* What scrolls can be reached from the keyboard, too. */
	fprintf(out, "<div class=\"scroll %s\" role=\"region\" tabindex=\"0\" aria-label=\"",
		style);
	html_text(label, out);
	fputs("\">\n<table>\n", out);
}

void html_table_end(FILE *out)
{
	fputs("</table>\n</div>\n", out);
}

void html_columns(const char *const *titles, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		bool number = titles[i][0] == '#';

		fprintf(out, "<th scope=\"col\"%s>", number ? " class=\"number\"" : "");
		html_text(titles[i] + number, out);
		fputs("</th>", out);
	}
}

void html_number_cell(const json_t *value, FILE *out)
{
	fputs("<td class=\"number\">", out);
	html_number(value, out);
	fputs("</td>", out);
}

void html_text_cell(const char *text, FILE *out)
{
	fputs("<td>", out);
	html_text(text, out);
	fputs("</td>", out);
}
