#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab boot and everything that can go wrong with it. The guest runs under TCG, or not at all
# (fake_qemu); what only a real KVM can show is in lab_boot.t.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
root=$PWD
exitlab=$root/build/exitlab
dir=$(mktemp -d)

cleanup() {
	umount "$dir/full" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
chmod 755 "$dir"

boot() {
	timeout 120 "$exitlab" boot --accel tcg --results "$dir/results" "$@" >"$dir/out" 2>"$dir/err"
}

# fails STATUS MESSAGE OPTION...: boot ends so, with one line on stderr that matches.
fails() {
	status=$1 message=$2
	shift 2
	boot "$@"
	set -- $?
	[ "$1" = "$status" ] && grep -q -e "$message" "$dir/err" && return
	sed "s/^/# status $1: /" "$dir/err"
	return 1
}

# kept MESSAGE: exactly one run is there, failed, with its reason; then it is removed.
kept() {
	set -- "$1" "$dir"/results/*/*
	[ $# = 2 ] && [ "${2%.failed}" != "$2" ] && grep -q -e "$1" "$2/reason.txt" && [ -e "$2/run.rec" ]
	set -- $?
	rm -rf "$dir/results"
	return "$1"
}

nothing_runs() {
	! pgrep -f "$dir" >/dev/null
}

# image NAME: an initramfs whose /init is standard input.
image() {
	cat >"$dir/$1.init"
	sed "s,^file /init .*,file /init $dir/$1.init 0755 0 0," build/initramfs.list >"$dir/$1.list"
	build/kernel/build/usr/gen_init_cpio "$dir/$1.list" | lz4 -l -q >"$dir/$1.lz4"
}

# in_background OPTION...: boot as $pid, returning when the guest's first record is archived.
in_background() {
	"$exitlab" boot --accel tcg --results "$dir/results" "$@" >"$dir/out" 2>"$dir/err" &
	pid=$!
	for _ in $(seq 600); do
		[ -z "$(find "$dir/results" -name run.rec -size +0 2>/dev/null)" ] || return 0
		kill -0 $pid 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

# ends STATUS: $pid ends so, with nothing of it left running.
ends() {
	wait "$pid"
	[ $? = "$1" ] && nothing_runs
}

usage() {
	ok "ITER=0 is wrong usage" fails 2 'not a number from 1' --iter 0
	ok "ITER must be a number" fails 2 'not a number' --iter 1k
	ok "an unknown row is wrong usage" fails 2 'no row "user.nonsense"' --select user.cpuid,user.nonsense
	ok "an empty row name is wrong usage" fails 2 'no row ""' --select user.cpuid,,user.outb
	ok "an unknown machine is wrong usage" fails 2 'no "pc"' --machine pc
	ok "a CPU that is not there is wrong usage" fails 2 'CPU 1000 is not online' --cpu 1000
	ok "a missing kernel names make" fails 1 'builds it, --kernel' --kernel "$dir/none"
	ok "so is no row name at all" fails 2 'no row ""' --select ''
	ok "and one after the last comma" fails 2 'no row ""' --select user.cpuid,
	ok "no run was archived for any of them" test ! -e "$dir/results"
}

smoke() {
	outb=$("$exitlab" boot --list | grep -c '\.outb  *[1-6]')
	boot --iter 500
	ok "a run under TCG succeeds" test $? = 0
	ok "its rows carry no proof" grep -q 'NO-EXIT: no VM exits under TCG (user.empty' "$dir/out"
	ok "and none is PROVED" grep -q 'rows, 0 PROVED, ' "$dir/out"
	run=$(echo "$dir"/results/*/*)
	for file in run.rec check.rec proof.json env.json summary.json report.md report.html report.csv plots/user.cpuid.svg; do
		ok "it archives $file" test -s "$run/$file"
	done
	ok "exactly as many bytes reached debugcon as OUTBs were executed" \
		grep -q "\"written\": $((outb * 1500))\>" "$run/proof.json"
	for fact in '"pinned": true' '"backend": "null"' "\"time\": \"$(date -u +%F)T"; do
		ok "env.json says $fact" grep -q "$fact" "$run/env.json"
	done
	samples=$(grep -c '^      "n":' "$run/summary.json")
	ok "each row that ran says which of its samples were disturbed" \
		test "$(grep -c '^      "contamination": {' "$run/summary.json")" = "$samples"
	ok "by interrupts, since under TCG there is no steal time" \
		test "$(grep -c '^        "steal": null' "$run/summary.json")" = "$samples"
	EXITLAB_LAB_CLOCK=insn boot --iter 100
	ok "no environment makes ticks instructions" test $? = 2
	"$exitlab" boot --list >/dev/full 2>"$dir/err"
	ok "a full standard output is an error" test $? = 1
	cp -r "$run" "$dir/before"
	"$exitlab" report "$run" >"$dir/out" 2>"$dir/err"
	ok "exitlab report rebuilds the same bytes" diff -r "$run" "$dir/before"
	rm -rf "$dir/results" "$dir/before"
	boot --iter 500 --machine q35 --select user.cpuid
	ok "q35 works as well" test $? = 0
	ok "SELECT runs that row and the controls" \
		test "$(grep -c -E '^(user|kernel|syscall)\.' "$dir/out")" = 4
	rm -rf "$dir/results"
	(cd /usr/bin && boot --iter 100 --select user.outb_kvm,user.outb_kvm --qemu ./qemu-system-x86_64 \
		--kernel "$root/build/kernel/vmlinux" --initrd "$root/build/initramfs.cpio.lz4")
	ok "QEMU may be a relative path" test $? = 0
	ok "a row whose name another one's begins with is not run" test -z "$(grep '^user.outb ' "$dir/out")"
	ok "nor are its bytes counted" test -z "$(find "$dir/results" -name check.rec)"
	rm -rf "$dir/results"
}

