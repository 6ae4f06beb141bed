#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The GPU suite on a GPU: its contracts, its controls, its kernels under compute-sanitizer. With
# FULL=1 the controls take whole runs instead of quick ones. 77: there is no GPU.
# LIBCUDA=build/gpu/libfakecuda.so tries the script itself, which fails where numbers matter.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
quick=(--quick)
[ "${FULL-}" != 1 ] || quick=()
libcuda=(${LIBCUDA:+--libcuda "$LIBCUDA"})

build/gpu/gpubench "${libcuda[@]}" --select LLM --output /dev/null 2>"$dir/err" || {
	status=$?
	echo "1..0 # SKIP $(cat "$dir/err")"
	exit $status
}

# gpu NAME OPTION...: a run into $dir/NAME, its rows in $dir/NAME.rows. It may have rows that broke:
# those are tests of their own.
gpu() {
	mkdir -p "$dir/$1"
	build/exitlab gpu "${libcuda[@]}" --results "$dir/$1" "${@:2}" >"$dir/out" 2>"$dir/err"
	[ $? -le 1 ] && mv "$dir/$1"/*/*/* "$dir/$1" && build/gpu/t/print_record <"$dir/$1/run.rec" >"$dir/$1.rows"
}
# is_sound RUN: none of its rows is FAILED or INVALID. is_ok RUN ID. has RUN ID FACT.
is_sound() {
	awk -F '\t' '$2 == "FAILED" || $2 == "INVALID" { print $1 ": " $2 ": " $5 }' "$dir/$1.rows" >"$dir/out"
	[ ! -s "$dir/out" ]
}
is_ok() {
	grep "^$2	" "$dir/$1.rows" >"$dir/out" && [ "$(cut -f 2 "$dir/out")" = ok ]
}
has() {
	grep "^$2	" "$dir/$1.rows" >"$dir/out" && tr '\t' '\n' <"$dir/out" | grep -qxE "$3"
}
# verdicts FROM TO: "row verdict" of each row that both have, into $dir/verdicts.
verdicts() {
	rm -f "$dir/verdicts"
	build/exitlab compare --common "$dir/$1" "$dir/$2" >"$dir/out" 2>"$dir/err" &&
		awk '$1 ~ /^[A-Z]+-[0-9]/ { print $1, $NF }' "$dir/out" >"$dir/verdicts" && [ -s "$dir/verdicts" ]
}
# none VERDICT|VERDICT; all VERDICT ROW...: of what verdicts has.
none() {
	[ -s "$dir/verdicts" ] && ! grep -E " ($1)\$" "$dir/verdicts" >"$dir/out"
}
all() {
	local row
	[ $# -gt 1 ] || return 1
	for row in "${@:2}"; do
		grep -qxF "$row $1" "$dir/verdicts" || {
			grep "^$row " "$dir/verdicts" >>"$dir/err" || echo "$row is not compared" >>"$dir/err"
			return 1
		}
	done
}

about "contracts: "
ok "a run" gpu first "${quick[@]}"
ok "keeps all of them" is_sound first
ok "memory of another tenant is not read" has first IS-005.pointer verdict=intact
ok "nor what is left of it" has first IS-005.residue verdict=intact
ok "where what is shared is" has first IS-005.pointer control=ipc
for row in IS-006 IS-010 ERR-001 ERR-002 BW-001.1 PCIE-001 PCIE-002 SCHED-001; do
	ok "$row was measured" is_ok first $row
done
for row in BW-001.1 PCIE-001 PCIE-002; do
	ok "$row looked at its data" has first $row 'verified=[1-9][0-9.e+]*'
done

about "controls: "
ok "the same again" gpu second "${quick[@]}"
ok "is compared" verdicts first second
# Others may have the host for a while in one of two runs: a row that differs has to do so once more.
differs_once_at_most() {
	local row
	none "SLOWER|FASTER" && return
	cp "$dir/out" "$dir/differ" && gpu third "${quick[@]}" && verdicts second third || return
	while read -r row _; do
		! grep -qE "^$row (SLOWER|FASTER)\$" "$dir/verdicts" || return
	done <"$dir/differ"
}
ok "is never SLOWER nor FASTER" differs_once_at_most
[ ${#quick[@]} != 0 ] || ok "and always SAME" none UNSURE
throughputs=$(awk -F '\t' '/unit=(GB|1)\/s/ && $2 == "ok" { print $1 }' "$dir/first.rows")
# shellcheck disable=SC2086 # a list
ok "twice the work" gpu planted "${quick[@]}" --plant-slowdown 2 --select "$(echo $throughputs | sed 's/[.][^ ]*//g; s/ /,/g')"
ok "is compared" verdicts first planted
# shellcheck disable=SC2086 # a list
ok "is SLOWER in every throughput" all SLOWER $throughputs

about "a limiter: "
if [ -e build/gpu/liblimiter.so ]; then
	ok "a run" gpu limited --quick --system limiter --preload "$PWD/build/gpu/liblimiter.so" --mem-limit 4g --sm-limit 50 \
		--select OH-005,OH-007,OH-008,IS-001,IS-002,IS-003,IS-004
	ok "keeps its contracts" is_sound limited
	ok "is measured" is_ok limited IS-001
	ok "is told apart by what a call costs" is_ok limited OH-005.launch
else
	skip "a run" "no build/gpu/liblimiter.so"
fi

# What the sanitizer says of each process that it ran.
about "memcheck: "
is_clean() {
	grep -q 'ERROR SUMMARY: 0 errors' "$dir/check" && ! grep 'ERROR SUMMARY: [1-9]' "$dir/check"
}
if command -v compute-sanitizer >/dev/null && [ -z "${LIBCUDA-}" ]; then
	compute-sanitizer --tool memcheck --target-processes all build/gpu/gpubench --quick --patience 300 --output "$dir/rec" \
		--select OH-001,OH-002,OH-010,IS-006,BW-003,CACHE-001,PCIE-001,SCHED-002,SCHED-003 >"$dir/check" 2>&1
	tail -n 40 "$dir/check" >"$dir/out"
	ok "no kernel reaches beyond its memory" is_clean
else
	skip "no kernel reaches beyond its memory" "no compute-sanitizer: the CUDA toolkit has it"
fi
plan
