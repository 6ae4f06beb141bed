#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What exitlab gpumem traces: children and new programs of a running process, a library that is loaded
# again or was replaced on the disk; what it does not; and that it may be ended at any time.
# shellcheck disable=SC2086,SC2154 # what gpumem.sh sets; lists of words and commands
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
. host/t/gpumem.sh

# Lets the program that was started go on, and takes its truth, and the tracer's totals.
finish() {
	echo >&3
	exec 3>&-
	cat <&4 >"$dir/truth"
	exec 4<&-
	wait "$runner"
	wait "$tracer"
}

# A shell that becomes a program that has children: an exec, then forks.
follow_tests() {
	calls=$truth
	truth="sh -c 'echo ready \$\$; read -r _; exec $calls children 500 2'"
	for follow in --follow ""; do
		timeout 120 sh -c "echo ready \$\$; read -r _; exec $calls children 500 2" <"$dir/go" >"$dir/ready" 2>"$dir/truth.err" &
		runner=$!
		children="$children $runner"
		exec 3>"$dir/go" 4<"$dir/ready"
		read -r _ target <&4
		ok "attaches to a shell $follow" attach -p "$target" --libcuda "$library" $follow
		finish
		if [ "$follow" ]; then
			ok "follows an exec and forks: exact" is_exact
			ok "follows an exec and forks: three processes" [ "$(grep -c '"pid"' "$dir/json")" = 3 ]
		else
			ok "without --follow: one process" [ "$(grep -c '"pid"' "$dir/json")" = 1 ]
			ok "without --follow: that one" [ "$(number "$target" allocations)" = 1 ]
		fi
	done
	truth=$calls
}

# The maps of a process write a newline as \012.
newline_tests() {
	calls=$truth
	mkdir "$dir/a
b" && cp "$library" "$dir/a
b"
	echo "cd '$dir/a
b' && exec '$PWD/build/host/t/gpumem_truth' ./libcuda.so.1 \"\$@\"" >"$dir/run"
	truth="sh $dir/run"
	start attached 500
	ok "attaches to a library with a newline in its path" attach -p "$target"
	finish
	ok "of a path with a newline: exact" is_exact
	truth=$calls
}

# The file that a process has loaded is not the one that has its name now.
replaced_tests() {
	start attached 500
	old=$target
	cp build/gpu/libfakecuda.so "$dir/new"
	mv "$dir/new" "$library"
	$truth pairs 10 >"$dir/other"
	ok "attaches to what was replaced on the disk" attach -p "$old"
	ok "and says which file that is" grep -q "tracing /proc/$old/map_files/" "$dir/err"
	finish
	ok "of a file that was replaced: exact" is_exact
	start attached 500
	cp build/gpu/libfakecuda.so "$dir/new"
	mv "$dir/new" "$library"
	ok "attaches to the new file" attach --libcuda "$library" -d 100
	$truth pairs 10 1 >"$dir/other"
	echo >&3
	exec 3>&-
	cat <&4 >"$dir/truth"
	wait "$runner"
	kill -s INT "$tracer"
	wait "$tracer"
	cp "$dir/other" "$dir/truth"
	ok "of the new file: exact" is_exact
	ok "of the old file: not traced" [ "$(grep -c '"pid"' "$dir/json")" = 1 ]
	$gpumem --libcuda "$library" -o "$dir/json" -- sh -c "cp '$library' '$dir/new' && mv '$dir/new' '$library'" 2>"$dir/err"
	ok "says that it was replaced during the trace" grep -q "^exitlab: warning: $library was replaced meanwhile" "$dir/err"
}

narrow_tests() {
	printf '%s\n' '.globl _start' "_start: mov \$29, %eax" "int \$0x80" 'jmp _start' | as --32 -o "$dir/narrow.o" - 2>"$dir/err" &&
		ld -m elf_i386 -o "$dir/narrow" "$dir/narrow.o" 2>"$dir/err"
	"$dir/narrow" 2>"$dir/err" &
	narrow=$!
	children="$children $narrow"
	# Until it is that program, or has ended since it cannot be.
	until [ ! -e "/proc/$narrow/exe" ] || [ "$(readlink "/proc/$narrow/exe")" = "$dir/narrow" ]; do :; done
	if kill -0 "$narrow" 2>/dev/null && [ -e "/proc/$narrow/exe" ]; then
		ok "a 32-bit program" fails_in_one_line 77 "32-bit program" $gpumem -p "$narrow"
		kill "$narrow"
	else
		skip "a 32-bit program" "the kernel runs none"
	fi
}

# Our programs in the kernel: those with the tag that ours have, whoever traces besides.
ours() { PATH=$PATH:/usr/sbin bpftool prog show name on_return 2>/dev/null | grep -o "tag $tag" | wc -l; }

# A signal at any moment from the start on.
moments_tests() {
	start forever
	attach -p "$target"
	tag=$(PATH=$PATH:/usr/sbin bpftool prog show id "$(sed -n 's/^prog_id:[^0-9]*//p' /proc/"$tracer"/fdinfo/* | sort -n | tail -n 1)" | sed -n 's/.*tag \([0-9a-f]*\).*/\1/p')
	kill -s KILL "$tracer"
	wait "$tracer" 2>/dev/null
	left=0 hung=0
	for signal in INT TERM KILL; do
		for moment in 0.005 0.02 0.04 0.06 0.08 0.1 0.12 0.15 0.2 0.3; do
			timeout -s $signal -k 20 $moment $gpumem -p "$target" -o "$dir/json" 2>"$dir/err"
			[ $? != 137 ] || [ $signal = KILL ] || hung=$((hung + 1))
			left=$((left + $(ours)))
		done
	done
	ok "ends at any moment" [ $hung = 0 ]
	ok "nothing is left whenever it ended" [ $left = 0 ]
	ok "and the process goes on" kill -0 "$target"
	kill "$target"
	exec 3>&- 4<&-
	wait "$runner" 2>/dev/null
}

can_trace ''
for mode in "" --summary-only; do
	exactly "a library that is loaded again" reload 50
	follow_tests
done
# shellcheck disable=SC2034 # gpumem.sh reads it
mode=
replaced_tests
newline_tests
narrow_tests
moments_tests
plan
