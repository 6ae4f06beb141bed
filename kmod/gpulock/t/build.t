#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# gpulock builds without a warning (W=1, sparse) against our kernel and against Debian's of both ends of the range
# that it is for; and checkpatch --strict finds nothing but what the README explains.
set -u

cd "$(dirname "$0")/../../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir" .checkpatch-camelcase.*' EXIT # which checkpatch leaves
trap 'exit 1' INT TERM

# What kmod/gpulock/README.md explains, in its order.
exceptions=COMPLEX_MACRO,MACRO_ARG_REUSE,TRAILING_SEMICOLON,CAMELCASE,CONSTANT_COMPARISON,USLEEP_RANGE,VOLATILE

sparse=
command -v sparse >/dev/null && sparse="C=1 CHECK=sparse"

builds() { # KERNEL_BUILD VARIABLE...
	kernel=$1
	shift
	# shellcheck disable=SC2086 # two words
	kmod/gpulock/build_module "$kernel" "$dir/module" W=1 $sparse "$@" >"$dir/out" 2>"$dir/err" &&
		! grep -v '^Skipping BTF generation' "$dir/err"
}

# As docs/gpulock.md says; the helper of the tests is a driver that asks.
builds_driver() { # KERNEL, for which the module was built just now
	mkdir "$dir/driver"
	cp kmod/gpulock/t/helper_kernel.c kmod/gpulock/t/helper.h "$dir/driver/"
	printf '%s\n' 'obj-m := helper_kernel.o' "ccflags-y += -I\$(GPULOCK)" >"$dir/driver/Kbuild"
	MAKEFLAGS='' make -s -C "$1" M="$dir/driver" CC="${CC:-gcc}" GPULOCK="$dir/module/src" \
		KBUILD_EXTRA_SYMBOLS="$dir/module/src/Module.symvers" modules >"$dir/out" 2>"$dir/err" &&
		! grep -v '^Skipping BTF generation' "$dir/err"
}

[ -n "$sparse" ] || skip "sparse finds nothing" "no sparse; make deps"
ok "builds for the debug kernel without a warning, tests and all" builds build/kernel-debug/build GPULOCK_TESTS=y
ok "builds for the guest's kernel without a warning" builds build/kernel/build GPULOCK_TESTS=y
ok "and so does a driver that asks it" builds_driver build/kernel/build
for series in 6.1 6.12; do
	name="builds for Debian's $series without a warning"
	headers=$(kmod/gpulock/t/headers $series 2>"$dir/err")
	case $? in
	0) ok "$name" builds "$headers" ;;
	77) skip "$name" "$(tail -n 1 "$dir/err")" ;;
	*) ok "$name" false ;;
	esac
done

tree=$(realpath build/kernel/build/source)
checkpatch() {
	perl "$tree/scripts/checkpatch.pl" --root="$tree" --strict --terse --show-types --max-line-length=120 \
		--ignore "$1" -f kmod/gpulock/*.[ch] kmod/gpulock/t/*_kernel.c kmod/gpulock/t/bench.h \
		kmod/gpulock/t/helper.h kmod/gpulock/t/structures.h >"$dir/out" 2>"$dir/err"
}
ok "checkpatch --strict finds nothing but what the README explains" checkpatch $exceptions
checkpatch NONE
for type in $(echo $exceptions | tr , ' '); do
	ok "$type is an exception that is needed" grep -q "$type" "$dir/out"
	ok "and the README explains it" grep -q "$type" kmod/gpulock/README.md
done
plan
