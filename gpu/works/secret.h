/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of the works "secret" and "reader". */
#ifndef EXITLAB_GPU_WORKS_SECRET_H
#define EXITLAB_GPU_WORKS_SECRET_H

enum {
	SECRET_KEY,
	SECRET_BYTES,
	SECRET_SHARED,	/* of "secret": is it to be shared on purpose? */
	READER_HOW,	/* of "reader": */
	READER_ADDRESS, /* where the secret is */
	READER_PIECES	/* of SECRET_BYTES each, that it allocates and reads */
};

/* How a reader comes to the secret. */
enum {
	READER_COPY,   /* copies from its address */
	READER_KERNEL, /* reads its address by a kernel, which may cost it its context */
	READER_FRESH,  /* allocates memory and looks what is in it */
	READER_GIVEN,  /* opens the handle in order.text: the control */
	READER_OWN,    /* fills a buffer of its own: the control where nothing can be shared */
};

#endif
