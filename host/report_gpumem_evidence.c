// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include "json_file.h"
#include "report_gpumem.h"
#include "util.h"

/* One file of the case; NULL with why. */
static json_t *read_json(const char *dir, const char *id, const char *end, char *why, size_t size)
{
	char path[4400];
	json_error_t error;
	json_t *json;

	snprintf(path, sizeof(path), "%s/%s%s", dir, id, end);
	json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		snprintf(why, size, "%s%s: %s", id, end, error.text);
	return json;
}

static void read_monitor(struct stress_evidence *evidence, const char *dir, const json_t *of)
{
	char path[4400], what[256];
	FILE *csv;

	snprintf(path, sizeof(path), "%s/%s.csv", dir, json_text(of, "id"));
	csv = fopen(path, "re");
	if (!csv) {
		snprintf(evidence->why, sizeof(evidence->why), "%s.csv: %s", json_text(of, "id"),
			 strerror(errno));
		return;
	}
	if (stress_monitor_read(&evidence->monitor, csv,
				json_integer_value(json_object_get(of, "tracer")), what,
				sizeof(what)))
		snprintf(evidence->why, sizeof(evidence->why), "%s.csv: %s", json_text(of, "id"),
			 what);
	fclose(csv);
}

/* What went wrong when it ran is the reason; what is left of it is read all the same. */
void stress_evidence_read(struct stress_evidence *evidence, const char *dir, const json_t *of)
{
	const char *id = json_text(of, "id"), *reason = json_text(of, "reason");
	char *why = evidence->why;
	const size_t size = sizeof(evidence->why);

	*evidence = (struct stress_evidence){0};
	evidence->truth = read_json(dir, id, ".truth.json", why, size);
	evidence->trace = read_json(dir, id, ".trace.json", why, size);
	evidence->rate_reached = json_number_value(json_member(evidence->truth, "rate.reached"));
	if (evidence->truth && evidence->trace) {
		evidence->calls = stress_calls(evidence->truth);
		evidence->seen = stress_seen(evidence->trace);
		evidence->lost = stress_lost(evidence->trace);
		stress_is_exact(evidence->truth, evidence->trace, why, size);
	}
	if (!*why)
		read_monitor(evidence, dir, of);
	if (*reason)
		snprintf(why, size, "%s", reason);
}

void stress_evidence_free(struct stress_evidence *evidence)
{
	json_decref(evidence->truth);
	json_decref(evidence->trace);
	stress_monitor_free(&evidence->monitor);
}
