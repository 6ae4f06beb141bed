/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The shapes of procfs and sysfs files, one reader each, for the table in hostinfo.c. */
#ifndef EXITLAB_HOSTINFO_READ_H
#define EXITLAB_HOSTINFO_READ_H

#include <jansson.h>

/* What a reader is given. */
struct place {
	const char *path;      /* a file or a glob pattern, with the root before it */
	const char *argument;  /* of the table; NULL for most readers */
	const char *signature; /* of the hypervisor, NULL where there is none */
};

/* A reader returns a new reference, or NULL where the value cannot be read. */
typedef json_t *reader(const struct place *place);

/* Of one file. */
reader read_text;	   /* all of it, without white space at its end */
reader read_integer;	   /* decimal, nothing else in the file */
reader read_boolean;	   /* 0 or 1 */
reader read_inverted;	   /* 1 or 0 */
reader read_field;	   /* "argument<blanks>: value", the first of that name */
reader read_field_integer; /* the same as a number; a kB behind it is dropped */
reader read_chosen;	   /* the bracketed word of "always [madvise] never" */
reader read_words;	   /* an array of the words, in the file's order */
reader read_list_size;	   /* how many a list such as "0-3,8" names */

/* Of all files of a glob pattern that can be read; NULL where none can. */
reader read_agreed;   /* the text all share, else the different ones: "performance, powersave" */
reader read_distinct; /* how many different texts */
reader read_lowest;   /* the lowest integer */
reader read_highest;  /* the highest integer */

/* Of all files of a glob pattern, null where one cannot be read; NULL where none matches. */
reader read_each_text;	  /* an object; a key is what the "*" stands for */
reader read_each_integer; /* the same with numbers */
reader read_parameters;	  /* module parameters as a command line has them: "kvm_amd.npt" */

/* The names in directory path that match argument; [] where none does, NULL without path. */
reader read_names;

/* path is the pattern ".../cpuN/cpuidle/state", a state's number follows it. */
reader read_idle_states;

#endif
