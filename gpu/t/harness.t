#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# gpubench as a whole on the fake driver: what it refuses, statuses and their reasons, tenants that a
# driver hangs or kills, signals, the record.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
children=
cleanup() {
	# shellcheck disable=SC2086 # a list
	kill -9 $children 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
export TMPDIR=$dir
unset LD_PRELOAD "${!FAKECUDA_@}" "${!FAKENVML_@}"
fake=build/gpu/libfakecuda.so
bench=(build/gpu/gpubench --libcuda "$fake" --quick --output "$dir/rec")
limiter=build/gpu/liblimiter.so
clocks=LD_LIBRARY_PATH=$PWD/build/gpu/fakenvml

# run STATUS [VARIABLE=VALUE]... COMMAND...: it ends so. $dir/rows then has the record.
run() {
	local wanted=$1 status
	shift
	rm -f "$dir/rec"
	env "$@" >"$dir/out" 2>"$dir/err"
	status=$?
	[ $status = "$wanted" ] || echo "exit $status, not $wanted" >>"$dir/err"
	: >"$dir/rows"
	[ ! -e "$dir/rec" ] || build/gpu/t/print_record <"$dir/rec" >"$dir/rows" 2>>"$dir/out"
	[ $status = "$wanted" ]
}
# fails STATUS MESSAGE ...: run, with one line that has the message.
fails() {
	local message=$2
	run "$1" "${@:3}" && [ "$(grep -c '^gpubench: ' "$dir/err")" = 1 ] && grep -qF -e "$message" "$dir/err"
}
# row ID STATUS SAMPLES [REASON]: the record has it; SAMPLES is a condition of awk about the number n
# and the least one; facts FACT...: the last such row has them.
row() {
	awk -F '\t' -v id="$1" -v status="$2" -v reason="${4-}" '
		$1 == id { found++; n = $3; least = $4; right = $2 == status && ('"$3"') && (reason == "" ? $5 == "" : $5 ~ reason) }
		END { exit !(found == 1 && right) }' "$dir/rows" || {
		cat "$dir/rows" >>"$dir/err"
		false
	}
}
info() {
	grep '^INFO' "$dir/rows" | tr '\t' '\n' | grep -qxF -e "$1"
}
is_whole() {
	[ "$(tail -n 1 "$dir/rows" | cut -f 1)" = DONE ]
}
# refuses MESSAGE OPTION...: as bad usage, before anything runs.
refuses() {
	run 2 build/gpu/gpubench --libcuda $fake "${@:2}" && grep -qF -e "$1" "$dir/err"
}
# soon COMMAND...: waits until it succeeds; appears FILE; are_gone PID...
soon() {
	for ((i = 0; i < 2000; i++)); do
		"$@" 2>/dev/null && return
		sleep 0.01
	done
	return 1
}
appears() { soon [ -e "$1" ]; }
is_gone() { ! kill -0 "$@"; }
are_gone() { soon is_gone "$@"; }

about "no GPU: "
ok "no driver is 77, with what mends it" \
	fails 77 "no NVIDIA driver: " build/gpu/gpubench --libcuda "$dir/none.so" -o "$dir/rec"
ok "no device is 77" fails 77 "no NVIDIA GPU: CUDA_ERROR_NO_DEVICE; nvidia-smi -L lists them" \
	FAKECUDA_DEVICES=0 "${bench[@]}"
ok "a driver that is too old is 77" fails 77 "libcuda has no cuMemMap: install driver 525 or newer" \
	build/gpu/gpubench --libcuda build/gpu/t/libfakecuda-old.so -o "$dir/rec"
ok "a driver that hangs is 77" fails 77 "starting: its deadline passed" \
	FAKECUDA_FAULTS=Init=hang "${bench[@]}" --patience 0.3
ok "one that crashes is 77" fails 77 "starting: it was killed by signal 6" \
	FAKECUDA_FAULTS=Init=crash "${bench[@]}" --quiet
ok "a device without a context is 77" fails 77 "CUDA_ERROR_OUT_OF_MEMORY" \
	FAKECUDA_FAULTS=CtxCreate=2 "${bench[@]}"

ok "with --waive the record says so of each row" \
	fails 77 "no NVIDIA driver: " build/gpu/gpubench --libcuda "$dir/none.so" -o "$dir/rec" --waive -s OH-001,IS-005,LLM-001
