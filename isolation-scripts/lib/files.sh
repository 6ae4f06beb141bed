# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Reading and writing the files of /proc, /sys and /dev below $root, by builtins: a host has
# hundreds. Results, and why something failed, are in reply.

error='' # what the system said of the last failure

# The first line of a file; fails where there is none to be had.
get() { # PATH
	reply=
	{ IFS= read -r reply <"$root$1"; } 2>/dev/null || [ -n "$reply" ]
}

# The one statement that changes the host's files. A failure is tried a second time, since only
# then is a process spent on learning the reason.
put() { # PATH VALUE
	if [ ! -e "$root$1" ]; then # the shell would create it
		reply="$1: No such file or directory"
		return 1
	fi
	if { printf '%s\n' "$2" >"$root$1"; } 2>/dev/null; then return 0; fi
	if reply=$({ printf '%s\n' "$2" >"$root$1"; } 2>&1); then return 0; fi
	error=${reply##*: }
	reply="$1: $error"
	return 1
}

# Writes a file of isolate's own: whole, on the disk, then renamed, so that it is never torn.
# Standard input is not used; the text is $2.
put_whole() { # FILE TEXT
	if { printf '%s' "$2" >"$1.new"; } 2>/dev/null && sync "$1.new" 2>/dev/null &&
		mv -f "$1.new" "$1" 2>/dev/null && sync "${1%/*}" 2>/dev/null; then
		return 0
	fi
	rm -f "$1.new" || :
	return 1
}

# Fields of a thread's stat, after the name, which may hold anything: stat=(state ppid ...).
thread_stat() { # DIRECTORY, as it is: without $root
	local text=
	stat=()
	{ IFS= read -r -d '' text <"$1/stat"; } 2>/dev/null || [ -n "$text" ] || return 1
	# shellcheck disable=SC2206 # words
	stat=(${text##*) })
	[ ${#stat[@]} -ge 20 ]
}

# Of stat, see proc(5): fields 3, 5, 8, 9 and 22.
STAT_STATE=0 STAT_GROUP=2 STAT_TERMINAL_GROUP=5 STAT_FLAGS=6 STAT_START=19
PF_NO_SETAFFINITY=0x04000000

# Does the process PID that began at START (clock ticks since boot) still run?
process_lives() { # PID START
	thread_stat "/proc/$1" && [ "${stat[STAT_START]}" = "$2" ] && [ "${stat[STAT_STATE]}" != Z ]
}
