// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"
#include "whole_file.h"

FILE *whole_file_begin(struct whole_file *file, const char *path, ...)
{
	struct stat status;
	va_list arguments;
	int length;

	va_start(arguments, path);
	length = vsnprintf(file->path, sizeof(file->path), path, arguments);
	va_end(arguments);
	file->replace = stat(file->path, &status) || S_ISREG(status.st_mode);
	snprintf(file->next, sizeof(file->next), "%s%s", file->path, file->replace ? ".new" : "");
	errno = ENAMETOOLONG;
	file->out = length < (int)sizeof(file->path) ? fopen(file->next, "we") : NULL;
	file->error = file->out ? 0 : errno;
	return file->out;
}

int whole_file_end(struct whole_file *file)
{
	bool opened = file->out;

	if (opened && (fflush(file->out) || ferror(file->out)))
		file->error = errno ?: EIO;
	if (opened && fclose(file->out) && !file->error)
		file->error = errno;
	if (!file->error && file->replace && rename(file->next, file->path))
		file->error = errno;
	if (!file->error)
		return 0;
	pr_err("%s: %s", file->path, strerror(file->error));
	if (opened && file->replace)
		unlink(file->next);
	return -1;
}

void whole_file_abandon(struct whole_file *file)
{
	if (!file->out)
		return;
	fclose(file->out);
	if (file->replace)
		unlink(file->next);
}
