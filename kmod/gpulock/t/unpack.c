// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* unpack RECORD DIRECTORY: writes the files that the test guest sent to a directory. */
#include <sys/mman.h>

#include "../../../host/record_files.h"
#include "../../../host/util.h"

int main(int argc, char **argv)
{
	char why[RECORD_WHY];
	size_t size;
	void *map;

	if (argc != 3)
		die_code(EXIT_USAGE, "usage: unpack RECORD DIRECTORY");
	if (record_map(argv[1], &map, &size, why))
		die("%s: %s", argv[1], why);
	if (record_files_write(map, size, argv[2], why))
		die("%s: %s", argv[1], why);
	munmap(map, size);
	return EXIT_OK;
}
