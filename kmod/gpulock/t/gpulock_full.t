#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What gpulock.t leaves out, since it takes longer.
exec "$(dirname "$0")/gpulock.t" full
