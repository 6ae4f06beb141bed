#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab compare on golden runs: what it prints, what it refuses, and its exit codes. That its
# verdicts are right is in test_estimate.c and test_compare.c.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
cleanup() {
	umount "$dir/full" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
vmx=host/t/golden/2-vmx # clock tsc; two rows are INVALID, one is WAIVED
svm=host/t/golden/1-svm # clock insn
tcg=host/t/golden/2-tcg # clock tsc, emulated

compare() {
	build/exitlab compare "$@" >"$dir/out" 2>"$dir/err"
}

# gives STATUS OPTION...: it ends so, with nothing on stderr; fails STATUS MESSAGE OPTION...: with one
# line that has the message; prints MESSAGE: it is in the output.
gives() {
	status=$1
	shift
	compare "$@"
	[ $? = "$status" ] && [ ! -s "$dir/err" ]
}
fails() {
	status=$1 message=$2
	shift 2
	compare "$@"
	[ $? = "$status" ] && [ "$(grep -c '^exitlab' "$dir/err")" = 1 ] && grep -qF -e "$message" "$dir/err"
}
prints() {
	grep -qE -e "$1" "$dir/out"
}

# change NAME FROM SED-EXPRESSION: a run made from another by a change of its summary.
change() {
	mkdir "$dir/$1"
	sed "$3" "$2/summary.json" >"$dir/$1/summary.json"
}

ok "a run is the same as itself, to the instruction" gives 0 $svm $svm
ok "in every row" prints '^15 rows: 15 SAME$'
ok "nothing else differs" prints '^differ  nothing'
ok "or with its summary.json" gives 0 --fail-slower $svm/summary.json $svm

change longer $svm '/"id": "kernel.cpuid"/,/"verdict"/s/2787/2788/'
change kernel $svm 's/6.12.48-amd64/6.1.0/'
ok "another kernel is no reason to refuse" gives 0 $svm "$dir/kernel"
ok "but is shown" prints '^differ  setup.kernel: 6.12.48-amd64 -> 6.1.0$'
ok "one instruction more is SLOWER" gives 0 $svm "$dir/longer"
ok "in its row" prints '^kernel.cpuid +2787 +2788 +\+1 +1.0004 +SLOWER$'
ok "and only there" prints '^15 rows: 14 SAME, 1 SLOWER$'
ok "which fails where that was asked for" fails 1 'SLOWER: 1;' --fail-slower $svm "$dir/longer"
ok "one less is FASTER, and does not" gives 0 --fail-slower "$dir/longer" $svm
ok "with a margin it is SAME" gives 0 --fail-slower --margin 0.1 $svm "$dir/longer"
for name in base other; do
	[ $name = base ] && from=$svm || from=$dir/longer
	sed 's/"lower"/"higher"/' "$from/summary.json" >"$dir/$name.json"
done
ok "where higher is better, more is FASTER" gives 0 --fail-slower "$dir/base.json" "$dir/other.json"
ok "which is said" prints '^kernel.cpuid .* FASTER$'
sed '/"id": "kernel.cpuid"/,/"verdict"/{/"p50_ci95"/{n;s/2788/2787/;}}' "$dir/longer/summary.json" >"$dir/waits.json"
ok "a row that waits is not exact" gives 0 $svm "$dir/waits.json"
ok "and has its interval" prints '^kernel.cpuid .* 1.0000 to 1.0004 +UNSURE$'
ok "several are held against the base" gives 0 $svm "$dir/longer" "$dir/kernel"
ok "each by itself" [ "$(grep -c '^with ' "$dir/out")" = 2 ]

change waived $svm '/"id": "user.outb"/,/"verdict"/{/"id"/!d;s/$/"unit": "insns", "better": "lower", "verdict": "WAIVED",/}'
ok "a row that is WAIVED now is not compared" gives 0 $svm "$dir/waived"
ok "and says why" prints '^NOT COMPARED: .*/waived: WAIVED: .*\(user.outb\)'
ok "a number that is lost is no pass" fails 1 'in the base only: 1' --fail-slower $svm "$dir/waived"
ok "one that is new is" gives 0 --fail-slower "$dir/waived" $svm

ok "cycles have intervals" gives 0 $vmx $vmx
ok "which are printed" prints '^user.outb +9388 +9388 +0 +1.0000 +0.9882 to 1.0120 +UNSURE$'
ok "INVALID and WAIVED rows are not compared" prints '^15 rows: 12 UNSURE, 3 NOT COMPARED$'
change later $vmx 's/06:26:00/07:26:00/'
change latest $vmx 's/06:26:00/08:26:00/'
ok "several runs are one side" gives 0 "$vmx,$dir/later" "$dir/latest"
ok "all of them are named" prints '^        .*/later \(golden, 2026-11-21T07:26:00Z\)$'
ok "the same run twice is not several" fails 1 'are the same run' "$vmx,$vmx" "$dir/later"
cp -r $vmx "$dir/a,b"
ok "a comma may be part of a name" gives 0 "$dir/a,b" $vmx

ok "--json is JSON" sh -c "build/exitlab compare --json $vmx $dir/later >$dir/json && grep -q '\"schema\": \"exitlab-compare/1\"' $dir/json"
ok "--markdown is a table" gives 0 --markdown $vmx "$dir/later"
ok "of all rows" [ "$(grep -cE '^\| (user|kernel|syscall)' "$dir/out")" = 15 ]
if command -v gnuplot >/dev/null; then
	ok "--svg draws" gives 0 --svg "$dir/plot.svg" $vmx "$dir/later"
	ok "a panel for each row that was compared" \
		[ "$(grep -cE '<text.*(user|kernel|syscall)\..*: UNSURE' "$dir/plot.svg")" = 12 ]
	cp "$dir/plot.svg" "$dir/old.svg"
	mkdir "$dir/full"
	if mount -t tmpfs -o size=8k none "$dir/full" 2>/dev/null; then
		echo old >"$dir/full/plot.svg"
		ok "a full disk is said" fails 1 'No space left' --svg "$dir/full/plot.svg" $vmx "$dir/later"
		ok "and leaves what was there" [ "$(cat "$dir/full/"*)" = old ]
	else
		skip "a full disk" "not root"
	fi
	ok "a directory that is not there is said" fails 1 'No such file' --svg "$dir/no/plot.svg" $vmx $vmx
	ok "no plot without a histogram is made up" sh -c "
		sed '/\"histogram\"/,/^      \\]/d' $vmx/summary.json >$dir/without.json &&
		build/exitlab compare --svg $dir/plot.svg $vmx $dir/without.json >/dev/null &&
		grep -q 'percentiles only' $dir/plot.svg"
else
	skip "--svg" "no gnuplot"
fi
mkdir "$dir/bin"
ok "without gnuplot that is said" sh -c "PATH=$dir/bin build/exitlab compare --svg $dir/none.svg $vmx $dir/later \
	>$dir/out 2>$dir/err; [ \$? = 77 ] && grep -q 'gnuplot is not installed' $dir/err"
ok "and the table is printed" prints '^user.outb '

ok "clocks that differ" fails 1 'the clocks differ: tsc in' $vmx $svm
ok "times under emulation" fails 1 'times under emulation mean nothing' $tcg $tcg
ok "one emulated, one not" fails 1 'emulated of the hosts differ' $vmx $tcg
change unit $vmx '0,/"unit": "cycles"/s//"unit": "ns"/'
ok "units that differ" fails 1 'user.empty: unit differ: cycles in' $vmx "$dir/unit"
change kind $vmx 's/"vmexit"/"floor"/'
ok "kinds that differ" fails 1 'the kinds differ: vmexit in' $vmx "$dir/kind"
change rows $vmx 's/"id": "user.outb"/"id": "user.other"/'
ok "rows that differ" fails 1 "only in $vmx: user.outb; only in $dir/rows: user.other" $vmx "$dir/rows"
ok "unless the others are asked for" gives 0 --common $vmx "$dir/rows"
ok "and those left out are named" prints '^not in all runs, left out: user.outb, user.other$'
change none $vmx 's/"id": "/&x/'
ok "no row in common is no comparison" fails 1 'no row could be compared' --common $vmx "$dir/none"
change ab $vmx 's/"vmexit"/"isolation-ab"/;s/"id": "\(.*\)"/"id": "\1, plain"/'
ok "another kind is compared with its own" gives 0 "$dir/ab" "$dir/ab"

# A GPU run: rows with a ratio and rows about zero, and some that did not run.
gpu=host/t/golden/gpu
ok "times without a GPU" fails 1 'there was no GPU behind them' $gpu $gpu
change real $gpu 's/"emulated": true/"emulated": false/'
change slow "$dir/real" 's/"system": "native"/"system": "limiter"/'
ok "a GPU run is the same as itself" gives 0 --fail-slower "$dir/real" "$dir/real"
ok "in every row that ran" prints '^14 rows: 9 SAME, 5 NOT COMPARED$'
ok "rows about zero by difference" prints '^OH-007 +ns +-1.1830 +-1.1830 +0 +- +-16.5110 to \+16.5110 +50 ns +SAME$'
ok "others by ratio, with a margin of their own" prints '^BW-001.8 +GB/s .* 5 %  SAME$'
ok "what is planned takes a line" [ "$(grep -c LLM-001 "$dir/out")" = 1 ]
ok "systems are compared" gives 0 "$dir/real" "$dir/slow"
ok "and named" prints '^differ  setup.system: native -> limiter$'
change leak "$dir/real" '/"IS-005.pointer"/,/"verdict"/s/\<0\.0\>/4096/'
ok "bytes that leak are SLOWER" fails 1 'SLOWER: 1;' --fail-slower "$dir/real" "$dir/leak"

: >"$dir/empty.json"
ok "an empty file" fails 1 'empty.json:' $vmx "$dir/empty.json"
head -c 5000 $vmx/summary.json >"$dir/cut.json"
ok "a truncated one" fails 1 'cut.json:' $vmx "$dir/cut.json"
ok "a run without a summary" fails 1 'summary.json: No such file' $vmx "$dir/bin"
ok "a run that is not there" fails 1 'no/such/run: No such file' $vmx no/such/run
ok "a file that is none" fails 1 'not the summary of a run' $vmx $vmx/proof.json
ok "an empty name among several" fails 1 'an empty name' "$vmx,," $vmx
for value in -5 1e999 NaN '"9"' 99999999999999999999; do
	sed '0,/"p50": [0-9]*/s//"p50": '"$value"/ $vmx/summary.json >"$dir/odd.json"
	ok "a median of $value" fails 1 'odd.json' $vmx "$dir/odd.json"
done
printf '{"schema": "\033[31m"}' >"$dir/red.json"
ok "no file steers the terminal" sh -c "! build/exitlab compare $vmx $dir/red.json 2>&1 | grep -q '[[:cntrl:]]'"

ok "one run is no comparison" fails 2 'which runs' $vmx
ok "a margin is a number" fails 2 'margin' --margin 1x $vmx $vmx
ok "of some size" fails 2 'margin' --margin -1 $vmx $vmx
ok "one form at a time" fails 2 'either' --json --markdown $vmx $vmx
ok "a full device is said" sh -c "! build/exitlab compare $vmx $vmx >/dev/full 2>$dir/err && grep -q written $dir/err"
ok "make compare compares" sh -c "make -n compare A=$svm B=x,y | grep -qx \"build/exitlab compare '$svm' 'x,y'\""
ok "two runs" sh -c "! make -n compare A=$svm 2>&1 | grep -q '^build/exitlab' && make -n compare 2>&1 | grep -q 'name two runs'"
plan
