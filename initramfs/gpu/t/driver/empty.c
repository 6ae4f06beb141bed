// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A library of the made-up driver that nobody calls. */
void made_up_library(void);

void made_up_library(void)
{
}
