#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the metrics of overhead and of limits say on the fake driver: of no limiter, of ours, of one that
# limits nothing, of a driver that breaks. That the limiter limits is in limited.c.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
export TMPDIR=$dir
unset LD_PRELOAD "${!FAKECUDA_@}" "${!CUDA_DEVICE_@}"
limiter=$PWD/build/gpu/liblimiter.so
none=$PWD/build/gpu/t/no_limiter.so

# measure STATUS SELECTION OPTION...: gpubench ends so; $dir/rows has its record.
measure() {
	local wanted=$1 status
	build/gpu/gpubench --libcuda build/gpu/libfakecuda.so --quick --output "$dir/rec" --select "$2" "${@:3}" \
		>"$dir/out" 2>"$dir/err"
	status=$?
	build/gpu/t/print_record <"$dir/rec" >"$dir/rows" || return
	[ $status = "$wanted" ] || {
		cat "$dir/rows" >>"$dir/err"
		false
	}
}
# says ROW STATUS [REASON]: all of the rows whose id begins so; REASON is in it.
says() {
	awk -F '\t' -v id="$1" -v status="$2" -v reason="${3-}" '
		index($1, id) == 1 { found++; right += $2 == status && index($5, reason) }
		END { exit !(found && found == right) }' "$dir/rows" || {
		cat "$dir/rows" >>"$dir/err"
		false
	}
}
# fact ROW KEY CONDITION: the row has the fact, and it is a number v for which the condition holds.
fact() {
	awk -F '\t' -v id="$1" -v key="$2=" '
		$1 == id { for (i = 6; i <= NF; i++) if (index($i, key) == 1) { v = substr($i, length(key) + 1) + 0; found = '"$3"' } }
		END { exit !found }' "$dir/rows" || {
		cat "$dir/rows" >>"$dir/err"
		false
	}
}
samples() { # ROW COUNT VALUES: conditions of awk about n, and about the least and the most
	awk -F '\t' -v id="$1" '$1 == id { n = $3; least = $4; most = substr($6, 10) + 0; found = ('"$2"') && ('"$3"') } END { exit !found }' "$dir/rows"
}

about "no limiter: "
ok "what compares with one is waived" measure 0 OH-005,OH-007,OH-008
ok "and says what it takes" says OH- WAIVED "there is no limiter to measure"
ok "a limit is what the others take" measure 0 IS-001,IS-002,IS-003,IS-004
ok "of memory" says IS-001 WAIVED "MEM_LIMIT=4g"
ok "in each way" says IS-002. WAIVED "MEM_LIMIT=4g"
ok "of time" says IS-003. WAIVED "SM_LIMIT=50"
ok "what a launch and a context cost needs none" measure 0 OH-001,OH-004
ok "and is measured" says OH- ok
ok "an idle context, too" measure 0 OH-009
ok "over ten slices" samples OH-009 'n == 10' 'least >= 0'
ok "with the price of asking beside it" fact OH-009 floor 'v > 0'
ok "total throughput is verified" measure 0 OH-010
ok "and has its parts" fact OH-010 gflops 'v > 0'

about "what takes 20 ms: "
export FAKECUDA_FAULTS=CtxCreate=sleep20000,MemAlloc=sleep20000
ok "is timed" measure 0 OH-004,OH-002,OH-003
ok "as a context, in us" samples OH-004 'n > 0' 'least >= 20e3 && least < 20e6'
ok "as an allocation, in us" samples OH-002.2KiB 'n > 0' 'least >= 20e3 && least < 20e6'
ok "and not as a free" samples OH-003.2KiB 'n > 0' 'least < 20e3'
export FAKECUDA_FAULTS=Kernel=sleep20000
ok "is done less than 50 times" measure 0 OH-010
ok "a second" samples OH-010 'n > 0' 'least > 1 && most < 50'
unset FAKECUDA_FAULTS

about "the limiter: "
ok "costs are differences" measure 0 OH-005,OH-007,OH-008 --system=limiter --preload="$limiter" --mem-limit=1g --sm-limit=50
ok "all of them" says OH-00 ok
ok "also where a context takes longer than the row may" env FAKECUDA_FAULTS=CtxCreate=sleep400000 build/gpu/gpubench \
	--libcuda build/gpu/libfakecuda.so --quick --output "$dir/slow" --select OH-005 --system=limiter --preload="$limiter"
