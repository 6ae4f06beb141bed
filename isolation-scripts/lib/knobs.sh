# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# The table of knobs, and what is done with any of them: choose, plan, apply, verify.

knobs=() # names, in the order of the table
declare -A knob_kind=() knob_path=() knob_wanted=() knob_when=() knob_removes=()
declare -A selected=()
looked='' # how the knob applied last stood before: its status
declare -A repeated=() # KNOB -> 1: applied by an earlier call

trim() {
	reply=${1#"${1%%[![:space:]]*}"}
	reply=${reply%"${reply##*[![:space:]]}"}
}

knobs_read() { # FILE
	local name kind path wanted when removes
	while IFS='|' read -r name kind path wanted when removes; do
		[[ $name == [a-z]* ]] || continue
		trim "$name" && name=$reply
		trim "$kind" && knob_kind[$name]=$reply
		trim "$path" && knob_path[$name]=$reply
		trim "$wanted" && knob_wanted[$name]=$reply
		trim "$when" && knob_when[$name]=$reply
		trim "$removes" && knob_removes[$name]=$reply
		knobs+=("$name")
	done <"$1"
}

# Sets selected[] by --only, --skip and what other options ask for.
knobs_select() { # ONLY SKIP, lists separated by commas
	local name
	for name in ${1//,/ } ${2//,/ }; do
		[ -n "${knob_kind[$name]-}" ] || usage "no knob is called $name: isolate list"
	done
	for name in "${knobs[@]}"; do
		case ${knob_when[$name]} in
		asked) [[ ,$1, != *,$name,* ]] || selected[$name]=1 ;;
		*) [[ -n $1 && ,$1, != *,$name,* ]] || selected[$name]=1 ;;
		esac
		[[ ,$2, != *,$name,* ]] || unset "selected[$name]"
	done
	if ((fifo > 0)) && [[ ,$2, != *,rt_throttling,* ]]; then selected[rt_throttling]=1; fi
	if ((hugepages > 0)) && [[ ,$2, != *,hugepages,* ]]; then selected[hugepages]=1; fi
	if [ -n "${selected[hugepages]-}" ] && ((hugepages == 0)); then
		usage "the knob hugepages takes --hugepages MIB"
	fi
}

plan() { # KNOB
	plan_path=() plan_now=() plan_want=() remark=''
	"plan_${knob_kind[$1]}" "$1"
}

outcome() { # KNOB STATUS CHANGED REASON
	status[$1]=$2 changed[$1]=$3 reason[$1]=$4 verified[$1]=null
}

# Anything of it in the journal?
recorded() { # KNOB
	local key
	for key in "${item_knob[@]}"; do
		[ "$key" != "$1" ] || return 0
	done
	return 1
}

# What there is to do, and how it stands.
look() { # KNOB
	if ! plan "$1"; then
		outcome "$1" unsupported 0 "$reply"
	elif [ "${knob_kind[$1]}" = note ]; then
		outcome "$1" noted 0 "$remark"
	elif ((${#plan_path[@]})); then
		outcome "$1" open "${#plan_path[@]}" "$remark"
	elif recorded "$1"; then
		outcome "$1" applied "${changed[$1]-0}" "$remark"
	else
		outcome "$1" already 0 "$remark"
	fi
}

# Records what the knobs that are files hold, for one writing of the journal instead of one for each.
# The others change what they would record, or start something, when it is their turn.
record_ahead() {
	local name
	for name in "${knobs[@]}"; do
		case ${knob_kind[$name]} in partition | tasks | held | process | note) continue ;; esac
		if [ -z "${selected[$name]-}" ] || ! plan "$name"; then continue; fi
		"record_${knob_kind[$name]}" "$name" || continue
	done
}

# Fails only where the journal cannot be written, and nothing was changed by this call.
apply_knob() { # KNOB
	local at pass verdict denied=0 done=0 why=
	for ((pass = 0; pass < 5; pass++)); do
		look "$1"
		((pass)) || looked=${status[$1]}
		[ "${status[$1]}" = open ] || break
		if ! "record_${knob_kind[$1]}" "$1"; then
			outcome "$1" denied 0 "what it holds cannot be recorded"
			return 0
		fi
		# What was recorded at the start is on the disk; mostly that is all.
		((written == ${#item_op[@]})) || journal_write || return 1
		for at in "${!plan_path[@]}"; do
			verdict=0
			"write_${knob_kind[$1]}" "$1" "${plan_path[at]}" "${plan_want[at]}" || verdict=$?
			case $verdict in
			0) done=$((done + 1)) ;;
			1) denied=$((denied + 1)) why=${why:-$reply} ;;
			esac
		done
		# Threads are born while others are moved.
		if [ "${knob_kind[$1]}" != tasks ] || ((denied)); then break; fi
	done
	if ((denied)); then
		((denied == 1)) || why="$denied denied, the first: $why"
		outcome "$1" denied "$done" "$why"
	elif ((done)); then
		outcome "$1" applied "$done" ''
	else
		look "$1"
	fi
}

# Looks again whether it holds; the reason is what the look says, for a denied one what was denied.
verify_knob() { # KNOB
	local now=${status[$1]-} count=${changed[$1]-0} why=${reason[$1]-} holds=true
	case $now in applied | already | denied) ;; *) return 0 ;; esac
	plan "$1" || holds=false remark=$reply
	if ((${#plan_path[@]})); then
		holds=false
		[ -n "$remark" ] || remark="${#plan_path[@]} not as wanted, the first: ${plan_path[0]} ${plan_now[0]}"
	fi
	[ "$now" = denied ] || why=$remark
	outcome "$1" "$now" "$count" "$why"
	verified[$1]=$holds
}
