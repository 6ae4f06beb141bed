/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A page for scrapers on the loopback, at /metrics, served between the turns of the caller's loop:
 * no thread, and nobody is waited for. libmicrohttpd does HTTP; it is loaded only here, since it
 * brings more libraries than all the rest of exitlab.
 */
#ifndef EXITLAB_GPUMEM_METRICS_H
#define EXITLAB_GPUMEM_METRICS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

struct gpumem_metrics;

/* "127.0.0.1:9000", "[::1]:0". False: it is none, or not one of the loopback. */
bool gpumem_metrics_address(const char *text, struct sockaddr_storage *address);

/*
 * Listens, and says where on stderr. print writes the page, when one is asked for. NULL with one
 * line on stderr and an exit code of util.h in *code.
 */
struct gpumem_metrics *gpumem_metrics_open(const struct sockaddr_storage *address,
					   void (*print)(void *context, FILE *out), void *context,
					   int *code);

/* Is readable when there is something to do; -1 of NULL. */
int gpumem_metrics_fd(const struct gpumem_metrics *metrics);

/* Does what can be done without a wait. Returns in how many ms it is to be called again at the
 * latest, most where nothing is pending.
 */
int gpumem_metrics_turn(struct gpumem_metrics *metrics, int most);

void gpumem_metrics_close(struct gpumem_metrics *metrics);

#endif
