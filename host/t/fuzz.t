#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# make fuzz as a test: the record reader survives a million inputs under the sanitizers.
set -u

cd "$(dirname "$0")/../.." || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL
echo 1..1
if ! output=$(make -s build/host/t/fuzz_record 2>&1) &&
	echo "$output" | grep -qE 'libclang_rt|clang: *(command )?not found'; then
	echo "ok 1 - fuzz # SKIP no clang with its fuzzer's runtime; make deps"
elif output=$(make -s fuzz 2>&1); then
	echo "ok 1 - fuzz"
else
	echo "not ok 1 - fuzz"
	printf '%s\n' "$output" | tail -n 30 | sed 's/^/# /'
fi
