#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab lab: status, streams, signals and files pass through, every failure has its line, nothing
# is left behind. Each start costs seconds, so one shows as much as it can; most use the host clock,
# which starts sooner.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
root=$PWD
exitlab=$root/build/exitlab
dir=$(mktemp -d)
children=

cleanup() {
	# shellcheck disable=SC2086 # a list of processes
	[ -z "$children" ] || kill -9 $children 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
mkdir "$dir/kept" "$dir/lost" "$dir/a,b c"

# lab OPTION...: the status is in $status, the streams in out and err.
lab() {
	"$exitlab" lab --deadline 120 "$@" >"$dir/out" 2>"$dir/err"
	status=$?
}

# ended STATUS MESSAGE: so the last lab ended, with exactly one line on stderr, which matches.
ended() {
	[ "$status" = "$1" ] && [ "$(wc -l <"$dir/err")" = 1 ] && grep -q -e "$2" "$dir/err"
}

fails() {
	expected=$1 message=$2
	shift 2
	lab "$@"
	ended "$expected" "$message"
}

# usage OPTION...: argp adds a line that points at --help.
usage() {
	lab "$@"
	[ "$status" = 2 ] && [ ! -s "$dir/out" ]
}

said() { grep -qx -e "$1" "$dir/out"; }
contains() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

# soon CONDITION...: it comes true within 60 s.
soon() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 1200 ] || return 1
		sleep 0.05
	done
}

# child PID: waits for the QEMU of that lab and puts its process id into $qemu.
child_is() { qemu=$(pgrep -P "$1" -f -- '-accel tcg'); }
child() { soon child_is "$1"; }

