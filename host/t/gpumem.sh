# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# What the tests of exitlab gpumem have in common: a fake libcuda of their own, the program that knows
# its calls, and its truth beside what was traced.
# shellcheck disable=SC2086,SC2034 # lists of words and commands; used by those that read this

dir=$(mktemp -d)
library=$dir/libcuda.so.1
cp build/gpu/libfakecuda.so "$library"
gpumem="build/exitlab gpumem"
truth="build/host/t/gpumem_truth $library"
mode= # more options of the tracer
children=

cleanup() {
	[ -z "$children" ] || kill $children 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
mkfifo "$dir/go" "$dir/ready" "$dir/attached"

# fails STATUS MESSAGE COMMAND...: it ends with that status, and one line that has the message.
fails() {
	status=$1 message=$2
	shift 2
	timeout 60 "$@" >"$dir/out" 2>"$dir/err" </dev/null
	[ $? = "$status" ] && grep -q -e "$message" "$dir/err" && [ ! -s "$dir/out" ]
}

fails_in_one_line() {
	fails "$@" && [ "$(wc -l <"$dir/err")" = 1 ]
}

# The numbers of the totals in $dir/json, one a line: "PID KEY NUMBER"; of a lost one "lost", of all "total"; of a
# device of a process "PID/DEVICE".
numbers() {
	awk '{ gsub(/[":,]/, " ") }
		$1 == "total" || $1 == "lost" || $1 == "beyond" { of = $1; next }
		$1 == "pid" { of = process = $2; next }
		$1 == "device" { of = process "/" $2; next }
		$1 ~ /^\]/ { process = "all" }
		$1 == "leaks" { exit }
		of && $2 ~ /^[0-9]+$/ { sum[of " " $1] += $2 }
		END { for (key in sum) print key, sum[key] }' "$dir/json" | sort
}

# What the program says of itself, likewise; it may say so twice, before and after an exec.
truths() {
	awk '$1 == "truth" { for (i = 3; i < NF; i += 2) sum[$2 " " $i] += $(i + 1) }
		END { for (key in sum) print key, sum[key] }' "$1" | sort
}

# What was given and not freed is live, leaked or taken back, of pointers and of bytes.
is_balanced() {
	awk '{ of[$1]; value[$1 " " $2] = $3 }
		END {
			for (one in of) {
				if (one == "lost" || one == "beyond")
					continue
				held = value[one " live"] + value[one " leaked"] + value[one " taken_back"]
				bytes = value[one " live_bytes"] + value[one " leaked_bytes"] + value[one " taken_back_bytes"]
				wrong += held != value[one " allocations"] - value[one " frees"] + value[one " unknown_frees"]
				wrong += bytes != value[one " allocated_bytes"] - value[one " freed_bytes"]
			}
			exit wrong
		}' "$dir/numbers"
}

# Is each number of the program in the totals of its process, and nothing lost?
is_exact() {
	truths "$dir/truth" >"$dir/expected"
	numbers >"$dir/numbers"
	is_balanced || return
	[ -s "$dir/expected" ] && [ -z "$(comm -23 "$dir/expected" "$dir/numbers" | tee "$dir/out")" ] &&
		! grep '^lost .* [1-9]' "$dir/numbers"
}

number() { # OF KEY
	numbers | awk -v key="$1 $2" '$1 " " $2 == key { print $3 }'
}

# traced SCENARIO...: one whole run of the program under the tracer.
traced() {
	timeout 120 $gpumem $mode --libcuda "$library" --json -o "$dir/json" -- $truth "$@" >"$dir/truth" 2>"$dir/err"
}

exactly() { # NAME SCENARIO...
	scenario=$1
	shift
	traced "$@"
	ok "$mode $scenario: ends well" [ $? = 0 ]
	ok "$mode $scenario: exact" is_exact
}

# can_trace TEST: ends the test where nothing can be traced; TEST, where it is not empty, then has to pass on the
# emulated host.
can_trace() {
	$gpumem --libcuda "$library" -- true >"$dir/out" 2>"$dir/err"
	[ $? = 77 ] || return 0
	if [ -z "$1" ]; then
		skip "tracing" "$(cat "$dir/err")"
	else
		passes_in_lab "$1" lab --clock host
	fi
	plan
	exit
}

# Starts the program, which waits on descriptor 3; sets target to its process.
start() {
	timeout 120 $truth "$@" <"$dir/go" >"$dir/ready" 2>"$dir/truth.err" &
	runner=$!
	children="$children $runner"
	exec 3>"$dir/go" 4<"$dir/ready"
	read -r _ target <&4
	[ -n "$target" ]
}

# Starts the tracer; true when it traces. Its line on stderr says so.
attach() {
	$gpumem $mode -d 100 --json -o "$dir/json" "$@" 2>"$dir/attached" &
	tracer=$!
	children="$children $tracer"
	read -r line <"$dir/attached"
	echo "$line" >"$dir/err"
	case $line in *tracing*) return 0 ;; esac
	return 1
}
