#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Isolation for real, on the lab's stock kernel with two CPUs: the partition, the interrupts, the
# tasks, everything put back; and what a report card says with a disturber beside the vCPU.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
exitlab=$PWD/build/exitlab
isolate=$PWD/isolation-scripts/isolate

if [ -z "${EXITLAB_LAB-}" ]; then
	"$exitlab" lab --clock host --cpus 2 --deadline 600 -- "$PWD/host/t/isolation.t"
	status=$?
	[ $status = 77 ] && echo "1..0 # SKIP the lab cannot run here"
	exit $status
fi

dir=$(mktemp -d)
cpu=1
partition=/sys/fs/cgroup/exitlab

# The lab's disk: its interrupt is the one that reading causes. Sent to the CPU that is to be
# isolated, it disturbs.
disk_irq() {
	awk '/virtio.*requests/ && NF { sub(":", "", $1); print $1; exit }' /proc/interrupts
}

# Interrupts of an IRQ on the CPU so far.
irq_count() {
	awk -v irq="$1:" -v column=$((cpu + 2)) '$1 == irq { print $column }' /proc/interrupts
}

read_disk() {
	"$exitlab" interfere --cpu 0 --read "$exitlab" --seconds 1 >/dev/null
}

# All that isolate may touch, each with its contents.
touched() {
	grep -rHs '' /proc/irq/*/smp_affinity_list /proc/irq/default_smp_affinity /proc/sys/vm /proc/sys/kernel \
		/sys/kernel/mm /sys/devices/virtual/workqueue /sys/devices/system/cpu/cpu*/power/pm_qos_resume_latency_us \
		/sys/devices/system/cpu/*online /sys/devices/system/node/node*/hugepages/*/nr_hugepages \
		/sys/class/net/*/queues/*/*ps_cpus /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null |
		grep -vE 'random/|/(pty/nr|ns_last_pid|stat_refresh|drop_caches|compact_memory)|khugepaged/(pages|full)|ksm/(ksm_zero|full_scans|pages|general)|hugepages-.*/stats/|sched_(domain|debug)'
	find /sys/fs/cgroup -maxdepth 1 -type d | sort
	od -An -tu4 /dev/cpu_dma_latency
}

# Who may run where; but for this shell and what it starts, which are new each time.
tasks() {
	for task in /proc/[0-9]*; do
		[ "${task#/proc/}" -lt $$ ] && grep -Hs '^Cpus_allowed_list' "$task/status"
	done
}

before() {
	touched >"$dir/before"
	tasks >"$dir/tasks"
}

# The same as before? Kernel threads come and go; those that are still there run where they did.
same() {
	touched | diff "$dir/before" - >"$dir/out" || return 1
	tasks | awk 'FNR == NR { was[$1] = $0; next } $1 in was && was[$1] != $0 { print was[$1], "is", $0; bad = 1 }
		END { exit bad }' "$dir/tasks" - >"$dir/out"
}

