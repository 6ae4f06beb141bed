#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab lab --vendor intel: what host/t/lab.t shows of the AMD lab. A start takes half a minute, so there
# are three of them, and some that get no further.
# alone: it looks for what the labs leave behind on all of the machine
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
exitlab=$PWD/build/exitlab
dir=$(mktemp -d)
# What is carried goes here, with whatever else a killed lab could leave behind.
export CACHE="${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/exitlab}"
children=

cleanup() {
	# shellcheck disable=SC2086 # a list of processes
	[ -z "$children" ] || kill -9 $children 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
mkdir "$dir/kept" "$dir/tmp" "$dir/a,b:
c\d"

intel() {
	TMPDIR=$dir/tmp "$exitlab" lab --vendor intel "$@" >"$dir/out" 2>"$dir/err"
	status=$?
}

ended() { # STATUS MESSAGE: with exactly one line on stderr, which matches
	[ "$status" = "$1" ] && [ "$(wc -l <"$dir/err")" = 1 ] && grep -q -e "$2" "$dir/err"
}

fails() {
	expected=$1 message=$2
	shift 2
	intel "$@" </dev/null
	ended "$expected" "$message"
}

usage() {
	intel "$@" </dev/null
	[ "$status" = 2 ] && [ ! -s "$dir/out" ] && grep -q -e "$message" "$dir/err"
}

said() { grep -qx -e "$1" "$dir/out"; }
contains() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

soon() { # CONDITION...: it comes true within 200 s
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 4000 ] || return 1
		sleep 0.05
	done
}

# What a lab makes: processes of its group and their children, the second image, files in /dev/shm and TMPDIR.
all_of() { pgrep -g "$1"; pgrep -P "$1"; for child in $(pgrep -P "$1"); do pgrep -P "$child"; done; }
ended_process() { [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
all_ended() {
	for process in $processes; do
		ended_process "$process" || return 1
	done
}
traces() {
	ls "$dir/tmp" /dev/shm
	find "$CACHE/lab" -newer "$dir/began" -not -name '*.squashfs' -type f -not -name lock
	cut -d ' ' -f 2,3 /proc/self/mounts
	grep -h ' 0A ' /proc/net/tcp /proc/net/tcp6 | awk '{ print $2 }' | sort
}

message='no --iommu'
ok "--iommu is a usage error" usage --iommu true
message='no clock but insn'
ok "so is the host's clock" usage --clock host true
message='no second CPU'
ok "and a second CPU" usage --cpus 2 true
message='amd nor intel'
ok "an unknown vendor" usage --vendor arm true

BOCHS=/nonexistent/bochs
export BOCHS
ok "without bochs" fails 77 '/nonexistent/bochs does not run; make deps installs it' true
unset BOCHS
BXSHARE=/nonexistent
export BXSHARE
if command -v bochs >/dev/null; then
	ok "without its firmware" fails 77 'BIOS-bochs-latest is missing; make deps installs bochsbios' true
fi
unset BXSHARE

# One for all that a command can see and do.
cat >"$dir/look" <<'END'
#!/bin/sh
pwd
id -u
echo "kvm: $(test -c /dev/kvm && echo there)"
echo "cpu: $(grep -c 'vmx flags.*ept.*' /proc/cpuinfo) of $(nproc)"
echo "clock: $EXITLAB_LAB_CLOCK"
echo "$EXITLAB_LAB" | grep -o '^Bochs'
read -r line && echo "read: $line"
read -r line || echo "end of input"
cat with/me
echo lost >with/lost
cd kept
ls
echo new >changed
rm deleted
rm -r replaced && mkdir replaced && echo new >replaced/file
rm -r place && echo new >place
ln -s nowhere link
echo more >"a name
of two lines"
chmod 4750 mode
truncate -s 8G holes
rm "../a,b:
c\d/same"
chmod 711 "../a,b:
c\d"
dd if=/dev/zero of=/big bs=1M 2>&1 | grep -o 'No space left on device'
rm /big
echo "to stderr" >&2
seq 1 8000000 | head -c 50000000
exit 37
END
mkdir "$dir/with" "$dir/kept/replaced" "$dir/kept/place"
echo carried >"$dir/with/me"
for file in changed deleted replaced/old place/old mode same; do
	echo old >"$dir/kept/$file"
done
echo old >"$dir/a,b:
c\d/same"
cd "$dir" || exit 1
echo 'first line' >"$dir/input"
intel --mem 768M --rw kept --rw "a,b:
c\d" --with with --with seq -- sh "$dir/look" rest <"$dir/input"
cd - >/dev/null || exit 1
if [ "$status" = 77 ]; then
	skip "all that is in the lab" "$(tail -n 1 "$dir/err")"
	plan
	exit 0
fi
ok "the command's status" [ "$status" = 37 ]
ok "its standard error, and nothing else there" contains "$dir/err" "to stderr"
ok "its directory" said "$dir"
ok "its user is root" said 0
ok "VT-x with EPT, one CPU" said "cpu: 1 of 1"
ok "and KVM" said "kvm: there"
ok "the environment names the clock" said "clock: insn"
ok "and the emulator" said Bochs
ok "standard input" said "read: first line"
ok "and its end" said "end of input"
ok "--with is carried" said carried
ok "a full disk is the command's own affair" said "No space left on device"
seq 1 8000000 | head -c 50000000 | cksum >"$dir/expected"
tail -c 50000000 "$dir/out" | cksum >"$dir/seen"
ok "50 MB of output, every byte" cmp "$dir/expected" "$dir/seen"
truncate -s 0 "$dir/out"
ok "what is not --rw is not written" [ ! -e "$dir/with/lost" ]
ok "a file that changed" contains "$dir/kept/changed" new
ok "one that is deleted" [ ! -e "$dir/kept/deleted" ]
ok "a directory in another's place" [ "$(ls "$dir/kept/replaced")" = file ]
ok "a file in a directory's place" contains "$dir/kept/place" new
ok "a link" [ "$(readlink "$dir/kept/link")" = nowhere ]
ok "a name with a newline" contains "$dir/kept/a name
of two lines" more
ok "a mode" [ "$(stat -c %a "$dir/kept/mode")" = 4750 ]
ok "a file of holes" [ "$(stat -c '%s %b' "$dir/kept/holes")" = '8589934592 0' ]
ok "one deleted in the other directory" [ ! -e "$dir/a,b:
c\d/same" ]
ok "... and there alone" [ -e "$dir/kept/same" ]
ok "the mode of a directory where nothing else changed" [ "$(stat -c %a "$dir/a,b:
c\d")" = 711 ]

# What is wrong before there is a lab.
ok "as much memory as cannot be" fails 2 'mem 64G: at most 3072M' --mem 64G true
ok "as long a command line as its kernel would cut" \
	fails 1 'longer than 2047 bytes' --append "$(printf '%1900s' '')" true
mkdir "$dir/bin"
for tool in /usr/bin/* /bin/* /usr/sbin/* /sbin/*; do
	case ${tool##*/} in
	mksquashfs | sqfstar) ;; # of one package
	*) ln -sf "$tool" "$dir/bin/${tool##*/}" ;;
	esac
