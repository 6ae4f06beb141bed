#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab gpulock: what it refuses without a module, and all that it does on the lab's kernel, which the module is built
# for. usage: gpulock.t, or gpulock.t lab MODULE there
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

gpulock() { build/exitlab gpulock "$@" >"$dir/out" 2>"$dir/err"; }
ends() { # STATUS ARGUMENT...
	wanted=$1
	shift
	gpulock "$@"
	[ $? = "$wanted" ]
}
prints() { # TEXT ARGUMENT...
	text=$1
	shift
	gpulock "$@" && grep -qF -- "$text" "$dir/out"
}
refuses() { # TEXT ARGUMENT...
	text=$1
	shift
	ends 1 "$@" && [ "$(wc -l <"$dir/err")" = 1 ] && grep -qF -- "$text" "$dir/err"
}

names_headers() {
	kmod/gpulock/build_module /none "$dir/module" >"$dir/out" 2>"$dir/err"
	[ $? = 77 ] && grep -qF "linux-headers-$(uname -r)" "$dir/err"
}

usage() {
	ok "no action: usage" ends 2
	ok "an unknown action: usage" ends 2 nothing
	ok "an argument that is missing: usage" ends 2 check 1 2 3
	ok "one too many: usage" ends 2 free 1 2
	ok "what is no number: usage" ends 2 free x
	ok "a negative number: usage" ends 2 free -- -1
	ok "also behind a blank: usage" ends 2 free "	-1"
	ok "a suffix where there are no bytes: usage" ends 2 free 1K
	ok "bytes that are too many: usage" ends 2 quota 1 99999999999T
	ok "an agent of more than 32 bits: usage" ends 2 status 4294967296
	ok "what is no access: usage" ends 2 grant 1 0 1 rr
}

in_lab() {
	insmod "$1" devices=2 || exit 1
	ok "quota" gpulock quota 7 64K
	ok "alloc says the id and the address" prints "id 1, DMA address 0x100000000000000" alloc 7 48K
	ok "alloc above the quota is refused" refuses "over the agent's quota" alloc 7 48K
	ok "alloc on the second device, as JSON" prints '{"id":2,"dma_start":144115188075855872}' alloc 7 1K 1 --json
	ok "alloc on the third of two is refused" refuses "no such device" alloc 7 1K 2
	ok "quota below what is used is refused" refuses "uses more than that" quota 7 1K
	ok "quota on no device is refused" refuses "no device in the mask" quota 7 64K 0
	ok "check before a grant: denied" ends 1 check 7 0x1000 0x1fff r
	ok "grant" gpulock grant 7 0x1000 0x1fff rw
	ok "grant that overlaps is refused" refuses "overlaps" grant 7 0x1fff 0x2fff r
	ok "check: allowed" prints allowed check 7 0x1000 0x1fff w
	ok "check for more: denied, as JSON" ends 1 check 7 0x1000 0x2000 r --json
	ok "and says so" grep -qF '{"allowed":false}' "$dir/out"
	ok "a range of all addresses is refused" refuses "all addresses" grant 7 0 0xffffffffffffffff r
	ok "revoke" gpulock revoke 7 0x1800 0x18ff
	ok "check of it: denied" ends 1 check 7 0x1800 0x1800 r
	ok "revoke of nothing is refused" refuses "there is none" revoke 7 0x1800 0x18ff
	ok "a range that ends before it begins is refused" refuses "empty" check 7 5 4 r
	ok "status of the agent" prints "allocations  2" status 7
	ok "status of one that is none is refused" refuses "there is none" status 8
	ok "status of all has the devices of each agent" prints 0xffffffffffffffff status
	ok "status of all, as JSON" prints '"quotas":[{"agent":7,"limit":65536,"used":50176' status --json
	ok "free" gpulock free 1
	ok "free once more is refused" refuses "there is none" free 1
	ok "bench has its rows" prints '"id":"batch"' bench --iter 50 --json
	ok "the kernel does not complain" sh -c '! dmesg | grep -E "WARNING: CPU|BUG:"'
}

if [ "${1-}" = lab ]; then
	in_lab "$2"
	plan
	exit
fi
usage
ok "without a kernel's build directory the module is not built, and what has one is named" names_headers
[ -e /dev/gpulock ] || ok "no module: cannot run here, and says what to load" ends 77 status
release=$(build/lab/prepare -n 2>"$dir/err" | sed 's/^linux-image-//; s/-unsigned.*//; s/, .*//')
if headers=$(kmod/gpulock/t/headers "$release" 2>>"$dir/err"); then
	ok "the module builds for the lab's kernel, $release" \
		kmod/gpulock/build_module "$headers" build/kmod/gpulock/lab
	build/exitlab lab --clock host -- "$PWD/host/t/gpulock.t" lab "$PWD/build/kmod/gpulock/lab/gpulock.ko" \
		>"$dir/out" 2>"$dir/err"
	status=$?
	if [ $status = 77 ]; then
		skip "all of it on the lab's kernel" "$(tail -n 1 "$dir/err")"
	else
		sed 's/^/    /' "$dir/out"
		ok "all of it on the lab's kernel" passed_in_lab
	fi
else
	skip "all of it on the lab's kernel" "$(tail -n 1 "$dir/err")"
fi
plan
