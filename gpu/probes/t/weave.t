#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The weaver as a filter: golden output, what it refuses, and that ptxas takes what it makes of every
# kernel here. UPDATE=1 writes the golden files anew, to be looked at in the diff.
set -u

cd "$(dirname "$0")/../../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
weave=build/gpu/weave
golden=gpu/probes/t/golden
made=build/gpu/probes/t
ptxas=$(PATH=$PATH:/usr/local/cuda/bin command -v ptxas)
mapfile -t probes < <("$weave" --list | cut -d ' ' -f 1)

# weaves INPUT OPTION...: into $dir/woven.
weaves() {
	"$weave" --counts "${@:2}" <"$1" >"$dir/woven" 2>"$dir/err"
}
# weaves_so "KEY=N ..." INPUT OPTION...: it says that it wove so much.
weaves_so() {
	local count
	weaves "${@:2}" || return 1
	for count in $1; do
		tr ' ' '\n' <"$dir/err" | grep -qx "$count" || return 1
	done
}
# warns MESSAGE INPUT OPTION...: weaves, and says so.
warns() {
	weaves "${@:2}" && grep -qF -e "$1" "$dir/err"
}
is_golden() {
	weaves $golden/kernel.ptx "$1" || return 1
	[ "${UPDATE-}" != 1 ] || cp "$dir/woven" "$golden/$1.ptx"
	diff "$golden/$1.ptx" "$dir/woven" >"$dir/out"
}
# fails STATUS MESSAGE INPUT OPTION...: so, with one line, and nothing on stdout.
fails() {
	"$weave" "${@:4}" <"$3" >"$dir/out" 2>"$dir/err"
	[ $? = "$1" ] && [ ! -s "$dir/out" ] && grep -qF -e "$2" "$dir/err" &&
		{ [ "$1" = 2 ] || [ "$(wc -l <"$dir/err")" = 1 ]; }
}
is_documented() {
	"$weave" --help >"$dir/out" && grep -q -e --kernel "$dir/out" &&
		[ ${#probes[@]} -ge 11 ] && [ "$("$weave" --list | grep -c '^[a-z]* *[a-z].*[a-z]$')" = ${#probes[@]} ]
}
is_said() {
	"$weave" both <$golden/kernel.ptx 2>"$dir/err" >/dev/full
	[ $? = 1 ] && grep -q 'stdout: No space left' "$dir/err"
}
has_sites() {
	"$weave" memtrace --sites "$dir/sites" <$golden/kernel.ptx >/dev/null 2>"$dir/err" &&
		diff "$dir/sites" - >"$dir/out" <<-'END'
			0 16 load 4
			1 29 load 16
			2 29 store 8
			3 33 store 4
			4 38 load 1
		END
}

about "weave: "
for probe in both timer memtrace; do
	ok "the golden kernel under $probe" is_golden $probe
done
ok "lists and explains itself" is_documented
ok "says what it wove" weaves_so "kernels=2 entries=2 exits=5 loads=0" $golden/kernel.ptx both
ok "numbers accesses" has_sites
ok "sees one kernel alone" weaves_so "kernels=1 entries=1 exits=2" $golden/kernel.ptx both --kernel nothing
ok "says what it does not see" warns "1 places that the probe does not see, the first in line 15" $golden/kernel.ptx timer
ok "a full disk" is_said
ok "no such probe" fails 2 'no probe nosuch' /dev/null nosuch
ok "no probe at all" fails 2 'name a probe' /dev/null
ok "two probes" fails 2 'one probe at a time' /dev/null entry exit
ok "no input" fails 1 'empty' /dev/null entry
ok "no PTX" fails 1 'line 1: no statement of PTX' README.md entry
ok "no such kernel" fails 1 'no kernel nosuch' $golden/kernel.ptx entry --kernel nosuch
printf '.version 7.0\n.target sm_75\n.address_size 64\n.entry k()\n{\n\tmov.u32 %%r1, 5\n}\n' >"$dir/broken"
ok "broken PTX, with its line" fails 1 'line 6: this does not end, or lacks its semicolon' "$dir/broken" entry
"$weave" entry <$golden/kernel.ptx >"$dir/once"
ok "woven PTX" fails 1 'woven already' "$dir/once" exit
ok "sites that cannot be written" fails 1 'No such file' $golden/kernel.ptx memtrace --sites "$dir/no/such"

# assembles ARCHITECTURE: what was woven last.
assembles() {
	"$ptxas" -arch="sm_$1" -o /dev/null "$dir/woven" >"$dir/out" 2>&1
}
# all_assemble INPUT ARCHITECTURE...: under all probes.
all_assemble() {
	local probe architecture
	for probe in "${probes[@]}"; do
		weaves "$1" "$probe" --generic --atomics || return 1
		for architecture in "${@:2}"; do
			assembles "$architecture" || {
				echo "$1 under $probe, sm_$architecture" >>"$dir/out"
				return 1
			}
		done
	done
}
# spills_nothing INPUT: registers of no kernel go to memory under probes that only count.
spills_nothing() {
	local probe
	for probe in empty entry exit both; do
		weaves "$1" $probe && "$ptxas" -v -arch=sm_90 -o /dev/null "$dir/woven" >"$dir/out" 2>&1 || return 1
		! grep -E '[1-9][0-9]* bytes spill' "$dir/out" || return 1
	done
}

about "ptxas: "
names=(
	"the golden kernel assembles under every probe"
	"vec_add, reduction, gemm, stencil and four more assemble under every probe for each architecture"
	"the suite's kernels for sm_75 assemble under every probe"
	"the suite's kernels for sm_90 assemble under every probe"
	"counting spills no register"
	"vec_add has three accesses"
	"gemm has three"
	"stencil has six"
	"matrices that are stored at once are said not to be seen"
)
if [ -z "$ptxas" ] || [ ! -s $made/kernels.ptx ]; then
	for name in "${names[@]}"; do
		skip "$name" "neither nvcc nor ptxas: the CUDA toolkit has them"
	done
	plan
	exit 0
fi
ok "${names[0]}" all_assemble $golden/kernel.ptx 75 90
ok "${names[1]}" all_assemble $made/kernels.ptx 75 80 90
ok "${names[2]}" all_assemble $made/suite_75.ptx 75
ok "${names[3]}" all_assemble $made/suite_90.ptx 90
ok "${names[4]}" spills_nothing $made/kernels.ptx
ok "${names[5]}" weaves_so "loads=2 stores=1" $made/kernels.ptx memtrace --kernel vec_add
ok "${names[6]}" weaves_so "loads=2 stores=1" $made/kernels.ptx memtrace --kernel gemm
ok "${names[7]}" weaves_so "loads=5 stores=1" $made/kernels.ptx memtrace --kernel stencil
ok "${names[8]}" warns "does not see" $made/suite_90.ptx memtrace --kernel gemm --generic
plan
