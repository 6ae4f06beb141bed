#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# More than nine lines in ten of the module run in its tests. RESULTS: the report is archived there.
set -u

cd "$(dirname "$0")/../../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

covers() { # LEAST [OPTION...]
	least=$1
	shift
	kmod/gpulock/t/coverage "$@" "$least" >"$dir/out" 2>"$dir/err"
}

ok "more than 90 % of the module's lines run in its tests" covers 90 ${RESULTS:+-a "$RESULTS"}
sed 's/^/# /' "$dir/out"
plan
