#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What exitlab gpumem shows: CSV, which says what the JSON says, in whole lines whatever ends it.
# shellcheck disable=SC2086 # lists of words and commands
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
. host/t/gpumem.sh

# Each line of the file has as many fields as the first one; names of the tests have no commas.
is_csv() {
	[ "$(awk -F, '{ print NF }' "$1" | sort -u | wc -l)" = 1 ] && [ -z "$(tail -c 1 "$1")" ]
}

# The numbers of the last rows, as those of the JSON.
csv_numbers() {
	awk -F, 'NR == 1 { for (i = 5; i <= NF; i++) name[i] = $i; next }
		{
			of = $2 == "" ? "total" : $2
			for (i = 5; i <= NF; i++)
				if ($i != "" && name[i] ~ /^lost_/)
					last["lost " substr(name[i], 6)] = $i
				else if ($i != "")
					last[of " " name[i]] = $i
		}
		END { for (key in last) print key, last[key] }' "$1" | sort
}

csv_is_exact() {
	csv_numbers "$dir/csv" >"$dir/numbers"
	truths "$dir/truth" >"$dir/expected"
	is_balanced && [ -z "$(comm -23 "$dir/expected" "$dir/numbers" | tee "$dir/out")" ]
}

csv_tests() {
	ok "CSV or JSON" fails 2 "one of them" $gpumem --csv --json -- true
	for mode in "" --summary-only; do
		timeout 120 $gpumem $mode --csv -i 0.05 -o "$dir/csv" --libcuda "$library" -- $truth children 3000 2 \
			>"$dir/truth" 2>"$dir/err"
		ok "$mode rows of CSV" is_csv "$dir/csv"
		ok "$mode CSV: exact" csv_is_exact
		ok "$mode CSV: several moments" [ "$(grep -c ',total,' "$dir/csv")" -gt 2 ]
		ok "$mode CSV: the end of a process is one row" [ "$(grep -c ',exited,' "$dir/csv")" = 3 ]
		ok "$mode CSV: times in UTC" [ -z "$(sed 1d "$dir/csv" | grep -v -E '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}\.[0-9]{6},')" ]
	done
	mode=
	cp build/host/t/gpumem_truth "$dir/a,\"b"
	timeout 120 $gpumem --csv -o "$dir/csv" --libcuda "$library" -- "$dir/a,\"b" "$library" pairs 10 >"$dir/truth" 2>"$dir/err"
	ok "CSV: a name with a comma and a quote" grep -q ',"a,""b",exited,' "$dir/csv"
	timeout 120 $gpumem --csv --events -o "$dir/csv" --libcuda "$library" -- $truth pairs 100 2 >"$dir/truth" 2>"$dir/err"
	ok "CSV: a row a call" [ "$(grep -c -E '^[0-9]+\.[0-9]{9},[0-9]+,cuMem[A-Za-z_0-9]+,0x[0-9a-f]+,[0-9]+,0$' "$dir/csv")" = 380 ]
	ok "CSV: of events in whole lines" is_csv "$dir/csv"
	ok "CSV: the table beside them" grep -q '^ *1  in all  *200  *180 ' "$dir/err"
	ok "CSV: a full disk" fails 1 "No space left" $gpumem --csv -i 0.01 -o /dev/full --libcuda "$library" -- \
		sh -c "$truth pairs 20000 >/dev/null"
	for options in "-i 0.01" --events; do
		start forever
		$gpumem -p "$target" --csv $options >"$dir/csv" 2>"$dir/attached" &
		tracer=$!
		children="$children $tracer"
		exec 5<"$dir/attached"
		read -r _ <&5
		while [ "$(wc -l <"$dir/csv")" -lt 100 ] && kill -0 "$tracer"; do :; done
		kill -s INT "$tracer"
		ok "SIGINT of CSV $options: ends well" wait "$tracer"
		ok "SIGINT of CSV $options: whole lines" is_csv "$dir/csv"
		kill "$target"
		exec 3>&- 4<&- 5<&-
		wait "$runner" 2>/dev/null
	done
}

can_trace
csv_tests
plan
