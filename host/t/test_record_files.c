// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The reader of a guest's files against names that lead elsewhere, and streams that are cut, out of
 * order, or do not add up; and a disk that is full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "stream.h"
#include "../record_files.h"

/* Of a stream of files, in which every record is of that version. */
static void add(struct stream *stream, uint16_t kind, const void *payload, size_t size)
{
	put(stream,
	    (struct record_header){.version = RECORD_VERSION_FILES,
				   .clock = CLOCK_NS,
				   .kind = kind,
				   .width = 1,
				   .count = size},
	    payload);
}

static void add_done(struct stream *stream, uint64_t parts, uint64_t bytes)
{
	put(stream,
	    (struct record_header){.version = RECORD_VERSION_FILES,
				   .clock = CLOCK_NS,
				   .kind = RECORD_DONE,
				   .executed = parts,
				   .total = bytes},
	    NULL);
}

#define ADD(stream, kind, text) add(stream, kind, text, sizeof(text) - 1)

/* A file in two parts, and one that is empty. */
static void fill_files(struct stream *stream)
{
	*stream = (struct stream){0};
	ADD(stream, RECORD_INFO, "kind=files\n");
	ADD(stream, RECORD_FILE, "tap\nok 1\n");
	ADD(stream, RECORD_FILE, "none.gcda#x~+-_\n");
	ADD(stream, RECORD_FILE, "tap\n1..1\n");
	add_done(stream, 3, 10);
}

static int make_directory(void **state)
{
	*state = strdup("/tmp/exitlab-files-XXXXXX");
	return mkdtemp(*state) ? 0 : -1;
}

static int remove_directory(void **state)
{
	DIR *directory = opendir(*state);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	rmdir(*state);
	free(*state);
	return 0;
}

/* Writes a copy that ends where its memory ends. */
static int write_copy(const struct stream *stream, size_t size, const char *directory,
		      char why[RECORD_WHY])
{
	void *copy = malloc(size ?: 1);
	int error;

	assert_non_null(copy);
	memcpy(copy, stream->bytes, size);
	error = record_files_write(copy, size, directory, why);
	free(copy);
	return error;
}

static void refused(const struct stream *stream, const char *directory, const char *words)
{
	char why[RECORD_WHY] = "";

	if (!write_copy(stream, stream->size, directory, why))
		fail_msg("was accepted, not refused with \"%s\"", words);
	if (!strstr(why, words) || strchr(why, '\n'))
		fail_msg("\"%s\" is not one line that says \"%s\"", why, words);
}

static void is_file(const char *directory, const char *name, const char *content)
{
	char path[128], text[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, file), strlen(content));
	assert_string_equal(text, content);
	fclose(file);
}

static size_t count_files(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(directory)))
		count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
	closedir(directory);
	return count;
}

static void whole_stream(void **state)
{
	struct stream stream;
	char why[RECORD_WHY];

	fill_files(&stream);
	assert_int_equal(write_copy(&stream, stream.size, *state, why), 0);
	is_file(*state, "tap", "ok 1\n1..1\n");
	is_file(*state, "none.gcda#x~+-_", "");
	assert_int_equal(count_files(*state), 2);
}

static void truncated_at_every_byte(void **state)
{
	struct stream stream;
	char why[RECORD_WHY];

	fill_files(&stream);
	for (size_t size = 0; size < stream.size; size++)
		if (!write_copy(&stream, size, *state, why) || !strstr(why, "truncated at"))
			fail_msg("%zu bytes: %s", size, why);
	/* What was whole is there: people want to see how far the guest came. */
	remove_directory((void **)&(char *){strdup(*state)});
	mkdir(*state, 0700);
	write_copy(&stream, stream.starts[3], *state, why);
	assert_non_null(strstr(why, "(last: FILE none.gcda#x~+-_)"));
	is_file(*state, "tap", "ok 1\n");
}

static void names(void **state)
{
	/* As they are on the wire: the name ends with the first newline. */
	static const struct {
		const char *bytes;
		size_t size;
	} bad[] = {
#define NAME(text) {text, sizeof(text) - 1}
		NAME("/etc/passwd\nx"), NAME("a/b\nx"),	     NAME("../up\nx"),	  NAME(".\nx"),
		NAME("..\nx"),		NAME(".hidden\nx"),  NAME("\nx"),	  NAME("a\0b\nx"),
		NAME("\0\nx"),		NAME("no newline"),  NAME("a b\nx"),	  NAME("a\\b\nx"),
		NAME("-option\nx"),	NAME("a\x1b[2J\nx"), NAME("\xc3\xa4\nx"),
#undef NAME
	};
	struct stream stream;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		stream = (struct stream){0};
		ADD(&stream, RECORD_INFO, "kind=files\n");
		add(&stream, RECORD_FILE, bad[i].bytes, bad[i].size);
		add_done(&stream, 1, 1);
		refused(&stream, *state, "FILE without a name that a file may have");
	}
	assert_int_equal(count_files(*state), 0);
}

static void longest_name(void **state)
{
	char name[300], why[RECORD_WHY];
	struct stream stream = {0};

	memset(name, 'a', sizeof(name));
	name[255] = '\n';
	ADD(&stream, RECORD_INFO, "");
	add(&stream, RECORD_FILE, name, 256);
	add_done(&stream, 1, 0);
	assert_int_equal(write_copy(&stream, stream.size, *state, why), 0);
	assert_int_equal(count_files(*state), 1);
	name[255] = 'a';
	name[256] = '\n';
	stream = (struct stream){0};
	ADD(&stream, RECORD_INFO, "");
	add(&stream, RECORD_FILE, name, 257);
	add_done(&stream, 1, 0);
	refused(&stream, *state, "FILE without a name that a file may have");
}

static void out_of_order(void **state)
{
	static const uint64_t wrong[][2] = {{2, 10}, {4, 10}, {3, 9}, {3, 11}};
	struct stream stream = {0};

	ADD(&stream, RECORD_FILE, "tap\nok\n");
	refused(&stream, *state, "the stream does not begin with INFO");
	fill_files(&stream);
	stream.size = stream.starts[3];
	ADD(&stream, RECORD_INFO, "kind=files\n");
	refused(&stream, *state, "a second INFO");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char words[80];

		fill_files(&stream);
		stream.size = stream.starts[4];
		add_done(&stream, wrong[i][0], wrong[i][1]);
		snprintf(words, sizeof(words),
			 "DONE claims %u parts and %u bytes, 3 and 10 are there",
			 (unsigned int)wrong[i][0], (unsigned int)wrong[i][1]);
		refused(&stream, *state, words);
	}
	fill_files(&stream);
	add_done(&stream, 3, 10);
	refused(&stream, *state, "follow DONE");
}

static void other_streams(void **state)
{
	struct stream stream = {0};

	fill(&stream);
	refused(&stream, *state, "the record of a run of VM exits, not of the tests of a module");
	fill_files(&stream);
	assert_refused(&stream, "the record of the tests of a module, not of a run of VM exits");
}

static void full_disk(void **state)
{
	struct stream stream;
	char path[128];

	snprintf(path, sizeof(path), "%s/tap", (char *)*state);
	assert_int_equal(symlink("/dev/full", path), 0);
	fill_files(&stream);
	refused(&stream, *state, "/tap: No space left on device");
	refused(&stream, "/nonexistent", "/nonexistent/tap: No such file or directory");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whole_stream), TEST(truncated_at_every_byte),
		TEST(names),	    TEST(longest_name),
		TEST(out_of_order), TEST(other_streams),
		TEST(full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
