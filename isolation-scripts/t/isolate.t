#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# isolate on trees that stand for a host (fake_root): every knob is set and put back, and whatever
# happens on the way, an end by kill -9 before any statement that changes something included, the
# tree is afterwards what it was. The host itself is not touched.
# shellcheck disable=SC2016 # Perl and other shells are quoted here
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
t=$PWD/isolation-scripts/t
dir=$(mktemp -d)
root=$dir/root state=$dir/state
export ISOLATE_ROOT="$root" ISOLATE_STATE="$state" PATH="$t/bin:$PATH"
processes=
mounted=

clean_up() {
	# shellcheck disable=SC2086 # numbers
	[ -z "$processes" ] || kill -s KILL $processes 2>/dev/null
	pkill -f "isolate: holds $dir/"
	[ -z "$mounted" ] || umount "$mounted"
	rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

isolate() {
	isolation-scripts/isolate "$@" >"$dir/out" 2>"$dir/err"
	status=$?
	"$t/settle" "$root"
	return $status
}

exits() { # CODE ARG...
	code=$1
	shift
	isolate "$@"
	test $? = "$code"
}

says() { # PATTERN
	grep -q -e "$1" "$dir/out" "$dir/err"
}

# A new tree of the vendor, and what it looks like.
fresh() { # intel|amd
	rm -rf "$root" "$state" "$dir/original"
	"$t/fake_root" "$dir/original" "$1" "$irqbalance"
	cp -a "$dir/original" "$root"
}

modes() {
	(cd "$1" && find . -printf '%M %U:%G %p %l\n' | sort)
}

unchanged() {
	diff -r --no-dereference "$dir/original" "$root" >"$dir/out" 2>&1 &&
		modes "$dir/original" >"$dir/modes" && modes "$root" | diff "$dir/modes" - >"$dir/out"
}

restored() {
	exits 0 restore && unchanged
}

is_stopped() {
	grep -q ') T' "/proc/$irqbalance/stat"
}

is_held() {
	pgrep -f "isolate: holds $root/dev/cpu_dma_latency" >"$dir/err"
}

not() {
	! "$@"
}

holds() { # PATH VALUE
	test "$(cat "$root$1")" = "$2" || echo "$1 holds $(cat "$root$1"), not $2" >"$dir/err"
	test "$(cat "$root$1")" = "$2"
}

json() { # EXPRESSION about $_, which is what was printed
	perl -MJSON::PP -0777 -e '$_ = decode_json(<STDIN>); exit !('"$1"')' <"$dir/out"
}

# What the files of both trees hold once everything is applied to CPU 3, whose sibling is 1.
files_hold() {
	cpu=/sys/devices/system/cpu
	while read -r path value; do
		holds "$path" "$value" || return 1
	done <<-END
	/proc/irq/1/smp_affinity_list 0,2
	/proc/irq/24/smp_affinity_list 0,2
	/proc/irq/default_smp_affinity 5
	/sys/class/net/eth0/queues/rx-0/rps_cpus 5
	/sys/class/net/eth0/queues/rx-1/rps_cpus 0
	/sys/class/net/eth0/queues/tx-0/xps_cpus 5
	/sys/devices/virtual/workqueue/cpumask 5
	/sys/devices/virtual/workqueue/writeback/cpumask 5
	/proc/sys/kernel/watchdog_cpumask 0,2
	/proc/sys/kernel/nmi_watchdog 0
	/proc/sys/kernel/soft_watchdog 0
	/proc/sys/kernel/timer_migration 0
	/proc/sys/vm/stat_interval 120
	/sys/kernel/mm/transparent_hugepage/enabled always madvise [never]
	/sys/kernel/mm/transparent_hugepage/defrag always defer defer+madvise madvise [never]
	/sys/kernel/mm/ksm/run 0
	/proc/sys/kernel/numa_balancing 0
	/proc/sys/vm/compaction_proactiveness 0
	/proc/sys/vm/swappiness 0
	$cpu/cpu3/cpufreq/scaling_governor performance
	$cpu/cpu3/cpufreq/scaling_min_freq 4200000
	$cpu/cpu0/cpufreq/scaling_min_freq 800000
	$cpu/cpu3/power/pm_qos_resume_latency_us n/a
	/sys/fs/cgroup/cgroup.subtree_control cpuset cpu memory
	/sys/fs/cgroup/exitlab/cgroup.type threaded
	/sys/fs/cgroup/exitlab/cpuset.cpus 1,3
	/sys/fs/cgroup/exitlab/cpuset.mems 0
	/sys/fs/cgroup/exitlab/cpuset.cpus.partition isolated
	/proc/sys/kernel/sched_rt_runtime_us -1
	/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages 40
	$cpu/cpu1/online 0
	/proc/sys/kernel/randomize_va_space 2
	END
}

allowed() { # TID LIST
	grep -q -x "Cpus_allowed_list:	$2" "$root"/proc/*/task/"$1"/status
}

every_knob() { # VENDOR KNOBS that are the other vendor's
	about "$1: "
	fresh "$1"
	exits 0 status --cpu 3 --json
	ok "status changes nothing" unchanged
	exits 0 apply --cpu 3 --hugepages 64 --fifo 10 --dry-run
	ok "nor does a dry run" unchanged
	ok "nor does it leave anything" test ! -e "$state"
	ok "apply succeeds" exits 0 apply --cpu 3 --hugepages 64 --fifo 10 --json
	ok "and names every knob of the table, in its order" test \
		"$(perl -MJSON::PP -0777 -e 'print map "$_->{name}\n", @{decode_json(<STDIN>)->{knobs}}' <"$dir/out")" \
		= "$(sed -n 's/^\([a-z][a-z_]*\) *|.*/\1/p' isolation-scripts/knobs)"
	ok "all are applied and verified, but those of the other vendor" json \
		'!grep { my $k = $_; $k->{status} ne "noted" && !($k->{status} eq "applied" && $k->{verified}) &&
		!($k->{status} eq "unsupported" && grep { $_ eq $k->{name} } qw('"$2"')) } @{$_->{knobs}}'
	ok "the files hold it" files_hold
	ok "a thread is moved" allowed 5000002 0,2
	ok "one pinned to the CPU goes elsewhere" allowed 5000003 0,2
	ok "one half there stays on its other half" allowed 5000006 0
	ok "a kernel thread that cannot move is left alone" allowed 5000004 3
	ok "irqbalance is stopped" is_stopped
	ok "the device is held" is_held
	cp "$state/applied.json" "$dir/out"
	ok "applied.json is valid and says so" json \
		'$_->{schema} eq "exitlab-isolation/1" && $_->{isolated} eq "1,3" && $_->{housekeeping} eq "0,2" &&
		$_->{cgroup} eq "/sys/fs/cgroup/exitlab" && $_->{hugepages_mib} == 64 && $_->{fifo} == 10 &&
		$_->{boot_id} eq qq(a "quoted" b\\o\tot)'
	ok "verify agrees" exits 0 verify
	sed -n '/^exitlab/!{/^end/!{/^knob/!p;};}' "$state/journal" >"$dir/priors"
	exits 0 apply --cpu 3 --hugepages 64 --fifo 10 --json
	ok "applied twice every knob is there already" json \
		'!grep { $_->{status} !~ /already|noted|unsupported/ } @{$_->{knobs}}'
	sed -n '/^exitlab/!{/^end/!{/^knob/!p;};}' "$state/journal" | diff "$dir/priors" - >"$dir/err"
	ok "and the prior values are the first ones" test $? = 0
	echo 7 >"$root/proc/sys/vm/swappiness"
	ok "verify finds a knob that was turned" exits 1 verify
	ok "and names it" says 'not as applied: swappiness$'
	ok "another CPU is refused" exits 1 apply --cpu 2
	ok "with the way out" says 'isolate restore'
	ok "in a dry run too" exits 1 apply --cpu 2 --dry-run
	ok "but it can be asked about" exits 0 status --cpu 2 --json
	ok "as one that nothing is applied to" json '$_->{cpu} == 2 && $_->{isolated} eq "0,2" && $_->{mode} eq ""'
	ok "with a word of the other" says '^isolate: CPU 3 is isolated since'
	ok "and advised on" exits 0 advise --cpu 2 --json
	ok "by itself" json '$_->{cpu} == 2'
	# A thread born of a moved one, and one that had chosen these CPUs before.
	sed -i 's/S 1 .* 20 0 1 0 14 /&/; s/ 20 0 1 0 14 / 20 0 1 0 999999999999 /' \
		"$root/proc/5000005/task/5000005/stat"
	sed -i 's/^Cpus_allowed_list.*/Cpus_allowed_list:	0,2/' "$root/proc/5000005/task/5000005/status"
	cp -a "$root/proc/5000005" "$root/proc/5000007"
	mv "$root/proc/5000007/task/5000005" "$root/proc/5000007/task/5000007"
	ok "restore succeeds" exits 0 restore --json
	ok "and says so" json '$_->{back} > 20 && !@{$_->{failed}}'
	ok "a thread born narrowed is widened" allowed 5000007 0-3
	rm -r "$root/proc/5000007"
	cp -a "$dir/original/proc/5000005/." "$root/proc/5000005"
	ok "the tree is what it was" unchanged
	ok "irqbalance goes on" not is_stopped
	ok "nobody holds the device" not is_held
	ok "applied.json is gone" test ! -e "$state/applied.json"
	ok "verify says all is back" exits 0 verify
	echo 7 >"$root/proc/sys/vm/swappiness"
	ok "and finds what is not" exits 1 verify
	cp -a "$dir/original/proc/sys/vm/swappiness" "$root/proc/sys/vm/swappiness"
	ok "restored twice there is nothing to do" restored
	ok "and it says so" says 'nothing to restore'
	unset about
}