ended_process() { [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
running() { [ -n "$1" ] && ! ended_process "$1"; }
gone() { [ -n "$1" ] && soon ended_process "$1"; }

# Whether there can be a lab at all; the first time this fetches its kernel.
lab --clock host true </dev/null
if [ "$status" = 77 ]; then
	echo "1..0 # SKIP $(tail -n 1 "$dir/err")"
	exit 0
fi
ok "a command without -- and without output" [ "$status" = 0 ] # all that was said is in err

# One lab for everything that a command can see for itself.
cat >"$dir/look" <<'END'
cd() { echo "directory was changed"; }
pwd
echo "word=$1 empty=$2 lines=$(printf %s "$3" | wc -l) variable=$VARIABLE"
echo "clock=$EXITLAB_LAB_CLOCK user=$(id -u) host=$(hostname) cpus=$(nproc)"
echo "kvm=$(perl -e 'open(my $kvm, "+<", "/dev/kvm") or die $!; print ioctl($kvm, 0xae00, 0)')"
echo "npt=$(cat /sys/module/kvm_amd/parameters/npt) memlock=$(ulimit -l)"
for events in /sys/kernel/tracing/events/kvm /sys/kernel/debug/kvm /sys/fs/bpf; do
	[ -d $events ] || echo "$events is missing"
done
mkdir /sys/fs/cgroup/set && echo 0 >/sys/fs/cgroup/set/cpuset.cpus && echo cpuset=writable
modprobe vfio-pci && echo module=loaded
touch /run/exitlab-new /etc/exitlab-new && echo root=writable
echo kept >"$DIR/kept/file" && echo lost >"$DIR/lost/file" && echo quoted >"$DIR/a,b c/file"
# Seen outside while it is still open, as readers of a log need.
exec 9>"$DIR/kept/open" && echo written >&9 && cat "$DIR/kept/given"
echo "this is stderr" >&2
exit 42
END
echo given >"$dir/kept/given"
DIR=$dir VARIABLE='a  b
' lab --clock host --rw "$dir/kept" --rw "$dir/a,b c" -- \
	sh "$dir/look" 'two words' '' 'one
two
' </dev/null
ok "exit status" [ "$status" = 42 ]
ok "stderr is the command's own" contains "$dir/err" "this is stderr"
ok "working directory" said "$root"
ok "arguments and environment" said 'word=two words empty= lines=2 variable=a  b'
ok "clock, user, host, CPUs" said 'clock=host user=0 host=lab cpus=2'
ok "KVM answers with its API version" said 'kvm=12'
ok "nested paging, memlock unlimited" said 'npt=Y memlock=unlimited'
ok "tracepoints, debugfs, bpffs" sh -c "! grep -q missing '$dir/out'"
ok "cgroup2 with its controllers" said 'cpuset=writable'
ok "modules of the kernel" said 'module=loaded'
ok "a root that can be written" said 'root=writable'
ok "--rw is written back" contains "$dir/kept/file" kept
ok "--rw with a comma and a blank" contains "$dir/a,b c/file" quoted
ok "--rw shows what is there" said given
ok "a file still open at the end is whole" contains "$dir/kept/open" written
ok "everything else is forgotten" [ ! -e "$dir/lost/file" ]
ok "so is the root" [ ! -e /etc/exitlab-new ]

# Bytes of every value, more than any buffer holds, both ways and on two streams at once.
head -c 20000000 /dev/urandom >"$dir/bytes"
lab --clock host -- sh -c 'tee /dev/stderr; echo end' <"$dir/bytes"
echo end | cat "$dir/bytes" - >"$dir/expected"
ok "stdin and stdout are intact to the byte" cmp "$dir/out" "$dir/expected"
ok "so is stderr" cmp "$dir/err" "$dir/bytes"
rm "$dir/bytes" "$dir/expected" "$dir/out" "$dir/err"

# Two at once. A is killed with no chance to tidy up, B gets signals and dies of one.
cat >"$dir/trap" <<'END'
trap 'echo usr1' USR1
trap 'echo int; kill -SEGV $$' INT
echo ready
while :; do sleep 1 & wait; done
END
"$exitlab" lab --deadline 120 -- sh -c 'echo ready; sleep 1000' </dev/null >"$dir/out" 2>"$dir/err" &
a=$!
"$exitlab" lab --deadline 120 --clock host -- sh "$dir/trap" </dev/null >"$dir/out-b" 2>"$dir/err" &
b=$!
children="$a $b"
child $a
qemu_a=$qemu
child $b
qemu_b=$qemu
ok "a lab beside another starts" soon grep -q ready "$dir/out-b"
kill -USR1 $b
ok "SIGUSR1 reaches the command" soon grep -q usr1 "$dir/out-b"
kill -INT $b
ok "SIGINT reaches the command" soon grep -q int "$dir/out-b"
wait $b
ok "a command that dies of signal 11 gives 139" [ $? = 139 ]
ok "no QEMU is left" gone "$qemu_b"
ok "the other runs on" soon grep -q ready "$dir/out"
kill -9 $a
wait $a 2>/dev/null
ok "kill -9 leaves no QEMU" gone "$qemu_a"
children=

# A command that does not listen ends with its lab when asked again. Two requests at once are one.
"$exitlab" lab --deadline 120 --clock host -- sh -c 'trap "" INT TERM; echo deaf; sleep 1000' \
	</dev/null >"$dir/out" 2>"$dir/err" &
a=$!
children=$a
child $a
soon grep -q deaf "$dir/out"
kill -INT $a
kill -TERM $a
sleep 0.5
ok "two signals at once: the command may ignore them" running "$qemu"
kill -INT $a
wait $a
ok "SIGINT again ends the lab" [ $? = 130 ]
ok "and leaves no QEMU" gone "$qemu"
children=

# In a terminal's background, where reading is a reason to be stopped.
cat >"$dir/background" <<END
"$exitlab" lab --deadline 120 --clock host -- sh -c 'echo ready; cat; echo end' >"$dir/out" 2>"$dir/err" &
wait \$!
END
if command -v script >/dev/null; then
	rm "$dir/out"
	{ soon grep -q ready "$dir/out" && echo line; } 2>/dev/null |
		script -qec "sh -m '$dir/background'" /dev/null >/dev/null
	ok "in a terminal's background it is not stopped" contains "$dir/out" "ready
end"
fi

# The machine fails.
"$exitlab" lab --deadline 120 -- true </dev/null >"$dir/out" 2>"$dir/err" &
a=$!
children=$a
child $a && kill -9 "$qemu"
wait $a
status=$?
ok "QEMU killed: says so" ended 1 "killed by signal 9"
"$exitlab" lab --deadline 120 -- true </dev/null >"$dir/out" 2>"$dir/err" &
a=$!
children=$a
child $a && kill -TERM $a
wait $a
ok "SIGTERM before the lab is up gives 143" [ $? = 143 ]
ok "and leaves no QEMU" gone "$qemu"
children=
ok "kernel panic: says so" fails 1 "before the command ran: Kernel panic" \
	--clock host --append rdinit=/none --append root=none -- true
ok "deadline: says so" fails 1 "deadline of 1 s passed before the command ran" --deadline 1 -- true
ok "a device that QEMU does not know: its words" fails 1 "'toaster' is not a valid device" \
	--device toaster -- true
ok "a command that is not there gives 127" fails 127 "none: No such file" --clock host -- /none

# The kernel patches itself while its other CPU runs what is patched; see add_clock().
# shellcheck disable=SC2016 # the lab expands it
lab --clock host -- sh -c '
	toggle() {
		for i in $(seq 80); do
			echo 1 >/proc/sys/kernel/sched_schedstats; echo 0 >/proc/sys/kernel/sched_schedstats
		done
	}
	toggle & while kill -0 $! 2>/dev/null; do /bin/true; done; echo lived'
ok "two CPUs live through a kernel that patches its own code" said lived

# What cannot start.
printf '#!/bin/sh\nsleep 1234\n' >"$dir/slow"
chmod +x "$dir/slow"
QEMU=$dir/slow timeout -s INT 2 "$exitlab" lab -- true 2>/dev/null
ok "a QEMU that does not answer ends with Ctrl-C, and all it started" \
	sh -c '! pgrep -f "sleep 123[4]" >/dev/null'
ok "no QEMU: 77" env QEMU=/none sh -c "$exitlab lab true 2>/dev/null; [ \$? = 77 ]"
ok "no such kernel image: 77" fails 77 "no kernel image /none" --kernel /none -- true
ok "no cache that can be written" env CACHE=/proc/none sh -c \
	"$exitlab lab true 2>/dev/null; [ \$? = 1 ]"
ok "no command: usage" usage --clock host
ok "unknown option: usage" usage --toaster -- true
ok "unknown clock: usage" usage --clock moon -- true
ok "no CPUs: usage" usage --cpus 0 -- true
ok "two CPUs and the insn clock: usage" usage --cpus 2 -- true
ok "deadline of nothing: usage" usage --deadline 0 -- true
ok "deadline beyond every number: usage" usage --deadline 99999999999999999999 -- true
ok "--rw of no directory: usage" usage --rw /none -- true
ok "--rw of a file: usage" usage --rw Makefile -- true
ok "--rw of the root: usage" usage --rw / -- true
ok "--help" sh -c "$exitlab lab --help | grep -q EXITLAB_LAB_CLOCK"
plan
