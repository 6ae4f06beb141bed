// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Starts the second vCPU by hand: Linux is built for one, so that its paths stay as short. */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/string.h>
#include <asm/apicdef.h>
#include <asm/msr.h>

#include "privileged.h"
#include "processor.h"

extern const char processor_code[], processor_code_end[];
extern const u16 processor_interrupt;

static char *pages;
static bool running;

volatile unsigned int *processor_word(unsigned int offset)
{
	return (volatile unsigned int *)(pages + offset);
}

static void send(u32 command)
{
	native_write_msr(APIC_BASE_MSR + (APIC_ICR >> 4), APIC_INT_ASSERT | command,
			 PROCESSOR_APIC_ID);
}

/* It answers at once, unless its thread has to wait for a CPU. */
#define PATIENCE_MS 2000

static bool reaches(unsigned int offset, unsigned int value)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		if (*processor_word(offset) == value)
			return true;
		mdelay(1);
	}
	return false;
}

static void load(void)
{
	u16 *vectors = (u16 *)(pages + PROCESSOR_VECTORS);

	memset(pages, 0, PROCESSOR_SIZE);
	memcpy(pages, processor_code, processor_code_end - processor_code);
	vectors[2 * NEEDS_VECTOR] = processor_interrupt;
	vectors[2 * NEEDS_VECTOR + 1] = PROCESSOR_PAGE >> 4;
	*processor_word(PROCESSOR_WANTED) = PROCESSOR_HALT;
}

const char *processor_start(void)
{
	if (running)
		return NULL;
	if (!pages)
		pages = memremap(PROCESSOR_PAGE, PROCESSOR_SIZE, MEMREMAP_WB);
	if (!pages)
		return "the second vCPU's memory cannot be mapped";
	load();
	send(APIC_DM_INIT);
	mdelay(10);
	send(APIC_DM_STARTUP | PROCESSOR_PAGE >> 12);
	running = reaches(PROCESSOR_MODE, PROCESSOR_HALT);
	return running ? NULL : "the second vCPU does not start";
}

void processor_mode(unsigned int mode)
{
	*processor_word(PROCESSOR_WANTED) = mode;
	send(APIC_DM_FIXED | NEEDS_VECTOR); /* it may be in HLT */
	if (!reaches(PROCESSOR_MODE, mode))
		pr_err_ratelimited("kexit: the second vCPU does not answer\n");
}

void processor_release(void)
{
	if (running)
		send(APIC_DM_INIT); /* which it waits after */
	if (pages)
		memunmap(pages);
}