build/gpu/t/print_record <"$dir/slow" >"$dir/slow.rows"
# shellcheck disable=SC2016 # for awk
ok "there are samples" awk -F '\t' '$1 ~ /^OH-005/ { n += $2 == "ok" && $3 > 0 } END { exit n != 2 }' "$dir/slow.rows"
ok "of launches that are held back by events around them" fact OH-008 system_us 'v > 0'
ok "without it in the same run" fact OH-008 bare_us 'v > 0'
ok "a memory limit is exact" measure 0 IS-001,IS-002 --system=limiter --preload="$limiter" --mem-limit=1g
ok "to the byte" fact IS-001 bytes 'v == 1073741824'
ok "which is 100 %" samples IS-001 'n > 0' 'least == 100'
ok "each way is refused" says IS-002. ok
ok "in us: a look at the clock takes some ns" samples IS-002.sync 'n > 0' 'least > 0.005'
# A busy host may give either side too little to tell a rate, or the one without the limiter as little as
# the other, though not each time.
is_a_share() {
	for ((try = 0; try < 20; try++)); do
		measure 0 IS-003 --system=limiter --preload="$limiter" --sm-limit=50 &&
			fact IS-003.throughput share 'v > 0 && v < 90' && return
	done
	return 1
}
ok "a share is one of the throughput without it" is_a_share
ok "in turns" fact IS-003.throughput unlimited 'v > 0'
ok "utilisation without NVML is a named fallback" grep -q 'method=kernel-count' "$dir/rows"
ok "a limit near the device's memory is waived" measure 0 IS-001,IS-002 --system=limiter --preload="$limiter" --mem-limit=3g
ok "and says so" says IS-00 WAIVED "too near to the device's memory"
ok "work that a tenant has no room for is waived" measure 0 OH-010 --system=limiter --preload="$limiter" --mem-limit=1m
ok "and says how much it takes" says OH-010 WAIVED "it takes 2228224 bytes, and a tenant has 1048576 here"

ok "allocations within the limit are measured" measure 0 OH-002,OH-003 --system=limiter --preload="$limiter" --mem-limit=128m
ok "of each size" says OH-002.64MiB ok
ok "and freed" says OH-003.1MiB ok
ok "what is beyond it is waived" says OH-002.1GiB WAIVED "more than a tenant can have here"

about "one that limits nothing: "
ok "is found" measure 1 IS-001,IS-002,IS-004 --system=none --preload="$none" --mem-limit=1g --sm-limit=50
ok "to give more memory than the limit" says IS-001 INVALID "not limited: it got "
ok "in each way" says IS-002. INVALID "not limited: cu"
ok "and to have no limit that changes" says IS-004 WAIVED "cannot be changed while it works"
ends() { # a busy host may give a tenant too little in a window
	for ((try = 0; try < 20; try++)); do
		measure 0 "$@" && return
	done
	return 1
}
ok "not to be near its share" ends IS-003 --system=none --preload="$none" --sm-limit=5
ok "by more than all of it" samples IS-003.throughput 'n > 0' 'least < 0'
ok "and a little more memory than the limit" env FAKECUDA_FAULTS=MemAlloc:71+=2 build/gpu/gpubench \
	--libcuda build/gpu/libfakecuda.so --quick --output "$dir/rec" --select IS-001 --system=none --preload="$none" --mem-limit=1g
build/gpu/t/print_record <"$dir/rec" >"$dir/rows"
ok "to be off by what is too much" samples IS-001 'n > 0' 'most == 90.625'
ok "and less memory than the limit" env FAKECUDA_FAULTS=MemAlloc:33+=2 build/gpu/gpubench --libcuda build/gpu/libfakecuda.so \
	--quick --output "$dir/rec" --select IS-001 --system=none --preload="$none" --mem-limit=1g
build/gpu/t/print_record <"$dir/rec" >"$dir/rows"
ok "to be off by what is missing" samples IS-001 'n > 0' 'least == 0'
about "one that takes 300 us: "
slow=$PWD/build/gpu/t/slow_limiter.so
ok "a run" measure 0 OH-005 --system=slow --preload="$slow"
ok "costs them, in ns, with their sign" samples OH-005.memgetinfo 'n > 0' 'least > 100e3 && least < 100e6'
ok "in each launch" env SLOW_LIMITER=Kernel=sleep20000 build/gpu/gpubench --libcuda build/gpu/libfakecuda.so \
	--quick --output "$dir/rec" --select OH-010 --system=slow --preload="$slow"
