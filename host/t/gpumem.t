#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab gpumem against a program that knows its calls (gpumem_truth.c), on the fake libcuda: what
# is traced is what was done, to the last call and byte.
# shellcheck disable=SC2086 # lists of words and commands
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
library=$dir/libcuda.so.1
cp build/gpu/libfakecuda.so "$library"
gpumem="build/exitlab gpumem"
truth="build/host/t/gpumem_truth $library"
children=

cleanup() {
	[ -z "$children" ] || kill $children 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
mkfifo "$dir/go" "$dir/ready" "$dir/attached"

# fails STATUS MESSAGE COMMAND...: it ends with that status, and one line that has the message.
fails() {
	status=$1 message=$2
	shift 2
	timeout 60 "$@" >"$dir/out" 2>"$dir/err" </dev/null
	[ $? = "$status" ] && grep -q -e "$message" "$dir/err" && [ ! -s "$dir/out" ]
}

fails_in_one_line() {
	fails "$@" && [ "$(wc -l <"$dir/err")" = 1 ]
}

# The numbers of the totals in $dir/json, one a line: "PID KEY NUMBER"; of a lost one "lost", of all "total"; of a
# device of a process "PID/DEVICE".
numbers() {
	awk '{ gsub(/[":,]/, " ") }
		$1 == "total" || $1 == "lost" { of = $1; next }
		$1 == "pid" { of = process = $2; next }
		$1 == "device" { of = process "/" $2; next }
		$1 ~ /^\]/ { process = "all" }
		of && $2 ~ /^[0-9]+$/ { sum[of " " $1] += $2 }
		END { for (key in sum) print key, sum[key] }' "$dir/json" | sort
}

# What the program says of itself, likewise; it may say so twice, before and after an exec.
truths() {
	awk '$1 == "truth" { for (i = 3; i < NF; i += 2) sum[$2 " " $i] += $(i + 1) }
		END { for (key in sum) print key, sum[key] }' "$1" | sort
}

# Is each number of the program in the totals of its process, and nothing lost?
is_exact() {
	truths "$dir/truth" >"$dir/expected"
	numbers >"$dir/numbers"
	[ -s "$dir/expected" ] && [ -z "$(comm -23 "$dir/expected" "$dir/numbers" | tee "$dir/out")" ] &&
		! grep '^lost .* [1-9]' "$dir/numbers"
}

number() { # OF KEY
	numbers | awk -v key="$1 $2" '$1 " " $2 == key { print $3 }'
}

# traced SCENARIO...: one whole run of the program under the tracer.
traced() {
	timeout 120 $gpumem --libcuda "$library" --json -o "$dir/json" -- $truth "$@" >"$dir/truth" 2>"$dir/err"
}

exactly() { # NAME SCENARIO...
	scenario=$1
	shift
	traced "$@"
	ok "$scenario: ends well" [ $? = 0 ]
	ok "$scenario: exact" is_exact
}

usage_tests() {
	ok "a buffer of no size" fails 2 "no power of two" $gpumem --ring-size 5000
	ok "a name that is too long" fails 2 "1 to 15 characters" $gpumem -c 0123456789abcdef
	ok "a command and a process" fails 2 "one of them" $gpumem -p 1 -- true
	ok "a library that is not there" fails_in_one_line 1 "name another with --libcuda" \
		$gpumem --libcuda "$dir/none" -- true
	ok "a file that is no library" fails_in_one_line 1 "no ELF file" $gpumem --libcuda host/t/gpumem.t -- true
	ok "a library of something else" fails_in_one_line 1 "no call of libcuda" \
		$gpumem --libcuda "$(command -v sh)" -- true
	ok "a process that is not there" fails_in_one_line 1 "process 4194304" $gpumem --libcuda "$library" -p 4194304
	printf '\177ELF\001\001\001' | dd bs=64 conv=sync of="$dir/narrow" 2>/dev/null
	ok "a 32-bit library" fails_in_one_line 77 "32-bit" $gpumem --libcuda "$dir/narrow" -- true
}

