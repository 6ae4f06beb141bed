/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Nothing: what is left is the launch. */
extern "C" __global__ void empty(void)
{
}
