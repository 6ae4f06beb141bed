#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What exitlab gpumem shows: CSV, which says what the JSON says, in whole lines whatever ends it, and a
# page for scrapers, which does so too, and keeps nobody waiting.
# shellcheck disable=SC2086,SC2154 # what gpumem.sh sets; lists of words and commands
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
	cp build/host/t/gpumem_truth "$dir/ein-Programm-für" # cut amid a character
	timeout 120 $gpumem --csv -o "$dir/csv" --libcuda "$library" -- "$dir/ein-Programm-für" "$library" pairs 10 >"$dir/truth" 2>"$dir/err"
	ok "CSV: a name that is cut amid a character is UTF-8" iconv -f UTF-8 -t UTF-8 "$dir/csv" -o "$dir/out"
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

# A tracer that serves a page; sets url. Its standard error is descriptor 5.
serve() {
	$gpumem $mode -d 100 --json -o "$dir/json" --metrics "$@" 2>"$dir/attached" &
	tracer=$!
	children="$children $tracer"
	exec 5<"$dir/attached"
	read -r _ _ _ url <&5
	read -r line <&5
	case $url$line in http*tracing*) return 0 ;; esac
	return 1
}

scrape() { timeout 60 /usr/bin/python3 host/t/scrape.py "$@"; }

# Do the numbers of the page say what the JSON says of the same moment? It has no devices of a process.
page_is_exact() {
	numbers >"$dir/numbers"
	[ -s "$dir/page" ] && [ -z "$(grep -v -e ' leaked' -e '^beyond' -e '^[0-9]*/' -e '^all/.* failed' -e '^all/.* unknown_' \
		"$dir/numbers" | comm -23 - "$dir/page" | tee "$dir/out")" ]
}

answers() { # STATUS METHOD PATH [HEADER]: and the rest of what scrape.py says in $dir/said
	scrape status "$2" "${url%/metrics}$3" ${4+"$4"} >"$dir/said" && grep -q "^$1 " "$dir/said"
}

is_stopped() { grep -q '^State:[^A-Z]*T' "/proc/$1/status"; }

# A program that is stopped has the same numbers on the page and in the JSON that comes after it.
page_tests() {
	cp build/host/t/gpumem_truth "$dir/q\"b\\s"
	truth="$dir/q\"b\\s $library"
	start forever
	ok "$mode serves a page" serve "$1" -p "$target"
	until scrape page "$url" | grep '^total allocations [1-9]' >/dev/null || ! kill -0 "$tracer"; do :; done
	kill -s STOP "$target"
	until is_stopped "$target"; do :; done
	scrape page "$url" | sort >"$dir/page"
	ok "$mode a name with a quote and a backslash" [ "$(scrape comm "$url")" = 'q"b\s' ]
	ok "$mode HEAD has no body" answers 200 HEAD /metrics
	ok "$mode HEAD has no body: none" grep -q ' 0$' "$dir/said"
	ok "$mode another path" answers 404 GET /
	ok "$mode another method" answers 405 POST /metrics Allow
	ok "$mode another method: which ones" grep -q ' GET, HEAD ' "$dir/said"
	ok "$mode a port in use" fails_in_one_line 1 "in use" $gpumem --libcuda "$library" --metrics "$(echo "$url" | sed 's,http://,,; s,/metrics,,')" -- true
	kill -s INT "$tracer"
	ok "$mode ends well" wait "$tracer"
	ok "$mode the page says what the JSON says" page_is_exact
	kill -s KILL "$target"
	exec 3>&- 4<&- 5<&-
	wait "$runner" 2>/dev/null
	truth="build/host/t/gpumem_truth $library"
}

# A hundred that are silent, or say half a request: what is traced is exact, and the page comes.
crowd_tests() {
	serve 127.0.0.1:0 --libcuda "$library" -c gpumem_truth
	scrape crowd "$url" <"$dir/go" >"$dir/ready" 2>"$dir/err" &
	crowd=$!
	children="$children $crowd"
	exec 3>"$dir/go" 4<"$dir/ready"
	read -r line <&4
	ok "$mode a crowd comes" [ "$line" = ready ]
	$truth pairs 5000 2 >"$dir/truth"
	ok "$mode the page comes in a crowd" sh -c "/usr/bin/python3 host/t/scrape.py page '$url' >'$dir/page'"
	ok "$mode the page has it all" [ "$(awk '$1 " " $2 == "total allocations" { print $3 }' "$dir/page")" = 10000 ]
	kill -s INT "$tracer"
	ok "$mode ends in a crowd" wait "$tracer"
	ok "$mode in a crowd: exact" is_exact
	exec 3>&- 4<&- 5<&-
	wait "$crowd"
}

# A map with room for the pointers of one process and a half: those of one that has ended make room.
reclaim_tests() {
	serve 127.0.0.1:0 --libcuda "$library" -c gpumem_truth --max-pointers 150
	for turn in 1 2 3; do
		$truth pairs 1000 1 >"$dir/truth.$turn"
		scrape page "$url" >"$dir/page"
	done
	kill -s INT "$tracer"
	wait "$tracer"
	cat "$dir"/truth.[123] >"$dir/truth"
	ok "$mode pointers of processes that have ended make room" is_exact
	exec 5<&-
}

address_tests() {
	for address in 0.0.0.0:9000 192.0.2.1:9000 '[::]:9000' 127.0.0.1 127.0.0.1:65536 127.0.0.1:x ::1:9000 localhost:9000; do
		ok "no address of the loopback: $address" fails 2 "no port of the loopback" $gpumem --metrics "$address" -- true
	done
	mkdir "$dir/none" && : >"$dir/none/libmicrohttpd.so.12"
	ok "no libmicrohttpd" fails_in_one_line 77 "apt-get install libmicrohttpd12" \
		env LD_LIBRARY_PATH="$dir/none" $gpumem --libcuda "$library" --metrics 127.0.0.1:0 -- true
}

metrics_tests() {
	address_tests
	if ! /usr/bin/python3 -c 'import prometheus_client.openmetrics.parser' 2>"$dir/err"; then
		skip "pages" "$(tail -n 1 "$dir/err")"
		return
	fi
	for mode in "" --summary-only; do
		page_tests 127.0.0.1:0
		crowd_tests
	done
	reclaim_tests
	mode=
	[ ! -e /proc/net/if_inet6 ] || page_tests "[::1]:0"
}

can_trace ''
csv_tests
metrics_tests
plan
