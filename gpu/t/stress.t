#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The stressor on the fake libcuda: what it says it did is what the driver counted, in every way of
# doing it, and also where it is stopped, refused or killed.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
cleanup() {
	jobs -p | xargs -r kill 2>/dev/null # what a test that failed left behind
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
ulimit -c 0
export FAKECUDA_COUNTS="$dir/counts"

stress() {
	rm -f "$dir/counts"
	build/gpu/stress --libcuda build/gpu/libfakecuda.so "$@" >"$dir/out" 2>"$dir/err"
	status=$?
}
# A run of 1000 allocations, unless the options say otherwise.
short() { stress --throughput 5000 --count 1000 --duration 100 "$@"; }

at() { build/gpu/t/json_at "$@" <"$dir/out" 2>>"$dir/err"; }
is() { [ "$(at "$1")" = "$2" ]; }

# What the driver counted: a line a process, as in fakecuda/README.md.
counted() {
	od -A n -v -t u8 -w64 "$dir/counts" | awk '$1 { $1 = $1; print $1, $2, $3, $4, $5, $6, $7 }' | sort
}
keys=(allocations failed_allocations frees failed_frees allocated_bytes freed_bytes)
said() {
	number=$(at processes)
	while [ "$number" -gt 0 ]; do
		number=$((number - 1))
		[ "$(at "processes.$number.missing")" = null ] || continue
		at "processes.$number.pid" "${keys[@]/#/processes.$number.}" | paste -s -d ' '
	done | sort
}
# The totals are the sums of what the driver counted, and each process's part is its own.
is_true() {
	counted >"$dir/counted"
	said >"$dir/said"
	[ -s "$dir/said" ] && diff "$dir/counted" "$dir/said" >>"$dir/err" || return
	awk '{ for (i = 2; i <= 7; i++) sum[i] += $i } END { for (i = 2; i <= 7; i++) print sum[i] }' "$dir/counted" >"$dir/sums"
	at "${keys[@]/#/total.}" | cmp -s - "$dir/sums"
}
# live_pointers and live_bytes are what is not freed.
adds_up() {
	at total.allocations total.frees total.live_pointers total.allocated_bytes total.freed_bytes total.live_bytes \
		total.peak_live_bytes | paste -s -d ' ' |
		awk '{ exit !($1 - $2 == $3 && $4 - $5 == $6 && $7 >= $6) }'
}
# All calls of the plan, or, where the host was too busy, a rate that says so; never more.
keeps_pace() {
	at rate.asked rate.reached rate.calls_asked rate.calls rate.seconds | paste -s -d ' ' |
		awk '{ difference = $4 / $5 - $2 }
			{ exit !($4 <= $3 && $2 <= $1 && ($4 == $3 || $2 < $1) && difference < 0.1 && difference > -0.1) }'
}
same() { [ "$1" = "$2" ] && [ "$1" ]; }
more() { [ "$1" -gt "$2" ]; }

stress --throughput 5000 --duration 0.2
ok "a run" [ "$status" = 0 ]
ok "has the totals of the driver" is_true
ok "adds up" adds_up
ok "keeps its pace, or says so" keeps_pace
ok "asks for rate times duration" is rate.calls_asked 1000
ok "frees all" is total.live_pointers 0
ok "had one block at a time" is total.peak_live_bytes 1024
ok "says of each call how long it took" same "$(at allocate_ns.count)" "$(at total.allocations)"
ok "names its schema" is schema exitlab-stress/1
short
ok "a run of so many allocations makes them" is rate.calls 1000
ok "has the totals of the driver" is_true
ok "keeps its pace, or says so" keeps_pace

short --free-ratio 0 --allocate-size 3k
ok "ratio 0 frees nothing" is total.frees 0
ok "has the totals of the driver" is_true
ok "peaks with all of it" same "$(at total.peak_live_bytes)" $(($(at total.allocations) * 3072))
ok "has no time of a free" is free_ns null

short --free-ratio 0.5 --seed 7
frees=$(at total.frees)
ok "ratio 0.5 frees a half" more "$frees" 450
ok "and no more" more 550 "$frees"
ok "has the totals of the driver" is_true
short --free-ratio 0.5 --seed 7
ok "the same seed frees the same" same "$(at total.frees)" "$frees"

about "4 threads of 3 processes: "
short --procs 3 --threads 4 --free-ratio 0.7 --hold 5
ok "have the totals of the driver" is_true
ok "add up" adds_up
ok "keep their pace, or say so" keeps_pace
ok "are named" is processes.2.threads 4
about "as fast as it goes: "
stress --throughput 0 --count 300000 --threads 4 --free-ratio 0.9 --hold 100
ok "has the totals of the driver" is_true
ok "adds up" adds_up
ok "asked for no rate" is rate.asked null
ok "has each thread free its own" is total.cross_frees 0
stress --throughput 0 --count 300000 --threads 3 --cross
ok "across threads has the totals of the driver" is_true
ok "frees all" is total.live_pointers 0
ok "has none free its own" same "$(at total.cross_frees)" "$(at total.frees)"
short --threads 2 --cross --hold 10 --free-ratio 0.5
ok "at a rate, too" is_true

about "async: "
stress --async --throughput 0 --count 50000 --threads 2 --free-ratio 0.8
ok "has the totals of the driver" is_true
ok "ended well" [ "$status" = 0 ]
about "vmm: "
stress --throughput 1000 --count 200 --vmm --free-ratio 0.8 --threads 2
ok "has the totals of the driver" is_true
ok "rounds up to a page of the device" is plan.allocate_size 2097152
ok "ended well" [ "$status" = 0 ]

for calls in sync async managed host vmm; do
	about "calls that fail, $calls: "
	option=--$calls
	[ $calls != sync ] || option=
	# shellcheck disable=SC2086 # or none
	stress $option --throughput 1000 --count 200 --threads 2 --fail-alloc 0.3 --fail-free 0.3 --free-ratio 0.8
	ok "have the totals of the driver" is_true
	ok "are what was asked for" [ "$status" = 0 ]
	ok "are there: allocations" more "$(at total.failed_allocations)" 0
	ok "are there: frees" more "$(at total.failed_frees)" 0
	ok "count as calls" same "$(at rate.calls)" $(($(at total.allocations) + $(at total.failed_allocations)))
done

about "a process that dies as planned: "
short --procs 2 --threads 2 --die-after 100 --hold 10
ok "is no fault" [ "$status" = 0 ]
ok "has the totals of the driver" is_true
ok "made so many allocations" is processes.0.allocations 100
ok "leaves what it held" more "$(at processes.0.live_pointers)" 0
ok "says so" is processes.0.died true
ok "leaves the other alone" is processes.1.live_pointers 0

about "a process that dies otherwise: "
export FAKECUDA_FAULTS=MemAlloc:100=crash FAKECUDA_FAULTS_ONCE="$dir/once"
short --procs 2
unset FAKECUDA_FAULTS FAKECUDA_FAULTS_ONCE
ok "is exit code 1" [ "$status" = 1 ]
ok "is named" grep -q 'process [0-9]* was killed by signal 6: its part is missing in the totals' "$dir/err"
ok "is missing" is missing 1
ok "costs the totals their peak" is total.peak_live_bytes null
said >"$dir/said"
counted >"$dir/counted"
ok "leaves what the other did" sh -c "[ \$(wc -l <'$dir/said') = 1 ] && grep -qxFf '$dir/said' '$dir/counted'"

about "a call that fails unasked: "
export FAKECUDA_FAULTS=MemAlloc:50=2,MemFree:20=1
short
unset FAKECUDA_FAULTS
ok "is exit code 1" [ "$status" = 1 ]
ok "is named" grep -q '2 calls did not .* the first: a free failed: CUDA_ERROR_INVALID_VALUE' "$dir/err"
ok "is counted" is_true
ok "once each" same "$(at total.failed_allocations total.failed_frees total.unexpected | paste -s -d ' ')" "1 1 2"

about "SIGINT: "
# The driver's counts say when it is at work.
begin() {
	rm -f "$dir/counts" "$dir/out"
	build/gpu/stress --libcuda build/gpu/libfakecuda.so "$@" >"$dir/out" 2>"$dir/err" &
	pid=$!
	until [ -s "$dir/counts" ] && counted 2>/dev/null | awk '$2 > 100 { found = 1 } END { exit !found }'; do
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.02
	done
}
ok "a run of an hour begins" begin --throughput 0 --duration 3600 --threads 2 --procs 2 --free-ratio 0.9999 --hold 9
kill -INT "$pid"
wait "$pid"
status=$?
ok "ends well" [ "$status" = 0 ]
ok "has the totals of the driver" is_true
ok "says so" is interrupted true
begin --throughput 1000 --count 200 --linger 3600 --free-ratio 0
until grep -q '^}' "$dir/out"; do
	kill -0 "$pid" 2>/dev/null || break
	sleep 0.02
done
ok "what lingers has said the truth" is_true
ok "and lives" kill -INT "$pid"
wait "$pid"
status=$?
ok "until then" [ "$status" = 0 ]

about ""
build/gpu/stress --libcuda build/gpu/libfakecuda.so --duration 0.01 >/dev/full 2>"$dir/err"
status=$?
ok "a full disk is exit code 1, and said" sh -c "[ $status = 1 ] && grep -q 'No space left' '$dir/err'"
stress --libcuda /nonexistent/libcuda.so
ok "no driver: exit code 77" [ "$status" = 77 ]
ok "one line says what mends it" sh -c "[ \$(wc -l <'$dir/err') = 1 ] && grep -q 'install it' '$dir/err'"
export FAKECUDA_DEVICES=0
stress --procs 4
unset FAKECUDA_DEVICES
ok "no GPU: exit code 77" [ "$status" = 77 ]
ok "and no truth" [ ! -s "$dir/out" ]
for option in --cross --throughput=-1 --free-ratio=1.1 --free-ratio=nan --allocate-size=0 --allocate-size=1x --procs=0 \
	"--async --vmm" --duration=0 --allocate-size=2048000g; do
	# shellcheck disable=SC2086 # a list
	stress $option
	ok "$option is wrong usage" [ "$status" = 2 ]
done
plan
