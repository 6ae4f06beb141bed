#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# gpulock works on the kernels of Debian that it is built for, too, and not only on ours.
exec "$(dirname "$0")/gpulock.t" debian
