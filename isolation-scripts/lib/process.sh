# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Two kinds of knobs that are processes, in the journal by PID and start time, since a PID is used again:
#
#   process  a daemon that is stopped (SIGSTOP) and continued
#   held     a device held open by a process, for as long as that lives

# Below --root the files of /proc may be of no process of this machine: only one that is gets a signal.
same_process() { # PID START
	thread_stat "$root/proc/$1" && [ "${stat[STAT_START]}" = "$2" ] && process_lives "$1" "$2"
}

process_state() { # PID: reply is "STATE START"
	thread_stat "$root/proc/$1" && reply="${stat[STAT_STATE]} ${stat[STAT_START]}"
}

plan_process() {
	local file pid running=0
	while IFS= read -r file; do
		pid=${file%/comm} pid=${pid##*/}
		process_state "$pid" || continue
		running=$((running + 1))
		case $reply in
		[TZX]*) ;;
		*) plan_add "$pid ${reply#* }" running stopped ;;
		esac
	done < <(grep -s -l -x "${knob_path[$1]}" "$root"/proc/[0-9]*/comm)
	((running)) || remark="not running"
}

record_process() {
	local at
	for at in "${plan_path[@]}"; do
		journal_add process "$1" "$at" running
	done
}

signal_process() { # SIGNAL PID START STATES: signals and waits for a state
	local tries signal=$1 pid=$2 start=$3
	shift 3
	same_process "$pid" "$start" || {
		reply="process $pid is not one of this machine"
		return 1
	}
	kill -s "$signal" "$pid" 2>/dev/null || {
		reply="process $pid cannot be signalled"
		return 1
	}
	for ((tries = 0; tries < 50; tries++)); do
		process_state "$pid" || return 0
		# shellcheck disable=SC2053 # a pattern
		[[ $reply != $1 ]] || return 0
		sleep 0.02
	done
	reply="process $pid does not obey SIG$signal"
	return 1
}

write_process() { # KNOB "PID START"
	signal_process STOP "${2% *}" "${2#* }" "[TZX]*"
}

at_process() { # "PID START" STATE
	process_state "${1% *}" && [ "${reply#* }" = "${1#* }" ] || return 2
	case $reply in
	[ZX]*) return 2 ;;
	T*) reply="process ${1% *} is stopped" && return 1 ;;
	esac
}

back_process() {
	signal_process CONT "${1% *}" "${1#* }" "[!T]*"
}

# The holder is started before it is journalled, which needs its PID, but opens the device only
# when told to; without that word, because isolate was killed, it ends.
holder='' holder_in='' holder_out='' # "PID START", descriptors to and from it

start_holder() { # DEVICE
	coproc HOLDER {
		exec {lock}>&-
		trap '' INT HUP QUIT
		IFS= read -r word && [ "$word" = go ] && exec 9>"$1" && printf '\0\0\0\0' >&9 || exit 1
		echo held
		# shellcheck disable=SC2217 # it is to have nothing of ours open
		exec -a "isolate: holds $1" sleep infinity </dev/null >/dev/null 2>&1
	} 2>/dev/null
	holder_in=${HOLDER[1]} holder_out=${HOLDER[0]} holder=$HOLDER_PID
	disown "$holder"
	thread_stat "/proc/$holder" && holder+=" ${stat[STAT_START]}"
}

plan_held() {
	local at
	[ -e "$root${knob_path[$1]}" ] || {
		reply="not on this host"
		return 1
	}
	for at in "${!item_op[@]}"; do
		if [ "${item_op[at]}" = held ] && at_held "${item_path[at]}" held; then return 0; fi
	done
	plan_add "${knob_path[$1]}" free held
}

record_held() {
	start_holder "$root${knob_path[$1]}"
	journal_add held "$1" "$holder" free
}

write_held() { # KNOB DEVICE
	local answer=
	# The holder may be gone: then it is a broken pipe.
	{ printf 'go\n' >&"$holder_in"; } 2>/dev/null || :
	IFS= read -r -t 10 answer <&"$holder_out" || :
	exec {holder_in}>&- {holder_out}<&-
	[ "$answer" = held ] && return 0
	reply="$2 cannot be opened and written"
	return 1
}

at_held() { # "PID START" free|held
	if process_lives "${1% *}" "${1#* }"; then
		[ "$2" = held ] || {
			reply="process ${1% *} holds the device"
			return 1
		}
	else
		[ "$2" = free ]
	fi
}

back_held() {
	local tries
	for ((tries = 0; tries < 50; tries++)); do
		process_lives "${1% *}" "${1#* }" || return 0
		kill -s KILL "${1% *}" 2>/dev/null || :
		sleep 0.02
	done
	reply="process ${1% *} cannot be ended"
	return 1
}
