/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The signals by which a command ends in its own way, so that all that it changed goes back. */
#ifndef EXITLAB_STOP_SIGNALS_H
#define EXITLAB_STOP_SIGNALS_H

#include <signal.h>

/* Of a terminal that is closed, Ctrl-C, Ctrl-\, kill; for arrays. */
#define STOP_SIGNALS SIGHUP, SIGINT, SIGQUIT, SIGTERM

/*
 * They as a set, to be blocked: SIGHUP not where it is ignored, as under nohup, since what is
 * blocked is not ignored any more. SIGINT and SIGQUIT are heard in any case: whatever a script
 * starts in the background ignores them, and may be sent them all the same.
 */
void stop_signals_set(sigset_t *set);

/*
 * From here on they end nothing, but are read from the descriptor that it returns, a signalfd; -1
 * with errno. So does another one where it is not 0. Children begin with them blocked.
 */
int stop_signals(int another);

#endif
