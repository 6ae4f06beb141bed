#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# gpulock in a guest of the debug kernel: its interface, /proc, what it promises, and everything at once. A guest in
# which the kernel complains fails, and that is proved with complaints that are planted.
# usage: gpulock.t          what make check runs
#        gpulock.t full     what takes longer: parameters, 1000 reloads, a million calls, failing allocations
#        gpulock.t kcsan    data races, in a guest of the kernel that finds them
#        gpulock.t debian   what needs no kernel of ours, on Debian's of both ends of the range that the module is for
set -u

cd "$(dirname "$0")/../../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

kernel=build/kernel-debug
modules=build/kmod/gpulock/debug
accel=tcg

# Grace periods are hurried: what is waited for is the same, and an emulated timer ticks slowly.
guest() { # APPEND DEADLINE TEST...
	append=$1
	deadline=$2
	shift 2
	kmod/gpulock/t/guest -a $accel -k "rcupdate.rcu_expedited=1 $append" -d "$deadline" "$kernel" "$modules" \
		"$dir/guest" "$@" >"$dir/out" 2>"$dir/err"
}

# The guest's tests are ours.
adopt() {
	while read -r line; do
		case $line in
		"ok "*) ok "${line#* - }" true ;;
		"not ok "*)
			tests=$((tests + 1))
			echo "not ok $tests - $surroundings${line#* - }"
			;;
		1..*) ;;
		*) echo "$line" ;;
		esac
	done <"$dir/out"
}

run() { # APPEND DEADLINE TEST...
	guest "$@"
	status=$?
	adopt
	ok "the guest ran $3 and all behind it" [ $status = 0 ]
}

finds() { # PLANT WHAT [APPEND]
	guest "PLANT=$1 ignore_loglevel ${3-}" 600 plant leaks || return 1
	grep -q "^ok .* plant: $1 is planted" "$dir/out" && grep -qE "^not ok .*: $2" "$dir/out"
}

# Finds or fetches the newest kernel of a series, and builds the modules against the headers of that very one.
debian() { # SERIES
	headers=$(kmod/gpulock/t/headers "$1" 2>"$dir/err") &&
		kernel=$(host/lab/prepare "linux-image-${headers##*/linux-headers-}-unsigned" 2>"$dir/err") || return
	modules=$dir/modules
	kmod/gpulock/build_module "$headers" "$modules" GPULOCK_TESTS=y >"$dir/out" 2>"$dir/err"
}

case ${1-} in
'')
	run ROUNDS=40 600 abi grants privilege proc revoke stall kunit concurrency leaks
	ok "a planted WARN is found" finds warn "the kernel does not complain: WARNING"
	;;
full)
	run "" 1800 load fail leaks
	run "FUZZ=${FUZZ:-1000000}" 7200 fuzz leaks
	run "RELOADS=${RELOADS:-1000}" 1800 reload leaks
	run "ROUNDS=${ROUNDS:-1000}" 1800 concurrency leaks
	ok "a planted WARN taints the kernel" finds warn "nor is it tainted"
	ok "a planted access to freed memory is found" finds stale "the kernel does not complain: BUG: KASAN"
	ok "a planted sleep under a lock is found" finds sleep "the kernel does not complain: BUG"
	ok "a planted leak is found" finds leak "no memory that nothing leads to"
	;;
kcsan)
	# The CPUs run at the same time, or no two accesses would meet. One access in so many is watched, for so many
	# us, in which another CPU has to come by: an emulated one takes longer to.
	kernel=build/kernel-kcsan
	modules=build/kmod/gpulock/kcsan
	accel=threads
	watch="kcsan.skip_watch=200 kcsan.udelay_task=1000"
	ok "a planted data race is found" finds race "the kernel does not complain: BUG: KCSAN: data-race in race " "$watch"
	run "$watch ROUNDS=${ROUNDS:-100}" 3600 abi grants privilege proc revoke stall concurrency load
	;;
debian)
	for series in 6.1 6.12; do
		about "Debian's $series: "
		debian $series
		case $? in
		0) ;;
		77)
			skip "gpulock in a guest of it" "$(tail -n 1 "$dir/err")"
			continue
			;;
		*)
			ok "the modules are built" false
			continue
			;;
		esac
		# What dies in the module holds its mutex, and all others would wait for that until the deadline.
		run "oops=panic ROUNDS=40 FUZZ=20000 RELOADS=20" 600 abi grants privilege proc revoke stall concurrency load fuzz reload
		ok "a planted WARN is found" finds warn "the kernel does not complain: WARNING"
		ok "and taints the kernel" grep -q "^not ok .*: nor is it tainted" "$dir/out"
	done
	;;
esac
plan
