#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# No two CPUs access the same of the module's memory with nothing that orders them: KCSAN looks on.
exec "$(dirname "$0")/gpulock.t" kcsan
