#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab pidmon against real processes: what they used as /proc has it, ends, reuse of a number,
# children, and whole lines whatever ends it.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
exitlab=$PWD/build/exitlab
header=timestamp,description,pid,name,cpu_percent,memory_mb,memory_percent,disk_read_kb,disk_write_kb
dir=$(mktemp -d)
children=

cleanup() {
	# shellcheck disable=SC2086 # a list of processes
	[ -z "$children" ] || kill -9 $children 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
mkfifo "$dir/go" "$dir/rows"
exec 6<>"$dir/go" # what the processes wait for

# fails STATUS MESSAGE COMMAND...: it ends with that status and one line that has the message.
fails() {
	wanted=$1 message=$2
	shift 2
	timeout 60 "$@" >"$dir/out" 2>"$dir/err"
	[ $? = "$wanted" ] && grep -q -e "$message" "$dir/err"
}

fails_in_one_line() {
	fails "$@" && [ "$(wc -l <"$dir/err")" = 1 ] && [ ! -s "$dir/out" ]
}

# start COMMAND...: a process of the test, which reads lines of descriptor 6; sets started.
start() {
	"$@" <&6 &
	started=$!
	children="$children $started"
}

# Starts pidmon with the rows on descriptor 5, and its process in monitor. It has a deadline.
monitor() {
	: >"$dir/seen"
	"$exitlab" pidmon --interval 0.05 --duration 60 "$@" >"$dir/rows" 2>"$dir/err" &
	monitor=$!
	children="$children $monitor"
	exec 5<"$dir/rows"
}

# Takes one row more; false at the end.
row() {
	IFS= read -r row <&5 && echo "$row" >>"$dir/seen"
}

# row_with PATTERN: takes rows up to one that matches.
row_with() {
	while row; do
		# shellcheck disable=SC2254 # a pattern
		case $row in $1) return 0 ;; esac
	done
	return 1
}

