#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The instrumentation overhead on the fake libcuda: vec_add, the runner with probes of every kind of
# fault, and the built-in host-side probes, whose uprobes are real.
set -u

cd "$(dirname "$0")/../../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
cleanup() {
	jobs -p | xargs -r kill 2>/dev/null # what a test that failed left behind
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
ulimit -c 0
fake=$PWD/build/gpu/libfakecuda.so

run() {
	"$@" >"$dir/out" 2>"$dir/err"
	status=$?
}
ends() { [ "$status" = "$1" ] && { [ $# = 1 ] || grep -qE -- "$2" "$dir/err"; }; }
one_line() { [ "$(wc -l <"$dir/err")" = 1 ]; }
prints() { grep -qE -- "$1" "$dir/out"; }
nothing_in() { [ -z "$(ls -A "$1" 2>/dev/null)" ]; }

about "vec_add: "
vec_add() { run build/gpu/vec_add --libcuda "$fake" "$@"; }
vec_add 1000 50 256 4
ok "adds" ends 0
ok "verifies all sums" prints "^all sums are right"
for figure in Mean Median Min Max P95 P99 "Std dev"; do
	ok "prints $figure in us" prints "^  $figure: +[0-9.]+ us$"
done
vec_add minimal --output "$dir/vec.rec"
ok "has sizes with names" prints "32 elements, 3 iterations, 32 threads x 1 blocks"
build/gpu/t/print_record <"$dir/vec.rec" >"$dir/out" 2>"$dir/err"
ok "leaves a record that is read" prints "^VEC-ADD.whole	ok"
EXITLAB_RECORD=$dir/env.rec run build/gpu/vec_add --libcuda "$fake" 10 5 32 1
ok "leaves it where the environment says" [ -s "$dir/env.rec" ]
# Two copies go to the device and one comes back; the memory behind the sums comes with it. A fault is in the middle byte,
# which of an odd number of floats is none that rounding makes good.
FAKECUDA_FAULTS=Copy:1=corrupt vec_add 1001 3 256 4
ok "finds a wrong term" ends 1 "1 sums are wrong, the first is element"
ok "says so to people" prints "RESULTS ARE WRONG"
FAKECUDA_FAULTS=Copy:3=lose vec_add 1000 3 256 4
ok "finds sums that never came" ends 1 "sums are wrong"
FAKECUDA_FAULTS=Copy:3=corrupt vec_add 10 3 32 1
ok "finds what was written behind the sums" ends 1 "behind the sums|sums are wrong"
FAKECUDA_FAULTS=Kernel:2=700 vec_add 10 3 32 1
ok "says which call failed" ends 1 "ILLEGAL_ADDRESS"
for wrong in "" "10 5 32" "10 5 32 1 1" "0 5 32 1" "10 5 2048 1" "100 5 32 1" "x 5 32 1" huge "--no-verify tiny"; do
	# shellcheck disable=SC2086 # words
	vec_add $wrong
	ok "refuses \"$wrong\"" ends 2
done
run build/gpu/vec_add --libcuda /nonexistent/libcuda.so minimal
ok "says that there is no driver" ends 77 "no NVIDIA driver"
FAKECUDA_DEVICES=0 vec_add minimal
ok "says that there is no GPU" ends 77 "no GPU"
run build/gpu/vec_add --list
ok "lists its sizes" prints "^xlarge	1000000 1000 512 1954$"
vec_add minimal --output /nonexistent/v.rec
ok "fails where the record cannot be written" ends 1 "/nonexistent/v.rec"
vec_add minimal --output /dev/full
ok "fails on a full disk" ends 1 "/dev/full"

# A probe with every way to go wrong.
cat >"$dir/probe" <<'PROBE'
#!/bin/bash
trap 'finish' TERM
wait_for_end() { while :; do sleep 100 & wait $!; done; }
finish() {
	kill %% 2>/dev/null
	case $how in
	silent) ;;
	few) echo "done hits=3" ;;
	junk) echo "done hits=some" ;;
	bad) echo "done hits=$hits"; exit 5 ;;
	*) printf '\ndone hits=%d lost=0\n' "$hits" ;; # it may be within a line
	esac
	exit 0
}
how=$1 hits=${2-0}
case $how in
never) echo "nearly ready"; wait_for_end ;;
early) echo "something is missing" >&2; exit 3 ;;
cannot) echo "exitlab: no right to do that" >&2; exit 77 ;;
abort) kill -ABRT $$ ;;
daemon) setsid sh -c 'sleep 1001 & echo $! >"$0"; wait' "$0.child" & until [ -s "$0.child" ]; do sleep 0.1; done; echo "ready per=launch"; wait_for_end ;;
garbage) head -c 100000 /dev/urandom; echo; echo "ready per=launch"; head -c 100000 /dev/urandom; echo; wait_for_end ;;
flood) echo "ready per=launch"; yes & wait ;;
flood_first) exec yes ;;
unknown) echo "ready per=moon"; wait_for_end ;;
dies) echo "ready per=launch"; kill -SEGV $$ ;;
stays) trap '' TERM; echo "ready per=launch"; exec sleep 1000 ;;
foreign) echo "[libbpf] loaded" >&2; echo "Successfully started!" >&2; exec sleep 1000 ;;
twice) echo "ready per=launch times=2"; wait_for_end ;;
environment) echo "ready per=launch FROM_PROBE=1"; env >"$ENVIRONMENT.probe"; wait_for_end ;;
*) echo "ready per=launch"; wait_for_end ;;
esac
PROBE
cat >"$dir/load" <<'LOAD'
#!/bin/bash
case $1 in
published) echo "  Average kernel time: 5.25 us"; echo "  P99:               7.00 us" ;;
garbage) head -c 100000 /dev/urandom ;;
record) head -c 1000 /dev/urandom >"$EXITLAB_RECORD" ;;
crash) kill -SEGV $$ ;;
hang) exec sleep 1000 ;;
children) sleep 1000 & sleep 1000 & echo $! >"$2"; wait ;;
environment) env >"$ENVIRONMENT"; echo "Average kernel time: 1 us" ;;
esac
LOAD
chmod +x "$dir/probe" "$dir/load"