ok "three rows are WAIVED for it" [ "$(grep -c "WAIVED.*no NVIDIA driver" "$dir/rows")" = 3 ]
ok "and one that is planned" grep -q "^LLM-001.WAIVED.*planned" "$dir/rows"
rm -f "$dir/rec"

about "usage: "
ok "a record must go somewhere" refuses "where does the record go?" --quick
ok "a metric that is none" refuses 'no metric or category "OH-099"' -o "$dir/rec" -s OH-001,OH-099
ok "a category that is half a name" refuses 'no metric or category "PCI"' -o "$dir/rec" -s PCI
ok "an empty selection" refuses 'no metric or category ""' -o "$dir/rec" -s ""
ok "an SM limit of 0 %" refuses "--sm-limit" -o "$dir/rec" --sm-limit 0
ok "or 101" refuses "--sm-limit" -o "$dir/rec" --sm-limit 101
ok "a memory limit that is no size" refuses "--mem-limit" -o "$dir/rec" --mem-limit 4x
ok "a negative one" refuses "--mem-limit" -o "$dir/rec" --mem-limit -4g
for size in 1e30 inf nan 0x10m " 4g" 4gg 0 100 0.5k 1e-9 9999999g "4g
kind=x"; do
	ok "a size of ${size%$'\n'*}" refuses "--mem-limit" -o "$dir/rec" --mem-limit "$size"
done
ok "a part of a percent" refuses "no whole number" -o "$dir/rec" --sm-limit 50.5
ok "a system without a name" refuses "--system" -o "$dir/rec" --system ""
ok "one of two lines" refuses "--system" -o "$dir/rec" --system "hami
status=ok"
ok "no patience" refuses "--patience" -o "$dir/rec" --patience 0
ok "a slowdown by 0" refuses "--plant-slowdown" -o "$dir/rec" --plant-slowdown 0
ok "an option that is none" refuses "unrecognized option" -o "$dir/rec" --frobnicate
ok "a word too many" refuses "" -o "$dir/rec" OH-001
ok "a limiter without a library" fails 77 "name it by --preload" "${bench[@]}" --system hami
ok "a library without a name" fails 77 "name the one of --preload" "${bench[@]}" --preload build/gpu/liblimiter.so
ok "a library that is not there" fails 77 "$dir/none.so: No such file" "${bench[@]}" --preload "$dir/none.so"
ok "a folder that is not there" fails 1 "No such file" build/gpu/gpubench -o "$dir/no/such/rec"
ok "what cannot run leaves no record" [ ! -e "$dir/rec" ]
ok "a disk that is full" fails 1 "the record cannot be written: make room" \
	build/gpu/gpubench --libcuda $fake -q -s LLM,OH-004 -o /dev/full

about "the table: "
ok "--list" run 0 build/gpu/gpubench --list
cp "$dir/out" "$dir/list"
ok "has seven columns" [ "$(awk -F '\t' '{ print NF }' "$dir/list" | sort -u)" = 7 ]
if command -v script >/dev/null; then
	ok "on a terminal they are aligned" sh -c "script -qec 'build/gpu/gpubench --list' /dev/null | grep -q '^OH-001  *kernel launch latency  *us  *lower'"
else
	skip "columns on a terminal" "no script(1)"
