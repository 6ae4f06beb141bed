#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A matrix of two cells, run twice: the same table, byte for byte; a column that cannot be had; and the
# profile of a row, whose layers, functions and stacks add up to its p50.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
exitlab=$PWD/build/exitlab
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
unset LAB_KERNELS

# p50, difference or verdict of a row in a cell.
of() { # ROW CELL COLUMN
	host/t/csv_of "$one" "row=$1" "cell=$2" "$3"
}

"$exitlab" pathlength --vary mitigations --kernels "${LAB_KERNEL:-$(build/lab/prepare -l | head -n 1)}" \
	--select user.cpuid --iter 200 --results "$dir/one" >"$dir/out" 2>"$dir/err"
status=$?
if [ $status = 77 ]; then
	echo "1..0 # SKIP $(tail -n 1 "$dir/err")"
	exit 0
fi
ok "a matrix is run" test $status = 0
one=$(echo "$dir"/one/lab/*-pathlength)
ok "without mitigations the path is shorter" test "$(of user.cpuid mitigations=off difference)" -lt 0
ok "an empty bracket is as long as ever" test "$(of user.empty mitigations=off difference)" = 0
ok "every row is PROVED" test "$(host/t/csv_of "$one" verdict | sort -u)" = PROVED
ok "there is a picture" grep -q '</svg>' "$one/pathlength.svg"
cp "$dir/out" "$dir/first"

"$exitlab" pathlength --vary mitigations --kernels "${LAB_KERNEL:-$(build/lab/prepare -l | head -n 1)}" \
	--select user.cpuid --iter 200 --results "$dir/two" >"$dir/out" 2>"$dir/err"
two=$(echo "$dir"/two/lab/*-pathlength)
for file in pathlength.md report.csv pathlength.svg; do
	ok "a second run gives the same $file" cmp "$one/$file" "$two/$file"
done
grep -v "^archived" "$dir/first" >"$dir/table"
grep -v "^archived" "$dir/out" >"$dir/table2"
ok "and prints the same" cmp "$dir/table" "$dir/table2"

"$exitlab" pathlength --kernels linux-image-nonesuch --vary mitigations --results "$dir/three" >"$dir/out" 2>"$dir/err"
ok "a base that cannot be had ends it with 77" test $? = 77
ok "in one line with the reason" grep -q 'the base: .*no package linux-image-nonesuch' "$dir/err"
ok "which is kept" test -s "$(echo "$dir"/three/lab/*.failed)/reason.txt"
"$exitlab" pathlength --vary colour >"$dir/out" 2>"$dir/err"
ok "a factor that there is not is wrong usage" test $? = 2
"$exitlab" pathlength --explain user.cpuid,user.outb >"$dir/out" 2>"$dir/err"
ok "so are several rows to explain" test $? = 2
"$exitlab" pathlength --explain user.cpuid --full >"$dir/out" 2>"$dir/err"
ok "and what is of the matrix beside a row to explain" test $? = 2
"$exitlab" pathlength --vary '' >"$dir/out" 2>"$dir/err"
ok "and no factor at all" test $? = 2

# In the words of each vendor's lab: a plugin of QEMU's, Bochs' debugger.
explained() { # VENDOR
	about "$1: "
	"$exitlab" pathlength --vendor "$1" --explain user.cpuid --iter 50 --results "$dir/$1" >"$dir/out" 2>"$dir/err"
	status=$?
	if [ $status = 77 ] || { [ $status = 1 ] && grep -q 'plugin' "$dir/err"; }; then
		skip "the profile of a row" "$(tail -n 1 "$dir/err")"
		return
	fi
	run=$(echo "$dir/$1"/lab/*-explain)
	p50=$(host/t/csv "$run"/run/*/* user.cpuid p50)
	floor=$(host/t/csv "$run"/run/*/* user.cpuid floor)
	ok "a row is explained" test -s "$run/explain.md"
	ok "its functions have as many instructions as its p50" \
		test "$(awk '/^  insns  share    sum/ { on = 1; next } on && NF > 3 { sum += $1 } END { print sum }' "$dir/out")" = "$p50"
	ok "KVM's handler of CPUID is among them" grep -q 'kvm_emulate_cpuid' "$dir/out"
	ok "in their order they are as many" test "$(awk '{ sum += $1 } END { print sum }' "$run/way.txt")" = "$p50"
	ok "so many have its layers" test "$(awk '/^  insns  share  layer/ { on = 1; next } / p50$/ { exit } on { sum += $1 } END { print sum }' "$dir/out")" = "$p50"
	ok "and its stacks" test "$(awk '{ sum += $NF } END { print sum }' "$run/explain.folded")" = "$p50"
	ok "less the empty bracket they are the exit" grep -q "^ *$((p50 - floor))  *the exit$" "$dir/out"
	ok "KVM calls its handler" grep -Eq '^kvm;(.*;)?kvm_emulate_cpuid' "$run/explain.folded"
	ok "there is a flame graph of it" grep -q '<title>kvm_emulate_cpuid (kvm, KVM): ' "$run/explain.svg"
}

explained amd
explained intel
plan
