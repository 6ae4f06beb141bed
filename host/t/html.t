#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# report.html and index.html as a browser shows them: every row with both of its charts, nothing
# loaded, nothing said on the console, light and dark, on a desk and on a phone. And `exitlab index`
# in archives that hold more than runs.
set -u

cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
. .ci/tap.sh

# is FILE LINE...: are these among its lines?
is() {
	file=$1
	shift
	for line in "$@"; do
		grep -qxF -- "$line" "$file" || return
	done
}

# no_line PATTERN FILE...: is no line of theirs like it?
no_line() {
	pattern=$1
	shift
	! grep -nE -- "$pattern" "$@"
}

# status WANTED COMMAND...: its output is in $dir/out and $dir/err.
status() {
	wanted=$1
	shift
	"$@" >"$dir/out" 2>"$dir/err"
	[ $? = "$wanted" ]
}

# An archive: a run with INVALID and WAIVED rows, two of the insn clock, one whose words are markup,
# and directories that are no runs.
exitlab=build/exitlab
results="$dir/results"
vmx=$results/vmx/20260101T000000Z-vmexit
odd=$results/odd/20260101T000000Z-vmexit
mkdir -p "$results/vmx" "$results/svm" "$results/odd" "$results/none/going.partial" "$results/none/stopped.failed" \
	"$results/none/empty" "$results/none/cut" "$results/none/foreign" "$results/none/\"><script>"
touch "$results/README.md"
build/host/t/make_records "$vmx" vmx 3000
build/host/t/make_records "$results/svm/1" svm 100
build/host/t/make_records "$results/svm/2" svm 100
build/host/t/make_records "$odd" tcg 200
sed -i 's/2026-11-21T06/2026-11-22T06/' "$results/svm/2/env.json"
markup='<script>console.error(1)</script><img src=x onerror=alert(1)>\\" onclick=\\"alert(1)'
sed -i "s|golden|$markup|; s|6.12.48-amd64|$markup|; s|microvm|$markup|; s|0123456789ab|$markup|" "$odd/env.json"
gpu=$dir/gpu
mkdir "$gpu"
cp host/t/golden/gpu/run.rec "$gpu"
sed "s|golden|$markup|" host/t/golden/gpu/env.json >"$gpu/env.json"
cp host/t/golden/gpu/summary.json "$gpu/reference.json"
for run in "$vmx" "$results/svm/1" "$results/svm/2" "$odd" "$gpu"; do
	$exitlab report "$run" >/dev/null 2>"$dir/err"
	ok "$(basename "$(dirname "$run")") has its page" test -s "$run/report.html"
done
echo "the guest <stopped>" >"$results/none/stopped.failed/reason.txt"
echo '{"schema": "exitlab-summary/1", "rows": [' >"$results/none/cut/summary.json"
echo '{"schema": "other/1"}' >"$results/none/foreign/summary.json"

ok "an index" status 0 $exitlab index "$results"
ok "says what it found" is "$dir/out" "$results/index.html: 4 runs; 6 other directories, listed with the reason"
cp "$results/index.html" "$dir/first.html"
$exitlab index "$results" >/dev/null
ok "the same runs give the same page" cmp "$results/index.html" "$dir/first.html"
ok "the newest run first" test "$(grep -o "./svm/./report" "$results/index.html" | tr "\n" " ")" = "./svm/2/report ./svm/1/report "
for line in 'stopped.failed</a>: the guest &lt;stopped&gt;' 'going.partial</a>: going on, or killed' \
	'empty</a>: no summary.json' 'cut</a>: summary.json:' 'foreign</a>: summary.json: its schema is not' \
	'&quot;&gt;&lt;script&gt;</a>: no summary.json'; do
	ok "not a run: ${line%%<*}" grep -qF "$line" "$results/index.html"
done
ok "an archive that is none" status 1 $exitlab index "$dir/nowhere"
ok "names what mends it" is "$dir/err" \
	"exitlab: $dir/nowhere: No such file or directory; make boot makes runs, RESULTS= names another place"
