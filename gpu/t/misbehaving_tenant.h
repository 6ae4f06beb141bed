/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EXITLAB_GPU_T_MISBEHAVING_TENANT_H
#define EXITLAB_GPU_T_MISBEHAVING_TENANT_H

/*
 * A tenant on a socket to its coordinator, sound but for MISBEHAVE=STAGE:ACTION in its environment:
 * what it does wrong (misbehaving_tenant.c has the actions), and when: start, prepare, go, finish.
 * It says WHERE of its environment as its surroundings. An exit code.
 */
int misbehaving_tenant(int fd);

#endif