# finish [SIGNAL]: ends pidmon, and has its last rows too; true where it ends with 0.
finish() {
	[ $# = 0 ] || kill -s "$1" "$monitor"
	cat <&5 >>"$dir/seen"
	exec 5<&-
	wait "$monitor"
}

# Nine fields in every line of FILE, and the last line whole.
whole() {
	[ "$(head -n 1 "$1")" = "$header" ] && [ "$(wc -l <"$1")" -gt 1 ] && [ -z "$(tail -c 1 "$1")" ] &&
		awk -F, 'NF != 9 { bad = 1 } END { exit bad }' "$1"
}

# ticks PID: CPU time of its threads, in ticks; its name has no blanks.
ticks() {
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

usage_tests() {
	ok "no process" fails 2 "which processes" "$exitlab" pidmon
	for list in 1,x 0 1,,2 4294967297; do
		ok "--pids $list" fails 2 "is not a number from 1" "$exitlab" pidmon --pids $list
	done
	ok "a process twice" fails 2 "twice" "$exitlab" pidmon --pids 1,2,1
	for seconds in 0 -1 nan soon ''; do
		ok "--interval '$seconds'" fails 2 "is no time from" "$exitlab" pidmon --pids 1 --interval "$seconds"
	done
	ok "too short a duration" fails 2 "no row" "$exitlab" pidmon --pids 1 --duration 0.5
	ok "a description of two lines" fails 2 "one line" "$exitlab" pidmon --pids 1 --desc 'a
b'
	ok "an argument" fails 2 "no argument" "$exitlab" pidmon --pids 1 x
	ok "no such process" fails_in_one_line 1 "no process 4194304" \
		"$exitlab" pidmon --pids $$,4194304 --output "$dir/none"
	ok "and no file is made" [ ! -e "$dir/none" ]
}

# It waits, uses 0.3 s of CPU, says so, and waits again.
cat >"$dir/burner" <<'END'
read -r _
begin=
while :; do
	read -r stat </proc/self/stat
	set -- $stat
	now=$((${14} + ${15}))
	[ $((now - ${begin:=$now})) -lt 30 ] || break
done
: >"$1"
exec sleep 100
END
sed -i "s,^: >.*,: >'$dir/burnt'," "$dir/burner"

# All that it uses between the first row and the last is in the rows between.
cpu_test() {
	start sh "$dir/burner"
	burner=$started
	monitor --pids "$burner"
	row && row
	before=$(ticks "$burner")
	echo >&6
	while [ ! -e "$dir/burnt" ] && row; do :; done
	row_with "*,sleep,*"
	for _ in 1 2 3 4 5 6 7 8; do # in which it uses none
		row
	done
	after=$(ticks "$burner")
	ok "SIGINT ends it" finish INT
	ok "in whole lines" whole "$dir/seen"
	sum=$(awk -F, 'NR > 1 {
		split($1, part, "[ :]")
		time = part[2] * 3600 + part[3] * 60 + part[4]
		if (time < last)
			time += 86400
		if (NR > 2)
			sum += $5 / 100 * (time - last)
		last = time
	} END { printf "%d", sum * hertz }' hertz="$(getconf CLK_TCK)" "$dir/seen")
	echo "# $sum ticks in the rows, $((after - before)) in /proc"
	ok "as much CPU as /proc has" [ $((sum - after + before)) -le 3 -a $((after - before - sum)) -le 3 ]
	pages=$(cut -d ' ' -f 2 "/proc/$burner/statm")
	memory=$(tail -n 1 "$dir/seen" | cut -d , -f 6)
	ok "as much memory as /proc has" \
		[ "$memory" = "$(awk "BEGIN { printf \"%.3f\", $pages * $(getconf PAGESIZE) / 1048576 }")" ]
	kill "$burner"
}

# What dd writes with a sync is written to the disk, where there is one behind, and counts for whom it was
# waited by, too.
disk_test() {
	start sh -c "read -r _; dd if=/dev/zero of='$dir/data' bs=64k count=16 conv=fsync 2>/dev/null; exec sleep 100"
	monitor --pids "$started"
	row && row
	echo >&6
	row_with "*,sleep,*" && row
	ok "SIGTERM ends it" finish TERM
	ok "as much of the disk as /proc has" [ "$(tail -n 1 "$dir/seen" | cut -d , -f 8-)" = "$(awk '
		/^read_bytes/ { read = $2 }
		/^write_bytes/ { printf "%.1f,%.1f", read / 1024, $2 / 1024 }' "/proc/$started/io")" ]
	kill "$started"
}

# Stopped for longer than some intervals, it says how many it missed, and its next row covers them.
late_test() {
	start sleep 100
	monitor --pids "$started"
	row && row
	kill -s STOP "$monitor"
	"$exitlab" pidmon --pids "$started" --interval 0.25 --duration 0.25 >"$dir/out" 2>&1 # the pause
	kill -s CONT "$monitor"
	row && row
	ok "SIGHUP ends it" finish HUP
	ok "moments missed are said" [ "$(sed -n "s/.* \([0-9]*\) moments passed without.*/\1/p" "$dir/err")" -ge 4 ]
	kill "$started"
}

# Under nohup the terminal may be closed.
stop_test() {
	start sleep 100
	trap '' HUP
	monitor --pids "$started"
	trap - HUP
	row && row
	kill -s HUP "$monitor"
	rows() { for _ in $(seq 20); do row || return; done; }
	ok "SIGHUP does not end it where that is ignored" rows
	ok "SIGQUIT ends it" finish QUIT
	kill "$started"
}

end_tests() {
	start sleep 100
	one=$started
	start sleep 100
	monitor --pids "$one,$started" --desc '4000/s, "ratio" 1'
	row_with "*,$one,sleep,*" && row_with "*,$started,sleep,*"
	ok "a description in quotes" [ "$(echo "$row" | cut -d , -f 2-4)" = \
		"\"4000/s, \"\"ratio\"\" 1\",$started" ]
	kill "$one"
	row_with "*,$started,sleep,*" && row_with "*,$started,sleep,*" && row_with "*,$started,sleep,*"
	kill "$started"
	ok "it ends with the last process" finish
	ok "and the first has no rows any more" [ "$(tail -n 2 "$dir/seen" | grep -c ",$one,")" = 0 ]
	ok "nothing is said but that it began" [ "$(grep -c -v "moments passed" "$dir/err")" = 1 ]

	start sleep 100
	: >"$dir/err"
	"$exitlab" pidmon --pids "$started" --interval 100 --output "$dir/none" 2>"$dir/err" &
	monitor=$!
	while kill -0 "$monitor" && ! grep -q watching "$dir/err"; do :; done
	kill "$started"
	wait "$monitor"
	status=$?
	ok "1 where there was no row" [ $status = 1 ]
	ok "which it says" grep -q "before the first row" "$dir/err"
	ok "and no file stays" [ ! -e "$dir/none" ]
}

# As process 1 of its own: another process gets the number of one that is watched.
cat >"$dir/reuse" <<'END'
"$dir/first" 100 &
number=$!
"$dir/witness" 100 &
"$exitlab" pidmon --pids $number,$! --interval 0.05 --duration 60 >"$dir/rows" 2>"$dir/err" &
monitor=$!
exec 5<"$dir/rows"
read -r _ <&5 && read -r _ <&5 && read -r _ <&5
kill -s STOP $monitor
kill $number
wait $number
echo $((number - 1)) >/proc/sys/kernel/ns_last_pid
"$dir/second" 100 &
[ $! = $number ] || exit 77
kill -s CONT $monitor
for _ in 1 2 3 4 5 6 7 8; do
	read -r row <&5
	echo "$row"
done >"$dir/seen"
kill -s INT $monitor
END

reuse_test() {
	for name in first witness second; do
		ln -s "$(command -v sleep)" "$dir/$name"
	done
	export dir exitlab
	if ! unshare -rpf --mount-proc sh "$dir/reuse" 2>"$dir/err.reuse"; then
		skip "a number used again" "no PID namespace, or no CONFIG_CHECKPOINT_RESTORE"
		return
	fi
	ok "a number used again is another process" sh -c "! grep -q ,second, '$dir/seen'"
	ok "while the others are watched" [ "$(grep -c ,witness, "$dir/seen")" -ge 6 ]
}

# Takes rows up to two in succession of the child: while its parent lives, the parent's are between them.
rows_of_it_alone() {
	before=
	while row; do
		number=$(echo "$row" | cut -d , -f 3)
		[ "$number" = "$child" ] && [ "$before" = "$child" ] && return
		before=$number
	done
	return 1
}

# A child that begins after pidmon and outlives its parent.
children_test() {
	start sh -c 'read -r _; sleep 100 & echo $! >'"$dir"'/child; read -r _'
	parent=$started
	monitor --pids "$parent" --children
	row && row
	echo >&6
	ok "a new child has rows" row_with "*,sleep,*"
	child=$(cat "$dir/child")
	children="$children $child"
	ok "under its number" [ "$(echo "$row" | cut -d , -f 3)" = "$child" ]
	echo >&6
	wait "$parent"
	ok "and outlives its parent" rows_of_it_alone
	kill "$child"
	ok "it ends with the last child" finish

	start sh -c 'sleep 100 & '"$exitlab"' pidmon --pids $$ --children --interval 0.05 --duration 0.2; kill $!' \
		>"$dir/out" 2>"$dir/err"
	wait "$started"
	ok "it does not watch itself" sh -c "grep -q ,sleep, '$dir/out' && ! grep -q ,exitlab, '$dir/out'"
}

output_tests() {
	start sleep 100
	few="--pids $started --interval 0.02 --duration 0.06"
	# shellcheck disable=SC2086 # lists of words
	{
		ok "to a file" fails 0 watching "$exitlab" pidmon $few --output "$dir/file" --desc one
		ok "in whole lines" whole "$dir/file"
		before=$(wc -l <"$dir/file")
		ok "to the same file" fails 0 watching "$exitlab" pidmon $few --output "$dir/file" --desc two
		ok "after its rows" [ "$(grep -c ,two, "$dir/file")" = $(($(wc -l <"$dir/file") - before)) ]
		ok "under one header" [ "$(grep -c timestamp "$dir/file")" = 1 ]
		printf 2026 >>"$dir/file"
		cp "$dir/file" "$dir/copy"
		ok "a line cut off" fails 1 "cut off" "$exitlab" pidmon $few --output "$dir/file"
		ok "is left alone" cmp -s "$dir/file" "$dir/copy"
		ok "another's file" fails 1 "not written by pidmon" "$exitlab" pidmon $few --output "$dir/burner"
		ok "a file in use" fails 1 "another pidmon" flock "$dir/file" "$exitlab" pidmon $few --output "$dir/file"
		ok "a directory" fails_in_one_line 1 "Is a directory" "$exitlab" pidmon $few --output "$dir"
		ok "a full disk" fails_in_one_line 1 "No space left" "$exitlab" pidmon $few --output /dev/full
		ok "JSON" fails 0 watching "$exitlab" pidmon $few --json --desc '"q"'
	}
	ok "has the columns' names" [ "$(grep -cx "$(echo "$header" |
		sed 's/\([a-z_]*\)/"\1":[^,]*/g;s/.*/{&}/')" "$dir/out")" = "$(wc -l <"$dir/out")" ]
	ok "and no header" sh -c "[ -s '$dir/out' ] && ! grep -qx '$header' '$dir/out'"

	mkfifo "$dir/pipe"
	# shellcheck disable=SC2086 # a list of words
	ok "a pipe that nobody reads" fails_in_one_line 1 "nobody reads it" "$exitlab" pidmon $few --output "$dir/pipe"
	exec 7<>"$dir/pipe"
	dd if=/dev/zero of="$dir/pipe" bs=4096 oflag=nonblock 2>/dev/null # until it is full
	timeout -s KILL 60 "$exitlab" pidmon --pids "$started" --output "$dir/pipe" 2>"$dir/err" &
	monitor=$!
	until watcher=$(pgrep -P "$monitor" -x exitlab) && ! grep -q "SigBlk:.*0$" "/proc/$watcher/status"; do :; done
	kill "$watcher"
	wait "$monitor"
	status=$?
	ok "nor ever will" [ $status = 1 ]
	ok "which it says" grep -q "nobody reads it" "$dir/err"
	exec 7<&-

	# Of the rows of one moment some fit, which are taken back.
	ok "too large a file" fails 1 "too large" sh -c "ulimit -f 1
		exec '$exitlab' pidmon --pids $started,$$ --interval 0.02 --duration 60 --output '$dir/limited'"
	ok "has whole lines" whole "$dir/limited"
	ok "and whole moments" [ $(($(wc -l <"$dir/limited") % 2)) = 1 ]
	kill "$started"
}

rights_test() {
	if [ "$(id -u)" != 0 ]; then
		skip "no right to see the disk" "needs root"
		return
	fi
	cp "$exitlab" "$dir/exitlab"
	chmod 755 "$dir"
	ok "no right to see the disk" fails 0 "disk columns stay empty" setpriv --reuid 65534 --clear-groups \
		"$dir/exitlab" pidmon --pids $$ --interval 0.02 --duration 0.06
	ok "is no 0" [ "$(sed 1d "$dir/out" | grep -c ',,$')" = "$(sed 1d "$dir/out" | wc -l)" ]
}

usage_tests
cpu_test
disk_test
late_test
stop_test
end_tests
reuse_test
if [ -r "/proc/self/task/$$/children" ] || [ -r "/proc/$$/task/$$/children" ]; then
	children_test
else
	skip "children" "the kernel has no CONFIG_PROC_CHILDREN"
fi
output_tests
rights_test
plan