# They take longest, so they run beside all else.
start_kills() {
	"$t/kill_points" "$dir/kill1" 1 2 >"$dir/killed1" 2>&1 &
	one=$!
	"$t/kill_points" "$dir/kill2" 2 2 >"$dir/killed2" 2>&1 &
	two=$!
	processes="$processes $one $two"
}

killed() {
	wait $one && wait $two
	code=$?
	cat "$dir/killed1" "$dir/killed2" >"$dir/err"
	ok "kill -9 before each of $(tail -n 1 "$dir/kill1/points" 2>/dev/null | cut -d' ' -f2) statements of restore and $(
		head -n 1 "$dir/kill1/points" 2>/dev/null | cut -d' ' -f2) of apply: all comes back" \
		test $code = 0 -a ! -s "$dir/err" -a -s "$dir/kill1/points" -a -s "$dir/kill2/points"
}

# What was written to first is put back last.
reversed() {
	fresh amd
	BASH_ENV=$t/inject.bash INJECT_TRACE=$dir/applied exits 0 apply --cpu 3 --skip partition
	BASH_ENV=$t/inject.bash INJECT_TRACE=$dir/restored exits 0 restore
	grep -E '^/(proc|sys)/' "$dir/applied" | tac >"$dir/expected"
	grep -E '^/(proc|sys)/' "$dir/restored" | diff "$dir/expected" - >"$dir/err"
	ok "restore is in reverse" test $? = 0 -a "$(wc -l <"$dir/expected")" -gt 20
}

