# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Completion of exitlab for bash. It knows no command and no option: it asks exitlab, whose --help
# names the commands, their options, and what an option takes (a|b, ROW,..., DIR, FILE, RUN).

# What begins with the current word; $1: words.
_exitlab_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word")
}

# The same of files (-f) or directories (-d).
_exitlab_paths() {
	mapfile -t COMPREPLY < <(compgen "$1" -- "$word")
	compopt -o filenames 2>/dev/null
}

# A list of rows: the last name of it, those before it kept and not offered again.
_exitlab_rows() {
	local before='' row
	[[ $word != *,* ]] || before=${word%,*},
	while read -r row _; do
		[[ $row != *.* || ,$before == *",$row,"* ]] || COMPREPLY+=("$before$row")
	done < <("$program" boot --list 2>/dev/null)
	mapfile -t COMPREPLY < <(compgen -W "${COMPREPLY[*]}" -- "$word")
	compopt -o nospace 2>/dev/null
}

# Directories, and the runs of the archive without the way to them.
_exitlab_runs() {
	local run
	_exitlab_paths -d
	for run in results/*/*/run.rec results/*/*/summary.json; do
		run=${run%/*}
		if [[ -d $run && $run == "$word"* && " ${COMPREPLY[*]} " != *" $run "* ]]; then
			COMPREPLY+=("$run")
		fi
	done
}

# PCI devices. A ":" ends a word to bash, so what is before the last one stays.
_exitlab_devices() {
	local whole=${COMP_LINE:0:COMP_POINT}
	whole=${whole##* }
	mapfile -t COMPREPLY < <(compgen -W "$(ls /sys/bus/pci/devices 2>/dev/null)" -- "$whole")
	[[ $whole != *:* ]] || COMPREPLY=("${COMPREPLY[@]#"${whole%:*}:"}")
}

# What of a command begins with a word for what to do; $1: its lines of usage.
_exitlab_action() {
	if ((COMP_CWORD == 2)); then
		_exitlab_words "$(cut -d ' ' -f 1 <<<"$1" | tr '\n' ' ')"
	elif grep -q "^${COMP_WORDS[2]} .*BDF" <<<"$1"; then
		_exitlab_devices
	fi
}

# $1: what an option or a command takes, in the words of --help.
_exitlab_value() {
	case $1 in
	ROW*) _exitlab_rows ;;
	RUN*) _exitlab_runs ;;
	DIR*) _exitlab_paths -d ;;
	*[A-Z]*) case $1 in FILE* | PROGRAM* | PATH* | IMAGE*) _exitlab_paths -f ;; esac ;;
	*'|'*) _exitlab_words "${1//|/ }" ;;
	esac
}

_exitlab() {
	local program=$1 word=$2 option=$3 command=${COMP_WORDS[1]-} text takes i
	COMPREPLY=()
	# An "=" is a word of its own to bash.
	if [[ $word == = ]]; then
		word=
	elif [[ $option == = ]]; then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if ((COMP_CWORD == 1)) || [[ $command == help ]]; then
		text=$("$program" help 2>/dev/null | sed -n 's/^  \([a-z-]\{1,\}\) .*/\1/p')
		_exitlab_words "$text help version"
		return
	fi
	text=$("$program" "$command" --help 2>/dev/null)
	for ((i = 2; i < COMP_CWORD; i++)); do # what follows -- is another command
		if [[ ${COMP_WORDS[i]} == -- ]]; then
			_exitlab_paths -f
			((i + 1 < COMP_CWORD)) || mapfile -t COMPREPLY < <(compgen -c -- "$word")
			return
		fi
	done
	case $option in
	--?*) takes=$(sed -nE "s/^  (-., |    )$option=([^ ]+).*/\2/p" <<<"$text") ;;
	-?) takes=$(sed -nE "s/^  $option, --[a-z-]+=([^ ]+).*/\1/p" <<<"$text") ;;
	*) takes= ;;
	esac
	if [[ -n $takes ]]; then
		_exitlab_value "$takes"
	elif [[ $word == -* ]]; then
		_exitlab_words "$(sed -nE 's/^  (-., |    )(--[a-z-]+).*/\2/p' <<<"$text")"
	else
		takes=$(sed -nE 's/^(Usage:|  or: ) .*\[OPTION...\] *//p' <<<"$text")
		if [[ $takes == *$'\n'* && $takes == [a-z]* ]]; then
			_exitlab_action "$takes"
			return
		fi
		[[ $takes != *[A-Z]* || $takes == *COMMAND* ]] || _exitlab_runs
	fi
}

complete -F _exitlab exitlab
