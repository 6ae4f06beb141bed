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

# $1 a page, the rest a command. --help, --usage and --version are argp's own, the same everywhere.
differing_options() {
	page=docs/man/$1.scd
	shift
	{
		"$@" --help | grep -oE '(^|[ ,])--[a-z][a-z-]*' | tr -d ' ,' | sort -u
		grep -oE '\*--[a-z][a-z-]*\*' "$page" | tr -d '*' | sort -u
	} | grep -vxE -e '--(help|usage|version)?' | sort | uniq -u |
		sed 's/$/ is only in the page or only in --help/'
}

# Both have the same names in the same order; a section has its knob's path and the value it is set to.
differing_sections() {
	sed -n 's/^#### //p' docs/isolation.md >"$dir/sections"
	sed -n 's/^\([a-z][a-z_]*\) | .*/\1/p' isolation-scripts/knobs | diff - "$dir/sections" |
		sed -n 's/^[<>]/not in both, or in another order:&/p'
	sed -n '/^[a-z]/s/ *| */|/gp' isolation-scripts/knobs | while IFS='|' read -r name _ path wanted _; do
		sed -n "/^#### $name\$/,/^#/{/^#/!p}" docs/isolation.md >"$dir/section"
		case $path in
		/*) ;;
		*) continue ;;
		esac
		case $wanted in
		-) set -- "\`${path%% *}\`" ;;
		@*) set -- "\`$path\`" "\`${wanted#@}\`" ;;
		*) set -- "\`$path\`" "\`$wanted\`" ;;
		esac
		for text; do
			grep -qF "$text" "$dir/section" || echo "$name: its section lacks $text"
		done
	done
}

dead_links() {
	for file in *.md */*.md; do
		grep -oE '\]\([^):#]+' "$file" | sed 's/^](//' | while read -r link; do
			[ -e "$(dirname "$file")/$link" ] || echo "$file: no $link"
		done
	done
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
commands=$(build/exitlab help | sed -n 's/^  \([a-z-]\{1,\}\) .*/\1/p')
echo "1..$((6 + $(echo "$commands" | wc -w)))"

claim "docs/method.md has the rows of exits.def" "$(stale_rows)"
claim "each command has a man page, and exitlab(1) names it" "$(missing_pages)"
claim "each man page has a command" "$(needless_pages)"
claim "each link leads somewhere" "$(dead_links)"
claim "docs/isolation.md has a section for every knob of isolation-scripts/knobs, and for no other" \
	"$(differing_sections)"
claim "isolate(1) has the options of --help" \
	"$(differing_options isolate isolation-scripts/isolate)"
for command in $commands; do
	claim "exitlab-$command(1) has the options of --help" \
		"$(differing_options "exitlab-$command" build/exitlab "$command")"
done