# Rows of a module: without KVM, what they cost means nothing, and nothing can exit.
modules() {
	ok "an unknown module is wrong usage" fails 2 'no "nonsense"' --modules nonsense
	ok "so is a row of a module that is not asked for" fails 2 'gpulock.check_1k_2 is a row of a module: --modules gpulock' \
		--select user.cpuid,gpulock.check_1k_2
	ok "and more names than a guest's command line has room for" fails 2 'SELECT=kernel or gpulock names all' \
		--modules gpulock --select "$("$exitlab" boot --list | awk '/^[a-z]*[.]/ { printf "%s%s", comma, $1; comma = "," }')"
	"$exitlab" pathlength --select gpulock.check_1k_2 --results "$dir/results" 2>"$dir/err"
	ok "no other command has such rows" test $? = 2
	ok "no run was archived for any of them" test ! -e "$dir/results"
	boot --modules gpulock --iter 100 --machine q35 \
		--select user.cpuid,gpulock.check_1k_2,gpulock.kernel_1_1,gpulock.batch_1_4,gpulock.list_10_1
	ok "the rows of a module run beside the others" test $? = 0
	run=$(echo "$dir"/results/*/*)
	ok "those that are selected" test "$(grep -c '^gpulock[.]' "$dir/out") $(grep -c '^user[.]cpuid' "$dir/out")" = "4 1"
	ok "and the run names the command that repeats it" \
		grep -q '"repeat": "make boot ACCEL=tcg MACHINE=q35 ITER=100 MODULES=gpulock SELECT=user.cpuid,gpulock.kernel_1_1,' "$run/summary.json"
	ok "of a batch a twentieth as many samples" test "$(host/t/csv "$run" gpulock.batch_1_4 n)" = 5
	ok "whose floor is shared by its checks" test "$(host/t/csv "$run" gpulock.batch_1_4 floor)" = 0
	ok "the others have floors of their own" test "$(host/t/csv "$run" gpulock.check_1k_2 floor)" -gt 0
	ok "the report has them by layer, grants and agents" grep -q '^| CHECK ioctl | | | | | [0-9]* | | | | |' "$run/report.md"
	ok "and the structures beside each other" test -s "$run/plots/gpulock.structures.svg"
	ok "but no verdict on cycles of an emulator" sh -c "! grep -q '^| figure' '$run/report.md'"
	rm -rf "$dir/results"
	sed '/gpulock/d; s,^file /init .*,file /init initramfs/init 0755 0 0,' build/initramfs.list >"$dir/none.list"
	build/kernel/build/usr/gen_init_cpio "$dir/none.list" | lz4 -l -q >"$dir/none.lz4"
	ok "a module that does not load ends the run" fails 1 '/lib/gpulock.ko does not load: No such file' \
		--modules gpulock --select gpulock --initrd "$dir/none.lz4"
	ok "which is kept, with that reason" kept 'gpulock.ko does not load'
}

# A guest that is interrupted 100 times a second, and a row that takes it longer than that.
disturbed() {
	boot --iter 400000 --select user.outb,syscall.rdmsr,kernel.outb
	run=$(echo "$dir"/results/*/*)
	for row in user.outb syscall.rdmsr kernel.outb; do
		flagged=$(host/t/csv "$run" $row flagged)
		ok "$row: the guest's own timer disturbs samples" test "$flagged" -gt 0
		ok "$row: and few of them" test "$flagged" -lt 4000
	done
	rm -rf "$dir/results"
	image bare <<-'END'
		#!/bin/sh
		mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
		/bin/measure $MEASURE
		reboot -f
	END
	boot --initrd "$dir/bare.lz4" --iter 200 --select user.cpuid
	run=$(echo "$dir"/results/*/*)
	ok "a guest without kexit.ko cannot tell, and no row says that nothing happened" \
		test "$(grep -c '"contamination": null' "$run/summary.json")" = 2 # and user.empty
	ok "with the reason in the report" grep -q 'contamination | none: kexit.ko is not loaded' "$run/report.md"
	rm -rf "$dir/results"
}

guest_ends() {
	image none </dev/null
	sed -i '/slink .bin.sh /d' "$dir/none.list" # the kernel would try it next
	build/kernel/build/usr/gen_init_cpio "$dir/none.list" | lz4 -l -q >"$dir/none.lz4"
	ok "a guest panic before init is named" fails 1 'guest panic: ' --initrd "$dir/none.lz4"
	ok "and the run is kept as failed" kept 'before its first record: guest panic'
	image gone <<-'END'
		#!/bin/sh
		exit 3
	END
	ok "a guest panic in init is named" fails 1 'panic: Attempted to kill init! exitcode=0x00000300' --initrd "$dir/gone.lz4"
	ok "and the run is kept as failed" kept 'guest panic'
	image during <<-'END'
		#!/bin/sh
		mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
		/bin/measure $MEASURE &
		# well into the rows, however slow the machine: user time in ticks of 10 ms
		until set -- $(/bin/busybox cat /proc/$!/stat) && [ "${14}" -ge 150 ]; do /bin/busybox usleep 10000; done
	END
	ok "a guest panic during the rows is named, and the row" \
		fails 1 'after .*guest panic' --initrd "$dir/during.lz4" --iter 3000000
	ok "and the run is kept as failed" kept 'guest panic'
	image unmounted <<-'END'
		#!/bin/sh
		/bin/measure $MEASURE
		reboot -f
	END
	ok "the guest program's own error is named" \
		fails 1 'guest program failed: no virtio-serial port' --initrd "$dir/unmounted.lz4"
	ok "and the run is kept as failed" kept 'no virtio-serial port'
	image silent <<-'END'
		#!/bin/sh
		reboot -f
	END
	ok "an early exit without a word is named" fails 1 'early exit' --initrd "$dir/silent.lz4"
	ok "and the run is kept as failed" kept 'early exit'
}

# pinned QEMU: one thread may run on the last CPU and nowhere else; no other may where there are two.
pinned() {
	last=$(($(nproc) - 1))
	alone=$(grep -h Cpus_allowed_list "/proc/$1"/task/*/status | grep -c -w "$last")
	[ "$alone" = 1 ] || [ "$last" = 0 ]
}