# config CASE...: a configuration of a baseline and these; each NAME|PROBE|MORE, MORE being further keys.
config() {
	local one name probe more
	{
		echo '{"workload_presets": {"small": "100 50 128 1", "published": "./load published", "garbage": "./load garbage",'
		echo '"record": "./load record", "crash": "./load crash", "hang": "./load hang", "environment": "./load environment",'
		printf '"children": "./load children %s"},\n' "$dir/child"
		echo "${top-}"
		echo '"test_cases": [{"name": "Baseline", "probe_binary_cmd": "", "workload": "small"}'
		for one in "$@"; do
			IFS='|' read -r name probe more <<<"$one"
			printf ', {"name": "%s", "probe_binary_cmd": "%s"%s' "$name" "$probe" "${more:+, $more}"
			case $more in *workload*) ;; *) printf ', "workload": "small"' ;; esac
			case $more in *baseline*) ;; *) printf ', "baseline": "Baseline"' ;; esac
			echo '}'
		done
		echo ']}'
	} >"$dir/config.json"
}
overhead() {
	rm -rf "$dir/results"
	run build/gpu/overhead --libcuda "$fake" --results "$dir/results" --repeat 1 "$@" "$dir/config.json"
	result=$(ls -d "$dir"/results/*/*-gpu-overhead 2>/dev/null)
}
of() { build/gpu/t/json_at "$1" <"$result/micro_result.json"; }
# verdict NAME VERDICT REASON: of the case.
verdict() {
	local number
	number=$(grep '"name": ' "$result/micro_result.json" | grep -nF "\"name\": \"$1\"" | cut -d : -f 1)
	[ "$(of "tests.$((number - 1)).verdict")" = "$2" ] && of "tests.$((number - 1)).reason" | grep -qE -- "${3-}"
}

# A machine that is busy may find it faster than its baseline: its hits are right then.
is_proven() { verdict "$1" ok || verdict "$1" INVALID '^faster than'; }

about "overhead: "
brief='"ready_timeout": 1, "timeout": 20'
config "well|./probe well 51" "never|./probe never|$brief" "early|./probe early" "cannot|./probe cannot" "abort|./probe abort" \
	"garbage|./probe garbage 51" "unknown|./probe unknown" "dies|./probe dies" "flood_first|./probe flood_first|$brief" \
	"silent|./probe silent" "few|./probe few" "junk|./probe junk" "bad|./probe bad 51" "twice|./probe twice 102" \
	"missing|./nonexistent x" "daemon|./probe daemon 51"
overhead
ok "a run with FAILED cases" ends 1
ok "has all of its files" [ -s "$result/micro_result.md" -a -s "$result/micro_bench.log" -a -s "$result/run.rec" -a \
	-s "$result/env.json" -a -s "$result/summary.json" ]
ok "prints the table" prints '^\| Test Name \| Workload \| median \| p99 \| vs Baseline \| Overhead \| ns per probe hit \|$'
ok "says that there was no GPU" prints '^\| emulated \| there was no GPU: the numbers mean nothing \|$'
shows_proof() { verdict twice INVALID '^faster than' || prints '^\| twice \| 102 \| 102 \| 0 \| 2 a launch \|$'; }
ok "prints the hits beside those due" shows_proof
ok "has the baseline" verdict Baseline ok
ok "has a probe that was hit as it was due" is_proven well
ok "fails one that is never ready" verdict never FAILED 'not ready within 1 s; it said last: nearly ready'
ok "fails one that ends early, and says why" verdict early FAILED 'before it was ready, .*exit code 3: something is missing'
ok "waives one that cannot run here" verdict cannot WAIVED 'no right to do that'
ok "fails one that crashes" verdict abort FAILED 'killed by signal 6'
ok "takes garbage in between" is_proven garbage
ok "fails one that says what cannot be" verdict unknown FAILED 'per=moon'
ok "fails one that dies under the workload" verdict dies FAILED 'killed by signal 11'
ok "fails one that only floods" verdict flood_first FAILED 'not ready within'
ok "keeps no flood in the log" [ "$(wc -c <"$result/micro_bench.log")" -lt 1000000 ]
ok "fails one that does not say its hits" verdict silent FAILED 'did not say how often'
ok "calls wrong hits INVALID" verdict few INVALID 'hit 3 times, 51 were due: 51 launches, 1 a launch'
ok "fails one whose hits are no number" verdict junk FAILED 'hits=some'
ok "fails one that ends badly" verdict bad FAILED 'exit code 5'
ok "counts two hits a launch" is_proven twice
ok "fails one that is not there" verdict missing FAILED 'No such file'
ok "leaves no process" [ -z "$(pgrep -f "$dir/probe")" ]
ok "nor one that has a session of its own" [ -s "$dir/probe.child" -a ! -e "/proc/$(cat "$dir/probe.child")" ]
run build/exitlab report "$result"
ok "is a run that exitlab report reads" [ "$status" -le 1 ] && grep -q 'instrumentation overhead' "$result/report.md"

config "stays|./probe stays" "flood|./probe flood"
overhead --only 'stays'
ok "ends a probe that does not end" verdict stays FAILED 'did not end within 10 s of SIGTERM'
ok "runs what is selected, and its baseline" [ "$(of tests | head -c 1)" ] && [ "$(of tests.2.name 2>/dev/null)" = "" ]

config 'published||"workload": "published"' 'garbage||"workload": "garbage"' 'record||"workload": "record"' \
	'crash||"workload": "crash"' 'hang||"workload": "hang", "timeout": 1' 'wrong||"env": {"FAKECUDA_FAULTS": "Copy:3=lose"}' \
	'fault||"env": {"FAKECUDA_FAULTS": "Kernel:7=crash"}' 'slow||"env": {"FAKECUDA_FAULTS": "LaunchKernel=sleep3000"}' \
	'foreign|./probe foreign|"ready": "Successfully started"' 'hits|./probe well 51|"workload": "published"'
overhead
ok "takes the figures of another program" [ "$(of tests.1.median_us)" = 5.25 -a "$(of tests.1.p99_us)" = 7.0 ]
ok "which it has no interval of" [ "$(of tests.1.median_us_ci95.1)" = null ]
ok "fails a workload without figures" verdict garbage FAILED 'left no record and printed no'
ok "fails one with a damaged record" verdict record FAILED "the workload's record"
ok "fails one that crashes" verdict crash FAILED 'signal 11'
ok "fails one that hangs" verdict hang FAILED 'not done within 1 s'
ok "calls wrong results INVALID" verdict wrong INVALID 'sums are wrong'
ok "fails a kernel that crashes" verdict fault FAILED
ok "sees a planted slowdown" awk -v ratio="$(of tests.8.overhead.ratio)" 'BEGIN { exit !(ratio > 3) }'
ok "which no probe hit" [ "$(of tests.8.hits)" = null ]
ok "takes a foreign probe by the text that it says" is_proven foreign
ok "proves no hits where the launches are unknown" verdict hits INVALID 'how many launches'

top='"global_env": {"ENVIRONMENT": "'$dir'/environment", "FROM": "global"}, "probe_env": {"FROM": "probe", "FILE": "./load"},
	"agent_env": {"FROM": "agent"},'
config 'environment|./probe environment|"workload": "environment"'
overhead
ok "gives the probe its environment" grep -qx 'FROM=probe' "$dir/environment.probe"
ok "resolves paths in it" grep -qx "FILE=$dir/./load" "$dir/environment.probe"
ok "gives the workload that of the agent" grep -qx 'FROM=agent' "$dir/environment"
ok "and what the probe says" grep -qx 'FROM_PROBE=1' "$dir/environment"
top=

about "the driver: "
config
driver_is() {
	[ "$(of driver)" = "$1" ] && grep -qF "| driver | $2 |" "$result/micro_result.md" &&
		[ "$(build/gpu/t/json_at setup.driver <"$result/summary.json")" = "$2" ]
}
LD_LIBRARY_PATH=$PWD/build/gpu/fakenvml overhead
ok "has the version that NVML says, in all files" driver_is 0.0 0.0
overhead
ok "and unknown where there is no NVML" driver_is null unknown

about "the base: "
config 'with|./probe well 51'
FAKECUDA_FAULTS=Kernel:3=700 overhead
ok "a baseline that fails is FAILED" verdict Baseline FAILED
ok "and what is held against it has no figure" verdict with INVALID 'its baseline "Baseline" is FAILED'
FAKECUDA_DEVICES=0 overhead
ok "where there is no GPU nothing runs" ends 77 'no GPU'
ok "in one line" one_line
ok "and nothing is left" nothing_in "$dir/results/$(hostname)"

about "the command line: "
run build/gpu/overhead --list "$dir/config.json"
ok "--list prints a line a case" [ "$(wc -l <"$dir/out")" = 2 ]
ok "with its probe and baseline" prints '^with	small	./probe well 51	Baseline$'
run build/gpu/overhead --dry-run "$dir/config.json"
ok "--dry-run prints the commands" prints "probe: $dir/./probe well 51$"
ok "and the workload's" prints 'workload: .*/vec_add 100 50 128 1$'
ok "and runs none" [ ! -e results/never ]
config 'none|./nonexistent'
run build/gpu/overhead --dry-run "$dir/config.json"
ok "and says what is missing" prints 'there is no such program'
run build/gpu/overhead --only nobody "$dir/config.json"
ok "refuses --only of nobody" ends 2 'there is no such case'
run build/gpu/overhead
ok "refuses no configuration" ends 2
run build/gpu/overhead --repeat 0 "$dir/config.json"
ok "refuses --repeat 0" ends 2
for text in '' 'no JSON' '{}' '{"workload_presets": {"a": "1 1 1 1"}, "test_cases": []}'; do
	echo "$text" >"$dir/bad.json"
	run build/gpu/overhead "$dir/bad.json"
	ok "refuses \"$text\"" ends 2 'bad.json: '
	ok "in one line" one_line
done
config 'typo||"basline": "Baseline"'
run build/gpu/overhead --list "$dir/config.json"
ok "warns of a key that it does not know" ends 0 'warning: typo: "basline" means nothing'
config 'size||"workload": "published"'
run build/gpu/overhead --list "$dir/config.json"
ok "warns of a baseline of another workload" ends 0 'warning: size: its baseline "Baseline" runs another workload, "small"$'
ok "in one line" one_line

about "its end: "
config 'children||"workload": "children"'
rm -rf "$dir/results" "$dir/child"
mkfifo "$dir/child"
start() {
	build/gpu/overhead --libcuda "$fake" --results "$dir/results" --only children "$dir/config.json" >"$dir/out" 2>"$dir/err" &
	read -r child <"$dir/child"
}
# Zombies wait for a reaper that may be slow.
gone() {
	local left=100
	while [ "$(ps -o stat= -p "$1" | cut -c 1)" ] && [ "$(ps -o stat= -p "$1" | cut -c 1)" != Z ] && [ $left -gt 0 ]; do
		left=$((left - 1))
		sleep 0.1
	done
	[ $left -gt 0 ]
}
start
kill -TERM $!
wait $!
status=$?
ok "a run that is interrupted fails" ends 1 'interrupted; what there is of it'
ok "is kept as such" [ "$(cat "$dir"/results/*/*.failed/reason.txt)" = interrupted ]
ok "and leaves no child of a child" gone "$child"
config 'hang|./probe well|"workload": "hang"'
build/gpu/overhead --libcuda "$fake" --results "$dir/results" --only hang "$dir/config.json" >"$dir/out" 2>"$dir/err" &
runner=$!
until children=$(pgrep -P $runner -f "$dir/load|sleep 1000"); do :; done
kill -KILL $runner
wait $runner 2>/dev/null
ok "one that is killed leaves no child" gone "${children%%[!0-9]*}"
rm -rf "$dir/results"
mkdir "$dir/readonly"
run build/gpu/overhead --libcuda "$fake" --results /proc/nowhere "$dir/config.json"
ok "fails where there is no place for results" ends 1

about "host probes: "
cat >"$dir/config.json" <<CONFIG
{"workload_presets": {"small": "100 500 128 1"}, "test_cases": [
{"name": "Baseline", "probe_binary_cmd": "", "workload": "small"}
$(for kind in uprobe preload; do
	for name in empty entry exit both ring percpu hash; do
		echo ", {\"name\": \"$kind $name\", \"probe_binary_cmd\": \"$PWD/build/gpu/$kind $name\", \"workload\": \"small\", \"baseline\": \"Baseline\"}"
	done
done)
]}
CONFIG
overhead
for kind in uprobe preload; do
	for name in empty entry exit both ring percpu hash; do
		if [ "$kind" = uprobe ] && verdict "$kind $name" WAIVED; then
			skip "$kind $name" "no right to probe"
			continue
		fi
		ok "$kind $name is hit as often as is due" is_proven "$kind $name"
	done
done
number=0
for name in Baseline {uprobe,preload}" "{empty,entry,exit,both,ring,percpu,hash}; do
	[ "$name" = Baseline ] || counted+=("$name $(of "tests.$number.hits.counted")")
	number=$((number + 1))
done
# 100 to warm up, one in each of 10 turns, and those that are timed; in a run for the proof 1, 10 and 100.
ok "counts are those of 610 launches" [ "$(printf '%s\n' "${counted[@]}" | awk '$3 ~ /^[0-9]+$/ { print $3 }' | sort -un | paste -s -d ' ')" = "111 610 1220" ]
ok "overheads are against turns of the same process" [ "$(grep -c '"against": "turns"' "$result/micro_result.json")" -gt 3 ]
ok "which has as many samples without the probe" [ "$(of tests.9.whole_off_us.n)" = 500 ] || [ "$(of tests.9.verdict)" = INVALID ]
cat >"$dir/config.json" <<CONFIG
{"workload_presets": {"small": "100 50 128 1"}, "test_cases": [
{"name": "Baseline", "probe_binary_cmd": "", "workload": "small"}
$(for name in cuda-counter launchlate; do
	echo ", {\"name\": \"$name\", \"probe_binary_cmd\": \"$PWD/build/gpu/examples/$name\", \"workload\": \"small\", \"baseline\": \"Baseline\"}"
done)]}
CONFIG
overhead
for name in cuda-counter launchlate; do
	if verdict $name WAIVED; then
		skip "$name" "no right to probe"
	else
		ok "the example $name sees every launch" is_proven $name
	fi
done
ok "cuda-counter names the kernel" grep -qE 'the probe: +[0-9]+ +0x[0-9a-f]+ +61 +61$' "$result/micro_bench.log"
ok "launchlate has a histogram" grep -qE 'the probe: +[0-9]+ +[0-9]+  \*' "$result/micro_bench.log"
run build/gpu/examples/launchlate --help
ok "and says that the start of the kernel is not in it" prints "not when the kernel starts"
run build/gpu/uprobe nobody
ok "uprobe refuses a probe that it does not have" ends 2 'there is no probe "nobody"'
run build/gpu/preload
ok "preload asks which" ends 2 'which probe'
run build/gpu/woven nobody
ok "woven refuses a probe that it does not have" ends 2
run build/gpu/uprobe --libcuda build/gpu/vec_add entry
ok "uprobe refuses a library without the call" [ "$status" != 0 ] && one_line
cat >"$dir/config.json" <<CONFIG
{"workload_presets": {"small": "100 50 128 1"}, "test_cases": [
{"name": "Baseline", "probe_binary_cmd": "", "workload": "small"},
{"name": "woven", "probe_binary_cmd": "$PWD/build/gpu/woven entry", "workload": "small", "baseline": "Baseline"}]}
CONFIG
overhead
ok "a probe on the device is waived where there is none" verdict woven WAIVED 'takes a GPU'
plan
