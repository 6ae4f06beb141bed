/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What libbpf warns of, kept for our one line instead of printed. */
#ifndef EXITLAB_BPF_WARNING_H
#define EXITLAB_BPF_WARNING_H

/* Keeps the first warning from now on, which is the cause; what follows it are consequences. */
void bpf_warning_keep(void);

/* It, one line; "" where there was none. */
const char *bpf_warning(void);

#endif
