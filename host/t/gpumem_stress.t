#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab gpumem-stress on the fake libcuda: a run is whole and exact, its report can be made again,
# what is not exact is noticed, and whatever ends it leaves no process.
# alone: it says what a call costs, on CPUs that it takes for itself
# shellcheck disable=SC2086 # lists of words
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
exitlab=$PWD/build/exitlab
dir=$(mktemp -d)
results=$dir/results
children=

cleanup() {
	[ -z "$children" ] || kill $children 2>/dev/null
	umount "$dir/full" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# A copy of its own: the processes of this test are those that name it.
cp build/gpu/libfakecuda.so "$dir/libcuda.so.1"
stress="$exitlab gpumem-stress --libcuda $dir/libcuda.so.1 --quick --results $results"

# gives STATUS COMMAND...
gives() {
	expected=$1
	shift
	timeout 200 "$@" >"$dir/out" 2>"$dir/err"
	[ $? = "$expected" ]
}

# fails STATUS MESSAGE COMMAND...: nothing is archived, and a line on stderr matches.
fails() {
	message=$2
	expected=$1
	shift 2
	gives "$expected" "$@" && grep -q -e "$message" "$dir/err" && [ -z "$(find "$results" -mindepth 1 2>/dev/null)" ]
}

all_gone() {
	for _ in $(seq 100); do
		pgrep -f "$dir/libcuda.so.1" >/dev/null || return 0
		sleep 0.1
	done
	return 1
}

# at KEY...: of summary.json.
at() { build/gpu/t/json_at "$@" <"$run/summary.json" 2>>"$dir/err"; }
is() { [ "$(at "$1")" = "$2" ]; }

# Begins a run; true when a process whose command line matches is there, in found.
begin() { # PATTERN
	rm -rf "$results"
	$stress >"$dir/out" 2>"$dir/err" &
	runner=$!
	children="$children $runner"
	until found=$(pgrep -f "$1" | head -n 1) && [ "$found" ]; do
		kill -0 "$runner" 2>/dev/null || return 1
		sleep 0.05
	done
}

ok "an argument is wrong usage" fails 2 "takes options only" "$exitlab" gpumem-stress 4000
ok "so is another fake" fails 2 "is not a number from 0 to 1" "$exitlab" gpumem-stress --fake 2
ok "so is a library that is not there" fails 2 "no such file" "$exitlab" gpumem-stress --libcuda "$dir/none"
ok "so are two libraries" fails 2 "one of them" $stress --fake 1
ok "a file that is no library" fails 1 "no ELF file" "$exitlab" gpumem-stress --libcuda "$0" --results "$results"
LD_LIBRARY_PATH='' ldconfig -p | grep -q libcuda.so.1 ||
	ok "no libcuda" fails 77 "install the NVIDIA driver" "$exitlab" gpumem-stress --fake 0 --results "$results"
export FAKECUDA_DEVICES=0
ok "no device" fails 77 "no NVIDIA GPU" $stress
unset FAKECUDA_DEVICES

"$exitlab" gpumem --libcuda "$dir/libcuda.so.1" -- true >"$dir/out" 2>"$dir/err"
if [ $? = 77 ]; then
	skip "a run" "$(cat "$dir/err")"
	plan
	exit
fi
ok "no rights" fails 77 cap_bpf setpriv --inh-caps=-all --bounding-set=-sys_admin,-bpf,-perfmon $stress

ok "a run" gives 0 $stress
run=$(echo "$results"/*/*-gpumem)
ok "says where it is" grep -q "archived in $run" "$dir/out"
files_are_there() {
	for file in stress.json env.json summary.json report.md report.html report.csv; do
		[ -s "$run/$file" ] || return 1
	done
	for id in 1000-1 4000-0 4000-1 4000-0-quiet search-1; do
		for end in truth.json trace.json csv; do
			[ -s "$run/$id.$end" ] || return 1
		done
	done
}
ok "has its files" files_are_there
ok "of each case that prints the table, more than once" sh -c "[ \$(grep -c 'in all' '$run/4000-0.table.txt') -gt 1 ]"
ok "and none of one that does not" [ ! -e "$run/4000-0-quiet.table.txt" ]
if command -v gnuplot >/dev/null; then
	ok "has its plots" [ -s "$run/plots/cpu.svg" -a -s "$run/plots/memory.svg" ]
else
	skip "has its plots" "no gnuplot"
fi
ok "draws CPU and memory of each case into its page" \
	[ "$(grep -c 'class="chart time"' "$run/report.html")" = $((2 * $(grep -c '"samples"' "$run/summary.json"))) ]
ok "names its schema" is schema exitlab-summary/1
ok "is ok" is status ok
ok "is of the fake" is emulated true
ok "says that each case is exact" [ "$(grep -c '"verdict": "ok"' "$run/summary.json")" -ge 5 ]
ok "has seen calls" [ "$(at rows.1.seen)" -gt 10000 ]
ok "which are the truth, less what was lost" [ "$(at rows.1.truth)" = $(($(at rows.1.seen) + $(at rows.1.lost))) ]
ok "has figures of each target" [ "$(grep -cE '"verdict": "(MET|MISSED|NOT RUN)"' "$run/summary.json")" = 5 ]
ok "has rows of the tracer" [ "$(at rows.0.samples)" -gt 3 ]
dearer() { awk "BEGIN { exit !($(at cost.added_traced.p50) > 0 && $(at cost.added_bare.p50) > 0) }"; }
ok "has found that probes cost something" dearer

cp -r "$run" "$dir/copy"
rm -rf "$dir/copy/plots" "$dir/copy/report".* "$dir/copy/summary.json"
ok "its report can be made again" gives 0 "$exitlab" report "$dir/copy"
ok "byte for byte" diff -r "$run" "$dir/copy"
ok "the index has it" gives 0 "$exitlab" index "$results"
ok "with its kind" grep -q 'gpumem-stress: fake libcuda' "$results/index.html"

ok "it is not compared" gives 1 "$exitlab" compare "$run" "$run"
ok "and compare says why" grep -q "no medians" "$dir/err"

# planted NAME FILE SED-SCRIPT REASON: a wrong result, which has to be seen.
planted() {
	rm -rf "$dir/planted"
	cp -r "$run" "$dir/planted"
	sed -i "$3" "$dir/planted/$2"
	ok "$1: is noticed" gives 1 "$exitlab" report "$dir/planted"
	ok "$1: is said" grep -q -e "$4" "$dir/out"
}
planted "one free less in truth" 4000-1.truth.json 's/"frees": \([0-9]*\)/"frees": 1\1/' 'calls were made'
planted "one byte less in the trace" 4000-0.trace.json 's/"allocated_bytes": \([0-9]*\)/"allocated_bytes": 9/' \
	'allocated_bytes: .* in truth, the tracer has'
planted "a loss that is none" 4000-0.trace.json '/"lost"/,/}/s/"frees": 0/"frees": 3/' 'seen and 3 lost'
planted "no rows of the tracer" 1000-1.csv 1q 'no row of the tracer'
planted "half a truth" 1000-1.truth.json 20q '1000-1.truth.json'
rm "$dir/planted/4000-1.trace.json"
ok "a trace that is missing" gives 1 "$exitlab" report "$dir/planted"
sed -i 's,"id": "1000-1","id": "../1000-1",' "$dir/planted/stress.json"
ok "a name that leads elsewhere" gives 1 "$exitlab" report "$dir/planted"
ok "is said" grep -q 'is not of schema' "$dir/err"

ok "a case begins" begin "gpumem --pid .*$results/.*/1000-1.trace.json"
kill -s KILL "$found"
wait "$runner"
status=$?
run=$(echo "$results"/*/*-gpumem)
ok "without its tracer it is FAILED" [ $status = 1 ]
ok "with the reason" is rows.0.reason "the tracer was killed by signal 9 (Killed)"
ok "and the next is run" is rows.1.verdict ok
ok "no process is left" all_gone

ok "a case begins again" begin "gpumem --pid .*$results/.*/4000-0.trace.json"
kill -s INT "$runner"
wait "$runner"
status=$?
ok "SIGINT ends it" [ $status = 1 ]
ok "what there is stays" grep -q interrupted "$results"/*/*.failed/reason.txt
ok "no process is left of it" all_gone
begin "gpumem --pid .*$results/.*/1000-1.trace.json"
kill -s KILL "$runner"
wait "$runner" 2>/dev/null
ok "nor where it is killed" all_gone

mkdir "$dir/full"
if mount -t tmpfs -o size=64k none "$dir/full" 2>/dev/null; then
	head -c 40000 /dev/zero >"$dir/full/ballast"
	ok "a full disk" gives 1 $stress --results "$dir/full/results"
	ok "is said" grep -q 'No space left' "$dir/err"
	ok "no process is left then" all_gone
else
	skip "a full disk" "no mount here"
fi
plan
