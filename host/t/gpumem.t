#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab gpumem against a program that knows its calls (gpumem_truth.c), on the fake libcuda: what
# is traced is what was done, to the last call and byte.
# shellcheck disable=SC2086,SC2154 # what gpumem.sh sets; lists of words and commands
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
. host/t/gpumem.sh

usage_tests() {
	ok "a buffer of no size" fails 2 "no power of two" $gpumem --ring-size 5000
	ok "a name that is too long" fails 2 "1 to 15 characters" $gpumem -c 0123456789abcdef
	ok "a command and a process" fails 2 "one of them" $gpumem -p 1 -- true
	ok "a process that is not there" fails_in_one_line 1 "no process" $gpumem -p 4194304
	ok "a library that is not there" fails_in_one_line 1 "name another with --libcuda" \
		$gpumem --libcuda "$dir/none" -- true
	ok "a file that is no library" fails_in_one_line 1 "no ELF file" $gpumem --libcuda host/t/gpumem.t -- true
	ok "a library of something else" fails_in_one_line 1 "no call of libcuda" \
		$gpumem --libcuda "$(command -v sh)" -- true
	printf '\177ELF\001\001\001' | dd bs=64 conv=sync of="$dir/narrow" 2>/dev/null
	ok "a summary of events" fails 2 "has no events" $gpumem --summary-only --events -- true
	ok "a map of no pointers" fails 2 "1 to 268435456" $gpumem --summary-only --max-pointers 0 -- true
	ok "a 32-bit library" fails_in_one_line 77 "32-bit" $gpumem --libcuda "$dir/narrow" -- true
}

# A library whose calls begin with what is not probed: the arguments, results and threads are the same.
landing_tests() {
	cp "$library" "$dir/plain"
	cp build/gpu/t/libfakecuda-branch.so "$library.new" && mv "$library.new" "$library"
	for scenario in "threads of 4" "kinds" "failures" "cross"; do
		# shellcheck disable=SC2086 # words
		case $scenario in
		threads*) traced pairs 2000 4 ;;
		*) traced $scenario ;;
		esac
		ok "behind landing pads, $scenario: exact" is_exact
	done
	mv "$dir/plain" "$library"
}

running_tests() {
	start attached 500
	ok "attaches to a process" attach -p "$target"
	echo >&3
	exec 3>&-
	cat <&4 >"$dir/truth"
	wait "$runner"
	ok "ends with the process" wait "$tracer"
	ok "a running process: exact" is_exact
	ok "the pointer from before is unknown" [ "$(number "$target" unknown_frees)" = 1 ]
	ok "and of a context from before the device" [ "$(number "$target/unknown" allocations)" = 2000 ]
	ok "but not that it takes back" [ "$(number "$target" taken_back)" = 200 ]
	ok "a release that is not the last takes nothing back" [ "$(number "$target/0" leaked_bytes)" = 1001 ]

	start attached 500
	ok "attaches to a name" attach --libcuda "$library" -c gpumem_truth
	cp build/host/t/gpumem_truth "$dir/another" && "$dir/another" "$library" pairs 100 >"$dir/other"
	echo >&3
	exec 3>&-
	cat <&4 >"$dir/truth"
	wait "$runner"
	kill -s USR1 "$tracer" # which asks for a report of leaks, and here for none
	kill -s TERM "$tracer"
	ok "SIGTERM, and no SIGUSR1, ends in the totals" wait "$tracer"
	ok "of a name: exact" is_exact
	ok "of another name: not traced" [ "$(grep -c '"pid"' "$dir/json")" = 1 ]
}

