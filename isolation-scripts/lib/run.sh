# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# isolate run: the host is isolated for as long as one command runs.

child=    # PID of CMD
prefix=() # what CMD is started by

# In the process that becomes CMD.
enter() {
	if ((outside)); then
		return 0
	elif recorded partition && find_cgroup && [ -d "$root$cgroup" ]; then
		# A thread may go into a threaded cgroup from the one its process is in.
		if ! put "$mount/cgroup.procs" "$BASHPID" || ! put "$cgroup/cgroup.threads" "$BASHPID"; then
			fail "the command cannot go into the partition: $reply"
		fi
	else
		prefix=(taskset -c "${header[cpu]}")
	fi
	((fifo == 0)) || prefix+=(chrt -f "$fifo")
}

start_command() { # CMD ARG...
	(
		# Nothing of isolate's own goes to it: not the lock, not the signals, not the locale.
		exec {lock}>&-
		trap - INT QUIT TERM HUP PIPE
		enter
		give_locale_back
		export EXITLAB_ISOLATION=$state/applied.json
		exec "${prefix[@]}" "$@"
	) <&0 &
	child=$!
}

# A terminal's Ctrl-C has gone to CMD already, and for some a second one means haste.
from_terminal() {
	thread_stat /proc/self && [ "${stat[STAT_GROUP]}" = "${stat[STAT_TERMINAL_GROUP]}" ]
}

pass_on() { # SIGNAL
	caught=$1
	[ -n "$child" ] || return 0
	[ "$1" = INT ] && from_terminal || kill -s "$1" "$child" 2>/dev/null || :
}

# Its status; a signal of ours interrupts the waiting, not the command.
wait_command() {
	local code
	while :; do
		caught='' code=0
		# Else the shell would say what CMD was ended by.
		{ wait "$child"; } 2>/dev/null || code=$?
		[ -n "$caught" ] || break
	done
	return $code
}

run_command() { # CMD ARG...
	local name code=0
	for name in "${knobs[@]}"; do
		if [ "${status[$name]-}" = denied ]; then
			say "$name is denied: ${reason[$name]}"
		elif [ "${verified[$name]-}" = false ]; then
			say "$name does not hold: ${reason[$name]}"
		fi
	done
	if ((json)); then cat "$state/applied.json" >&2; else print_counts >&2; fi
	start_command "$@"
	wait_command || code=$?
	trap '' INT QUIT TERM HUP
	disarm
	restore_all || {
		for name in "${failed[@]}"; do say "not back: $name"; done
		fail "this host is not as it was: isolate restore"
	}
	return $code
}
