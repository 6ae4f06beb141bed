/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EXITLAB_STOP_SIGNALS_H
#define EXITLAB_STOP_SIGNALS_H

/*
 * From here on SIGINT, SIGTERM and SIGHUP end nothing, but are read from the descriptor that it
 * returns, a signalfd; -1 with errno. So does another one where it is not 0. Children begin with
 * them blocked.
 */
int stop_signals(int another);

#endif
