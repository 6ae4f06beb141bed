#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The instrumentation overhead on a GPU: results right and hits exact under every probe that is built
# in, controls that must be seen. 77: there is no GPU. LIBCUDA=build/gpu/libfakecuda.so tries the
# script itself.
set -u

cd "$(dirname "$0")/../../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
ulimit -c 0
libcuda=(${LIBCUDA:+--libcuda "$LIBCUDA"})

build/gpu/vec_add "${libcuda[@]}" minimal >"$dir/out" 2>"$dir/err" || {
	status=$?
	echo "1..0 # SKIP $(cat "$dir/err")"
	exit $status
}
for size in tiny small medium large xlarge minimal; do
	build/gpu/vec_add "${libcuda[@]}" $size >"$dir/out" 2>"$dir/err"
	ok "the sums of $size are right" grep -q '^all sums are right' "$dir/out"
done

# overhead CONFIG: one round of it; $result has the files, $verdicts a line a case: verdict, name, reason.
overhead() {
	rm -rf "$dir/results"
	build/gpu/overhead "${libcuda[@]}" --results "$dir/results" --repeat 1 "$1" >"$dir/out" 2>"$dir/err"
	result=$(ls -d "$dir"/results/*/*-gpu-overhead)
	number=0 verdicts=()
	while verdict=$(at "tests.$number.verdict") && [ "$verdict" ]; do
		verdicts+=("$verdict	$(at "tests.$number.name")	$(at "tests.$number.reason")")
		number=$((number + 1))
	done
}
at() { build/gpu/t/json_at "$1" <"$result"/*_result.json 2>/dev/null; }
for config in bench_config bench_config_examples; do
	overhead gpu/probes/$config.json
	ok "$config.json has results" [ ${#verdicts[@]} -gt 5 ]
	# A verdict has its proof in it: results, and hits, each exact.
	for line in "${verdicts[@]}"; do
		IFS='	' read -r verdict name reason <<<"$line"
		case $verdict in
		WAIVED) skip "$name" "$reason" ;;
		*) ok "$name ${reason:+($reason)}" [ "$verdict" = ok ] ;;
		esac
	done
done

plant() { echo ", {\"name\": \"$1\", \"probe_binary_cmd\": \"\", \"workload\": \"medium\", \"baseline\": \"Baseline\",
	\"env\": {\"PLANT\": \"$1\", \"LD_PRELOAD\": \"$PWD/build/gpu/t/plant.so\"}}"; }
cat >"$dir/plant.json" <<CONFIG
{"workload_presets": {"medium": "10000 1000 256 40"}, "test_cases": [
{"name": "Baseline", "probe_binary_cmd": "", "workload": "medium"}
$(plant nothing; plant slow; plant crash; plant lose)]}
CONFIG
overhead "$dir/plant.json"
# 30 us, and what a launch varies by from process to process.
ok "a planted slowdown is seen" awk -v us="$(at tests.2.overhead.us)" 'BEGIN { exit !(us > 20) }'
ok "a planted crash is FAILED" grep -q "^FAILED	crash	.*signal 11" <(printf '%s\n' "${verdicts[@]}")
ok "sums that were not made are INVALID" grep -q "^INVALID	lose	.*sums are wrong" <(printf '%s\n' "${verdicts[@]}")
plan