# A signal in the midst of apply: what was changed goes back at once.
interrupted() {
	for at in 5 20 45; do
		for number in 3 15; do
			signal=$(kill -l $number)
			fresh intel
			BASH_ENV=$t/inject.bash INJECT_AT=$at INJECT_SIGNAL=$signal isolate apply --cpu 3
			ok "SIG$signal at statement $at of apply is its status" test $status = $((128 + number))
			ok "and undoes it" unchanged
			ok "for good" test ! -e "$state/journal"
		done
	done
}

choosing() {
	fresh intel
	exits 0 apply --cpu 3 --only governor,irq
	ok "--only changes that alone" test "$(diff -rq --no-dereference "$dir/original" "$root" | wc -l)" = 4
	ok "and it comes back" restored
	exits 0 apply --cpu 3 --skip smt,tasks,partition --only smt,ksm,tasks
	ok "--skip takes away from it" test "$(diff -rq --no-dereference "$dir/original" "$root" | wc -l)" = 1
	ok "which comes back" restored
	ok "an unknown knob is a fault of usage" exits 2 apply --cpu 3 --only governer
	ok "that names the list" says 'isolate list'
	ok "as is hugepages without how much" exits 2 apply --cpu 3 --only hugepages
	ok "a CPU that is no number" exits 2 apply --cpu x
	ok "an option of another command" exits 2 restore --cpu 3
	ok "a CPU that is not there cannot be" exits 77 apply --cpu 9
	ok "nothing of it changes anything" unchanged
	echo 0-3 >"$root/sys/devices/system/cpu/cpu3/topology/thread_siblings_list"
	ok "nor can a CPU whose siblings are all there is" exits 77 apply --cpu 3
	ok "which it says" says 'all there is'
	helpless=
	for command in status advise apply verify restore run list; do
		exits 0 $command --help || helpless="$helpless $command"
	done
	ok "every command has --help" test -z "$helpless"
	exits 0 list
	ok "list has a line for every knob" test "$(wc -l <"$dir/out")" = \
		"$(grep -c '^[a-z].*|' isolation-scripts/knobs)"
}

