#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Isolation, scheduling and errors on the fake driver: what keeps tenants apart is told from what does
# not, a control that is not seen from a pass, a crash from a refusal, wrong results from a loss.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
export TMPDIR=$dir
unset LD_PRELOAD "${!FAKECUDA_@}" "${!FAKENVML_@}"

# run STATUS LIST [VARIABLE=VALUE|COMMAND...]: the metrics, measured so. $dir/rows has the record.
run() {
	local wanted=$1 list=$2 status
	shift 2
	rm -f "$dir"/rec "$dir"/fakecuda-*
	env "$@" build/gpu/gpubench --libcuda build/gpu/libfakecuda.so --quick --quiet --patience 10 --select "$list" \
		--output "$dir/rec" >"$dir/out" 2>"$dir/err"
	status=$?
	build/gpu/t/print_record <"$dir/rec" >"$dir/rows" 2>>"$dir/err"
	cat "$dir/rows" >>"$dir/out"
	[ "$wanted" = any ] || [ $status = "$wanted" ]
}

# row ID STATUS SAMPLES REASON [FACT...]: SAMPLES is a condition of awk on their number n, the least and
# the most; REASON a regular expression.
row() {
	awk -F '\t' -v id="$1" -v status="$2" -v reason="$4" '
		$1 == id { n = $3; least = $4; most = substr($6, 10) + 0; right = $2 ~ status && ('"$3"') && $5 ~ reason }
		END { exit !right }' "$dir/rows" || return 1
	local id=$1
	shift 4
	for fact; do
		awk -F '\t' -v id="$id" '$1 == id' "$dir/rows" | tr '\t' '\n' | grep -qx "$fact" || return 1
	done
}

# together ID MOST [CONDITION]: a contention, measured, with so many samples at most, since a busy host may
# leave a tenant no CPU in a window; or in none were there two CPUs for it.
together() {
	row "$1" 'ok' "n > 0 && n <= $2 && ${3-1}" '^$' 'overlap=.*' || row "$1" INVALID 1 'worked together for |completed nothing|there is no sample'
}

