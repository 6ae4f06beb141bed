// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <inttypes.h>

#include "gpumem_calls.h"
#include "gpumem_csv.h"
#include "gpumem_text.h"
#include "json_file.h"
#include "report.h"
#include "utc.h"

void gpumem_csv_header(FILE *out, bool events)
{
	if (events) {
		fprintf(out, "time,pid,call,pointer,bytes,result\n");
		return;
	}
	fprintf(out, "timestamp,pid,name,state");
#define COUNT(name) fprintf(out, "," #name);
	GPUMEM_COUNTS(COUNT)
#undef COUNT
#define LOST(name, member) fprintf(out, ",lost_" #name);
	GPUMEM_LOST(LOST)
#undef LOST
	fprintf(out, "\n");
}

static void put_counts(FILE *out, const struct gpumem_counts *counts)
{
#define COUNT(name) fprintf(out, ",%" PRIu64, counts->name);
	GPUMEM_COUNTS(COUNT)
#undef COUNT
}

static void put_process(FILE *out, const char *time, const struct gpumem_account *account)
{
	/* The kernel cuts a name at its 15th byte, which may be amid a character. */
	json_t *name = json_printable(account->name);

	fprintf(out, "%s,%u,", time, account->process);
	csv_text(json_string_value(name), out);
	json_decref(name);
	fprintf(out, ",%s", gpumem_state_name(account->state));
	put_counts(out, &account->counts);
	/* What is lost is nobody's. */
#define LOST(name, member) fputc(',', out);
	GPUMEM_LOST(LOST)
#undef LOST
	fputc('\n', out);
}

void gpumem_csv_rows(FILE *out, struct gpumem_accounts *accounts, const struct gpumem_lost *lost)
{
	struct timespec now;
	char time[64];

	clock_gettime(CLOCK_REALTIME, &now);
	utc_text(&now, time);
	for (struct gpumem_account *one = accounts->first; one; one = one->next) {
		if (one->told)
			continue;
		one->told = one->state != GPUMEM_RUNNING;
		put_process(out, time, one);
	}
	fprintf(out, "%s,,,total", time);
	put_counts(out, &accounts->total);
#define LOST(name, member) fprintf(out, ",%" PRIu64, lost->member);
	GPUMEM_LOST(LOST)
#undef LOST
	fputc('\n', out);
}

void gpumem_csv_event(FILE *out, const struct gpumem_event *event)
{
	if (event->type > GPUMEM_FAILURE)
		return;
	fprintf(out, "%llu.%09llu,%u,%s,0x%llx,%llu,%d\n", event->time / 1000000000,
		event->time % 1000000000, event->process, gpumem_calls[event->call].symbol,
		event->pointer, event->bytes, event->result);
}
