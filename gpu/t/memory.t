#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# BW, CACHE, PCIE and FRAG against the fake libcuda: their rows, what makes one INVALID or FAILED, and
# that data which came out wrong does. That their numbers are right, only a GPU can show; what is
# made of the numbers is in test_arithmetic.c.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

# measure LIST OPTION...: a quick run; $dir/out has "STATUS ID REASON" of each row and "ID.KEY=VALUE" of
# its facts, and of the least, the greatest and the median of its samples.
measure() {
	list=$1
	shift
	timeout 60 build/gpu/gpubench --libcuda build/gpu/libfakecuda.so --quiet --quick --select "$list" \
		--output "$dir/rec" "$@" 2>"$dir/err"
	status=$?
	build/gpu/t/print_record <"$dir/rec" 2>>"$dir/err" | awk -F '\t' '
		$1 == "INFO" || $1 == "DONE" { next }
		{ print $2, $1, $5; print $1 ".least=" $4 }
		{ for (i = 6; i < NF; i++) print $1 "." $i }' >"$dir/out"
}

# has_rows ID...: these and no others; fact ID KEY prints what it is.
has_rows() {
	awk '/^(ok|WAIVED|FAILED|INVALID) / { print $2 }' "$dir/out" >"$dir/rows"
	printf '%s\n' "$@" | cmp -s - "$dir/rows"
}
fact() {
	sed -n "s/^$1[.]$2=//p" "$dir/out" | head -n 1
}
# rows_are STATUS TEXT: all of them, each with the text in its reason.
rows_are() {
	! grep -E '^(ok|WAIVED|FAILED|INVALID) ' "$dir/out" | grep -qv "^$1 .*$2" && grep -q "^$1 " "$dir/out"
}
# What a loaded host may make of a device that is a thread of it, and nothing else.
unbroken() {
	! grep -E '^(WAIVED|FAILED|INVALID) ' "$dir/out" |
		grep -Evq 'worked together for|completed nothing|there is no sample|too close to tell|more than 2 % from'
}
# holds CONDITION: of numbers, as awk has them; one that is missing does not.
holds() { awk "BEGIN { exit !($1) }" 2>/dev/null; }
# Where the median latency lies between that of a hit, so many %, and of a miss is the median share, to the
# rounding of the facts.
share_is_seen() { # ID SHARE-OF-A-HIT
	set -- "$1" "$2" "$(fact "$1" latency_ns)" "$(fact "$1" hit_ns)" "$(fact "$1" miss_ns)"
	[ "$3" ] || return 0 # too close to tell, on a loaded host
	share="(($3 - $4) / ($5 - $4) * ($2 ? -100 : 100) + $2)"
	holds "$share > $(fact "$1" median) - 5 && $share < $(fact "$1" median) + 5"
}
same() { [ "$1" = "$2" ] && [ "$1" ]; }

measure BW-003,CACHE-001,CACHE-002
ok "one tenant's memory: every row is there" has_rows BW-003 CACHE-001.quarter CACHE-001.half CACHE-001.full \
	CACHE-001.double CACHE-001.quadruple CACHE-002.half CACHE-002.full CACHE-002.double
ok "none is broken" unbroken
ok "what was copied was looked at" [ "$(fact BW-003 verified)" -gt 0 ]
ok "the bandwidth of each number of blocks is told" [ "$(grep -c '^BW-003[.]gbs_' "$dir/out")" = 6 ]
ok "a chase of double the L2 went through it all" same "$(fact CACHE-001.double verified)" $((2 << 20))

for of in quarter full quadruple; do
	ok "the hits of $of are a share of its latency" share_is_seen CACHE-001.$of 100
done
ok "what is evicted is one, too" share_is_seen CACHE-002.double 0
ok "a latency is that of a step" holds "$(fact CACHE-001.full hit_ns) < 500"

measure BW-001,BW-002
ok "tenants together: every row is there" has_rows BW-001.1 BW-001.2 BW-001.4 BW-001.8 BW-002.2 BW-002.4 BW-002.8
ok "none is broken" unbroken
ok "fairness is that of the same windows" same "$(fact BW-001.4 verified)" "$(fact BW-002.4 verified)"

