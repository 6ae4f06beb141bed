#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab exitcount against a guest whose exits are known to the last one (ring3.c), and against
# perf stat in the same run. Once on this machine's KVM, then, where kvm_exit does not fire here,
# once more on the emulated host: exitcount.t lab is that second run.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
exitlab=build/exitlab
ring3=build/host/t/ring3
events="kvm_exit kvm_userspace_exit kvm_cpuid kvm_msr kvm_pio kvm_hypercall"
where=${1:-here}
# shellcheck disable=SC2034 # tap.sh reads it
about "$where: "
dir=$(mktemp -d)
children=

cleanup() {
	# shellcheck disable=SC2086 # a list of processes
	[ -z "$children" ] || kill $children 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
mkfifo "$dir/go" "$dir/ready" "$dir/attached"

# fails STATUS MESSAGE COMMAND...: it ends with that status and one line that has the message.
fails() {
	status=$1 message=$2
	shift 2
	timeout 60 "$@" >"$dir/out" 2>"$dir/err"
	[ $? = "$status" ] && grep -q -e "$message" "$dir/err"
}

fails_in_one_line() {
	fails "$@" && [ "$(wc -l <"$dir/err")" = 1 ] && [ ! -s "$dir/out" ]
}

# Starts "$@", which ends in a ring3 command; it waits on descriptor 3. Sets guest to its process.
start_guest() {
	timeout 120 "$@" <"$dir/go" >"$dir/ready" 2>"$dir/guest.err" &
	runner=$!
	children="$children $runner"
	exec 3>"$dir/go" 4<"$dir/ready"
	guest=
	read -r _ guest <&4
	[ -n "$guest" ]
}

# Starts exitcount on the guest; true when it counts. Its only line on stderr says so.
attach() {
	# A deadline of its own, since timeout(1) would stand between it and a signal.
	$exitlab exitcount -p "$guest" -d 100 "$@" >"$dir/out" 2>"$dir/attached" &
	counter=$!
	children="$children $counter"
	read -r line <"$dir/attached"
	echo "$line" >"$dir/err"
	case $line in *"counting the exits"*) return 0 ;; esac
	return 1
}

let_go() {
	echo >&3
	exec 3>&-
	cat <&4 >"$dir/ticks"
	wait "$runner"
}

# trace "EXITCOUNT OPTIONS" COMMAND...: count a whole run of the guest.
trace() {
	options=$1
	shift
	# shellcheck disable=SC2086 # a list of options
	start_guest "$@" && attach $options
	status=$?
	let_go
	[ $status = 0 ] && wait "$counter"
}

# The counts of a JSON object of exitcount, one a line: rows.user.cpuid.exits.cpuid 1000
flat() {
	awk '{ sub(/,$/, ""); gsub(/[":]/, " ") }
		/{ *}$/ { next }
		/{$/ { name[++depth] = $1 == "{" ? "" : $1 "."; next }
		/}$/ { depth--; next }
		{ path = ""; for (i = 1; i <= depth; i++) path = path name[i]; print path $1, $2 }' "$dir/out"
}

# counted PATH...: the sum of the counts whose path matches one of the patterns.
counted() {
	flat | awk -v pattern="^($1)\$" '$1 ~ pattern { sum += $2 } END { print sum + 0 }'
}

# is PATTERN COUNT [PATTERN COUNT...]
is() {
	while [ $# -ge 2 ]; do
		[ "$(counted "$1")" = "$2" ] || {
			echo "# $1 is $(counted "$1"), not $2"
			return 1
		}
		shift 2
	done
}

# The same numbers as perf stat counted in this run.
same_as_perf() {
	for event in $events; do
		case $event in
		kvm_exit) path='outside[.]exits[.].*' ;;
		kvm_userspace_exit) path='outside[.]userspace_exits[.].*' ;;
		*) path="outside[.]events[.]${event#kvm_}" ;;
		esac
		perf=$(awk -F, -v event="kvm:$event" '$3 == event { print $1 }' "$dir/perf")
		[ "$perf" = "$(counted "$path")" ] || {
			echo "# $event: perf $perf, exitcount $(counted "$path")"
			return 1
		}
	done
}

p50() {
	awk -v name="$1" '$1 == name { print $4 }' "$dir/ticks"
}

usage_tests() {
	ok "no PID" fails 2 "which process" $exitlab exitcount
	ok "a PID that is no number" fails 2 "not a number from 1" $exitlab exitcount -p 1x
	ok "a duration that is none" fails 2 "no time" $exitlab exitcount -p 1 -d soon
	ok "a process that is not there" fails_in_one_line 1 "no process" $exitlab exitcount -p 4194304
	ok "a process without KVM" fails_in_one_line 1 "no KVM" $exitlab exitcount -p $$
	$exitlab exitcount --help >"$dir/out" 2>"$dir/err"
	ok "--help" grep -q -e --pid=PID "$dir/out"
}

