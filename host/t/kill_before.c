// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * For LD_PRELOAD: counts the calls by which a program changes the host, those of its children too,
 * and ends it by kill -9 right before the one numbered KILL_BEFORE.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int *count; /* shared with the children */
static int at;
static pid_t program;

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("KILL_BEFORE");

	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	at = text ? atoi(text) : 0;
	program = getpid();
}

static void strike(void)
{
	if (__atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST) != at)
		return;
	kill(program, SIGKILL);
	_exit(1);
}

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size)
{
	if (fd != STDOUT_FILENO && fd != STDERR_FILENO)
		strike();
	return REAL(write)(fd, data, size);
}

int fsync(int fd)
{
	strike();
	return REAL(fsync)(fd);
}

int rename(const char *from, const char *to)
{
	strike();
	return REAL(rename)(from, to);
}

int unlink(const char *path)
{
	strike();
	return REAL(unlink)(path);
}