qemu_ends() {
	ok "a missing QEMU cannot run" fails 77 'no such program; make deps' --qemu "$dir/none"
	rm -rf "$dir/results"
	ok "a QEMU that is none says so" fails 1 'does not start' --qemu /bin/false
	rm -rf "$dir/results"
	ok "a kernel that is none is named as QEMU names it" fails 1 'does not start: .*/dev/null' --kernel /dev/null
	rm -rf "$dir/results"
	FAKE=internal-error
	export FAKE
	ok "internal-error is named" fails 77 'internal-error .*Suberror: 1' --qemu "$root/host/t/fake_qemu"
	ok "and the run is kept as failed" kept 'internal-error'
	FAKE=silent
	ok "silence ends at the deadline" \
		fails 1 'the deadline of 2 s passed before its first record' --qemu "$root/host/t/fake_qemu" --deadline 2
	ok "and the run is kept as failed" kept 'deadline'
	FAKE=garbage
	ok "a broken record stream is named" \
		fails 1 'record stream is broken before its first record: .*magic' --qemu "$root/host/t/fake_qemu"
	ok "and the run is kept as failed" kept 'magic'
	FAKE=twice
	ok "a second INFO is refused before it is read" \
		fails 1 'broken after INFO: a second INFO' --qemu "$root/host/t/fake_qemu"
	ok "and the run is kept as failed" kept 'second INFO'
	FAKE=unasked
	ok "so is a proof pass that was not asked for" \
		fails 1 'a proof pass that it was not told to run' --qemu "$root/host/t/fake_qemu"
	ok "and the run is kept as failed" kept 'proof pass'
	FAKE=panic
	ok "a panic on the console is named" fails 1 'guest panic: out of beer' --qemu "$root/host/t/fake_qemu"
	rm -rf "$dir/results"
	# As with isolcpus=, where nothing runs on the CPU unless it is sent there.
	if [ "$(nproc)" -gt 1 ]; then
		(
			taskset -p -c 0 "$(sh -c 'echo $PPID')" >/dev/null
			fails 1 'out of beer' --qemu "$root/host/t/fake_qemu" --cpu $(($(nproc --all) - 1))
		)
		ok "a CPU is had where we do not run now" [ $? = 0 ]
		rm -rf "$dir/results"
	fi
	unset FAKE
	in_background --iter 3000000
	ok "a boot in the background starts" test $? = 0
	ok "the vCPU's thread alone is on its CPU" pinned "$(pgrep -P $pid)"
	pkill -KILL -P $pid
	ok "a killed QEMU ends it" ends 1
	ok "and is named" kept 'QEMU was killed by SIGKILL'
	in_background --iter 3000000
	kill -KILL $pid
	wait $pid 2>/dev/null
	for _ in $(seq 50); do
		nothing_runs && break
		sleep 0.1
	done
	ok "kill -9 of exitlab leaves no QEMU" nothing_runs
	rm -rf "$dir/results"
}