done
before=$PATH
PATH=$dir/bin
export PATH
ok "without squashfs-tools" fails 77 'sq.*fs.* is missing; make deps installs it' true
PATH=$before

touch "$dir/began"
traces >"$dir/before"
fails 1 'ended while the command ran: Kernel panic - not syncing: sysrq triggered crash' \
	sh -c 'echo c >/proc/sysrq-trigger'
ok "a panic of its kernel" ended 1 'ended while the command ran: .*sysrq triggered crash'
fails 1 'the deadline of 6 s passed before the command ran' --deadline 6 true
ok "a deadline" ended 1 'the deadline of 6 s passed before the command ran'

"$exitlab" lab --vendor intel --deadline 2 true <&- >&- 2>&-
ok "no standard stream at all" [ $? = 1 ]

# A command that hangs: the first request to end is its own, the second in a row is the lab's.
TMPDIR=$dir/tmp "$exitlab" lab --vendor intel -- \
	sh -c 'trap "echo asked" TERM; echo up; while :; do :; done' </dev/null >"$dir/out" 2>"$dir/err" &
lab=$!
children=$lab
soon said up
processes=$(all_of "$lab")
kill "$lab"
ok "a signal reaches the command" soon said asked
sleep 0.3 # sooner it would be the same request
kill "$lab"
wait "$lab"
status=$?
ok "a second request ends a lab that hangs" [ "$status" = 143 ]
ok "... with every process" soon all_ended
children=

# kill -9 at several moments: while the files are gathered, in the firmware, in the kernel.
mkdir "$dir/other"
for moment in 0.2 1.5 8; do
	TMPDIR=$dir/tmp setsid "$exitlab" lab --vendor intel --rw "$dir/other" -- true </dev/null >"$dir/out" 2>"$dir/err" &
	lab=$!
	sleep "$moment" # a moment, not a signal: whatever it does then
	processes=$(all_of "$lab")
	ok "it runs after $moment s" kill -9 "$lab"
	ok "killed then, it leaves no process" soon all_ended
done
traces >"$dir/after"
ok "no mount, no open port, no temporary file is left" cmp "$dir/before" "$dir/after"
plan