refusal_tests() {
	start_guest $ring3 || return
	ok "no rights" fails_in_one_line 77 CAP_BPF setpriv --inh-caps=-all \
		--bounding-set=-sys_admin,-bpf,-perfmon $exitlab exitcount -p "$guest" -d 1
	ok "another user's process" fails_in_one_line 77 "run as root" \
		setpriv --reuid 65534 --clear-groups $exitlab exitcount -p "$guest" -d 1
	ok "no BTF" fails_in_one_line 77 BTF unshare -m \
		sh -c "mount -t tmpfs none /sys/kernel/btf && exec $exitlab exitcount -p $guest -d 1"
	ok "no KVM" fails_in_one_line 77 modprobe unshare -m \
		sh -c "mount -t tmpfs none /sys/module && exec $exitlab exitcount -p $guest -d 1"
	ok "ends after --duration" fails 0 counting $exitlab exitcount -p "$guest" -d 0.1
	for signal in INT TERM; do
		attach
		kill -s $signal "$counter"
		ok "SIG$signal ends in the totals" wait "$counter"
		ok "the totals of SIG$signal" grep -q '^totals of' "$dir/out"
	done
	attach
	kill -s KILL "$counter"
	wait "$counter" 2>/dev/null
	ok "the guest survives a killed one" let_go
}

# Ring 3, which every KVM can run. Exits to user space: the writes, and the one that ends it.
ring3_tests() {
	perf=
	for event in $events; do
		perf="$perf -e kvm:$event"
	done
	perf="perf stat -x, -o $dir/perf $perf"
	$perf true >/dev/null 2>&1 || perf=
	# shellcheck disable=SC2086 # a command
	trace --json $perf $ring3 -c 1000 -o 500
	ok "ends with the process" [ $? = 0 ]
	ok "exact counts" is outside.events.pio 501 outside.userspace_exits.io 501 dropped 0
	if [ -n "$perf" ]; then
		ok "as many as perf stat" same_as_perf
	else
		skip "as many as perf stat" "no perf, or none that can count kvm:*"
	fi
	fires=$(flat | awk '$1 == "kvm_exit" { print $2 }')

	trace --json $ring3 -v 2 -c 300 -o 200
	ok "two vCPUs" is outside.events.pio 402 outside.userspace_exits.io 402
	trace "--json --markers" $ring3 -m -c 1000 -o 500
	ok "rows" is markers 4 rows.user.outb.events.pio 500 rows.user.outb.userspace_exits.io 500 \
		'rows.(user.cpuid|kernel.rdmsr).(userspace_exits|events).(io|pio)' 0 \
		outside.events.pio 1 outside.userspace_exits.io 1
	trace "-i 0.1" $ring3 -o 100
	ok "the table" grep -q '^  kvm_pio  *101 ' "$dir/out"
}

# Where kvm_exit fires every instruction is known by its reason.
kvm_exit_tests() {
	trace "--json --markers" $ring3 -0 -m -c 1000 -o 500 -r 300 -w 200
	ok "exits of the CPUID row" is 'rows.user.cpuid.exits.(cpuid|CPUID)' 1000 \
		'rows.user.cpuid.exits.(io|IO_INSTRUCTION)' 0 rows.user.cpuid.events.cpuid 1000
	ok "exits of the OUT row" is 'rows.user.outb.exits.(io|IO_INSTRUCTION)' 500
	ok "RDMSR is no WRMSR" is 'rows.kernel.rdmsr.exits.(msr|MSR_READ)' 300 \
		'(rows.*|outside).exits.(msr_write|MSR_WRITE)' 200 \
		'outside.exits.(msr_write|MSR_WRITE)' 200 rows.kernel.rdmsr.events.msr 300
	ok "the exit of no marker is in a row" is 'outside.exits.(io|IO_INSTRUCTION)' 1
	trace --json $ring3 -c 1000
	ok "a latency for every exit but the last" is 'latency.(cpuid|CPUID)[.].*' 1000 \
		'latency.(io|IO_INSTRUCTION)[.].*' 0
	trace "--json --lean --markers" $ring3 -m -c 1000
	ok "lean" is 'rows.user.cpuid.exits.(cpuid|CPUID)' 1000 '.*events.cpuid' 0
}

# One instruction is one tick there, so this is no timed test: it gives the same number every time.
cost_test() {
	start_guest $ring3 -m -c 1000 && let_go
	untraced=$(p50 cpuid)
	trace "--json --markers --lean" $ring3 -m -c 1000
	lean=$(($(p50 cpuid) - untraced))
	trace "--json --markers" $ring3 -m -c 1000
	echo "# a CPUID exit of $untraced instructions: counting adds $lean, with events" \
		"$(($(p50 cpuid) - untraced))"
	ok "counting adds at most 230 instructions to a CPUID exit" [ "$lean" -gt 0 -a "$lean" -le 230 ]
}

usage_tests
fires=
if [ ! -w /dev/kvm ]; then
	skip "counting" "no right to /dev/kvm, or none here"
elif [ "$(id -u)" != 0 ]; then
	skip "counting" "needs root"
else
	refusal_tests
	ring3_tests
fi
case $where$fires in
*true) kvm_exit_tests ;;
esac
case $where in
lab) cost_test ;;
*) [ "$fires" = true ] || passes_in_lab host/t/exitcount.t lab ;;
esac
plan