fi
ok "and every line of benches.def" [ "$(grep -c '^METRIC(' gpu/benches.def)" = "$(($(wc -l <"$dir/list") - 1))" ]
# By its unit, or one by one: a metric the wrong way round makes a loss a gain, and nothing else shows it.
higher="IS-001 IS-003 IS-008 BW-002 CACHE-001 PCIE-004 SCHED-003 FRAG-003 LLM-003 LLM-006 LLM-008 LLM-010"
ok "says which way is better" [ -z "$(awk -F '\t' -v higher=" $higher " '
	NR > 1 && ($4 == "higher") != ($3 ~ "/s$" || index(higher, " " $1 " ") > 0)' "$dir/list" | tee "$dir/err")" ]
ok "to a full disk it is 1" sh -c 'build/gpu/gpubench --list >/dev/full; [ $? = 1 ]'

# Nothing works: yet every row is there once, with a reason.
ok "a device on which nothing works" run 1 FAKECUDA_FAULTS=ModuleGetFunction=500,MemAlloc=2 "${bench[@]}"
awk -F '\t' 'NR > 1 { n = split($6, points, " "); for (i = 1; i <= n; i++) print $1 (points[i] == "-" ? "" : "." points[i]) }' \
	"$dir/list" >"$dir/wanted"
grep -v -e ^INFO -e ^DONE "$dir/rows" | cut -f 1 >"$dir/ids"
ok "comes to every row, once, in the table's order" cmp "$dir/wanted" "$dir/ids"
ok "every one of them that is not ok has a reason" \
	[ "$(awk -F '\t' '$2 ~ /WAIVED|FAILED|INVALID/ && $5 == ""' "$dir/rows")" = "" ]
ok "to a whole record" is_whole
ok "and says how many in a line" grep -q '^gpubench: [1-9][0-9]* rows FAILED, [0-9]* INVALID: the record has the reasons$' "$dir/err"
ok "that says what is planned" row LLM-001 WAIVED "n == 0" "^planned"
ok "what the system lacks" row IS-001 WAIVED "n == 0" "no memory limit is configured: MEM_LIMIT=4g"
ok "what broke, and where" row PCIE-001 FAILED "n == 0" "CUDA_ERROR_OUT_OF_MEMORY .gpu/works/transfer.c:"

about "a run: "
ok "selected, by ids and categories" run 0 "${bench[@]}" -s NCCL,OH-001,SCHED-002 --system guest
ok "has what was selected" [ "$(cut -f 1 "$dir/rows" | tr '\n' ' ')" = \
	"INFO OH-001 SCHED-002 NCCL-001 NCCL-002 NCCL-003 NCCL-004 DONE " ]
ok "with samples" row OH-001 ok "n > 0 && least > 0"
ok "on what device" info "gpu=fake libcuda: no GPU"
ok "what system" info system=guest
ok "what is waived does not fail it" run 0 "${bench[@]}" -s LLM
ok "to standard output" sh -c "build/gpu/gpubench --libcuda $fake -q -s LLM-001 -o - | build/gpu/t/print_record | grep -q ^DONE"
ok "a planted slowdown" run 0 FAKECUDA_FAULTS=LaunchKernel:1001+=sleep300 "${bench[@]}" -s OH-001 --plant-slowdown 3
ok "does each thing so many times" row OH-001 ok "least >= 900"
ok "and says so" info plant=3

about "a tenant that "
once=FAKECUDA_FAULTS_ONCE=$dir/once
# Only what hangs is waited for; on a busy host a sound tenant may take longer than it usually does.
for way in "hang|its deadline passed" "crash|it was killed by signal 6" "exit|it exited with 3"; do
	action=${way%%|*}
	patience=20
	[ "$action" != hang ] || patience=3
	rm -f "$dir/once"
	ok "does $action fails its metric" \
		run 1 "$once" "FAKECUDA_FAULTS=LaunchKernel:1005=$action" "${bench[@]}" -s OH-001,SCHED-002 --patience $patience --quiet
	ok "does $action is said to" row OH-001 FAILED "n == 0" "${way#*|}"
	ok "does $action fails no other" row SCHED-002 ok "n > 0"
	ok "does $action leaves a whole record" is_whole
done
ok "meets an error says which" run 1 FAKECUDA_FAULTS=Kernel:1005=700 "${bench[@]}" -s OH-001
ok "meets an error says where" row OH-001 FAILED "n == 0" "CUDA_ERROR_ILLEGAL_ADDRESS .gpu/works/"
ok "copies wrongly" run 1 FAKECUDA_FAULTS=Copy=corrupt "${bench[@]}" -s PCIE-002
ok "copies wrongly is INVALID" row PCIE-002 INVALID 1 "words are wrong after the copy"

about "memory isolation: "
ok "of a driver that keeps it" run 0 "${bench[@]}" -s IS-005
ok "reads as intact" row IS-005.pointer ok "least == 0" "^intact: "
ok "in freed memory, too" row IS-005.residue ok "least == 0" "^intact: "
ok "of one that does not" run 0 FAKECUDA_ISOLATION=broken "${bench[@]}" -s IS-005
ok "reads as broken" row IS-005.pointer ok "least > 1e6" "^broken: "
ok "in freed memory, too, which is" row IS-005.residue ok "least > 1e6" "^broken: "

about "clocks: "
ok "at their highest" run 0 "$clocks" "${bench[@]}" -s SCHED-002
ok "drop nothing" sh -c "grep -q '^SCHED-002.ok.*throttled=0' $dir/rows"
ok "are recorded" info sm_mhz_max=1980
ok "below 75 %" run 1 "$clocks" FAKENVML_SM_MHZ=1484 "${bench[@]}" -s SCHED-002
ok "drop every sample" row SCHED-002 INVALID "n == 0" "below 75 % of its maximum"
ok "and count them" sh -c "grep '^SCHED-002' $dir/rows | grep -q 'throttled=[1-9]'"
ok "just 75 %" run 0 "$clocks" FAKENVML_SM_MHZ=1485 "${bench[@]}" -s SCHED-002
ok "count" row SCHED-002 ok "n > 0"

# A run in the background whose tenant hangs; its tenants and itself in $children.
limited=(--system limiter --preload "$limiter" --sm-limit 90) # this one has a control file
begin() { # OPTION...
	rm -f "$dir/once" "$dir/rec"
	env --default-signal=INT,QUIT "$once" FAKECUDA_FAULTS=LaunchKernel:1005=hang "${bench[@]}" -s OH-001,LLM --patience 60 \
		"$@" 2>"$dir/err" &
	bench_pid=$!
	appears "$dir/once"
	tenants=$(pgrep -P $bench_pid)
	children="$bench_pid $tenants"
	[ -n "$tenants" ]
}
left_files() {
	find "$dir" -name "exitlab*" | grep -q .
}
about "stopped: "
for signal in INT QUIT TERM HUP; do
	ok "a run to stop by $signal" begin "${limited[@]}"
	kill "-$signal" "$bench_pid"
	wait "$bench_pid"
	status=$?
	ok "$signal is 1" [ $status = 1 ]
	# shellcheck disable=SC2086 # a list
	ok "$signal ends its tenants" are_gone $tenants
	ok "$signal is said" grep -qx "gpubench: stopped by a signal: the record is not whole" "$dir/err"
	build/gpu/t/print_record <"$dir/rec" >"$dir/rows" 2>&1
	ok "$signal leaves a record that is not whole, with nothing wrong in it" \
		[ "$(cut -f 1 "$dir/rows")" = INFO ]
	ok "$signal leaves nothing in the folder for temporary files" eval "! left_files"
done
ok "a run to kill" begin "${limited[@]}"
{ kill -KILL "$bench_pid" && wait "$bench_pid"; } 2>/dev/null
# shellcheck disable=SC2086 # a list
ok "a kill ends its tenants" are_gone $tenants
ok "a kill leaves nothing in the folder for temporary files" eval "! left_files"

# MPS as a script that notes how it is called.
mkdir "$dir/bin"
cat >"$dir/bin/nvidia-cuda-mps-control" <<-END
	#!/bin/sh
	[ "\$1" = -d ] || read -r said
	echo "\$*\$said \$CUDA_MPS_PIPE_DIRECTORY" >>'$dir/mps'
END
chmod +x "$dir/bin/nvidia-cuda-mps-control"
export PATH=$dir/bin:$PATH
has_environment() { # VARIABLE=VALUE...: the tenant
	local each
	for each; do
		tr '\0' '\n' <"/proc/${tenants##*$'\n'}/environ" | grep -qxF -e "$each" || return 1
	done
}
about "MPS: "
ok "a run" begin --system mps --mem-limit 4g --sm-limit 50
pipe=$(sed -n 's/^-d //p' "$dir/mps")
ok "has a daemon with a directory of its own" [ -d "$pipe" ]
ok "and tenants that find it, with their limits" has_environment "CUDA_MPS_PIPE_DIRECTORY=$pipe" \
	CUDA_MPS_ACTIVE_THREAD_PERCENTAGE=50 CUDA_MPS_PINNED_DEVICE_MEM_LIMIT=0=4096M
kill "$bench_pid"
wait "$bench_pid"
ok "stops it in the end" grep -qxF "quit $pipe" "$dir/mps"
ok "and leaves nothing" [ ! -e "$pipe" ]
rm "$dir/mps"
ok "a run to kill" begin --system mps
pipe=$(sed -n 's/^-d //p' "$dir/mps")
{ kill -KILL "$bench_pid" && wait "$bench_pid"; } 2>/dev/null
ok "it is stopped after that, too" soon grep -qxF "quit $pipe" "$dir/mps"
ok "and nothing is left" soon [ ! -e "$pipe" ]
plan
