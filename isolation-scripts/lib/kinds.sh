# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# The kinds of knobs that are files.
#
#   value      the file holds one word, which is replaced
#   choice     "always [madvise] never": the word in brackets counts
#   cpulist    a list of CPUs, of which the isolated ones are removed
#   cpumask    the same as a hexadecimal mask; where none would be left: all other CPUs
#   irq        cpulist; what the kernel does not let move is counted
#   hugepages  the number of 2 MiB pages, which grows by --hugepages
#   note       shown, never changed
#
# lib/tasks.sh, lib/process.sh and lib/partition.sh have the others. Of each kind there is
#
#   plan_KIND KNOB    what is not as wanted: plan_path[], plan_now[], plan_want[]; remark; fails
#                     where this host has no such thing, reply says why
#   record_KIND KNOB  adds what the plan will change to the journal       [record_files]
#   write_KIND KNOB PATH WANTED  changes one of them; 1: failed, reply says why; 2: left as it is
#
# and of each OP of the journal
#
#   at_OP PATH VALUE    is it so? 0 yes, 1 no, 2 what it was about is gone
#   back_OP PATH VALUE  makes it so; fails, reply says why

plan_path=() plan_now=() plan_want=() remark=
paths=() # files of the knob that was looked at last

plan_add() { # PATH NOW WANT
	plan_path+=("$1") plan_now+=("$2") plan_want+=("$3")
}