# The programs that the tracer has in the kernel, by their numbers there.
note_programs() { programs=$(sed -n 's/^prog_id:[^0-9]*//p' /proc/"$tracer"/fdinfo/* 2>/dev/null | sort -u); }
has_program() { PATH=$PATH:/usr/sbin bpftool prog show id "$1" >/dev/null 2>&1; }
programs_are_there() {
	[ -n "$programs" ] || return
	for program in $programs; do
		has_program "$program" || return
	done
}
no_program_is_there() {
	for program in $programs; do
		! has_program "$program" || return
	done
}

# Probes are put and removed one after the other, here slowly, beside a program that never waits. It has
# one pointer at most: so at the start one free may be of an unknown one, and at the end one be live.
stretch_tests() {
	cpu=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
	truth="taskset -c $cpu $truth" gpumem="taskset -c $cpu nice -n 19 $gpumem"
	start forever
	attach -p "$target" -d 0.5
	wait "$tracer"
	difference=$(($(number total allocations) - $(number total frees)))
	ok "all calls are seen from one moment to another" [ "$(number total unknown_frees)" -le 1 -a "${difference#-}" -le 1 ]
	kill "$target"
	exec 3>&- 4<&-
	wait "$runner" 2>/dev/null
}

# Nothing is left, and the process goes on, however the tracer ends.
end_tests() {
	cp /sys/kernel/tracing/uprobe_events "$dir/events.before" 2>/dev/null
	for signal in INT KILL; do
		start forever
		attach -p "$target"
		note_programs
		ok "SIG$signal: its programs are there" programs_are_there
		kill -s $signal "$tracer"
		wait "$tracer" 2>/dev/null
		ok "SIG$signal: the process goes on" kill -0 "$target"
		ok "SIG$signal: no program is left" no_program_is_there
		kill "$target"
		exec 3>&- 4<&-
		wait "$runner" 2>/dev/null
	done
	if [ -f "$dir/events.before" ]; then
		ok "no event of tracefs is left" cmp -s /sys/kernel/tracing/uprobe_events "$dir/events.before"
	else
		skip "no event of tracefs is left" "no tracefs"
	fi
}

# A buffer of one page: what is not seen was counted as lost, to the last call.
loss_tests() {
	timeout 120 $gpumem --libcuda "$library" --ring-size 4k --json -o "$dir/json" -- $truth pairs 20000 4 \
		>"$dir/truth" 2>"$dir/err"
	for what in allocations frees; do
		expected=$(truths "$dir/truth" | awk -v what=$what '$2 == what { print $3 }')
		lost=$(number lost $what)
		ok "lost $what are the truth less those seen" \
			[ "${lost:-0}" -gt 0 -a "$(($(number total $what) + lost))" = "$expected" ]
	done
}

# What is at each path in $dir/json, one behind the other.
at() { build/gpu/t/json_at "$@" <"$dir/json" 2>>"$dir/err" | paste -s -d ' '; }
leak() { at leaks.$1.allocations leaks.$1.bytes leaks.$1.kind leaks.$1.device leaks.$1.state leaks.$1.stack.2.symbol; }

# The program has ended when its stacks are named.
leak_tests() {
	timeout 120 $gpumem --libcuda "$library" --stacks --json -o "$dir/json" -- $truth stacks >"$dir/truth" 2>"$dir/err"
	ok "leaks: ends well" [ $? = 0 ]
	ok "leaks: exact" is_exact
	ok "the late ones" [ "$(leak 0)" = "50 350000 device 0 exited leak_late" ]
	ok "the large ones" [ "$(leak 1)" = "100 300000 device 0 exited leak_much" ]
	ok "the many" [ "$(leak 2)" = "200 200000 device 0 exited leak_often" ]
	ok "are all" [ "$(grep -c '"kind"' "$dir/json")" = 3 ]
	ok "from the call of libcuda" [ "$(at leaks.0.stack.0.symbol leaks.0.stack.1.symbol)" = "cuMemAlloc_v2 allocate" ]
	ok "to the program's begin" grep -q '"symbol": "main"' "$dir/json"
	ok "no stack is missing" [ "$(number lost stacks)" = 0 ]
	ok "as old as they were when it ended" is_between "$(at leaks.1.oldest)" 1 "$(at seconds)"

	timeout 120 $gpumem --libcuda "$library" --older 0.9 --json -o "$dir/json" -- $truth stacks >"$dir/truth" 2>"$dir/err"
	if [ "$(awk '$1 == "young" { print $2 }' "$dir/truth")" -lt 400 ]; then
		ok "of an age" [ "$(at leaks.0.allocations leaks.0.bytes) $(grep -c '"kind"' "$dir/json")" = "300 500000 1" ]
	else
		skip "of an age" "the host was too busy"
	fi
	timeout 120 $gpumem --libcuda "$library" --stacks --top 1 -- $truth stacks >"$dir/out" 2>"$dir/err"
	ok "as text" grep -q '^341.80 KiB in 50 allocations, device memory, device 0, context 1, process ' "$dir/out"
	ok "with their calls" grep -q '^	leak_late+0x[0-9a-f]* (gpumem_truth)' "$dir/out"
	ok "as many as asked for" [ "$(grep -c ' allocations, device memory' "$dir/out")" = 1 ]
	ok "in all" grep -q '^leaked, or live: 830.08 KiB in 350 allocations of 3 origins; the largest:$' "$dir/out"
}

# The report of a trace that goes on.
signal_tests() {
	start forever
	$gpumem --leaks -p "$target" -o "$dir/report" 2>"$dir/attached" &
	tracer=$!
	children="$children $tracer"
	exec 5<"$dir/attached"
	read -r line <&5 # it traces
	kill -s USR1 "$tracer"
	read -r line <&5
	echo "$line" >"$dir/err"
	ok "SIGUSR1 reports leaks" grep -q '^leaked, or live: ' "$dir/err"
	kill -s TERM "$tracer"
	ok "and the trace goes on" wait "$tracer"
	ok "to the totals" grep -q '^ *1  in all ' "$dir/report"
	kill "$target"
	exec 3>&- 4<&- 5<&-
	wait "$runner" 2>/dev/null
}
is_between() { echo "$1 $2 $3" | awk '{ exit !($1 >= $2 && $1 <= $3) }'; }

output_tests() {
	$gpumem --libcuda "$library" --events -o "$dir/events" -- $truth pairs 100 2 >"$dir/truth" 2>"$dir/err"
	ok "a line an event" [ "$(grep -c ' cuMem' "$dir/events")" = 380 ]
	ok "and a table" grep -q '^ *1  in all  *200  *180 ' "$dir/events"
	$gpumem --libcuda "$library" --events -o "$dir/events" -- $truth kinds >"$dir/truth" 2>"$dir/err"
	ok "of a call within another the outer one" \
		[ "$(grep -cE " cuMem(AllocPitch_v2|AllocFromPoolAsync) 0x[0-9a-f]+ (30720|30000) 0$" "$dir/events")" = 4 ]
	$gpumem --libcuda "$library" -- $truth pairs 100 2 >"$dir/out" 2>"$dir/err"
	ok "the table" grep -q '^ *[0-9]*  gpumem_truth  *exited  *200  *180 ' "$dir/out"
	ok "a command that is not there" fails_in_one_line 1 "No such file" $gpumem --libcuda "$library" -- "$dir/none"
	ok "a command that fails" fails 1 "ended with exit code 1" $gpumem --libcuda "$library" -o "$dir/json" -- false
	echo old >"$dir/json"
	ok "a full disk" fails 1 "No space left" $gpumem --libcuda "$library" -o /dev/full -- true
	timeout 60 $gpumem --libcuda "$library" -i 0.01 -d 100 -o "$dir/json" >/dev/full 2>"$dir/err"
	ok "a table that nobody can see ends it" [ $? = 1 ]
	timeout 60 $gpumem --libcuda "$library" -i 0.01 -d 100 -o "$dir/piped" 2>"$dir/err" | head -n 1 >"$dir/out"
	ok "who reads no more ends it" [ -s "$dir/out" -a -s "$dir/piped" -a ! -e "$dir/piped.new" ]
	ok "an output that cannot be" fails_in_one_line 1 "No such file" \
		$gpumem --libcuda "$library" -o "$dir/none/json" -- true
}

# A map of few pointers: the calls are exact all the same, and what is live lacks what was counted.
full_map_tests() {
	timeout 120 $gpumem --summary-only --max-pointers 50 --libcuda "$library" --json -o "$dir/json" -- $truth pairs 2000 \
		>"$dir/truth" 2>"$dir/err"
	for what in allocations frees; do
		ok "a full map: $what" [ "$(number total $what)" = "$(truths "$dir/truth" | awk -v what=$what '$2 == what { print $3 }')" ]
	done
	ok "a full map: what had no room is counted" [ "$(number lost pointers)" -gt 0 ]
	ok "a full map: and is what is not live" \
		[ "$(number total leaked)" = "$(($(number total allocations) - $(number lost pointers) - $(number total frees) + $(number total unknown_frees)))" ]
}

# Threads and processes as fast as they can, calls that fail, frees by other threads, and one that is
# killed amid it: what was seen, and what a busy host made the buffer lose, is what was done.
stress_tests() {
	timeout 120 $gpumem $mode --libcuda "$library" --ring-size 64m --json -o "$dir/json" -- build/gpu/stress --libcuda "$library" \
		-t 0 -d 1 --threads 2 "$@" >"$dir/truth" 2>"$dir/err"
	numbers >"$dir/numbers"
	for what in allocations frees; do
		expected=$(awk -v what="\"$what\":" '/"total"/ { total = 1 } total && $1 == what { print $2 + 0; exit }' "$dir/truth")
		ok "$mode stress $*: $what" [ "$(($(number total $what) + $(number lost $what)))" = "$expected" ]
	done
}

# The most that was live: of one process as it knows itself, of two that ran in turn as of one.
peak_tests() {
	to_json="timeout 120 $gpumem $mode --libcuda $library --json -o $dir/json"
	$to_json -- build/gpu/stress --libcuda "$library" -t 0 --count 2000 --free-ratio 0.5 >"$dir/truth" 2>"$dir/err"
	expected=$(sed -n 's/.*"peak_live_bytes": \([0-9]*\).*/\1/p' "$dir/truth" | head -n 1)
	ok "$mode the peak is the truth's" [ "${expected:-0}" -gt 0 -a "$(number total peak_bytes)" = "$expected" ]
	$to_json -- sh -c "$truth pairs 500 1; $truth pairs 500 1" >"$dir/truth" 2>"$dir/err"
	ok "$mode the peak of all is of one moment" [ "$(number total allocations) $(at processes.0.peak_bytes processes.1.peak_bytes)" = \
		"1000 $(number total peak_bytes) $(number total peak_bytes)" ]
}

rights_tests() {
	busybox sh -c "echo; read -r end" <"$dir/go" >"$dir/ready" &
	static=$!
	children="$children $static"
	exec 3>"$dir/go" 4<"$dir/ready"
	read -r _ <&4
	ok "a static program" fails_in_one_line 77 "statically linked" $gpumem -p "$static"
	exec 3>&- 4<&-
	wait "$static"
	ok "a process that is not there, of a library that is" fails_in_one_line 1 "process 4194304" $gpumem --libcuda "$library" -p 4194304
	ok "no rights" fails_in_one_line 77 cap_bpf setpriv --inh-caps=-all --bounding-set=-sys_admin,-bpf,-perfmon \
		$gpumem --libcuda "$library" -- true
	LD_LIBRARY_PATH='' ldconfig -p | grep -q libcuda.so.1 ||
		ok "no libcuda" fails_in_one_line 77 "install the NVIDIA driver" $gpumem -- true
}

usage_tests
case ${1-} in
lab) can_trace '' ;;
*) can_trace host/t/gpumem.t ;;
esac
LD_LIBRARY_PATH=$dir build/exitlab doctor >"$dir/out" 2>"$dir/err"
ok "the doctor says so" grep -q "^  exitlab gpumem  *yes" "$dir/out"
ok "the library is found behind an empty place" env LD_LIBRARY_PATH=":$dir" $gpumem -o "$dir/json" -- true
ok "the doctor finds the library" grep -q "^libcuda  *ok  *$library has [1-9]" "$dir/out"
rights_tests
FAKECUDA_DEVICES=2 exactly "contexts of two devices" contexts
for mode in "" --summary-only; do
	exactly "threads" pairs 2000 4
	exactly "every kind of call" kinds
	exactly "freed by another thread" cross 5000
	exactly "calls that fail" failures 500
	exactly "two processes with the same pointers" children 500 2
	exactly "a fork" inherit
	stress_tests --procs 2 --cross --fail-alloc 0.1 --fail-free 0.1
	stress_tests --procs 2 --die-after 5000
	stress_tests --async --free-ratio 0.5
	peak_tests
	exactly "an exec" replace 500 2
	ok "$mode an exec: what the old program had is leaked" grep -q '"state": "replaced"' "$dir/json"
	ok "$mode an exec: the new program has its name" [ "$(at processes.1.name)" = gpumem_truth ]
done
mode=
output_tests
leak_tests
landing_tests
signal_tests
loss_tests
full_map_tests
running_tests
end_tests
stretch_tests
plan