# Starts the program, which waits on descriptor 3; sets target to its process.
start() {
	timeout 120 $truth "$@" <"$dir/go" >"$dir/ready" 2>"$dir/truth.err" &
	runner=$!
	children="$children $runner"
	exec 3>"$dir/go" 4<"$dir/ready"
	read -r _ target <&4
	[ -n "$target" ]
}

# Starts the tracer; true when it traces. Its line on stderr says so.
attach() {
	$gpumem -d 100 --json -o "$dir/json" "$@" 2>"$dir/attached" &
	tracer=$!
	children="$children $tracer"
	read -r line <"$dir/attached"
	echo "$line" >"$dir/err"
	case $line in *tracing*) return 0 ;; esac
	return 1
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
	kill -s TERM "$tracer"
	ok "SIGTERM ends in the totals" wait "$tracer"
	ok "of a name: exact" is_exact
	ok "of another name: not traced" [ "$(grep -c '"pid"' "$dir/json")" = 1 ]
}

# The programs of the tracer, by their numbers: another trace may go on beside it.
its_programs() { cat "/proc/$tracer/fdinfo/"* 2>/dev/null | awk '$1 == "prog_id:" { print $2 }' | sort -u; }
no_program_is_left() {
	for program in $programs; do
		! PATH=$PATH:/usr/sbin bpftool prog show id "$program" >/dev/null 2>&1 || return
	done
}

# Nothing is left, and the process goes on, however the tracer ends.
end_tests() {
	cp /sys/kernel/tracing/uprobe_events "$dir/events.before" 2>/dev/null
	for signal in INT KILL; do
		start forever
		attach -p "$target"
		programs=$(its_programs)
		ok "SIG$signal: a program is there" [ -n "$programs" ]
		kill -s $signal "$tracer"
		wait "$tracer" 2>/dev/null
		ok "SIG$signal: the process goes on" kill -0 "$target"
		ok "SIG$signal: no program is left" no_program_is_left
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
	ok "an output that cannot be" fails_in_one_line 1 "No such file" \
		$gpumem --libcuda "$library" -o "$dir/none/json" -- true
}

# Threads and processes as fast as they can, calls that fail, frees by other threads, and one that is
# killed amid it: what was seen, and what a busy host made the buffer lose, is what was done.
stress_tests() {
	timeout 120 $gpumem --libcuda "$library" --ring-size 64m --json -o "$dir/json" -- build/gpu/stress --libcuda "$library" \
		-t 0 -d 1 --threads 2 "$@" >"$dir/truth" 2>"$dir/err"
	numbers >"$dir/numbers"
	for what in allocations frees; do
		expected=$(awk -v what="\"$what\":" '/"total"/ { total = 1 } total && $1 == what { print $2 + 0; exit }' "$dir/truth")
		ok "stress $*: $what" [ "$(($(number total $what) + $(number lost $what)))" = "$expected" ]
	done
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
	ok "no rights" fails_in_one_line 77 cap_bpf setpriv --inh-caps=-all --bounding-set=-sys_admin,-bpf,-perfmon \
		$gpumem --libcuda "$library" -- true
	LD_LIBRARY_PATH='' ldconfig -p | grep -q libcuda.so.1 ||
		ok "no libcuda" fails_in_one_line 77 "install the NVIDIA driver" $gpumem -- true
}

usage_tests
$gpumem --libcuda "$library" -- true >"$dir/out" 2>"$dir/err"
if [ $? = 77 ]; then
	skip "tracing" "$(cat "$dir/err")"
	plan
	exit
fi
rights_tests
exactly "threads" pairs 2000 4
exactly "every kind of call" kinds
FAKECUDA_DEVICES=2 exactly "contexts of two devices" contexts
exactly "freed by another thread" cross 5000
exactly "calls that fail" failures 500
exactly "two processes with the same pointers" children 500 2
exactly "a fork" inherit
stress_tests --procs 2 --cross --fail-alloc 0.1 --fail-free 0.1
stress_tests --procs 2 --die-after 5000
stress_tests --async --free-ratio 0.5
exactly "an exec" replace 500 2
ok "an exec: what the old program had is leaked" grep -q '"state": "replaced"' "$dir/json"
output_tests
leak_tests
signal_tests
loss_tests
running_tests
end_tests
plan
