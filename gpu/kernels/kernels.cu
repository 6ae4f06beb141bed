/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All kernels of the suite, in one module: extern "C", so that the driver finds them by name.
 * gpu/t/fakecuda/ has the same in C.
 */
#include "bandwidth.cuh"
#include "chase.cuh"
#include "empty.cuh"
#include "fault.cuh"
#include "load.cuh"
#include "secret.cuh"
#include "timeline.cuh"
#include "gemm.cuh"
