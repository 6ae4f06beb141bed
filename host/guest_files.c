// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exitcount.h"
#include "guest_files.h"
#include "record_files.h"
#include "util.h"
#include "watch.h"

/* How far a stream has come. */
struct files {
	struct watch watch;
	struct record record;
	char header[sizeof(struct record_header)];
	size_t have;	 /* bytes of the header */
	uint64_t remain; /* payload bytes still to come */
	char name[48];	 /* of the file that the record is of, or the begin of it */
	size_t name_length;
	struct exitcount *counter;
};

/* The guest is there: from here on its exits are counted. What cannot be counted is said in proof.
 */
static void start_counting(struct files *files)
{
	struct run *run = files->watch.run;
	char why[256];

	if (!run->prove)
		return;
	files->counter = exitcount_open(files->watch.vm.pid, EXITCOUNT_MARKERS, why, sizeof(why));
	if (!files->counter)
		run->proof = json_pack("{s:s, s:s, s:s}", "schema", "exitlab-proof/1", "status",
				       "unavailable", "reason", why);
}

static void take_record(struct files *files)
{
	struct watch *watch = &files->watch;

	switch (files->record.header.kind) {
	case RECORD_INFO:
		watch->run->boot_ns = watch_now_ns() - watch->begin_ns;
		watch->started = true;
		start_counting(files);
		snprintf(watch->phase, sizeof(watch->phase), "after INFO");
		break;
	case RECORD_FILE:
		snprintf(watch->phase, sizeof(watch->phase), "after FILE %.*s",
			 (int)strcspn(files->name, "\n"), files->name);
		break;
	default:
		watch->done = true;
	}
	watch_progress(watch);
}

/* Keeps what a line to people, and the phases, need of a payload. */
static void take_payload(struct files *files, const char *data, size_t size)
{
	const struct record_header *header = &files->record.header;
	size_t room = sizeof(files->name) - 1 - files->name_length;

	if (header->kind == RECORD_INFO)
		memcpy(files->watch.run->info + header->count - files->remain, data, size);
	room = size < room ? size : room;
	memcpy(files->name + files->name_length, data, room);
	files->name_length += room;
	files->name[files->name_length] = '\0';
	files->remain -= size;
}

static void take_header(struct files *files)
{
	char why[RECORD_WHY];

	/* A header alone is MORE where a payload must follow. */
	if (record_parse_as(&record_format_files, files->header, sizeof(files->header),
			    &files->record, why) == RECORD_BAD)
		WATCH_FAIL(&files->watch, RUN_FAILED, "the record stream is broken %s: %s",
			   files->watch.phase, why);
	files->remain = files->record.length - sizeof(files->header);
	files->name_length = 0;
}

static void follow(struct watch *watch, const char *data, size_t size)
{
	struct files *files = (struct files *)watch;

	while (size && watch->run->outcome == RUN_DONE) {
		bool in_header = files->have < sizeof(files->header);
		uint64_t left = in_header ? sizeof(files->header) - files->have : files->remain;
		size_t part = left < size ? left : size;

		if (in_header) {
			memcpy(files->header + files->have, data, part);
			files->have += part;
			if (files->have == sizeof(files->header))
				take_header(files);
		} else {
			take_payload(files, data, part);
		}
		data += part;
		size -= part;
		if (files->have == sizeof(files->header) && !files->remain &&
		    watch->run->outcome == RUN_DONE) {
			files->have = 0;
			take_record(files);
		}
	}
}

/* 0, or -1 with why. */
static int write_files(const char *path, const char *directory, char why[RECORD_WHY])
{
	size_t size;
	void *map;
	int error;

	if (mkdir(directory, 0777)) {
		snprintf(why, RECORD_WHY, "%.200s: %s", directory, strerror(errno));
		return -1;
	}
	if (record_map(path, &map, &size, why))
		return -1;
	error = record_files_write(map, size, directory, why);
	munmap(map, size);
	return error;
}

/* The stream's files, each as far as it came. Only a stream that is whole is not kept itself. */
static void unpack(struct run *run)
{
	char path[4200], directory[4200], why[RECORD_WHY];

	snprintf(path, sizeof(path), "%s/%s.rec", run->vm.directory, run->vm.name);
	snprintf(directory, sizeof(directory), "%s/" GUEST_FILES, run->vm.directory);
	if (!write_files(path, directory, why)) {
		unlink(path);
	} else if (run->outcome == RUN_DONE) {
		run->outcome = RUN_FAILED;
		snprintf(run->why, sizeof(run->why), "%s.rec: %s", run->vm.name, why);
	}
}

void run_guest_files(struct run *run)
{
	struct files files = {.watch = {.run = run, .follow = follow}};

	if (watch_begin(&files.watch))
		return;
	watch_guest(&files.watch);
	if (files.counter)
		run->proof = exitcount_json(files.counter);
	exitcount_close(files.counter);
	watch_end(&files.watch);
	unpack(run);
}
