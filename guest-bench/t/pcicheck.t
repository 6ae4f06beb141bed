#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# pcicheck in our guest, under plain emulation: all of it on an edu device; what it says where there is none; and that
# it sees a transfer that reaches memory which the guest does not have.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

command -v "${QEMU:-qemu-system-x86_64}" >/dev/null || {
	echo "1..0 # SKIP no QEMU: make deps"
	exit 0
}

guest() { # MIB APPEND OPTIONS QEMU-ARGUMENT...
	memory=$1 append=$2 options=$3
	shift 3
	guest-bench/t/pci_guest -m "$memory" -k "$append" -o "$options" "$dir/guest" "$@" >"$dir/out" 2>"$dir/err"
}

passed() { grep -q -x '1\.\.[1-9][0-9]*' "$dir/out" && ! grep -q '^not ok' "$dir/out"; }
fact() { sed -n "s/^$1 //p" "$dir/guest/files/pcicheck.txt"; }
skipped() { grep -q -x "1\.\.0 # SKIP $1" "$dir/out" && grep -q 'pcicheck ended with status 77' "$dir/guest/console.log"; }

guest 128 "" "--interrupts 1000 --outside auto" -device edu
ok "an edu device passes" passed
ok "1000 interrupts were counted" test "$(fact interrupts_raised) $(fact interrupts_received)" = "1000 1000"
ok "its identification is a fact" test "$(fact identification)" = 0x010000ed
ok "so is what its DMA did" test "$(fact dma_from_device_bytes_per_s)" -gt 0 -a "$(fact dma_to_device_bytes_per_s)" -gt 0
ok "nothing is outside of the guest's memory" test "$(fact outside_read)" = zeros

guest 128 "" ""
ok "no edu device is no failure, and said" skipped 'no edu device (1234:11e8) on the guest.s PCI buses'

# An address is cut off to what the device has, which would be one within this guest's memory.
guest 1024 "" "--interrupts 1 --outside auto" -device edu
ok "where the guest has all that the device reaches nothing outside is tried" passed
ok "and that is a fact" test -n "$(fact outside_not_tried)" -a -z "$(fact outside_read)"

# What Linux was told to leave alone stands in for memory of the host's; the device is behind a port, and has not the
# addresses of all of this guest's memory.
guest 1024 "memmap=1M\$0x4000000" "--dma-bits 22 --outside 0x4000000" -device edu -device pcie-root-port,id=root,addr=0x10 \
	-device edu,bus=root
address=$(fact dma_address)
ok "its buffer is memory that the device reaches" test $((${address:-0xffffffff})) -lt $((1 << 22))
ok "a device that was passed through, behind a port, comes before another" grep -q -E '^# device 1234:11e8 at 0000:0[1-9]' "$dir/out"
ok "a transfer that reaches memory outside is seen, and nothing else is wrong" \
	test "$(grep '^not ok' "$dir/out" | cut -d' ' -f5-)" = "what was written there does not come back
nor does anything else from there (other)"

guest 128 "" "" -device edu -device edu
ok "of two devices one must be named" skipped 'several edu devices: --slot says which'
guest 128 "" "--slot 1" -device edu
ok "another device is named as what it is" skipped '.* is 1af4:1003, not an edu device'
guest 128 "" "--slot 9" -device edu
ok "so is a slot without one" skipped 'nothing in this slot'

plan