# Sets paths to the files of a knob that there are.
knob_paths() { # KNOB
	local pattern path sibling one patterns=()
	paths=()
	set -f
	for pattern in ${knob_path[$1]}; do
		pattern=${pattern//\{cpu\}/${header[cpu]}}
		pattern=${pattern//\{node\}/${header[node]}}
		if [[ $pattern != *{siblings}* ]]; then
			patterns+=("$pattern")
			continue
		fi
		cpus_expand "${header[isolated]}"
		for sibling in "${!cpus[@]}"; do
			[ "$sibling" = "${header[cpu]}" ] || patterns+=("${pattern//\{siblings\}/$sibling}")
		done
	done
	set +f
	for pattern in "${patterns[@]}"; do
		# shellcheck disable=SC2231 # globs
		for one in "$root"$pattern; do
			if [ -e "$one" ]; then paths+=("${one#"$root"}"); fi
		done
	done
}

# The reading of one file, as each kind understands it.
read_value() { get "$1"; }
read_cpulist() { get "$1" && cpus_normal "$reply"; }
read_cpumask() { get "$1" && cpus_from_mask "$reply"; }
read_choice() {
	get "$1" || return 1
	if [[ $reply == *\[*\]* ]]; then reply=${reply#*\[} reply=${reply%%\]*}; fi
}

without_isolated() { # LIST
	cpus_minus "$1" "${header[isolated]}"
	[ -n "$reply" ] || cpus_minus "${header[online]}" "${header[isolated]}"
}

# What the file is to hold, given what it holds.
want_value() { # KNOB PATH NOW
	reply=${knob_wanted[$1]}
	if [[ $reply == @* ]]; then get "${2%/*}/${reply#@}"; fi
}
want_choice() { want_value "$@"; }
want_cpulist() {
	if cpus_overlap "$3" "${header[isolated]}"; then without_isolated "$3"; else reply=$3; fi
}
want_cpumask() { want_cpulist "$@"; }

plan_files() { # KNOB OP
	local path now unreadable=0
	knob_paths "$1"
	for path in "${paths[@]}"; do
		if ! "read_$2" "$path"; then
			unreadable=$((unreadable + 1))
			continue
		fi
		now=$reply
		"want_$2" "$1" "$path" "$now" || continue
		[ "$reply" = "$now" ] || plan_add "$path" "$now" "$reply"
	done
	if [[ ${knob_path[$1]} == *{siblings}* && ${header[isolated]} = "${header[cpu]}" ]]; then
		remark="CPU ${header[cpu]} shares its core with none"
	elif ((unreadable == ${#paths[@]})); then
		reply="not on this host"
		((unreadable == 0)) || reply="unreadable"
		return 1
	fi
	((unreadable == 0)) || remark="$unreadable unreadable"
}

plan_value() { plan_files "$1" value; }
plan_choice() { plan_files "$1" choice; }
plan_cpulist() { plan_files "$1" cpulist; }
plan_cpumask() { plan_files "$1" cpumask; }

arrives() { # LIST-FILE
	get "$1" && cpus_overlap "$reply" "${header[isolated]}"
}

# Interrupts that the kernel itself spread (managed) or that belong to a CPU cannot be moved.
# Only those that do arrive at the isolated CPUs are worth a word.
plan_irq() {
	local at stay=0 pending=0 path directory keep=()
	plan_files "$1" cpulist || return 1
	for at in "${!plan_path[@]}"; do
		path=${plan_path[at]} directory=${plan_path[at]%/*}
		if [ -z "${fixed[$path]-}" ]; then
			keep+=("$at")
		elif arrives "$directory/effective_affinity_list"; then
			stay=$((stay + 1))
		fi
	done
	plan_keep "${keep[@]}"
	# One that is moved may arrive once more where it was. Only one with a handler, which is a
	# directory here, arrives at all.
	for path in "${paths[@]}"; do
		directory=${path%/*}
		if [ -n "${fixed[$path]-}" ] || ! arrives "$directory/effective_affinity_list" ||
			arrives "$path"; then
			continue
		fi
		for at in "$root$directory"/*/; do
			[ ! -d "$at" ] || pending=$((pending + 1))
			break
		done
	done
	remark=
	((stay == 0)) || remark="$stay stay, managed: boot with isolcpus=managed_irq,domain,${header[isolated]}"
	((pending == 0)) || remark+="${remark:+; }$pending move when they next arrive"
}

# Keeps those of the plan.
plan_keep() { # INDEX...
	local at path=("${plan_path[@]}") now=("${plan_now[@]}") want=("${plan_want[@]}")
	plan_path=() plan_now=() plan_want=()
	for at; do
		plan_add "${path[at]}" "${now[at]}" "${want[at]}"
	done
}

# The kernel gives what it can find: the file afterwards holds what there are.
plan_hugepages() {
	local now want
	knob_paths "$1"
	if ((${#paths[@]} == 0)) || ! get "${paths[0]}"; then
		reply="not on this host"
		return 1
	fi
	now=$reply
	want=$((${prior[${paths[0]}]-$now} + (header[hugepages] + 1) / 2))
	((now >= want)) || plan_add "${paths[0]}" "$now" "$want"
}

plan_note() {
	knob_paths "$1"
	if ((${#paths[@]} == 0)) || ! get "${paths[0]}"; then
		reply="not on this host"
		return 1
	fi
	remark=$reply
}

# What goes into the journal is the file's own word or list, so that it is put back to the letter.
record_files() { # KNOB OP
	local path
	for path in "${plan_path[@]}"; do
		case $2 in
		choice) read_choice "$path" ;;
		*) get "$path" ;;
		esac || return 1
		journal_add "$2" "$1" "$path" "$reply"
	done
}

record_value() { record_files "$1" value; }
record_choice() { record_files "$1" choice; }
record_cpulist() { record_files "$1" cpulist; }
record_cpumask() { record_files "$1" cpumask; }
record_irq() { record_files "$1" cpulist; }
record_hugepages() { record_files "$1" value; }

# Writes, and reads back what came of it.
write_file() { # OP PATH WANTED
	put "$2" "$3" || return 1
	"read_$1" "$2" || {
		reply="$2: unreadable once written"
		return 1
	}
	[ "$reply" = "$3" ] || {
		reply="$2: holds $reply, not $3"
		return 1
	}
}

write_value() { write_file value "$2" "$3"; }
write_choice() { write_file choice "$2" "$3"; }
write_cpulist() { write_file cpulist "$2" "$3"; }

write_cpumask() {
	local mask
	cpus_to_mask "$3" && mask=$reply && put "$2" "$mask" && read_cpumask "$2" || return 1
	[ "$reply" = "$3" ] || {
		reply="$2: holds CPUs $reply, not $3"
		return 1
	}
}

write_irq() {
	put "$2" "$3" && return 0
	case $error in "Input/output error" | "Operation not permitted") ;; *) return 1 ;; esac # newer kernels give EPERM
	fixed[$2]=$1
	return 2
}

write_hugepages() {
	put "$2" "$3" && get "$2" || return 1
	((reply >= $3)) || {
		reply="$((reply - ${prior[$2]})) of $(($3 - ${prior[$2]})) pages: memory is in use or in pieces"
		return 1
	}
}

at_file() { # OP PATH VALUE
	local now
	[ -e "$root$2" ] || return 2
	"read_$1" "$2" || {
		reply="$2 is unreadable"
		return 1
	}
	now=$reply
	# The recorded text may be written in another way than the kernel does now.
	case $1 in
	cpulist) cpus_normal "$3" || return 1 ;;
	cpumask) cpus_from_mask "$3" || return 1 ;;
	*) reply=$3 ;;
	esac
	[ "$now" = "$reply" ] && return 0
	reply="$2 holds $now, was $reply"
	return 1
}

at_value() { at_file value "$@"; }
at_choice() { at_file choice "$@"; }
at_cpulist() { at_file cpulist "$@"; }
at_cpumask() { at_file cpumask "$@"; }
back_value() { put "$@"; }
back_choice() { put "$@"; }
back_cpulist() { put "$@"; }
back_cpumask() { put "$@"; }
