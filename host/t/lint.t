#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# make lint as a test: shellcheck, clang-format and cppcheck find nothing in the tracked files. And
# that lint says so when it could not look.
set -u

cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
echo 1..4

# result NUMBER NAME CONDITION...
result() {
	label="$1 - $2"
	shift 2
	if "$@"; then
		echo "ok $label"
	else
		echo "not ok $label"
	fi
}

output=$(.ci/lint 2>&1)
status=$?
[ -z "$output" ] || printf '%s\n' "$output" | sed 's/^/# /'
case $status in
77) echo "ok 1 - lint # SKIP no tool or no git" ;;
*) result 1 lint [ $status = 0 ] ;;
esac

# A repository of one file, on a machine without the tools.
mkdir "$dir/bin" "$dir/.ci"
cp .ci/lint "$dir/.ci/"
for tool in awk dirname git grep sh xargs; do
	ln -s "$(command -v $tool)" "$dir/bin/"
done
git -C "$dir" init -q
git -C "$dir" add .ci/lint

# lint VARIABLE=VALUE...: its status there.
lint() {
	env -u CI -u WERROR PATH="$dir/bin" "$@" "$dir/.ci/lint" >"$dir/out" 2>&1
	echo $?
}

result 2 "without tools nothing was checked" [ "$(lint)" = 77 ]
result 3 "which fails CI" [ "$(lint CI=true)/$(lint WERROR=1)" = 1/1 ]

if chown -R nobody "$dir" 2>/dev/null; then
	lint >/dev/null
	result 4 "another user's checkout is one" grep -q 'shellcheck is missing' "$dir/out"
else
	echo "ok 4 - another user's checkout # SKIP not root"
fi