ok "two archives" status 2 $exitlab index "$results" "$results"
mkdir "$dir/full" "$dir/full/index.html"
ok "a page that cannot take its place" status 1 $exitlab index "$dir/full"
ok "leaves nothing behind" test "$(ls "$dir/full")" = index.html

for chromium in chromium chromium-browser google-chrome ''; do
	! command -v "${chromium:-true}" >/dev/null || break
done
if [ -z "$chromium" ]; then
	if [ -n "${CI-}${WERROR-}" ]; then
		ok "chromium is there; make deps installs it" false
	else
		skip "the pages in a browser" "no chromium; make deps installs it"
	fi
	plan
	exit
fi

# look SCHEME: what measure.html finds in the pages is in $dir/out, the console in $dir/err.
look() {
	url="file://$PWD/host/t/measure.html?vmx=file://$vmx/report.html&odd=file://$odd/report.html"
	timeout 120 "$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
		--disable-extensions --user-data-dir="$dir/profile" --allow-file-access-from-files \
		--blink-settings="preferredColorScheme=$1" --enable-logging=stderr --v=0 --dump-dom \
		"$url&svm=file://$results/svm/1/report.html&index=file://$results/index.html&gpu=file://$gpu/report.html" \
		>"$dir/out" 2>"$dir/err"
	sed -i 's/.*<pre id="findings">//' "$dir/out"
}

# The lines "NAME WIDTH row ID histogram ecdf" that a run's summary.json asks for.
rows_of() {
	awk -v name="$2" '/^      "id": / { gsub(/[",]/, "", $2); id = $2; if (seen++) print line; line = name " row " id " " }
		/^      "n": / { line = line "histogram ecdf " } END { print line }' "$1/summary.json"
}

# found NAME RUN WIDTH: all rows of the run and nothing else.
found() {
	grep "^$1 $3 row " "$dir/out" >"$dir/found"
	rows_of "$2" "$1 $3" | cmp -s - "$dir/found"
}

for scheme in light dark; do
	about "$scheme: "
	look "$([ $scheme = dark ]; echo $?)" # 0 is dark
	ok "the browser came to its end" grep -q '^end' "$dir/out"
	ok "nothing on the console" no_line CONSOLE "$dir/err"
	for width in 1150 390; do
		about "$scheme, $width pixels: "
		ok "rows and charts of a run with INVALID and WAIVED rows" found vmx "$vmx" $width
		ok "of one with the insn clock" found svm "$results/svm/1" $width
		ok "of one whose words are markup" found odd "$odd" $width
		ok "as many rows in the table" is "$dir/out" \
			"vmx $width table rows $(grep -c '^      "id": ' "$vmx/summary.json")"
		ok "all runs in the index" is "$dir/out" "index $width runs 4"
		ok "two of one host show how they went" is "$dir/out" \
			"index $width courses $(grep -c '^      "n": ' "$results/svm/1/summary.json")"
		ok "a GPU run: a distribution of each row with numbers, a line of each metric with points" is "$dir/out" \
			"gpu $width distributions $(grep -c '^      "n": ' "$gpu/summary.json")" "gpu $width sweeps 2"
		for page in vmx svm odd index gpu; do
			about "$scheme, $width pixels, $page: "
			ok "every link leads somewhere" is "$dir/out" "$page $width links to nothing 0"
			ok "no labels on each other" is "$dir/out" "$page $width charts whose labels collide 0"
			ok "charts and headings have names" is "$dir/out" "$page $width charts without a name 0" \
				"$page $width headings without scope 0"
			ok "nothing active, nothing loaded" is "$dir/out" "$page $width active elements 0" \
				"$page $width loaded 0"
			ok "no wider than the screen" is "$dir/out" "$page $width wider than the screen false"
			ok "has the colours asked for" is "$dir/out" \
				"$page $width dark $([ $scheme = dark ] && echo true || echo false)"
			ok "can be read" is "$dir/out" "$page $width enough contrast true"
		done
	done
	ok "on a phone the table scrolls in its box" is "$dir/out" "vmx 390 scrolling tables true"
done
about ""
ok "no address outside in a page" no_line "https?:|//[a-z]|@import|url\\(" \
	"$vmx/report.html" "$odd/report.html" "$gpu/report.html" "$results/index.html"
plan
