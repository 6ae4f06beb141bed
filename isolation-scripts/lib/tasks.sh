# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# tasks: threads moved off the isolated CPUs by their affinity, where a partition did not do it.
# A thread is in the journal as "PID/task/TID START".

# Calls FUNCTION DIRECTORY LIST START for each thread that may be moved and passes the test
# FILTER LIST; one process reads the lists of all.
each_thread() { # FILTER FUNCTION
	local file list
	while IFS=$'\t' read -r file list; do
		"$1" "$list" || continue
		file=${file%%/status:*} file=${file#"$root/proc/"}
		thread_stat "$root/proc/$file" || continue
		((!(stat[STAT_FLAGS] & PF_NO_SETAFFINITY))) || continue
		"$2" "$file" "$list" "${stat[STAT_START]}"
	done < <(grep -s -H '^Cpus_allowed_list' "$root"/proc/[0-9]*/task/[0-9]*/status)
}

allowed_list() { # PID/task/TID
	local key value
	reply=
	while IFS=$'\t' read -r key value; do
		if [ "$key" = Cpus_allowed_list: ]; then
			reply=$value
			return 0
		fi
	done 2>/dev/null <"$root/proc/$1/status"
	return 1
}

on_isolated() { cpus_overlap "$1" "${header[isolated]}"; }
restricted() { ! cpus_within "${header[online]}" "$1"; }

plan_thread() { # PID/task/TID LIST START
	[ -z "${inside[${1##*/}]-}" ] && [ "${1%%/*}" != "${holder% *}" ] || return 0
	without_isolated "$2"
	plan_add "$1 $3" "$2" "$reply"
}

plan_tasks() {
	local tid
	local -A inside=()
	[ -d "$root/proc/self" ] || [ -d "$root/proc/1" ] || {
		reply="no /proc"
		return 1
	}
	if find_cgroup && [ -e "$root$cgroup/cgroup.threads" ]; then
		while IFS= read -r tid; do inside[$tid]=1; done <"$root$cgroup/cgroup.threads"
	fi
	each_thread on_isolated plan_thread
}

record_tasks() {
	local at
	for at in "${!plan_path[@]}"; do
		journal_add task "$1" "${plan_path[at]}" "${plan_now[at]}"
	done
}

thread_there() { # "PID/task/TID START"
	thread_stat "$root/proc/${1% *}" && [ "${stat[STAT_START]}" = "${1#* }" ]
}

set_affinity() { # "PID/task/TID START" LIST: fine where the thread is gone
	local tid=${1% *}
	if reply=$(taskset -p -c "$2" "${tid##*/}" 2>&1 >/dev/null); then return 0; fi
	error=${reply##*: }
	thread_there "$1" || return 0
	reply="thread ${tid##*/}: $error"
	return 1
}

write_tasks() { # KNOB "PID/task/TID START" WANTED
	thread_there "$2" || return 0
	set_affinity "$2" "$3"
}

at_task() { # "PID/task/TID START" LIST
	local now tid
	thread_there "$1" && allowed_list "${1% *}" || return 2
	cpus_normal "$reply" && now=$reply
	cpus_normal "$2"
	[ "$now" = "$reply" ] && return 0
	tid=${1% *}
	reply="thread ${tid##*/} may run on $now, was $reply"
	return 1
}

back_task() { set_affinity "$@"; }

# A thread that was started by one that had been moved is born with the narrower affinity. Those
# that began since, and have exactly what was given to a moved one, get what that one gets back.
widen_inherited() {
	local at
	local -A given=()
	recorded tasks || return 0
	for at in "${!item_op[@]}"; do
		[ "${item_op[at]}" = task ] || continue
		without_isolated "${item_value[at]}"
		given[$reply]=${item_value[at]}
	done
	each_thread was_given widen_thread
}

was_given() { [ -n "${given[$1]-}" ]; }

widen_thread() { # PID/task/TID LIST START
	[ "$3" -ge "${header[ticks]}" ] || return 0
	set_affinity "$1 $3" "${given[$2]}" || :
}