# No thread that can be moved may run on the CPU.
allowed_elsewhere() {
	for stat in /proc/[0-9]*/task/[0-9]*/stat; do
		read -r line 2>/dev/null <"$stat" || continue
		# shellcheck disable=SC2086 # words
		set -- ${line##*) }
		[ $(($7 & 0x4000000)) = 0 ] || continue # PF_NO_SETAFFINITY
		grep -qsE "^Cpus_allowed_list:.*(0-$cpu|[^0-9]$cpu$)" "${stat%/stat}/status" &&
			echo "${line%%)*}) may" >"$dir/err" && return 1
	done
	return 0
}

# An interrupt that is not due yet may move when it next arrives.
no_irq_there() {
	for handler in /proc/irq/*/*/; do # of those that somebody handles
		list=$(dirname "$handler")/smp_affinity_list
		[ "$(cat "$list")" != $cpu ] || { echo "$handler" >"$dir/err" && return 1; }
	done
}

really_isolated() {
	irq=$(disk_irq)
	echo $cpu >"/proc/irq/$irq/smp_affinity_list"
	count=$(irq_count "$irq")
	read_disk
	ok "the disk's interrupts come to the CPU before" test "$(irq_count "$irq")" -gt "$count"
	before

	"$isolate" apply --cpu $cpu >"$dir/out" 2>"$dir/err"
	ok "isolate applies" test $? = 0
	ok "the kernel has formed the partition" test "$(cat $partition/cpuset.cpus.partition)" = isolated
	ok "of the CPU" test "$(cat $partition/cpuset.cpus.effective)" = $cpu
	ok "and the others have the rest" test "$(cat /sys/fs/cgroup/cpuset.cpus.effective)" = 0
	ok "no thread that can be moved may run there" allowed_elsewhere
	ok "no interrupt is sent there" no_irq_there
	count=$(irq_count "$irq")
	read_disk
	ok "nor does one of the disk come" test "$(irq_count "$irq")" = "$count"
	"$isolate" verify >"$dir/out" 2>"$dir/err"
	ok "verify agrees" test $? = 0
	echo $cpu >"/proc/irq/$irq/smp_affinity_list"
	"$isolate" verify >"$dir/out" 2>"$dir/err"
	ok "and notices what another has changed" test $? = 1
	ok "by name" grep -q '^irq .*' "$dir/out"

	"$isolate" restore >"$dir/out" 2>"$dir/err"
	ok "restore succeeds" test $? = 0
	ok "all that it touched is as it was" same
	"$isolate" verify >"$dir/out" 2>"$dir/err"
	ok "verify agrees with that, too" test $? = 0
}

killed() {
	"$isolate" run --cpu $cpu -- sleep 300 >"$dir/out" 2>"$dir/err" &
	pid=$!
	until grep -qs . $partition/cgroup.threads || ! kill -0 $pid 2>/dev/null; do
		sleep 0.1
	done
	ok "run puts the command into the partition" grep -q . $partition/cgroup.threads
	kill -9 $pid
	wait $pid 2>/dev/null
	ok "after kill -9 of run the host is still isolated" test "$(cat $partition/cpuset.cpus.partition)" = isolated
	"$isolate" status >"$dir/out" 2>"$dir/err"
	ok "the next call says so and names the remedy" grep -q 'isolate restore' "$dir/err"
	pkill -f "sleep 300"
	"$isolate" restore >"$dir/out" 2>"$dir/err"
	ok "restore succeeds" test $? = 0
	ok "all is as it was" same
}

# card CELL EXPRESSION: of the one run in that cell.
card() {
	perl -MJSON::PP -0e 'my ($cell, $code) = @ARGV; my $s = decode_json(<STDIN>);
		for (grep { $_->{cell} eq $cell } @{$s->{cells}}) { $_ = $_->{cards}[0]; exit !eval $code } exit 1' \
		"$1" "$2" <"$run/summary.json"
}

# shellcheck disable=SC2016 # perl expands them
compared() {
	"$exitlab" ab --accel kvm --cpu $cpu --rounds 1 --iter 1000 --select user.cpuid --read "$exitlab" \
		--results "$dir/ab" >"$dir/out" 2>"$dir/err"
	ok "the comparison runs to its end" test $? = 0
	run=$(echo "$dir"/ab/*/*-isolation-ab)
	ok "without isolation the disturbed run is NOISY" card "plain, disturbed" '$_->{verdict} eq "NOISY"'
	ok "the card names the task that took the CPU" card "plain, disturbed" '$_->{text} =~ /involuntary_switches \d+, allowed 10: noise-/'
	ok "and the disk's interrupt" card "plain, disturbed" '$_->{text} =~ /interrupt\.\d+ \(.*virtio/'
	ok "with it the same is CLEAN" card "isolated, disturbed" '$_->{verdict} eq "CLEAN"'
	ok "the table has p50, p99, p99.9, max, the verdict and the card of each" \
		grep -qE '^user.cpuid +yes +yes +1000( +[0-9]+){4}  PROVED +CLEAN 1 of 1' "$dir/out"
	ok "marked as emulated" grep -q 'emulated: of no use for comparison' "$dir/out"
	ok "every row is PROVED" test "$(grep -c 'PROVED' "$run/report.md")" = 16
	ok "and the host is as it was" same
}

# Before it is isolated, a first guest shows that KVM runs at all.
begun_twice() {
	before
	for option in "" "--cpu $cpu"; do
		# shellcheck disable=SC2086 # words
		FAKE=panic "$exitlab" boot --isolate $option --qemu "$PWD/host/t/fake_qemu" --results "$dir/twice" \
			>"$dir/out" 2>"$dir/err"
		ok "boot --isolate $option has the same CPU for the second guest" grep -q "out of beer on CPU $cpu;" "$dir/out" "$dir/err"
	done
	ok "and the host is as it was" same
}

really_isolated
killed
compared
begun_twice
plan