build/gpu/t/print_record <"$dir/rec" >"$dir/rows"
ok "takes most of the throughput, in percent" fact OH-010 degradation 'v > 20 && v < 100'
ok "a thread of it that never rests" env SLOW_LIMITER_SPINS=1 build/gpu/gpubench --libcuda build/gpu/libfakecuda.so \
	--quick --output "$dir/rec" --select OH-009 --system=slow --preload="$slow"
build/gpu/t/print_record <"$dir/rec" >"$dir/rows"
ok "is a share of a CPU, in percent" fact OH-009 mean 'v > 10'
ok "in each slice" samples OH-009 'n == 10' 'most > 10'

# A process that nobody has waited for yet is none any more.
all_gone() { # FILE: of their numbers
	[ -s "$1" ] || return
	for ((try = 0; try < 500; try++)); do
		ps -o stat= -p "$(paste -sd , "$1")" | grep -qv ^Z || return 0
		sleep 0.01
	done
	# shellcheck disable=SC2046 # a list
	kill -9 $(cat "$1")
	return 1
}
ok "one that forks" env SLOW_LIMITER_FORKS="$dir/forked" build/gpu/gpubench --libcuda build/gpu/libfakecuda.so \
	--quick --output "$dir/rec" --select OH-005 --system=slow --preload="$slow"
ok "leaves no process behind" all_gone "$dir/forked"

about "one that limits nothing: "
is_missed() {
	build/gpu/gpubench --libcuda build/gpu/libfakecuda.so --output "$dir/rec" --preload="$dir/missing" 2>"$dir/err"
	[ $? = 77 ] && grep -q "missing: No such file" "$dir/err"
}
ok "a limiter that is not there is said before anything runs" is_missed
is_ignored() { # LIBRARY
	build/gpu/gpubench --libcuda build/gpu/libfakecuda.so --output "$dir/rec" -q --system=other --preload="$1" \
		>"$dir/out" 2>"$dir/err"
	[ $? = 77 ] && grep -q "^gpubench: $1: the loader does not preload it" "$dir/err"
}
ok "so is one that is no library" is_ignored "$PWD/README.md"
mkdir "$dir/a b"
cp "$limiter" "$dir/a b"
ok "and one with a name that LD_PRELOAD cannot have" is_ignored "$dir/a b/liblimiter.so"

about "a driver that breaks: "
broken() { # FAULT STATUS ROW REASON OPTION...
	FAKECUDA_FAULTS=$1 measure 1 "${3%%.*}" "${@:5}" && says "$3" "$2" "$4"
}
ok "a context" broken CtxCreate:2=999 FAILED OH-004 CUDA_ERROR_UNKNOWN --plant-slowdown=2
ok "an allocation" broken MemAlloc:50+=999 FAILED OH-002.64KiB CUDA_ERROR_UNKNOWN \
	--system=limiter --preload="$limiter" --mem-limit=128m
ok "a free" broken MemFree:50+=1 FAILED OH-003.64KiB CUDA_ERROR_INVALID_VALUE \
	--system=limiter --preload="$limiter" --mem-limit=128m
ok "a kernel" broken Kernel:2=700 FAILED OH-010 CUDA_ERROR_ILLEGAL_ADDRESS
ok "a copy that corrupts" broken Copy=corrupt INVALID OH-010 "of the matrix product are wrong"
ok "a refusal with another error" broken MemAllocAsync=999 FAILED IS-002.async CUDA_ERROR_UNKNOWN \
	--system=limiter --preload="$limiter" --mem-limit=1g
ok "refusals that leave no memory" broken MemAllocAsync:2+=2 INVALID IS-002.async "was refused with" \
	--system=none --preload="$none" --mem-limit=1g
ok "a context while a limited tenant has one" broken LaunchKernel:40=719 FAILED OH-008 CUDA_ERROR_LAUNCH_FAILED \
	--system=limiter --preload="$limiter" --sm-limit=50

plan
