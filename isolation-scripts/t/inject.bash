# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# For BASH_ENV: counts the statements of isolate that change anything and sends it a signal right
# before the one numbered INJECT_AT. Being ended before the next one is being ended after this one.
# INJECT_COUNT is a file for how many there were, INJECT_TRACE one for what was written to, in order.
set -T
injected=0

inject() { # the first argument of the function the statement is in
	[ "$BASHPID" = $$ ] || return 0
	injected=$((injected + 1))
	[ -z "${INJECT_COUNT-}" ] || echo "$injected" >"$INJECT_COUNT"
	[ -z "${INJECT_TRACE-}" ] || echo "$1" >>"$INJECT_TRACE"
	[ "$injected" != "${INJECT_AT-}" ] || command kill -s "${INJECT_SIGNAL-KILL}" $$
}

# Looked at before each statement, so no function is called for most.
# shellcheck disable=SC2154
trap 'case $BASH_COMMAND in
	"printf "*" > \"\$root\$1\"" | "printf "*" > \"\$1.new\"" | "printf "*"\"\$holder_in\"" | \
		coproc* | sync* | mv* | rm* | mkdir* | kill* | "reply=\$("*) inject "${1-}" ;;
esac' DEBUG
