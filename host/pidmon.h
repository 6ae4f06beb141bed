/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one process uses of CPU, memory and disk, read from procfs at little cost: its files stay
 * open. They, and a pidfd, belong to the process and not to its number, so that another process
 * that gets the number later is never taken for it.
 */
#ifndef EXITLAB_PIDMON_H
#define EXITLAB_PIDMON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

/* A task's name; those of the kernel's workers are longer than the 15 bytes of others. */
#define PROCESS_NAME 65

/* In place of a number that could not be read. */
#define NOT_MEASURED -1

/* One process at one moment. */
struct process_sample {
	struct timespec time; /* CLOCK_REALTIME */
	int64_t time_ns;      /* CLOCK_MONOTONIC, at the same moment */
	int64_t cpu_ns; /* of all threads since the process began, those that ended counted in */
	int64_t memory_bytes;		   /* resident; or NOT_MEASURED */
	int64_t read_bytes, written_bytes; /* from and to disks, since it began; or NOT_MEASURED */
	char name[PROCESS_NAME];	   /* printable ASCII; what is not became "?" */
};

struct process {
	pid_t pid;
	int pidfd; /* readable when all of its threads have ended */
	bool kernel_thread;
	bool named; /* asked for by its number; else the child of one */
	bool ended;
	long rows; /* written so far */
	struct process_sample before;

	/* host/pidmon_process.c's */
	int directory, comm, statm, io;
	clockid_t clock;
};

/* What is taken of /proc/PID/stat. False where the text is none. */
struct process_stat {
	pid_t parent;
	bool kernel_thread;
};
bool process_parse_stat(const char *text, struct process_stat *stat);

/* The resident bytes of /proc/PID/statm; NOT_MEASURED for a process that has given up its memory.
 */
int64_t process_parse_statm(const char *text, bool kernel_thread);

/* A field ("read_bytes") of /proc/PID/io; NOT_MEASURED where there is none. */
int64_t process_parse_io(const char *text, const char *field);

/* The name without its newline, cut to fit, with "?" for what is no printable ASCII. */
void process_parse_name(const char *text, char name[PROCESS_NAME]);

/*
 * Opens a process, with its first sample in before. parent is the process that it has to be a child
 * of, 0 for any. EXIT_OK; or EXIT_FAILED where there is no such process (or child), EXIT_CANNOT
 * where it may not be read or its files cannot be opened, with why.
 */
int process_open(struct process *process, pid_t pid, pid_t parent, char *why, size_t size);
void process_close(struct process *process);

/* False, and ended is set, where the process is gone. */
bool process_sample(struct process *process, struct process_sample *sample);

/* Calls found for every child of every thread of the process. */
void process_children(const struct process *process, void (*found)(pid_t child, void *context),
		      void *context);

/* Does this kernel say what a process's children are (CONFIG_PROC_CHILDREN)? */
bool process_children_known(void);

/* The file that the rows go to. */
struct pidmon_output {
	int fd;
	int stop;	  /* readable when it is not to be waited for any more */
	const char *path; /* for messages */
	bool json, created;
	const char *description;
	int64_t host_bytes; /* of memory (MemTotal) */
	FILE *rows;	    /* of one moment, until they are written in one go */
	char *text;
	size_t size;
};

/*
 * Opens path, NULL for standard output: made if need be, else rows are added to those that pidmon
 * wrote to it before. Where a pipe is not read it waits until stop is readable. EXIT_OK, or
 * EXIT_FAILED with one line on stderr.
 */
int pidmon_output_open(struct pidmon_output *output, const char *path, bool json,
		       const char *description, int stop);

/* One row: what a process used from before to now. */
void pidmon_output_row(struct pidmon_output *output, const struct process *process,
		       const struct process_sample *now);

/*
 * Writes the rows of one moment, all or, in a file, none of them. EXIT_OK, or EXIT_FAILED with one
 * line on stderr.
 */
int pidmon_output_write(struct pidmon_output *output);

/* Closes it; a file that was made and has got no row is removed. EXIT_OK or EXIT_FAILED. */
int pidmon_output_close(struct pidmon_output *output, bool any_row);

#endif
