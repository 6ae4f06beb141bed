/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a guest with devices said: the files that it sent, in a run's directory. */
#ifndef EXITLAB_GUEST_SAID_H
#define EXITLAB_GUEST_SAID_H

#include <jansson.h>

/* guest.txt: how each program ended, and when what began. A new reference, empty without it. */
json_t *guest_said(const char *directory);

/* What pcicheck found: { tests, failed, facts }; null where it did not run. */
json_t *guest_said_pcicheck(const char *directory);

/* The manifest beside an image, IMAGE.json for IMAGE.cpio; null where there is none. */
json_t *guest_said_image(const char *initrd);

#endif
