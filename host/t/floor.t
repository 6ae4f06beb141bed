#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab floor on this machine's KVM, whichever it is, and on the emulated host's kvm_amd, where both
# rings run: floor.t lab is that second part.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
exitlab=$PWD/build/exitlab
where=${1:-here}
# shellcheck disable=SC2034 # tap.sh reads it
about "$where: "
dir=$(mktemp -d)
results=$dir/results

cleanup() {
	umount "$dir/full" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
chmod 755 "$dir"

# Without gnuplot, which takes longer than the rows.
floor() {
	timeout 120 env PATH=/none "$exitlab" floor --results "$results" "$@" >"$dir/out" 2>"$dir/err"
}

# one OPTION...: a floor that succeeds, and whose archive is $run.
one() {
	rm -rf "$results"
	floor "$@"
	status=$?
	run=$(echo "$results"/*/*)
	[ $status = 0 ] && [ -s "$run/summary.json" ]
}

# fails STATUS MESSAGE COMMAND...: it ends so, with one line on stderr that matches.
fails() {
	status=$1 message=$2
	shift 2
	rm -rf "$results"
	timeout 120 "$@" --results "$results" >"$dir/out" 2>"$dir/err"
	[ $? = "$status" ] && [ "$(wc -l <"$dir/err")" = 1 ] && grep -q -e "$message" "$dir/err"
}

nothing_archived() {
	[ -z "$(find "$results" -mindepth 2 2>/dev/null)" ]
}

is() { # ROW COLUMN VALUE
	[ "$(host/t/csv "$run" "$1" "$2")" = "$3" ]
}

because() { # ROW PATTERN
	host/t/csv "$run" "$1" reason | grep -q -e "$2"
}

usage() {
	ok "an unknown row is wrong usage" floor_fails 2 'no row "user.nonsense"' --select user.nonsense
	ok "a row that needs a guest's kernel is, too" floor_fails 2 'a row of exitlab boot' --select syscall.cpuid
	ok "so is TCG" floor_fails 2 'under TCG' --accel tcg
	ok "and an output of the lab" floor_fails 2 'is for --accel kvm' --accel lab --output "$dir/x"
	ok "--list has no such row" sh -c "'$exitlab' floor --list | grep -q '^kernel.cpuid ' &&
		! '$exitlab' floor --list | grep -q '^syscall'"
}

# Usage errors name --help in a second line.
floor_fails() {
	status=$1 message=$2
	shift 2
	floor "$@"
	[ $? = "$status" ] && grep -q -e "$message" "$dir/err" && nothing_archived
}

without_kvm() {
	ok "no /dev/kvm" fails 77 'there is no /dev/kvm (load kvm_amd or' \
		unshare -m sh -c "mount -t tmpfs none /dev && exec '$exitlab' floor \"\$@\"" sh
	ok "and nothing is archived" nothing_archived
	# A file in place of it, since this machine may have none.
	devices="mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && touch /dev/kvm && chmod 600 /dev/kvm"
	ok "no rights to it" fails 77 'no rights to /dev/kvm (join the group kvm' \
		unshare -m sh -c "$devices && exec setpriv --reuid 65534 --clear-groups '$exitlab' floor \"\$@\"" sh
	ok "one that is no KVM" fails 77 'does not make a VM: .*its run: \|KVM does not make a VM' \
		unshare -m sh -c "$devices && exec '$exitlab' floor \"\$@\"" sh
	ok "is kept as failed" grep -q 'does not make a VM' "$results"/*/*.failed/reason.txt
}

# Rows that every KVM can run; a ring 0 that it cannot is waived as a whole, with the reason.
rows() {
	ok "a run succeeds" one --iter 200
	for row in user.empty user.cpuid user.outb; do
		ok "$row is measured" is $row n 200
		ok "and PROVED" is $row verdict PROVED
	done
	ok "OUTB goes to this process" is user.outb path vmm
	ok "whose bytes were counted as well" grep -q '"backend": "exitlab"' "$run/proof.json"
	ok "no row is INVALID" test -z "$(host/t/csv "$run" all verdict | grep INVALID)"
	if is kernel.empty verdict WAIVED; then
		ok "ring 0 is waived with what KVM said" because kernel.empty '^ring 0: '
		ok "and all of it" because kernel.cpuid '^ring 0: '
		ok "without numbers" is kernel.cpuid p50 ''
	else
		ok "ring 0 is PROVED" is kernel.cpuid verdict PROVED
	fi
	ok "an interrupt controller is not there unasked" because user.outb_kvm ": --irqchip"
	ok "it is a run of its own kind" grep -q '"kind": "floor"' "$run/summary.json"
	cp -r "$run" "$dir/before"
	PATH=/none "$exitlab" report "$run" >"$dir/out" 2>"$dir/err"
	ok "exitlab report makes the same bytes" diff -r "$run" "$dir/before"
	"$exitlab" report "$run" >"$dir/out" 2>"$dir/err"
	ok "and plots with gnuplot" test -s "$run/plots/user.cpuid.svg"
	ok "--irqchip gives a controller" one --iter 200 --irqchip --select user.outb_kvm
	ok "that answers in KVM" is user.outb_kvm verdict PROVED
}

deadlines() {
	ok "a run with a row that spins succeeds" one --iter 200 --deadline 1 --spin user.cpuid
	ok "the row is waived, with its deadline" because user.cpuid 'not at its end within 1 s, its deadline'
	ok "and has no numbers" is user.cpuid p50 ''
	ok "the rows after it run" is user.outb verdict PROVED
	ok "an empty bracket that spins" one --iter 200 --deadline 1 --spin kernel.empty
	ok "waives its ring" because kernel.cpuid '^ring 0: '
	ok "and no other" is user.cpuid verdict PROVED
	ok "a clock that traps" fails 77 "an empty bracket in ring 3 takes [0-9]* cycles, not below 2: reading the clock traps" \
		"$exitlab" floor --iter 200 --canary 2
	ok "leaves no row with numbers" grep -q "no row can run on this KVM: an empty bracket" \
		"$results"/*/*.failed/reason.txt
	for row in user.empty user.cpuid; do
		rm -rf "$results"
		"$exitlab" floor --results "$results" --deadline 100 --spin $row >"$dir/out" 2>"$dir/err" &
		pid=$!
		until [ -n "$(find "$results" -path '*partial/run.rec' -size +0 2>/dev/null)" ] ||
			! kill -0 $pid; do
			sleep 0.1
		done
		kill -INT $pid
		wait $pid
		ok "Ctrl-C ends it in $row" test $? = 1
		ok "and says where it was" grep -q 'interrupted by SIGINT in [a-z.]*; ' "$dir/err"
		ok "and keeps it as failed" grep -q SIGINT "$results"/*/*.failed/reason.txt
	done
}

outputs() {
	ok "--no-proof" one --iter 200 --no-proof --select user.cpuid
	ok "leaves its rows UNPROVEN" is user.cpuid verdict UNPROVEN
	ok "--json prints summary.json" sh -c "'$exitlab' floor --iter 200 --select user.cpuid --json \
		--results '$results' | grep -q '^  \"kind\": \"floor\"'"
	rm -rf "$results"
	floor --iter 200 --select user.cpuid --output "$dir/floor.json"
	ok "--output writes summary.json there" grep -q '"kind": "floor"' "$dir/floor.json"
	ok "and leaves nothing else" test ! -e "$dir/floor.json.partial" -a ! -e "$results"
	mkdir "$dir/empty"
	ok "in the working directory, too" sh -c "cd '$dir/empty' && '$exitlab' floor --iter 200 --select user.cpuid \
		--output here.json && [ \"\$(ls -A)\" = here.json ]"
	rm "$dir/empty/here.json"
	floor --iter 200 --canary 2 --output "$dir/empty/floor.json"
	ok "a run that fails leaves nothing there, but what was there" rmdir "$dir/empty"
	ok "a place that is not there is named" floor_fails 1 "none/x.partial: No such file" --output "$dir/none/x"
	mkdir "$dir/full"
	mount -t tmpfs -o size=64k none "$dir/full" || return
	rm -rf "$results"
	"$exitlab" floor --iter 100000 --select user.cpuid --results "$dir/full" >"$dir/out" 2>"$dir/err"
	ok "a full disk is an error" test $? = 1
	ok "that is named" grep -q 'run.rec: No space left' "$dir/err"
}

# Both rings on a real kvm_amd, whose clock counts instructions: every run has the same numbers.
both_rings() {
	ok "a run succeeds" one --iter 200
	for row in user.empty kernel.empty user.cpuid user.hypercall user.outb kernel.cpuid kernel.rdmsr \
		kernel.hypercall kernel.outb kernel.inl_qemu kernel.pio_qemu kernel.pio_ioeventfd kernel.mmio_qemu \
		kernel.mmio_ioeventfd kernel.mmio_ioeventfd_any; do
		ok "$row is PROVED" is $row verdict PROVED
		ok "$row: min = p50 = p99" test "$(host/t/csv "$run" $row min p50 p99 | sort -u | wc -l)" = 1
	done
	ok "an exit is as long from both rings" is user.cpuid p50 "$(host/t/csv "$run" kernel.cpuid p50)"
	numbers=$(host/t/csv "$run" all p50)
	cpuid=$(host/t/csv "$run" kernel.cpuid p50)
	one --iter 200
	ok "the same numbers in the next run" test "$numbers" = "$(host/t/csv "$run" all p50)"
	one --iter 200 --irqchip
	ok "user.outb_kvm is PROVED with an interrupt controller" is user.outb_kvm verdict PROVED
	ok "which makes the other exits longer" test "$(host/t/csv "$run" kernel.cpuid p50)" -gt "$cpuid"
}

if [ "$where" = lab ]; then
	both_rings
	plan
	exit
fi
usage
if [ "$(id -u)" = 0 ]; then
	without_kvm
else
	skip "a /dev/kvm that is missing or denied" "needs root"
fi
if [ ! -w /dev/kvm ]; then
	skip "the rows" "no right to /dev/kvm, or none here"
elif [ "$(id -u)" != 0 ]; then
	skip "the rows" "their proof needs root"
else
	rows
	deadlines
	outputs
fi
passes_in_lab host/t/floor.t lab
plan
