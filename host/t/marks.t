#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The guest's marks (guest-bench/insn.h) in machine code: around the clock reads of each sampler and never between them,
# where one path leads from read to read, marks asked for or not.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

# brackets, marks between their reads, marks elsewhere, jumps between reads that leave the bracket.
count() { # FILE
	objdump -d --no-show-raw-insn "$1" | awk '
		/\trdtsc *$/ { open = 1; next }
		open == 1 && ++since == 2 && !/\tmov +%eax,%r8d/ { open = 0 }
		/\trdtscp *$/ { brackets += open > 0; open = 0 }
		!open { since = 0 }
		/\txchg +%bx,%bx/ { if (open) between++; else around++ }
		open && /\tret/ { left++ }
		END { print brackets + 0, between + 0, around + 0, left + 0 }'
}

for file in build/guest-bench/measure build/kmod/kexit.ko; do
	# shellcheck disable=SC2046 # four numbers
	set -- $(count $file)
	ok "$file has brackets" test "$1" -gt 2
	ok "no mark lies between two clock reads" test "$2" = 0
	ok "marks lie around them" test "$3" -ge 2
	ok "nothing returns from between them" test "$4" = 0
done

build/exitlab boot --marks --accel kvm >"$dir/out" 2>"$dir/err"
ok "marks without a row are wrong usage" test $? = 2
build/exitlab boot --marks --accel kvm --select user.cpuid,user.outb >"$dir/out" 2>"$dir/err"
ok "and with two" test $? = 2
plan