interrupted() {
	for signal in INT TERM HUP; do
		in_background --iter 3000000
		kill -$signal $pid
		ok "SIG$signal during the rows ends it" ends 1
		ok "and the run is kept as failed" kept "interrupted by SIG$signal"
	done
	FAKE=silent
	export FAKE
	"$exitlab" boot --accel tcg --results "$dir/results" --qemu "$root/host/t/fake_qemu" >"$dir/out" 2>"$dir/err" &
	pid=$!
	until [ -n "$(find "$dir/results" -name run.qemu.log 2>/dev/null)" ]; do
		kill -0 $pid || break
		sleep 0.1
	done
	kill -INT $pid
	ok "SIGINT before the first record ends it" ends 1
	ok "and the run is kept as failed" kept 'interrupted by SIGINT'
	unset FAKE
}

archive() {
	mkdir "$dir/results"
	boot --iter 200 --select user.cpuid &
	other=$!
	"$exitlab" boot --accel tcg --results "$dir/results" --iter 200 --select user.cpuid >"$dir/out2" 2>"$dir/err2"
	ok "of two boots at once the first succeeds" test $? = 0
	wait $other
	ok "and so does the second" test $? = 0
	ok "into two archives" test "$(find "$dir/results" -name summary.json | wc -l)" = 2
	ok "with nothing else beside them" test -z "$(find "$dir/results" -name '*.partial' -o -name '*.failed')"
	rm -rf "$dir/results"
	if [ "$(id -u)" != 0 ]; then
		skip "full and unwritable archives" "needs root"
		return
	fi
	mkdir "$dir/full"
	if mount -t tmpfs -o size=64k tmpfs "$dir/full" 2>/dev/null; then
		ok "a full archive ends the run" fails 1 'No space left on device' --results "$dir/full"
		ok "which is kept as failed" test -d "$(echo "$dir"/full/*/*.failed)"
		ok "with nothing left running" nothing_runs
		umount "$dir/full"
	else
		skip "a full archive" "no tmpfs can be mounted here"
	fi
	mkdir -m 755 "$dir/owned" # by root, while boot runs as nobody, from images it may read
	cp build/kernel/vmlinux "$dir/vmlinux"
	cp build/initramfs.cpio.lz4 "$exitlab" "$dir"
	as_nobody tcg
	ok "an unwritable archive is an error" test $? = 1
	ok "in one line that names RESULTS=" one_line RESULTS=
	if [ -e /dev/kvm ] && ! setpriv --reuid=65534 --regid=65534 --clear-groups test -w /dev/kvm; then
		as_nobody kvm
		ok "no rights to /dev/kvm cannot run" test $? = 77
		ok "in one line that names what grants them" one_line 'join the group kvm'
	else
		skip "no rights to /dev/kvm" "it is not there, or anyone's"
	fi
}

