#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab doctor where there is next to nothing, without rights, and on a real kvm_amd in the lab. The
# single checks are test_doctor.c's.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
exitlab=$PWD/build/exitlab
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
chmod 755 "$dir"
cd "$dir" || exit 1

try() {
	"$@" >"$dir/out" 2>"$dir/err"
	status=$?
}

# state CHECK: ok, missing or denied.
state() { sed -n "s/^$1  *\([a-z]*\) .*/\1/p" "$dir/out"; }
says() { grep -q -e "$1" "$dir/out"; }

bare() {
	mkdir -p "$dir/bare/bin"
	cp "$exitlab" "$dir/bare/bin/"
	ldd "$exitlab" | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "$dir/bare${library%/*}"
		cp -L "$library" "$dir/bare$library"
	done
	PATH=$PATH:/usr/sbin:/sbin
	try env -i "$(command -v unshare)" -r -m "$(command -v chroot)" "$dir/bare" /bin/exitlab doctor
	if grep -q '^unshare:' "$dir/err"; then
		skip "a bare root" "$(cat "$dir/err")"
		return
	fi
	ok "on a bare root nothing can be measured" [ $status = 77 ]
	ok "and nothing is said on standard error" [ ! -s "$dir/err" ]
	ok "there is room, and nothing else is ok" \
		[ "$(sed '/^$/,$d' "$dir/out" | grep ' ok  ' | grep -c -v -e '-room ')" = 0 ]
	ok "no probe crashed or hung" sh -c "! grep -q 'its probe' '$dir/out'"
	ok "what runs is nothing" sh -c "! grep -q '^  .*  yes, ' '$dir/out'"
}

here() {
	try "$exitlab" doctor --json
	json=$status
	ok "--json has its schema" says '"schema": "exitlab-doctor/1"'
	states=$(grep -c '"state": "\(ok\|missing\|denied\)"' "$dir/out")
	try "$exitlab" doctor
	ok "and as many checks as the table" \
		[ "$(sed '1d;/^$/,$d' "$dir/out" | wc -l)" = "$states" ]
	ok "it ends as the table does" [ $json = $status ]
	ok "0 where make boot runs, else 77" \
		[ "$status" = "$(grep -q '^  make boot  *yes' "$dir/out" && echo 0 || echo 77)" ]
	ok "each fix is printed once" \
		[ -z "$(sed -n '/^to mend it/,/^$/{s,  [#(][^#(]*$,,;/^ /p}' "$dir/out" | sort | uniq -d)" ]
	ok "the archive may be elsewhere" sh -c "'$exitlab' doctor --results /nowhere/at/all | grep -q 'results-room.* /nowhere/at/all'"
	ok "an argument is wrong usage" sh -c "'$exitlab' doctor x 2>/dev/null; [ \$? = 2 ]"
	before=$(find . | sort)
	CACHE=$dir/cache try "$exitlab" doctor
	rm -f out err
	ok "nothing is fetched or made" [ "$(find . | grep -v -x -e ./out -e ./err | sort)" = "$(echo "$before" | grep -v -x -e ./out -e ./err)" ]
}

# What two instructions told has to be what QEMU finds with a whole kernel.
agrees() {
	try "$exitlab" doctor
	kvm=$(state kvm-kernel)
	if [ "$(state kvm)" != ok ] || [ "$(state guest)$(state qemu)" != okok ]; then
		skip "kvm-kernel" "no KVM, guest or QEMU"
		return
	fi
	try "$exitlab" boot --accel kvm --no-proof --iter 10 --select user.cpuid
	ok "kvm-kernel is $kvm, as QEMU finds" [ $status = "$([ "$kvm" = ok ] && echo 0 || echo 77)" ]
}

# As a user without rights, on a directory that is not theirs.
denied() {
	if [ "$(id -u)" != 0 ] || ! cp "$exitlab" "$dir/exitlab" || ! setpriv --reuid 65534 true 2>/dev/null; then
		skip "without rights" "not root, or no setpriv"
		return
	fi
	try setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$dir/exitlab" doctor
	ok "without rights root is denied" [ "$(state root)" = denied ]
	ok "so is the archive" [ "$(state results-room)" = denied ]
	ok "BPF is never ok" [ "$(state bpf)" != ok ]
	ok "and sudo mends it" says '^  sudo -s  # .*root'
	try unshare -r "$dir/exitlab" doctor
	ok "root of a namespace is no root" [ "$(state root)" = denied ]
}

lab() {
	try "$exitlab" lab --clock host --deadline 120 -- "$exitlab" doctor
	if [ $status = 77 ] && grep -q '^exitlab: lab: ' "$dir/err"; then
		skip "in the lab" "$(tail -n 1 "$dir/err")"
		return
	fi
	ok "in the lab it succeeds" [ $status = 0 ]
	for check in kvm kvm-kernel vendor bpf btf tracefs root cgroup-v2 nested modules; do
		ok "$check is ok there" [ "$(state $check)" = ok ]
	done
	ok "and make boot runs on KVM" says '^  make boot  *yes, on KVM'
}

bare
here
agrees
denied
lab
plan