denied() {
	fresh intel
	# Read-only by nature: a write is an error, whoever writes.
	ln -sf /proc/version "$dir/original/proc/sys/vm/swappiness"
	cp -a "$dir/original/proc/sys/vm/swappiness" "$root/proc/sys/vm/swappiness"
	ok "a knob that cannot be written makes apply fail" exits 1 apply --cpu 3 --json
	ok "as denied, with the reason, and all others are applied" json \
		'join(" ", map "$_->{name}: $_->{reason}", grep { $_->{status} eq "denied" } @{$_->{knobs}}) =~
		m(^swappiness: \S+/swappiness: Input/output error$) &&
		26 == grep { $_->{status} eq "applied" } @{$_->{knobs}}'
	ok "all comes back" restored

	fixed=$(find /proc/irq/ -name effective_affinity_list 2>/dev/null | sort | while read -r file; do
		grep -q -x '[0-3]' "$file" && echo "$file" && break
	done)
	if [ -z "$fixed" ]; then
		skip "an interrupt the kernel holds is counted" "no interrupt of this host will do"
	else
		fresh intel
		ln -sf "$fixed" "$root/proc/irq/30/smp_affinity_list"
		cp "$fixed" "$root/proc/irq/30/effective_affinity_list"
		exits 0 apply --cpu "$(cat "$fixed")" --only irq --json
		ok "an interrupt the kernel holds is counted" json '$_->{knobs}[0]{reason} =~ /^1 stay, managed/'
		exits 0 restore
	fi

	fresh intel
	mkdir "$root/sys/fs/cgroup/exitlab"
	ok "another's cgroup of that name is left alone" exits 1 apply --cpu 3
	ok "and named" says 'there already'
	exits 0 restore
	ok "after a restore too" test -d "$root/sys/fs/cgroup/exitlab"
	rm -r "$root/sys/fs/cgroup/exitlab"
	ok "the rest comes back" unchanged

	fresh intel
	exits 0 apply --cpu 3
	rm -r "$root/proc/irq/30" "$root/sys/devices/system/cpu/cpu1" "$root/proc/5000003"
	ok "what vanished meanwhile is no failure of restore" exits 0 restore
	ok "and said to be gone" says '^gone  *irq /proc/irq/30/'
	ok "a thread as well" says '^gone .*5000003'
	cp -a "$dir/original/proc/irq/30" "$root/proc/irq"
	cp -a "$dir/original/sys/devices/system/cpu/cpu1" "$root/sys/devices/system/cpu"
	cp -a "$dir/original/proc/5000003" "$root/proc"
	ok "all else is back" unchanged

	exits 0 apply --cpu 3
	ln -sf /proc/version "$root/proc/sys/vm/swappiness"
	ok "what does not go back fails restore" exits 1 restore
	ok "with its name" says 'NOT BACK  swappiness:'
	ok "and stays in the journal" test -e "$state/journal"
	rm "$root/proc/sys/vm/swappiness"
	cp -a "$dir/original/proc/sys/vm/swappiness" "$root/proc/sys/vm/swappiness"
	ok "until it does" restored
}

# Refused, by all that read it, with nothing written.
refused() { # COMMAND...
	cp -a "$root" "$dir/before"
	for command; do
		# shellcheck disable=SC2086 # words
		exits 1 $command && says 'truncated or not isolate' && diff -r --no-dereference "$dir/before" "$root"
		code=$?
		[ $code = 0 ] || break
	done
	rm -r "$dir/before"
	return "$code"
}

