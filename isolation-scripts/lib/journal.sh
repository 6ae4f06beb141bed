# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# The journal: what has to be put back, on the disk before anything is changed. Text, lines of
# fields separated by tabs (\t, \n and \\ within a field are escaped):
#
#   exitlab-isolate-journal/1  KEY=VALUE...   the header: boot, cpu, isolated, mode, time, ...
#   OP  KNOB  PATH  VALUE                     one prior value each; OP says how to put it back
#   fixed  KNOB  PATH                         something of it that the kernel does not let go
#   knob  NAME  STATUS  CHANGED  REASON       how it went, once the knob was applied
#   end  COUNT  CKSUM                         lines before this one and cksum(1) of them
#
# Each version is written whole to another name, synced and renamed. One without its right last
# line was not written by isolate, or not all of it is there: nothing is done by it.

JOURNAL_SCHEMA=exitlab-isolate-journal/1

declare -A header=()                # KEY -> VALUE
declare -A prior=()                 # PATH -> VALUE
declare -A fixed=()                 # PATH -> KNOB
declare -A status=() changed=() reason=() verified=() # by knob
item_op=() item_knob=() item_path=() item_value=()
written=0 # how many items the journal on the disk has

escape() {
	reply=${1//\\/\\\\}
	reply=${reply//$'\t'/\\t}
	reply=${reply//$'\n'/\\n}
}

unescape() {
	if [[ $1 == *\\* ]]; then printf -v reply %b "$1"; else reply=$1; fi
}

journal_clear() {
	header=() prior=() fixed=() status=() changed=() reason=() verified=()
	item_op=() item_knob=() item_path=() item_value=() written=0
}

# Notes a prior value; the first noted stays, so that applying twice does not lose it.
journal_add() { # OP KNOB PATH VALUE
	[ -z "${prior[$3]+known}" ] || return 0
	prior[$3]=$4
	item_op+=("$1") item_knob+=("$2") item_path+=("$3") item_value+=("$4")
}

# Sets order[] to the items as they are applied, which is the table's order and not the one they were
# recorded in.
order_items() {
	local at name
	local -A of=()
	order=()
	for at in "${!item_op[@]}"; do
		of[${item_knob[at]}]+=" $at"
	done
	for name in "${knobs[@]}"; do
		# shellcheck disable=SC2206 # numbers
		order+=(${of[$name]-})
		unset "of[$name]"
	done
	# Of a table that has since lost a line.
	for name in "${!of[@]}"; do
		# shellcheck disable=SC2206
		order+=(${of[$name]})
	done
}

# Writes the journal as it now is; fails where the disk does not take it.
journal_write() {
	local text=$JOURNAL_SCHEMA key at lines=1 order
	for key in boot cpu isolated online node mode time ticks fifo hugepages; do
		escape "${header[$key]}"
		text+=$'\t'$key=$reply
	done
	text+=$'\n'
	order_items
	for at in "${order[@]}"; do
		escape "${item_path[at]}"
		text+="${item_op[at]}"$'\t'"${item_knob[at]}"$'\t'$reply
		escape "${item_value[at]}"
		text+=$'\t'$reply$'\n'
		lines=$((lines + 1))
	done
	for key in "${!fixed[@]}"; do
		escape "$key"
		text+=$'fixed\t'${fixed[$key]}$'\t'$reply$'\n'
		lines=$((lines + 1))
	done
	for key in "${knobs[@]}"; do
		[ -n "${status[$key]-}" ] || continue
		escape "${reason[$key]-}"
		text+=$'knob\t'$key$'\t'${status[$key]}$'\t'${changed[$key]-0}$'\t'$reply$'\n'
		lines=$((lines + 1))
	done
	text+=$'end\t'$lines$'\t'$(printf '%s' "$text" | cksum)$'\n'
	put_whole "$state/journal" "$text" || return 1
	written=${#item_op[@]}
}

journal_bad() { # FILE
	fail "$1 is truncated or not isolate's: nothing was done. It is not restored from; move it" \
		"away, and reboot to get this host's settings back"
}

# Reads FILE, of this boot or not; fails where there is none.
journal_read() { # FILE
	local lines line sum last
	journal_clear
	[ -e "$1" ] || return 1
	mapfile -t lines <"$1" || journal_bad "$1"
	last=$((${#lines[@]} - 1))
	((last > 0)) || journal_bad "$1"
	sum=$(printf '%s\n' "${lines[@]:0:last}" | cksum)
	[ "${lines[last]}" = $'end\t'$last$'\t'"$sum" ] || journal_bad "$1"
	[[ ${lines[0]} == "$JOURNAL_SCHEMA"$'\t'* ]] || journal_bad "$1"
	for line in "${lines[@]:0:last}"; do
		journal_parse "$line"
	done
	written=${#item_op[@]}
}

journal_parse() { # LINE
	local fields field line IFS=$'\t'
	# A trailing empty field is an empty value; read would join empty fields, so split by hand.
	fields=() line=$1$'\t'
	while [ -n "$line" ]; do
		unescape "${line%%$'\t'*}"
		fields+=("$reply")
		line=${line#*$'\t'}
	done
	case ${fields[0]} in
	"$JOURNAL_SCHEMA")
		for field in "${fields[@]:1}"; do header[${field%%=*}]=${field#*=}; done
		;;
	knob)
		status[${fields[1]}]=${fields[2]} changed[${fields[1]}]=${fields[3]}
		reason[${fields[1]}]=${fields[4]-}
		;;
	fixed) fixed[${fields[2]}]=${fields[1]} ;;
	*) journal_add "${fields[@]}" ;;
	esac
}

# Done with: kept as what verify compares the host with.
journal_retire() {
	rm -f "$state/applied.json" && mv -f "$state/journal" "$state/restored" &&
		sync "$state"
}
