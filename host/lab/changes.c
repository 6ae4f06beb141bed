// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the Intel lab's command changed below --rw directories, brought back to them. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../util.h"
#include "backend.h"
#include "changes.h"

const struct changes no_changes = {.gone = -1, .files = -1};

bool write_whole(int fd, const void *data, size_t size)
{
	for (const char *from = data; size;) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			from += n;
			size -= n;
		}
	}
	return true;
}

/* A file that is no more when nobody has it open. */
static int nameless_file(void)
{
	const char *directory = getenv("TMPDIR");
	int fd = open(directory && *directory ? directory : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC,
		      0600);

	return fd < 0 ? memfd_create("changes", MFD_CLOEXEC) : fd;
}

static void keep(struct changes *changes, int *file, const void *data, size_t size)
{
	if (changes->refused)
		return;
	if (*file < 0)
		*file = nameless_file();
	if (*file >= 0 && write_whole(*file, data, size))
		return;
	pr_err("lab: no room for what changed, in TMPDIR: %s", strerror(errno));
	changes->refused = true;
}

static void forget(struct changes *changes)
{
	close(changes->gone);
	close(changes->files);
	changes->gone = changes->files = -1;
	changes->refused = false;
}

/* The directories come one after the other. */
static void turn_to(struct changes *changes, int number)
{
	if (number != changes->number)
		forget(changes);
	changes->number = number;
}

/* Is this a path that stays below where it is taken from? */
static bool below(const char *path)
{
	if (!*path || *path == '/')
		return false;
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (!strcmp(part, "..") || !strncmp(part, "../", 3))
			return false;
	}
	return true;
}

void changes_gone(struct changes *changes, int number, const char *path, size_t size)
{
	char name[LAB_FRAME_MOST + 1];

	turn_to(changes, number);
	snprintf(name, sizeof(name), "%.*s", (int)size, path);
	if (below(name))
		keep(changes, &changes->gone, name, strlen(name) + 1);
}

void changes_files(struct changes *changes, int number, const void *data, size_t size)
{
	turn_to(changes, number);
	keep(changes, &changes->files, data, size);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		write_whole(fd, text, strlen(text));
	close(fd);
}

/* Without root's rights: in a user namespace in which this user and group are themselves. */
static int unshare_mounts(void)
{
	char uids[64], gids[64];

	snprintf(uids, sizeof(uids), "%d %d 1", geteuid(), geteuid());
	snprintf(gids, sizeof(gids), "%d %d 1", getegid(), getegid());
	if (!unshare(CLONE_NEWNS))
		return 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return -1;
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/gid_map", gids);
	write_file("/proc/self/uid_map", uids);
	return 0;
}

/*
 * From here on nothing but the directory can be written, since what comes from the lab may name
 * others by links. A machine that allows no such thing goes without.
 */
static void confine(const char *directory)
{
	struct mount_attr closed = {.attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE};
	int tree;

	if (unshare_mounts())
		return;
	tree = open_tree(AT_FDCWD, directory, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree < 0 || mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &closed, sizeof(closed)))
		return;
	if (move_mount(tree, "", AT_FDCWD, directory, MOVE_MOUNT_F_EMPTY_PATH))
		_exit(EXIT_FAILED);
	close(tree);
}

/* Runs a program in a --rw directory, from the beginning of a file, if there is one. */
static bool run(const char *directory, char *const *argv, int input)
{
	pid_t self = getpid(), pid;
	int status = -1;

	if (input < 0)
		return true;
	pid = fork();
	if (!pid) {
		lab_child(self, SIGKILL);
		lseek(input, 0, SEEK_SET);
		dup2(input, STDIN_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		confine(directory);
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* which that may undo */
		if (!chdir(directory))
			execvp(argv[0], argv);
		pr_err("lab: %s: cannot run %s: %s", directory, argv[0], strerror(errno));
		_exit(EXIT_FAILED);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return !status;
}

void changes_end(struct changes *changes, int number, const char *directory)
{
	char *rm[] = {"xargs", "-0", "rm", "-rf", "--", NULL};
	/* The lab has a time of its own: what comes from it is as old as its coming. */
	char *tar[] = {"tar", "--extract", "--file=-", "--touch", NULL};

	turn_to(changes, number);
	if (changes->refused || !run(directory, rm, changes->gone) ||
	    !run(directory, tar, changes->files)) {
		pr_err("lab: %s: not all that changed there could be brought back", directory);
		changes->lost = true;
	}
	forget(changes);
}
