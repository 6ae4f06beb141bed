# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# partition: a cgroup of the isolated CPUs, which the scheduler leaves alone. It is threaded and
# right below the root, so that a vCPU's thread can be in it while its process is in the root.

mount=
cgroup= # its directory

# Fails where there is no cgroup v2 to have it; reply says why.
find_cgroup() {
	local where type
	mount='' cgroup=''
	while read -r _ where type _; do
		if [ "$type" = cgroup2 ]; then
			mount=$where
			break
		fi
	done 2>/dev/null <"$root/proc/mounts" || :
	if [ -z "$mount" ]; then
		reply="no cgroup v2 is mounted"
	elif [ -e "$root$mount/cgroup.type" ]; then
		reply="$mount is not the root cgroup: a container"
	elif ! get "$mount/cgroup.controllers" || [[ " $reply " != *" cpuset "* ]]; then
		reply="cgroup v2 has no cpuset controller: cgroup v1 has it, or the kernel has none"
	else
		cgroup=$mount/${knob_path[partition]}
		return 0
	fi
	return 1
}

# Kernels before 6.1 know no "isolated"; "root" keeps others off as well.
plan_partition() {
	find_cgroup || return 1
	remark=
	if get "$cgroup/cpuset.cpus.partition"; then
		case $reply in
		isolated) ;;
		root) remark="partition of type root: this kernel knows no isolated" ;;
		*) remark=$reply ;;
		esac
		if [ "$remark" != "$reply" ] && read_cpulist "$cgroup/cpuset.cpus" &&
			[ "$reply" = "${header[isolated]}" ]; then
			return 0
		fi
	fi
	plan_add "$cgroup" '' isolated
}

# Kernels before 6.2 forget the affinity a thread had once a partition has come and gone, and that
# of kernel threads is forgotten by all: whatever is not "every CPU" is recorded.
record_partition() {
	each_thread restricted record_thread
	get "$mount/cgroup.subtree_control" || :
	if [[ " $reply " != *" cpuset "* ]]; then
		journal_add controller "$1" "$mount/cgroup.subtree_control" -cpuset
	fi
	# One that is there and not ours stays, and makes the writing fail.
	[ -d "$root$cgroup" ] || journal_add cgroup "$1" "$cgroup" none
}

record_thread() { # PID/task/TID LIST START
	journal_add task partition "$1 $3" "$2"
}

write_partition() {
	local why other
	if [ -z "${prior[$cgroup]+ours}" ]; then
		reply="$cgroup is there already and not isolate's: rmdir it"
		return 1
	fi
	form_partition && return 0
	why=$reply
	for other in "$root$mount"/*/cpuset.cpus.partition; do
		other=${other%/*} other=${other#"$root"}
		if [ "$other" = "$cgroup" ] || ! get "$other/cpuset.cpus.partition"; then continue; fi
		if [ "$reply" != member ] && arrives "$other/cpuset.cpus"; then
			why+="; $other has the CPU as its partition"
		fi
	done
	back_cgroup "$cgroup" || :
	[ -z "${prior[$mount/cgroup.subtree_control]+ours}" ] ||
		back_controller "$mount/cgroup.subtree_control" -cpuset || :
	reply=$why
	return 1
}

form_partition() {
	get "$mount/cgroup.subtree_control" || :
	[[ " $reply " == *" cpuset "* ]] || put "$mount/cgroup.subtree_control" +cpuset || return 1
	if [ ! -d "$root$cgroup" ]; then
		reply=$(mkdir "$root$cgroup" 2>&1) || {
			reply="$cgroup: ${reply##*: }"
			return 1
		}
	fi
	get "$cgroup/cgroup.type" || :
	[ "$reply" = threaded ] || put "$cgroup/cgroup.type" threaded || return 1
	put "$cgroup/cpuset.cpus" "${header[isolated]}" || return 1
	put "$cgroup/cpuset.mems" "${header[node]}" || return 1
	put "$cgroup/cpuset.cpus.partition" isolated ||
		put "$cgroup/cpuset.cpus.partition" root || return 1
	get "$cgroup/cpuset.cpus.partition" || return 1
	case $reply in isolated | root) return 0 ;; esac
	reply="the kernel says: $reply"
	return 1
}

at_cgroup() { # PATH none
	[ -d "$root$1" ] || return 0
	reply="$1 is still there"
	return 1
}

# What still runs inside goes to the root; what ends meanwhile takes a moment to be gone.
back_cgroup() {
	local tid tries threads
	[ -d "$root$1" ] || return 0
	for ((tries = 0; tries < 50; tries++)); do
		threads=()
		mapfile -t threads 2>/dev/null <"$root$1/cgroup.threads" || :
		for tid in "${threads[@]}"; do
			put "${1%/*}/cgroup.threads" "$tid" || :
		done
		get "$1/cpuset.cpus.partition" || :
		[ "$reply" = member ] || put "$1/cpuset.cpus.partition" member || :
		if reply=$(rmdir "$root$1" 2>&1); then return 0; fi
		reply="$1: ${reply##*: }"
		sleep 0.02
	done
	return 1
}

# Others may have come to use the controller meanwhile; then it stays, and that is theirs.
at_controller() { # PATH -cpuset
	[ -e "$root$1" ] || return 2
	get "$1" || :
	[[ " $reply " == *" cpuset "* ]] || return 0
	[ -z "${busy[$1]-}" ] || return 2
	reply="$1 still has cpuset"
	return 1
}

declare -A busy=()

back_controller() {
	put "$1" "$2" && return 0
	[ "$error" != "Device or resource busy" ] || busy[$1]=1
	return 1
}