as_nobody() {
	(cd "$dir" && exec setpriv --reuid=65534 --regid=65534 --clear-groups ./exitlab boot --accel "$1" \
		--kernel vmlinux --initrd initramfs.cpio.lz4 --results owned/results) >"$dir/out" 2>"$dir/err"
}

one_line() {
	[ "$(wc -l <"$dir/err")" = 1 ] && grep -q -e "$1" "$dir/err"
}

kernel() {
	# The guest's; those of other kernels contradict them.
	set -- kernel-config/base.config kernel-config/kvm.config kernel-config/machine.config kernel-config/slim.config
	cp build/kernel/config "$dir/config"
	ok "the gate passes what was built" kernel-config/gate "$dir/config" "$@"
	sed -i 's/^CONFIG_X86_IOPL_IOPERM=y/# & lost/' "$dir/config"
	kernel-config/gate "$dir/config" "$@" 2>"$dir/err"
	ok "a lost symbol fails the gate" test $? = 1
	ok "and is named" grep -q 'asks for CONFIG_X86_IOPL_IOPERM=y, Kconfig made it n' "$dir/err"
	echo CONFIG_HID_SUPPORT=y >>"$dir/config"
	kernel-config/gate "$dir/config" "$@" 2>"$dir/err"
	ok "and so does one that must be off" grep -q 'CONFIG_HID_SUPPORT=n, Kconfig made it y' "$dir/err"
	for source in "$dir/none" "$dir" "$dir/config"; do
		CACHE=$dir/cache KERNEL_SRC=$source kernel-config/build "$@" >"$dir/out" 2>"$dir/err"
		ok "a wrong KERNEL_SRC is refused: ${source#"$dir"}" sh -c "grep -q 'kernel-config: ' $dir/err && [ ! -s $dir/out ]"
	done
}

usage
smoke
modules
disturbed
guest_ends
qemu_ends
interrupted
archive
kernel
plan
