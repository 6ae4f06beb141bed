#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab gpu against a driver that needs no GPU, and against suites that break: a run is archived
# whole, as failed with the reason, or not at all; nothing that it started outlives it.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
exitlab=$PWD/build/exitlab
golden=$PWD/host/t/golden/gpu
dir=$(mktemp -d)
results=$dir/results

cleanup() {
	umount "$dir/full" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# A copy of its own: the processes of this test are those that name it.
cp build/gpu/libfakecuda.so "$dir/libcuda.so"
gpu() { timeout 120 "$exitlab" gpu --libcuda "$dir/libcuda.so" --quick --results "$results" "$@"; }

ours() { pgrep -f "$dir/libcuda.so" >/dev/null; }

# Whatever began this, its end is near: nothing of ours is left.
all_gone() {
	for _ in $(seq 100); do
		ours || return 0
		sleep 0.1
	done
	return 1
}

# gives STATUS OPTION...
gives() {
	expected=$1
	shift
	rm -rf "$results"
	gpu "$@" >"$dir/out" 2>"$dir/err"
	[ $? = "$expected" ]
}

# fails STATUS MESSAGE OPTION...: no traces, and a first line on stderr that matches.
fails() {
	message=$2
	expected=$1
	shift 2
	gives "$expected" "$@" && head -n 1 "$dir/err" | grep -q -e "$message" && nothing_archived
}

nothing_archived() { [ -z "$(find "$results" -mindepth 1 2>/dev/null)" ]; }

says() { grep -q -e "$1" "$dir/out"; }

# The run of the last command is kept as failed, and both it and the archive say why.
failed_with() {
	run=$(echo "$results"/*/*)
	case $run in *-gpu.failed) grep -q -e "$1" "$run/reason.txt" && grep -q -e "$1" "$dir/err" ;; *) false ;; esac
}

# suite LINE...: a gpubench of these lines; $record is where its record goes.
suite() {
	{
		# shellcheck disable=SC2016 # for that shell
		printf '#!/bin/sh\nfor record; do :; done\n'
		printf '%s\n' "$@"
	} >"$dir/suite"
	chmod +x "$dir/suite"
}

ok "a metric that is not there is wrong usage" fails 2 'there is no metric or category "OH-999"' --select OH-001,OH-999
ok "so is a part of a name" fails 2 'no metric or category "OH-00"' --select OH-00
ok "an SM limit of 0" fails 2 '"0" is not a number from 1 to 100' --sm-limit 0
ok "a memory limit that is no size" fails 2 '"4x" is no size' --mem-limit 4x
ok "a limiter that is not there" fails 2 '/no/such.so: No such file' --preload /no/such.so
ok "a reference of another kind" fails 2 'no summary.json of a GPU run' --reference host/t/golden/1-svm
ok "an argument" fails 2 'takes options only' OH-001
ok "without a driver it cannot run, and archives nothing" fails 77 'no NVIDIA driver' --libcuda "$0"
ok "nor for a limiter without its library" fails 77 'name it by --preload' --system other
ok "a suite that is not there" fails 2 'no.such.suite: No such file' --gpubench "$dir/no.such.suite"

ok "--list has the metrics" gives 0 --list
ok "with their contracts" says '^PCIE-001	host to device, pinned	GB/s	higher	-	-	.*verified'

ok "a quick run" gives 0 --select OH-001,OH-005,SCHED-002,LLM
run=$(echo "$results"/*/*)
ok "is archived under the host's name" [ -s "$results/$(uname -n)/${run##*/}/summary.json" ]
ok "its table names the GPU that is none" says '^gpu     fake libcuda: .*the numbers mean nothing$'
ok "and has a row that ran" says '^OH-001  .*  us  .* ok$'
ok "one that cannot run, with dashes" says '^OH-005.launch .* - .* WAIVED$'
ok "and why" says '^WAIVED: there is no limiter .*(OH-005.memgetinfo, OH-005.launch)$'
ok "and in a line what is planned" says '^planned: LLM 10 rows$'
ok "env.json has the command" grep -q '"OH-001,OH-005,SCHED-002,LLM"' "$run/env.json"
cp -r "$run" "$dir/first"
"$exitlab" report "$run" >/dev/null
ok "exitlab report makes the same bytes again" diff -r "$run" "$dir/first"
"$exitlab" index "$results" >"$dir/out" 2>"$dir/err"
ok "the index names system and GPU" grep -q 'gpu: native, fake libcuda' "$results/index.html"
ok "--json prints the summary" gives 0 --json --select SCHED-002
ok "and nothing else" diff "$dir/out" "$results"/*/*/summary.json
ok "a run held against another has scores" gives 0 --select OH-001,SCHED-002 --reference "$dir/first"
ok "of each category" says "^OH, overhead  *1 of 2 .* OH-001 "
ok "and keeps the reference" cmp "$dir/first/summary.json" "$results"/*/*/reference.json
mkdir "$dir/other"
sed 's/fake libcuda: no GPU/NVIDIA H200/' "$dir/first/summary.json" >"$dir/other/summary.json"
ok "one of another GPU is refused before anything is measured" \
	fails 2 'the reference is of another GPU, NVIDIA H200, not fake libcuda' --reference "$dir/other"
ok "our limiter is found by its name" gives 0 --select OH-001 --system limiter
ok "and recorded" says '^system  limiter, preloads .*/liblimiter.so, quick$'

suite "cp '$golden/run.rec' \"\$record\"" 'exit 1'
ok "a row that is INVALID or FAILED makes 1" gives 1 --gpubench "$dir/suite"
ok "of a run that is archived" [ -s "$(echo "$results"/*/*-gpu/summary.json)" ]
suite "head -c 3000 '$golden/run.rec' >\"\$record\""
ok "a record that is cut short" gives 1 --gpubench "$dir/suite"
ok "is kept with the place" failed_with 'run.rec: truncated at 3000 bytes, after [0-9]* whole records'
suite 'kill -9 $$'
ok "a suite that is killed" gives 1 --gpubench "$dir/suite"
ok "is kept with the signal" failed_with 'gpubench was killed by signal 9'
suite 'exit 3'
ok "one that ends otherwise" gives 1 --gpubench "$dir/suite"
ok "is kept with its exit code" failed_with 'gpubench ended with exit code 3'
suite 'exec sleep 100'
ok "one that does not end is ended" gives 1 --deadline 1 --gpubench "$dir/suite"
ok "and the deadline named" failed_with 'not done after 1 s; --deadline'

# What goes on is a run with a record that has begun. A shell has what it starts so ignore Ctrl-C, and
# what is ignored stays so.
begin() {
	rm -rf "$results"
	env --default-signal=INT "$exitlab" gpu --libcuda "$dir/libcuda.so" --results "$results" --select OH \
		>"$dir/out" 2>"$dir/err" &
	pid=$!
	for _ in $(seq 300); do
		[ ! -s "$(echo "$results"/*/*.partial/run.rec)" ] || return 0
		sleep 0.1
	done
	return 1
}

ok "a run that goes on" begin
kill -INT "$pid"
wait "$pid"
ok "is ended by Ctrl-C with 1" [ $? = 1 ]
ok "long before its end" [ "$(grep -ac '^id=OH-' "$(echo "$results"/*/*.failed)/run.rec")" -lt 10 ]
ok "and kept with the reason" failed_with interrupted
ok "without a process left" all_gone
begin
kill -KILL "$pid"
wait "$pid" 2>/dev/null
ok "one that is killed leaves no process either" all_gone

rm -rf "$results"
: >"$results"
gpu --select OH-001 >"$dir/out" 2>"$dir/err"
ok "results that are a file" [ $? = 1 ]
ok "are named in one line" [ "$(grep -c 'RESULTS= names another place' "$dir/err")" = "$(wc -l <"$dir/err")" ]
rm "$results"
mkdir "$dir/full"
if mount -t tmpfs -o size=64k none "$dir/full" 2>/dev/null; then
	results=$dir/full/results
	head -c 50000 /dev/zero >"$dir/full/ballast"
	gpu --select OH-002 >"$dir/out" 2>"$dir/err"
	ok "a full disk" [ $? = 1 ]
	ok "is named" grep -qe 'No space left' -e 'make room' "$dir/err"
	ok "and what there is is no run" [ -z "$(find "$results" -name '*-gpu')" ]
else
	skip "a full disk" "no mount here"
fi

plan
