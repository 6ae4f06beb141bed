// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Has gpulock_helper.ko do wrong, in the way that PLANT= says. It is the runner that must find it,
 * so the tests here all pass.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper.h"
#include "tap.h"

int main(void)
{
	static const char *const names[] = {
		[PLANT_WARN] = "warn", [PLANT_STALE] = "stale", [PLANT_SLEEP] = "sleep",
		[PLANT_LEAK] = "leak", [PLANT_RACE] = "race",
	};
	const char *name = getenv("PLANT");
	__u32 what = 0;
	int helper;

	while (what < ARRAY_SIZE(names) && (!name || strcmp(names[what], name)))
		what++;
	must_load("gpulock", "");
	must_load("gpulock_helper", "");
	helper = open("/dev/gpulock_helper", O_RDWR);
	ok(ioctl(helper, HELPER_PLANT, &what) >= 0, "%s is planted", name ?: "nothing");
	close(helper);
	must_unload("gpulock_helper");
	must_unload("gpulock");
	return done();
}