ok "and no more than 1" holds "$(fact BW-002.2 greatest) <= 1"

measure BW-004,CACHE-003,CACHE-004
ok "victims: every row is there" has_rows BW-004 CACHE-003 CACHE-004
ok "none is broken" unbroken

# Each copy takes as long as a sleep and little more, so it is known what that is in GB/s.
export FAKECUDA_FAULTS=Copy=sleep50000,Kernel=sleep50000
is_rate() { # ID TIMES-THE-BYTES SHARE: the best sample, and how much of it there is at least
	most="$(fact "$1" bytes) * $2 / 0.05 / 1e9"
	holds "$(fact "$1" greatest) <= $most && $(fact "$1" greatest) > $3 * $most"
}
measure BW-001
ok "a copy within the device counts twice, in GB/s" is_rate BW-001.1 2 0.55
measure PCIE-001,PCIE-002
ok "one to the device once" is_rate PCIE-001 1 0.05
ok "and one to the host" is_rate PCIE-002 1 0.05
measure PCIE-004 --plant-slowdown 3
ok "a pinned copy that takes three times as long makes the pageable one a third" holds "$(fact PCIE-004.h2d median) < 0.8"
unset FAKECUDA_FAULTS

measure FRAG
cp "$dir/out" "$dir/first"
ok "fragmentation: every row is there and ok" rows_are ok ''
ok "the trace has thousands of operations" [ "$(fact FRAG-001 operations)" = 2000 ]
ok "without a fault all comes back" [ "$(fact FRAG-003 least)" = 100 ]
ok "memory that knows no places does not fragment" same "$(fact FRAG-001 greatest)" 0
live=$(fact FRAG-001 live_bytes)
measure FRAG-001
ok "the next run has the same trace" same "$(fact FRAG-001 live_bytes)" "$live"

export FAKECUDA_FAULTS=MemAlloc:300+=sleep2000
measure FRAG-002
ok "allocations that take longer behind a trace are a loss, in percent" holds "$(fact FRAG-002 greatest) > 1000"

export FAKECUDA_FAULTS=Copy:2+=lose
measure BW-003,CACHE-001,PCIE-001,PCIE-004
ok "data that does not arrive makes a row INVALID, and the exit code 1" [ "$status" = 1 ]
ok "all of them" rows_are INVALID ''
ok "of a copy by the words that are wrong" grep -q '^INVALID BW-003 .* words are wrong' "$dir/out"
ok "of a chase by where it ended" grep -q '^INVALID CACHE-001.half a walk of .* ended at line' "$dir/out"
ok "of a transfer to the device likewise" grep -q '^INVALID PCIE-001 .* words are wrong' "$dir/out"
ok "of one to pageable memory as well" grep -q '^INVALID PCIE-004.d2h .* words are wrong' "$dir/out"

export FAKECUDA_FAULTS=Copy=corrupt
measure BW-001,PCIE-003,CACHE-001
ok "one wrong byte does, in windows" grep -q '^INVALID PCIE-003.d2h 1 of .* words are wrong' "$dir/out"
ok "also of tenants together" [ "$(grep -c '^INVALID BW-001.* words are wrong' "$dir/out")" = 4 ]
ok "of a chase by what the lines sum up to" grep -q '^INVALID CACHE-001.half the lines of the set sum up' "$dir/out"

export FAKECUDA_FAULTS=MemFree:20=leak
measure FRAG-003
ok "memory that does not come back shows" [ "$(fact FRAG-003 least)" != 100 ]

export FAKECUDA_FAULTS=MemAlloc=2
measure BW-003,CACHE-004,PCIE-004
ok "no memory is FAILED, with the driver's name of it" rows_are FAILED CUDA_ERROR_OUT_OF_MEMORY

export FAKECUDA_FAULTS=Kernel=719
measure BW,CACHE
ok "a kernel that breaks costs each row its number" rows_are FAILED CUDA_ERROR_LAUNCH_FAILED
ok "and none is missing" [ "$(grep -c ^FAILED "$dir/out")" = 19 ]
unset FAKECUDA_FAULTS
plan
