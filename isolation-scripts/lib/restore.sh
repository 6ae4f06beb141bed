# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Putting back what the journal holds, in reverse, and looking whether it is back.

back=0 gone=() failed=()

# Compares all that was recorded with what is; sets back, gone[] and failed[].
compare() {
	local at verdict item order
	order_items
	back=0 gone=() failed=()
	for ((item = ${#order[@]} - 1; item >= 0; item--)); do
		at=${order[item]}
		verdict=0
		"at_${item_op[at]}" "${item_path[at]}" "${item_value[at]}" || verdict=$?
		case $verdict in
		0) back=$((back + 1)) ;;
		2) gone+=("${item_knob[at]} ${item_path[at]}") ;;
		*) failed+=("${item_knob[at]}: ${refused[${item_path[at]}]-$reply}") ;;
		esac
	done
}

declare -A refused=() # PATH -> why it could not be put back

# Fails where something is not back; the journal then stays.
restore_all() {
	local at item order
	order_items
	refused=()
	for ((item = ${#order[@]} - 1; item >= 0; item--)); do
		at=${order[item]}
		# Only what differs is written.
		if "at_${item_op[at]}" "${item_path[at]}" "${item_value[at]}"; then continue; fi
		"at_${item_op[at]}" "${item_path[at]}" "${item_value[at]}" || [ $? = 1 ] || continue
		"back_${item_op[at]}" "${item_path[at]}" "${item_value[at]}" ||
			refused[${item_path[at]}]=$reply
	done
	widen_inherited
	compare
	((${#failed[@]} == 0)) && journal_retire
}

json_list() { # STRING...
	local text='' one
	for one; do
		json_string "$one"
		text+="${text:+,}$reply"
	done
	reply="[$text]"
}

print_restored() {
	local one
	if ((json)); then
		json_list "${gone[@]}" && one=$reply
		json_list "${failed[@]}"
		printf '{"schema":"exitlab-isolation-restore/1","back":%d,"gone":%s,"failed":%s}\n' \
			"$back" "$one" "$reply"
		return
	fi
	for one in "${gone[@]}"; do printf 'gone      %s\n' "$one"; done
	for one in "${failed[@]}"; do printf 'NOT BACK  %s\n' "$one"; done
	printf '%d settings are as they were, %d gone, %d not back\n' "$back" "${#gone[@]}" "${#failed[@]}"
}
