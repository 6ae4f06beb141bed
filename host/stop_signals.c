// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stddef.h>
#include <sys/signalfd.h>

#include "stop_signals.h"
#include "util.h"

void stop_signals_set(sigset_t *set)
{
	static const int signals[] = {STOP_SIGNALS};
	struct sigaction hangup;

	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(set, signals[i]);
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler == SIG_IGN)
		sigdelset(set, SIGHUP);
}

int stop_signals(int another)
{
	sigset_t stop;

	stop_signals_set(&stop);
	if (another)
		sigaddset(&stop, another);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	return signalfd(-1, &stop, SFD_CLOEXEC);
}