keeps_apart() {
	run 0 IS-005 &&
		row IS-005.pointer ok 'n > 10 && least == 0' '^intact: ' control=ipc verdict=intact \
			copy=CUDA_ERROR_INVALID_VALUE kernel=CUDA_ERROR_ILLEGAL_ADDRESS &&
		row IS-005.residue ok 'n > 1 && least == 0' '^intact: ' control=ipc verdict=intact exited=1
}
lets_read() {
	run 0 IS-005 FAKECUDA_ISOLATION=broken &&
		row IS-005.pointer ok 'n > 10 && least > 16777000' '^broken: 16777216 bytes' verdict=broken &&
		row IS-005.residue ok 'n > 1 && least > 16777000' '^broken: 16777216 bytes' verdict=broken
}
shares_nothing() {
	run 0 IS-005 FAKECUDA_FAULTS="$1" && row IS-005.pointer ok 'least == 0' '^intact: ' control=own &&
		row IS-005.residue ok 'least == 0' '^intact: ' control=own
}
control_unseen() {
	run 1 IS-005 FAKECUDA_FAULTS=Copy:3=corrupt && row IS-005.pointer INVALID 'n == 0' '^the control was not seen' &&
		row IS-005.residue INVALID 'n == 0' '^the control was not seen'
}
crash_is_no_pass() {
	run 1 IS-005 FAKECUDA_FAULTS=MemcpyDtoH:20=crash && row IS-005.residue FAILED 1 'killed by signal' &&
		row IS-005.pointer FAILED 'n == 0' 'killed by signal'
}
fault_stays() {
	run 0 IS-010 && row IS-010 ok 'n > 0 && least > 0' '^$' 'alone_ms=.*'
}
fault_spreads() {
	run 1 IS-010 FAKECUDA_ISOLATION=faults && row IS-010 INVALID 'n == 0' '^not isolated: .*CUDA_ERROR_LAUNCH_FAILED'
}
errors_cost() {
	run 0 ERR && row ERR-001 ok 'n > 0 && least > 0' '^$' error=CUDA_ERROR_ILLEGAL_ADDRESS &&
		row ERR-002 ok 'n > 0 && least > 0' '^$' && row ERR-003 ok 'n > 0' '^$' 'refusals=.*'
}
errors_take_time() {
	run 0 ERR-001,ERR-002 FAKECUDA_FAULTS=StreamSynchronize=sleep20000,CtxCreate=sleep50000 &&
		row ERR-001 ok 'n > 0 && least >= 20000' '^$' && row ERR-002 ok 'n > 0 && least >= 50 && least < 20000' '^$'
}
# Natively nothing is lost; where refusals make the device slow, that is seen.
refusals_cost() {
	run 0 ERR-003 FAKECUDA_REFUSAL_TIRES=4800 && row ERR-003 ok 'n > 0 && least > 20 && most <= 100' '^$'
}
wrong_refusal() {
	run 1 ERR-003 FAKECUDA_FAULTS=MemAlloc:3=801 &&
		row ERR-003 INVALID 'n == 0' '^the refusal is CUDA_ERROR_NOT_SUPPORTED'
}
contentions() {
	run any IS-006,IS-007,IS-008,IS-009
	# That of eight slices is sqrt(8) at most.
	together IS-006 10 && together IS-007 16 'least >= 0 && most < 2.84' &&
		together IS-008 10 'least >= 0.25 && most <= 1' || return 1
	for of in memory-p50 memory-p99 compute-p50 compute-p99; do
		together IS-009.$of 10 || return 1
	done
}
# One of four gets next to nothing.
is_unfair() {
	rm -f "$dir/once"
	run any IS-008 FAKECUDA_FAULTS=Kernel=sleep4000 FAKECUDA_FAULTS_ONCE="$dir/once"
	together IS-008 10 'least > 0.2 && most < 0.97'
}
# Each request waits 20 ms, alone and beside a neighbour: that much is no loss.
requests_wait() {
	run any IS-009,IS-010,SCHED-004 FAKECUDA_FAULTS=StreamSynchronize=sleep20000
	row IS-010 ok 'n > 0 && least >= 20 && most < 20000' '^$' 'alone_ms=[2-9][0-9][.].*' || return 1
	for of in memory-p50 memory-p99 compute-p50 compute-p99; do
		together IS-009.$of 10 'least < 50' || return 1
	done
	together SCHED-004.tenant 10 && if grep -q '^SCHED-004.tenant.ok' "$dir/rows"; then
		row SCHED-004.tenant ok 1 '^$' 'alone=[2-9][0-9][0-9][0-9][0-9][.].*'
	fi
}
# The window is over when the neighbour's fault comes.
fault_is_late() {
	run 1 IS-010 FAKECUDA_FAULTS=Kernel:1=sleep600000 &&
		row IS-010 INVALID 'n == 0' '^each fault came after the victim.s last result$'
}
# What a victim copies to the host is in turns the count of its blocks and its results.
wrong_count() {
	run 1 IS-006 FAKECUDA_FAULTS=Copy:3=corrupt && row IS-006 INVALID 'n == 0' '^[0-9]* blocks finished, not [0-9]*$'
}
wrong_results() { # METRIC REASON
	run 1 "${1%.*}" FAKECUDA_FAULTS=Copy:2=corrupt && row "$1" INVALID 'n == 0' "$2"
}
scheduling() {
	run any SCHED-002,SCHED-003,SCHED-004
	row SCHED-002 ok 'n > 0 && least > 0' '^$' 'host=.*' && row SCHED-003.16 ok 'n > 0 && least > 0' '^$' 'kernel=.*' &&
		row SCHED-004.stream ok 'n > 0' '^$' 'alone=.*' && together SCHED-004.tenant 10
}
# The device's time for each launch, in us.
launches_take() {
	run 0 SCHED-002 FAKECUDA_FAULTS=Kernel=sleep200 && row SCHED-002 ok 'n > 0 && least >= 200 && least < 50000' '^$'
}
# Kernels that sleep run beside each other on any host.
streams_gain() {
	run 0 SCHED-003 FAKECUDA_FAULTS=Kernel=sleep2000 && row SCHED-003.2 ok 'n > 0 && least > 1.3' '^$' 'kernel=[0-9]*[0-9][0-9][0-9][0-9][.].*' &&
		row SCHED-003.16 ok 'n > 0 && least > 4' '^$'
}
# One CPU for both: the host's scheduler switches them, as a device's would.
switched() {
	run 0 SCHED-001 taskset -c "$(taskset -cp $$ | sed 's/.*[ ,-]//')" &&
		row SCHED-001 ok 'n > 2 && least > 0' '^$' 'slice_ms=.*' 'tick_ns=.*'
}
broken_context() {
	run 1 SCHED-003,ERR-003 FAKECUDA_FAULTS=Kernel:30=700 && row SCHED-003.2 FAILED 1 CUDA_ERROR_ILLEGAL_ADDRESS &&
		row ERR-003 FAILED 1 CUDA_ERROR_ILLEGAL_ADDRESS
}

ok "tenants that are kept apart are intact" keeps_apart
ok "memory that another reads is broken" lets_read
ok "without shared memory the control is the reader's own" shares_nothing IpcGetMemHandle=801
ok "so it is where the handle is refused" shares_nothing IpcOpenMemHandle=201
ok "a control that is not seen is INVALID" control_unseen
ok "a reader that crashes is FAILED, not intact" crash_is_no_pass
ok "a fault that stays where it is" fault_stays
ok "a fault that spreads is not isolated" fault_spreads
ok "errors are detected, recovered from and survived" errors_cost
ok "their time is in us, that of the recovery in ms" errors_take_time
ok "refusals that make the device slow" refusals_cost
ok "a refusal of another name is INVALID" wrong_refusal
ok "a fault behind all results is none" fault_is_late
ok "contentions" contentions
ok "one of four that gets little is unfair" is_unfair
ok "requests that wait, in their units" requests_wait
ok "a victim's wrong results are INVALID" wrong_results IS-006 '^1 of [0-9]* results are wrong$'
ok "so are those of one beside a fault" wrong_results IS-010 '1 of [0-9]* results are wrong$'
for of in IS-009.memory-p50 SCHED-003.2 SCHED-004.stream SCHED-004.tenant ERR-003; do
	ok "and those of $of" wrong_results $of '^1 of [0-9]* results are wrong$'
done
ok "and a kernel that did not end" wrong_count
ok "a launch, in us" launches_take
ok "launches, streams and preemption" scheduling
ok "streams gain what runs at once" streams_gain
ok "switches of one CPU" switched
ok "a context that breaks is FAILED" broken_context
plan
