#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# One boot on kvm_amd and one on kvm_intel, side by side: each row PROVED by the reasons of its vendor,
# each run archived as any other.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
exitlab=$PWD/build/exitlab
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

usage() {
	for wrong in "--accel kvm --vendor intel" "--accel tcg --vendor amd" "--accel lab --vendor intel --vcpus 2" \
		"--accel lab --vendor both --isolate" "--vendor arm"; do
		# shellcheck disable=SC2086 # options
		"$exitlab" boot $wrong --results "$dir/none" >"$dir/out" 2>"$dir/err"
		ok "boot $wrong is wrong usage" test $? = 2
		ok "and is told so in one line, before the way to the help" test "$(wc -l <"$dir/err")" = 2
	done
	"$exitlab" pathlength --vendor both --explain user.cpuid >"$dir/out" 2>"$dir/err"
	ok "so is a row to explain on both" test $? = 2
	ok "and nothing is made" test ! -e "$dir/none"
}

# A lab that there cannot be: nothing is archived, and the reason is one line.
cannot() {
	BOCHS=/nonexistent/bochs "$exitlab" boot --accel lab --vendor intel --results "$dir/cannot" >"$dir/out" 2>"$dir/err"
	ok "without Bochs the Intel lab cannot be" test $? = 77
	ok "and that is one line with the remedy" \
		test "$(grep -c 'bochs does not run; make deps' "$dir/err")/$(wc -l <"$dir/err")" = 1/1
	ok "with nothing archived" test -z "$(find "$dir/cannot" -type f)"
}

# The line of a row in the table: its words.
words() { # ROW
	awk -v row="$1" '$1 == row { print $2 / $2, $3, $4, $5 / $5, $6, $7 }' "$dir/out"
}

reference=user.cpuid,user.outb,kernel.cpuid,kernel.rdmsr,kernel.hypercall,kernel.outb

both() {
	"$exitlab" boot --accel lab --vendor both --select $reference,kernel.pio_qemu \
		--iter 200 --results "$dir/both" >"$dir/out" 2>"$dir/err"
	status=$?
	if [ $status = 77 ]; then
		skip "both vendors" "$(tail -n 1 "$dir/err")"
		return
	fi
	ok "both labs run the rows" test $status = 0
	ok "CPUID is proved by each vendor's reason" test "$(words user.cpuid)" = "1 PROVED cpuid 1 PROVED CPUID"
	ok "so is the hypercall" test "$(words kernel.hypercall)" = "1 PROVED hypercall 1 PROVED VMCALL"
	ok "so is OUTB" test "$(words kernel.outb)" = "1 PROVED io 1 PROVED IO_INSTRUCTION"
	ok "a row that did not run has no number" grep -q '^kernel.pio_qemu  *-  WAIVED  *-  *-  WAIVED  *-$' "$dir/out"
	ok "the table says what may be compared" grep -q 'no times' "$dir/out"
	ok "two runs are archived, and nothing else" test "$(find "$dir/both/lab" -mindepth 1 -maxdepth 1 | wc -l)" = 2
	intel=$(grep -l 'VENDOR=intel' "$dir"/both/lab/*-vmexit/summary.json)
	intel=${intel%/summary.json}
	ok "one of them knows that it is Intel's" grep -q '"vendor": "vmx"' "$intel/summary.json"
	for row in $(echo $reference | tr , ' '); do
		ok "$row is proved on Intel" test "$(host/t/csv "$intel" "$row" verdict)" = PROVED
		ok "... and without ticks as long at most as usually" \
			test "$(host/t/csv "$intel" "$row" clean_max)" = "$(host/t/csv "$intel" "$row" p50)"
	done
	ok "its clock counts instructions" grep -q '"clock": "insn"' "$intel/summary.json"
	ok "on an emulated host" grep -q '"emulated": true' "$intel/summary.json"
	ok "it has its plots" test -s "$intel/plots/user.cpuid.svg"
	ok "min = p50 = p95" test "$(host/t/csv "$intel" user.cpuid min p50 p95 | sort -u | wc -l)" = 1
	ok "and the empty bracket is as long as on AMD" test "$(awk '$1 == "user.empty" { print $2 - $5 }' "$dir/out")" = 0
	"$exitlab" boot --accel lab --vendor intel --select "$reference,kernel.pio_qemu" --iter 200 \
		--results "$dir/both" >"$dir/out" 2>"$dir/err"
	for run in "$dir"/both/lab/*-vmexit; do
		[ "$run" = "$intel" ] || second=$run # the last of them
	done
	ok "a second run on Intel is the same to the last byte" cmp "$intel/run.rec" "$second/run.rec"
	ok "none of its times is the lab's own" test "$(cat "$intel"/*.json | grep -c '"time": "2000')" = 0
	cp -r "$intel" "$dir/again"
	"$exitlab" report "$dir/again" >"$dir/out" 2>"$dir/err"
	ok "its report is the same when it is made again" diff -r "$intel" "$dir/again"
}

usage
cannot
both
plan
