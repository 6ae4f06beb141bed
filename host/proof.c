// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Is a proof.json what it must be, before anything is concluded from it? */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "exit_reasons.h"
#include "json_file.h"
#include "proof.h"

/* Far more than a run can count, and sums of it do not overflow. */
#define COUNT_LIMIT 1000000000000000

static bool is_count(const json_t *count)
{
	return json_is_integer(count) && json_integer_value(count) >= 0 &&
	       json_integer_value(count) <= COUNT_LIMIT;
}

static bool are_counts(const json_t *counts)
{
	const char *name;
	json_t *count;

	json_object_foreach ((json_t *)counts, name, count)
		if (!is_count(count))
			return false;
	return json_is_object(counts);
}

static bool is_counted_row(const json_t *row)
{
	return are_counts(json_object_get(row, "exits")) &&
	       are_counts(json_object_get(row, "userspace_exits")) &&
	       are_counts(json_object_get(row, "events")) &&
	       is_count(json_object_get(row, "opened"));
}

int proof_check(const json_t *proof, char *why, size_t size)
{
	const json_t *check = json_object_get(proof, "check");
	json_t *rows = json_object_get(proof, "rows"), *row;
	const char *name, *status = json_text(proof, "status"),
			  *vendor = json_text(proof, "vendor");

	if (strcmp(json_text(proof, "schema"), PROOF_SCHEMA)) {
		snprintf(why, size, "its schema is not " PROOF_SCHEMA);
		return -1;
	}
	if (strcmp(status, "ok") && strcmp(status, "unavailable")) {
		snprintf(why, size, "its status is neither \"ok\" nor \"unavailable\"");
		return -1;
	}
	if (check && (!is_count(json_object_get(check, "expected")) ||
		      !is_count(json_object_get(check, "written")))) {
		snprintf(why, size, "\"check\" needs the counts expected and written");
		return -1;
	}
	if (strcmp(status, "ok"))
		return 0;
	if (!json_is_object(rows) || !json_is_boolean(json_object_get(proof, "kvm_exit")) ||
	    !is_count(json_object_get(proof, "dropped")) ||
	    !is_count(json_object_get(proof, "markers"))) {
		snprintf(why, size,
			 "\"rows\", \"kvm_exit\", \"dropped\" or \"markers\" is missing or wrong");
		return -1;
	}
	if (json_is_true(json_object_get(proof, "kvm_exit")) &&
	    strcmp(vendor, vendor_name(VENDOR_SVM)) && strcmp(vendor, vendor_name(VENDOR_VMX))) {
		snprintf(why, size,
			 "kvm_exit fired, and its vendor is neither \"svm\" nor \"vmx\"");
		return -1;
	}
	json_object_foreach (rows, name, row)
		if (!is_counted_row(row)) {
			snprintf(why, size, "the counts of %s are not counts", name);
			return -1;
		}
	return 0;
}
