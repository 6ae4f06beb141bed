/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * THE wire format: what leaves the guest on its own virtio-serial port and what run.rec holds.
 *
 * A stream is a sequence of records; a record is one header and its payload. Everything is
 * little-endian and fixed in size, with no pointers, no enums and no implicit padding, so that the
 * guest, the host and next year's reader agree. Order in a stream:
 *
 *   INFO, then per pass: one ROW or WAIVED per selected row, then PASS; at the very end DONE.
 *
 * Where INFO says "contamination=interrupts" or "contamination=interrupts,steal", each ROW is
 * followed by its DISTURBED; "contamination=none: REASON" is the guest that could not tell, and
 * then there are none.
 *
 * Success is DONE with matching totals. A stream without it is truncated.
 */
#ifndef EXITLAB_RECORD_H
#define EXITLAB_RECORD_H

#ifdef __KERNEL__
#include <linux/types.h>
#define UINT32_MAX U32_MAX
#else
#include <stdint.h>
#endif

#define RECORD_MAGIC	     0x42414c58u /* "XLAB" */
#define RECORD_VERSION	     2u /* 1 had no DISTURBED; every record of a stream has the same */
#define RECORD_VERSION_GPU   3u /* of a stream of SERIES and VERDICT */
#define RECORD_VERSION_FILES 4u /* of a stream of FILE */

/* header.kind; the payload is */
#define RECORD_INFO	 1u /* text: "key=value\n" lines about the guest */
#define RECORD_ROW	 2u /* u32 samples in clock ticks, UINT32_MAX where saturated */
#define RECORD_WAIVED	 3u /* text: why the row cannot run here */
#define RECORD_PASS	 4u /* empty: the pass is over; count of rows in executed */
#define RECORD_DONE	 5u /* empty: rows in executed, samples of all rows in total */
#define RECORD_DISTURBED 6u /* struct disturbed of the ROW before it, by ascending sample */

/* Of a GPU run, in place of ROW and WAIVED: SERIES where there are samples, and always VERDICT. */
#define RECORD_SERIES  7u /* f64 samples in the unit that VERDICT names */
#define RECORD_VERDICT 8u /* text: "key=value\n" lines: status, reason, id, unit, facts */

/*
 * Of the tests of a kernel module: INFO, any number of FILE, DONE with their number in executed and
 * their bytes, names left out, in total.
 */
#define RECORD_FILE 9u /* text: "NAME\n", and bytes that follow those that file has already */

/* disturbed.causes: what happened to the vCPU while the sample was taken */
#define DISTURBED_INTERRUPT 1u /* the guest took an interrupt: of its timer or of a device */
#define DISTURBED_STEAL	    2u /* the vCPU waited for its host CPU */

/* header.pass */
#define PASS_TIMED 1u /* nothing attached: the numbers that are reported */
#define PASS_PROOF 2u /* BPF counts every exit: the evidence for those numbers */

/* header.clock: what one tick of a sample is */
#define CLOCK_TSC  1u /* one TSC cycle */
#define CLOCK_INSN 2u /* one instruction of an emulated host under icount */
#define CLOCK_NS   3u /* one nanosecond, of the host or of a device; samples say their unit */

/* Ports. A write of a row's wire number to PORT_MARKER opens the row, a write of 0 closes it. */
#define PORT_DEBUGCON 0xe9
#define PORT_MARKER   0xea
#define PORT_ELCR     0x4d0
#define PORT_PM_TIMER 0x608  /* where the firmware of q35 puts it */
#define PORT_NOBODY   0x1234 /* no device of QEMU's */

/*
 * What the host writes back on the port: one byte after each record but DONE. The guest waits for
 * it, so that no interrupt of the port is on its way when the next row begins.
 */
#define GO_NEXT	 'N' /* after INFO, ROW, WAIVED and DISTURBED */
#define GO_PROOF 'P' /* after PASS: counting is on, run the rows once more */
#define GO_END	 'E' /* after PASS: write DONE and power off */

/* Name of the virtio-serial port. */
#define RECORD_PORT "exitlab.record"

#define RECORD_MAX_SAMPLES 100000000u /* a reader refuses a larger count: 400 MB */
#define RECORD_MAX_TEXT	   65536u

struct record_header {
	uint32_t magic;
	uint16_t version;
	uint16_t kind;
	uint16_t row;	    /* wire number of exits.def; 0 where the record is of no row */
	uint8_t pass;	    /* PASS_*; 0 for INFO and DONE */
	uint8_t clock;	    /* CLOCK_* */
	uint32_t width;	    /* bytes of one payload element; 1 for text, 0 where there is none */
	uint32_t count;	    /* payload elements */
	uint32_t saturated; /* samples that did not fit and read UINT32_MAX */
	uint32_t tsc_khz;   /* of the guest's TSC as its kernel knows it; 0 unknown */
	uint32_t floor;	    /* median of the context's empty bracket, ticks; 0 until it has run */
	uint64_t executed;  /* ROW: times the instruction ran, warm-up included */
	uint64_t total;	    /* DONE: samples of all ROW records in the stream */
	uint64_t reserved;  /* 0 */
	uint64_t checksum;  /* record_checksum() */
};

_Static_assert(sizeof(struct record_header) == 64, "the header is 64 bytes on the wire");

struct disturbed {
	uint32_t sample; /* index in the row */
	uint32_t causes; /* DISTURBED_* bits, at least one */
};

_Static_assert(sizeof(struct disturbed) == 8, "a flag is 8 bytes on the wire");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are little-endian");

/* FNV-1a, 64 bit. Start with FNV_BASIS; feed the header (checksum = 0) and then the payload. */
#define FNV_BASIS 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

static inline uint64_t record_fnv(uint64_t hash, const void *data, uint64_t size)
{
	const uint8_t *byte = data;

	for (uint64_t i = 0; i < size; i++)
		hash = (hash ^ byte[i]) * FNV_PRIME;
	return hash;
}

/* The value that belongs in header->checksum; payload is count * width bytes. */
static inline uint64_t record_checksum(const struct record_header *header, const void *payload)
{
	struct record_header zeroed = *header;

	zeroed.checksum = 0;
	return record_fnv(record_fnv(FNV_BASIS, &zeroed, sizeof(zeroed)), payload,
			  (uint64_t)header->count * header->width);
}

#endif