bad_journals() {
	fresh intel
	exits 0 apply --cpu 3 --skip dma_latency
	cp "$state/journal" "$dir/journal"
	lines=$(wc -l <"$dir/journal")
	bad=0
	n=0
	while [ $n -lt "$lines" ]; do
		head -n $n "$dir/journal" >"$state/journal"
		refused restore || bad=$((bad + 1))
		n=$((n + 1))
	done
	ok "a journal cut off after any of its $lines lines is refused" test $bad = 0
	ok "by every command" refused restore verify status "apply --cpu 3" "run --cpu 3 -- true"
	sed 's/\t60$/\t61/' "$dir/journal" >"$state/journal"
	ok "one with another value too" refused restore
	echo "value	swappiness	/proc/sys/vm/swappiness	1" >"$state/journal"
	ok "and one that is not isolate's" refused restore
	cp "$dir/journal" "$state/journal"
	cp -a "$root" "$dir/before"
	echo another-boot >"$root/proc/sys/kernel/random/boot_id"
	ok "a journal of another boot is discarded" exits 0 restore
	ok "which is said" says 'another boot'
	cp -a "$dir/before/proc/sys/kernel/random/boot_id" "$root/proc/sys/kernel/random/boot_id"
	ok "and nothing written" diff -r --no-dereference "$dir/before" "$root"
	rm -r "$dir/before"
	ok "nor kept" test ! -e "$state/journal"
	kill -s CONT "$irqbalance"
}

stray_goes() { # TEXT of an applied.json where no journal goes with it
	printf '%s' "$1" >"$state/applied.json"
	exits 0 restore --json && says 'applied.json had no journal: removed' && json '$_->{back} == 0' &&
		test ! -e "$state/applied.json"
}

strays() {
	fresh intel
	ok "verify with nothing applied succeeds" exits 0 verify --json
	ok "and is JSON" json '$_->{schema} eq "exitlab-isolation-restore/1" && $_->{back} == 0'
	mkdir -p "$state"
	ok "restore removes an empty applied.json that has no journal, and says so" stray_goes ''
	ok "a garbled one" stray_goes '{"schema":'
	ok "a foreign one" stray_goes '[1]'
	ok "one of another boot" stray_goes '{"schema":"exitlab-isolation/1","boot_id":"another","cpu":3}'
	exits 0 apply --cpu 3 --only swappiness
	mv "$state/journal" "$dir/journal"
	ok "one of this boot is a failure" exits 1 restore
	ok "with what to do" says 'reboot'
	ok "and removed" test ! -e "$state/applied.json"
	mv "$dir/journal" "$state/journal"
	ok "with its journal back all comes back" restored
}

# Starts isolate run in the background with Ctrl-C as a terminal has it, until its command runs.
start_run() { # ARG... -- CMD...
	rm -f "$dir/started"
	perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' isolation-scripts/isolate run "$@" \
		>"$dir/run.out" 2>"$dir/run.err" &
	run=$!
	processes="$processes $run"
	tries=0
	until [ -s "$dir/started" ] || [ $((tries += 1)) -gt 500 ]; do sleep 0.02; done
	command=$(cat "$dir/started")
	processes="$processes $command"
}

