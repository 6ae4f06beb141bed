#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The documents say what the code does: rows, commands, options, links.
set -eu

cd "$(dirname "$0")/../.."
number=0

# $1 what is claimed, $2 one line for each fault: none where it holds.
claim() {
	number=$((number + 1))
	[ -z "$2" ] || printf '%s\n' "$2" | sed 's/^/# /'
	echo "${2:+not }ok $number - $1"
}

stale_rows() {
	sed '/<!-- rows/,/<!-- end/!d;//d' docs/method.md | diff - build/docs/rows.md |
		sed -n 's/^[<>]/make docs would change:&/p'
}

missing_pages() {
	for command in $commands; do
		[ -f "docs/man/exitlab-$command.scd" ] || echo "no docs/man/exitlab-$command.scd"
		grep -q "exitlab-$command\*(1)" docs/man/exitlab.scd ||
			echo "docs/man/exitlab.scd does not name $command"
	done
}

needless_pages() {
	for page in docs/man/exitlab-*.scd; do
		command=${page##*/exitlab-}
		echo "$commands" | grep -qx "${command%.scd}" || echo "$page: there is no such command"
	done
}

# $1 a command. --help, --usage and --version are argp's own, the same everywhere.
differing_options() {
	{
		build/exitlab "$1" --help | grep -oE '(^|[ ,])--[a-z][a-z-]*' | tr -d ' ,' | sort -u
		grep -oE '\*--[a-z][a-z-]*\*' "docs/man/exitlab-$1.scd" | tr -d '*' | sort -u
	} | grep -vxE -e '--(help|usage|version)?' | sort | uniq -u |
		sed 's/$/ is only in the page or only in --help/'
}

dead_links() {
	for file in *.md */*.md; do
		grep -oE '\]\([^):#]+' "$file" | sed 's/^](//' | while read -r link; do
			[ -e "$(dirname "$file")/$link" ] || echo "$file: no $link"
		done
	done
}

commands=$(build/exitlab help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p')
echo "1..$((4 + $(echo "$commands" | wc -w)))"

claim "docs/method.md has the rows of exits.def" "$(stale_rows)"
claim "each command has a man page, and exitlab(1) names it" "$(missing_pages)"
claim "each man page has a command" "$(needless_pages)"
claim "each link leads somewhere" "$(dead_links)"
for command in $commands; do
	claim "exitlab-$command(1) has the options of --help" "$(differing_options "$command")"
done
