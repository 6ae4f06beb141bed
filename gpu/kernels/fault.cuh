/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A store to where nothing is: the address comes as a parameter, so that no compiler can know. */
extern "C" __global__ void fault(volatile unsigned int *nowhere)
{
	*nowhere = 1;
}