running() {
	fresh intel
	ok "run passes on its command's status" exits 7 run --cpu 3 -- sh -c 'exit 7'
	ok "and leaves nothing changed" unchanged
	ok "a command ended by a signal is 128 + it" exits 143 run --cpu 3 -- sh -c 'kill $$'
	ok "one that is not there is 127" exits 127 run --cpu 3 -- no-such-command
	ok "nothing is changed" unchanged
	# shellcheck disable=SC2016 # for the other shell
	ok "the command finds what was applied, and has no descriptor of isolate's" exits 0 \
		run --cpu 3 --fifo 7 -- sh -c 'cat "$EXITLAB_ISOLATION"; ! readlink /proc/$$/fd/* | grep "$ISOLATE_STATE"'
	ok "and runs at the priority" says '^chrt -f 7$'
	sed -i '/^chrt/d' "$dir/out"
	ok "as JSON" json '$_->{mode} eq "run" && $_->{fifo} == 7'
	exits 0 run --cpu 3 --outside --skip tasks,partition --fifo 7 -- true
	ok "outside it does not" test ! -s "$dir/out"
	ok "a knob that fails is said and the command runs" exits 0 run --cpu 3 --only stat_interval -- true

	sleeper='echo $$ >"$0"; trap "echo INT >>$0; exit 3" INT; while :; do sleep 0.05; done'
	start_run --cpu 3 -- sh -c "$sleeper" "$dir/started"
	ok "while it runs another isolate is refused" exits 1 apply --cpu 3
	ok "with its pid" says "another isolate (pid $run) is at work"
	ok "restore too" exits 1 restore
	ok "but not status" exits 0 status
	ok "which has nothing to warn of" test ! -s "$dir/err"
	ok "nor verify" exits 0 verify
	kill -s INT "$run"
	wait "$run"
	ok "Ctrl-C goes to the command, whose status it is" test $? = 3
	ok "once" test "$(grep -c INT "$dir/started")" = 1
	"$t/settle" "$root"
	ok "and all is restored" unchanged

	start_run --cpu 3 -- sh -c "$sleeper" "$dir/started"
	kill -s KILL "$run"
	wait "$run" 2>/dev/null
	"$t/settle" "$root"
	ok "after kill -9 of run status succeeds" exits 0 status
	ok "and says what to do" says '^isolate: CPU 3 is still isolated since .* by a killed run: isolate restore$'
	ok "run is refused" exits 1 run --cpu 3 -- true
	ok "with the same" says 'by a killed run: isolate restore'
	ok "as is apply" exits 1 apply --cpu 3
	ok "restore puts it back" restored
	kill -s KILL "$command"

	exits 0 apply --cpu 3
	ok "run is refused while apply is in force" exits 1 run --cpu 3 -- true
	ok "with the way out" says 'isolate restore'
	ok "which works" restored
}

full_disk() {
	if ! { mkdir "$dir/small" && mount -t tmpfs -o size=64k none "$dir/small"; } 2>/dev/null; then
		skip "a full disk for the journal changes nothing" "may not mount"
		return
	fi
	mounted=$dir/small
	ISOLATE_STATE=$dir/small/state
	midway=0
	for kib in 0 4 8 12 16 20; do
		fresh intel
		rm -rf "$dir"/small/*
		head -c $(((60 - kib) * 1024)) /dev/zero >"$dir/small/fill" 2>/dev/null
		unhurt=no
		if isolate apply --cpu 3; then
			exits 0 restore && unchanged && unhurt=yes
			break
		fi
		! says "is the disk full" || midway=$((midway + 1))
		unchanged || break
		unhurt=yes
	done
	ok "a disk that is too full for the journal is said, and changes nothing" test "$unhurt" = yes
	ok "where nothing fits and where the second version does not" test $midway -ge 2
	ISOLATE_STATE=$state
	umount "$mounted"
	mounted=
}

advice() {
	fresh intel
	ok "advise succeeds" exits 0 advise --cpu 3
	ok "it has the line for a boot loader" says \
		'GRUB_CMDLINE_LINUX="... isolcpus=managed_irq,domain,1,3 rcu_nocbs=1,3 irqaffinity=0,2 nosmt"'
	ok "says what is active" says '^irqaffinity=0,2 (active)'
	ok "and that nohz_full is to be measured" says '^nohz_full=1,3 (not active, an A/B of its own)'
	ok "and idle=poll is not advised" says '^idle=poll (not active, not advised)'
	exits 0 advise --cpu 3 --json
	ok "as JSON" json '$_->{line} =~ /^isolcpus=managed_irq/ && 6 == @{$_->{parameters}}'
	ok "it writes nothing" unchanged
	if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
		ISOLATE_ROOT='' setpriv --reuid 65534 --clear-groups isolation-scripts/isolate apply --cpu 0 \
			>"$dir/out" 2>"$dir/err"
		ok "who is not root cannot apply" test $? = 77
	else
		skip "who is not root cannot apply" "not root to become nobody"
	fi
}

ln -s "$(command -v sleep)" "$dir/irqbalance"
"$dir/irqbalance" 600 &
irqbalance=$!
processes=$irqbalance
until grep -q -x irqbalance "/proc/$irqbalance/comm"; do sleep 0.01; done

start_kills
every_knob intel turbo_amd
every_knob amd "turbo_intel epp"
choosing
denied
bad_journals
strays
running
reversed
interrupted
full_disk
advice
killed
plan
