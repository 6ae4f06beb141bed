# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# What isolate prints: lines for people and JSON for programs.

json_string() { # TEXT: in quotes
	local text=$1 out='' at character
	text=${text//\\/\\\\} text=${text//\"/\\\"}
	if [[ $text == *[[:cntrl:]]* ]]; then
		for ((at = 0; at < ${#text}; at++)); do
			character=${text:at:1}
			if [[ $character == [[:cntrl:]] ]]; then
				printf -v character '\\u%04x' "'$character"
			fi
			out+=$character
		done
		text=$out
	fi
	reply=\"$text\"
}

# The array of those knobs there is something to say about.
json_knobs() {
	local name text='' why
	for name in "${knobs[@]}"; do
		[ -n "${status[$name]-}" ] || continue
		json_string "${reason[$name]-}" && why=$reply
		text+="${text:+,}"$'\n'"  {\"name\":\"$name\",\"status\":\"${status[$name]}\",\"reason\":$why"
		text+=",\"changed\":${changed[$name]-0},\"verified\":${verified[$name]-null}}"
	done
	reply="[$text]"
}

# The whole; with no mode in the header nothing is applied to its CPU.
json_state() {
	local text where=null others
	text='{"schema":"exitlab-isolation/1"'
	json_string "${header[boot]}" && text+=",\"boot_id\":$reply"
	json_string "${header[time]}" && text+=",\"time\":$reply"
	cpus_minus "${header[online]}" "${header[isolated]}" && others=$reply
	json_string "${header[mode]}" && text+=",\"mode\":$reply"
	text+=",\"cpu\":${header[cpu]},\"isolated\":\"${header[isolated]}\",\"housekeeping\":\"$others\""
	if recorded partition && find_cgroup && [ -d "$root$cgroup" ]; then
		json_string "$cgroup" && where=$reply
	fi
	text+=",\"cgroup\":$where,\"fifo\":${header[fifo]},\"hugepages_mib\":${header[hugepages]}"
	json_knobs
	reply="$text,\"knobs\":$reply}"$'\n'
}

print_knob() { # KNOB
	local text=${reason[$1]-} state=${status[$1]}
	case $state in
	applied) text="${changed[$1]} changed${text:+; $text}" ;;
	open) state="not applied" text="${changed[$1]} to change${text:+; $text}" ;;
	esac
	[ "${verified[$1]-}" != false ] || [ "$state" = denied ] || text="NOT VERIFIED${text:+: $text}"
	printf '%-25s %-12s %s\n' "$1" "$state" "$text"
}

print_knobs() {
	local name
	for name in "${knobs[@]}"; do
		[ -z "${status[$name]-}" ] || print_knob "$name"
	done
}

# One line for all: how many of which.
print_counts() {
	local name now text=''
	local -A count=()
	for name in "${knobs[@]}"; do
		now=${status[$name]-}
		[ -z "$now" ] || count[$now]=$((${count[$now]-0} + 1))
	done
	for now in applied already unsupported denied; do
		text+="${text:+, }${count[$now]-0} $now"
	done
	printf 'CPU %s is isolated (%s): %s\n' "${header[cpu]}" "${header[isolated]}" "$text"
}
