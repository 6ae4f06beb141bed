// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "record_put.h"

int record_put(FILE *out, struct record_header header, const void *payload)
{
	size_t size = (size_t)header.count * header.width;

	header.magic = RECORD_MAGIC;
	header.version = RECORD_VERSION_GPU;
	header.clock = CLOCK_NS;
	header.checksum = record_checksum(&header, payload);
	return fwrite(&header, sizeof(header), 1, out) != 1 ||
			       (size && fwrite(payload, size, 1, out) != 1)
		       ? -1
		       : 0;
}

int record_put_text(FILE *out, struct record_header header, const char *text)
{
	header.width = 1;
	header.count = strlen(text);
	return record_put(out, header, text);
}
