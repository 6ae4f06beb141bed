# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# What is kept below $state from one call to the next: the lock, whose journal is in force, and
# applied.json, by which others know what is applied.

other_boot='' # the journal that was read is of another boot
killed=''     # the isolate that made it was ended before it was done
lock=''       # descriptor of the lock, once it is held

# One isolate at a time changes things; its PID and start are in the lock.
take_lock() {
	[ -n "$root" ] || [ "$EUID" = 0 ] || cannot "run as root: sudo isolate $command"
	mkdir -p "$state" 2>/dev/null || fail "$state cannot be made: nothing was changed; see --state"
	{ exec {lock}<>"$state/lock"; } 2>/dev/null || fail "$state/lock cannot be made: nothing was changed"
	if ! flock -n "$lock"; then
		get_own "$state/lock" || :
		fail "another isolate (pid ${reply%% *}) is at work: wait for it"
	fi
	thread_stat /proc/self
	{ printf '%s\n' "$$ ${stat[STAT_START]}" >"$state/lock"; } 2>/dev/null || :
}

get_own() { # FILE of ours, thus not below root
	reply=
	{ IFS= read -r reply <"$1"; } 2>/dev/null
}

runs_on() { # does the isolate that made the journal still run?
	get_own "$state/lock" && [ "${reply%% *}" != $$ ] && process_lives "${reply%% *}" "${reply#* }"
}

# Reads the journal; fails where nothing of this boot is in force.
load() {
	journal_read "$state/journal" || return 1
	get /proc/sys/kernel/random/boot_id || :
	if [ "$reply" != "${header[boot]}" ]; then
		other_boot=1
		journal_clear
		return 1
	fi
	killed=
	if [ "${header[mode]}" = run ] || [ ! -e "$state/applied.json" ]; then
		runs_on || killed=1
	fi
}

warn_killed() {
	[ -z "$killed" ] ||
		say "CPU ${header[cpu]} is still isolated since ${header[time]} by a killed" \
			"${header[mode]}: isolate restore"
}

discard_other_boot() {
	[ -n "$other_boot" ] || return 0
	say "the journal is of another boot, and what it changed ended with that: discarded"
	rm -f "$state/journal" "$state/applied.json"
	other_boot=
}

# Where no journal goes with it, nothing can be put back, and what applied.json says is not so, or
# no longer known. Returns 1 where it is of this boot, 2 where there is none.
discard_stray() {
	local text=''
	[ -e "$state/applied.json" ] || [ -L "$state/applied.json" ] || return 2
	{ IFS= read -r -d '' text <"$state/applied.json"; } 2>/dev/null || :
	rm -f "$state/applied.json" 2>/dev/null || fail "$state/applied.json cannot be removed: remove it by hand"
	say "$state/applied.json had no journal: removed"
	get /proc/sys/kernel/random/boot_id || :
	json_string "$reply"
	[[ $text != *"\"boot_id\":$reply,"* ]]
}

write_applied() {
	json_state
	put_whole "$state/applied.json" "$reply"
}
