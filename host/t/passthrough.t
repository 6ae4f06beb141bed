#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab guest-gpu, and boot --device: a device of the host in a guest, and back. All that needs a device takes
# place in one lab, that has an IOMMU and an edu device; what the device's driver was stands in for a GPU's.
#
# usage: passthrough.t         passthrough.t inside|without     what runs in a lab
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
exitlab=$PWD/build/exitlab
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
edu=1234:11e8

# run STATUS WORDS COMMAND...: it ends so, with a line on stderr that has the words.
run() {
	local wanted=$1 words=$2 status
	shift 2
	"$exitlab" "$@" >"$dir/out" 2>"$dir/err"
	status=$?
	[ $status = "$wanted" ] || echo "exit $status, not $wanted" >>"$dir/err"
	[ $status = "$wanted" ] && { [ -z "$words" ] || grep -q -e "$words" "$dir/err"; }
}
guest() { run "$1" "$2" guest-gpu --results "$dir/results" --deadline 200 "${@:3}"; }

# The edu device, its driver, and its newest run.
find_edu() {
	for bdf in /sys/bus/pci/devices/*; do
		[ "$(cat "$bdf/vendor" "$bdf/device" | tr -d '\n')" != 0x12340x11e8 ] || break
	done
	bdf=${bdf##*/}
}
driver() { basename "$(readlink "/sys/bus/pci/devices/$bdf/driver")" 2>/dev/null; }
has_driver() { [ "$(driver)" = "$1" ]; }
newest() { find "$dir/results" -mindepth 2 -maxdepth 2 | sort | tail -n 1; }
value() { # FILE KEY...
	perl -MJSON::PP -e 'local $/;
		open my $file, "<", shift or die;
		my $value = decode_json(<$file>);
		$value = $value->{$_} for @ARGV;
		print ref $value ? encode_json($value) : $value, "\n"' "$@"
}
is() { [ "$(value "${@:2}")" = "$1" ] || { echo "$(value "${@:2}"), not $1" >>"$dir/err"; false; }; }
# exits_of ROW: of the newest run's, all reasons together.
exits_of() {
	value "$done/proof.json" rows "$1" exits | grep -o ':[0-9]*' | tr -d : | awk '{ sum += $1 } END { print sum + 0 }'
}
soon() { # COMMAND...: waits until it succeeds
	for _ in $(seq 3000); do
		"$@" 2>/dev/null && return
		sleep 0.05
	done
	return 1
}
# background OPTION...: guest-gpu as $pid.
background() {
	"$exitlab" guest-gpu --results "$dir/results" --device "$bdf" --select OH-001 "$@" >"$dir/out.background" &
	pid=$!
}
emulator() { pgrep -P "$pid" -f vfio-pci,host; }
sent() { grep -q -a "$1" "$(newest)/guest.rec"; }
no_emulator() { ! pgrep -f vfio-pci,host="$bdf" >/dev/null; }

if [ "${1-}" = without ]; then
	find_edu
	ok "without an IOMMU it cannot run here, and says what switches it on" guest 77 iommu --device "$bdf"
	plan
	exit
fi

if [ "${1-}" = inside ]; then
	find_edu
	modprobe pci-stub
	echo pci-stub >"/sys/bus/pci/devices/$bdf/driver_override"
	echo "$bdf" >/sys/bus/pci/drivers_probe
	ok "(the device has a driver)" has_driver pci-stub

	about "refused: "
	ok "a device that is not there" guest 1 '0000:7f:00.0' --device 7f:00.0
	ok "a kind that is not there" guest 77 'no PCI device 10de:2335' --device 10de:2335
	ok "more memory than huge pages, with what reserves them" guest 77 'echo 64 >/sys/kernel/mm/hugepages' \
		--device $edu --memory 128 --hugepages 2M
	ok "the device is back" has_driver pci-stub
	ok "and nothing was archived" [ ! -e "$dir/results" ]

	about ""
	echo 64 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
	mkdir -p "$dir/results/$(uname -n)"
	reference=$dir/results/$(uname -n)/20260101T000000Z-gpu
	cp -r results/h200/20261130T121800Z-gpu "$reference"
	cp -r results/h200/20261130T131946Z-gpumem "${reference}mem"
	dmesg -C
	ok "a device goes to a guest, which drives it" guest 0 '' --device $edu --memory 128 --hugepages 2M \
		--pcicheck "--outside auto"
	done=$(newest)
	ok "its former driver has it again" has_driver pci-stub
	ok "nothing failed in it" is 0 "$done/env.json" passthrough pcicheck failed
	ok "and much was tried" [ "$(value "$done/env.json" passthrough pcicheck tests)" -gt 50 ]
	ok "the report has it" grep -q "^pcicheck  .* 0 failed; DMA outside of the guest's memory saw" "$dir/out"
	outside=$(value "$done/env.json" passthrough pcicheck facts outside_address)
	ok "DMA outside of the guest's memory is blocked" \
		grep -q "zeros\|ones\|unchanged" <(value "$done/env.json" passthrough pcicheck facts outside_read)
	ok "the host's log has the fault" grep -q -i "DMAR: .*${bdf#0000:}.*fault addr ${outside%000}" <(dmesg)
	ok "metrics of a GPU are WAIVED, since there is none" grep -q 'WAIVED: no NVIDIA driver' "$dir/out"
	ok "the run is one of a GPU's, in a guest" is guest "$done/summary.json" setup system
	ok "it is held against the host's newest" grep -q -x "host against guest: $reference" "$dir/out"
	ok "which has other rows than a guest without a GPU" grep -q 'no row has a number on both sides' "$dir/out"
	for phase in 'vfio: bind' 'vfio: map memory' firmware kernel 'GPU suite'; do
		ok "the phase is timed: $phase" grep -q -E "^$phase +[0-9]+\.[0-9]+$" "$dir/out"
	done
	ok "a first call of CUDA there was not" grep -q 'first CUDA call *not run: ' "$dir/out"
	ok "the guest's memory was of huge pages" grep -q hugetlbsize=2M "$done/env.json"
	ok "the image is known by its files" is initramfs-gpu.cpio "$done/env.json" image image file
	cp -r "$done" "$dir/again"
	"$exitlab" report "$dir/again" >"$dir/out" 2>"$dir/err"
	ok "the report is the same, byte for byte, when it is made anew" diff -r "$done" "$dir/again"

	about "boot --device: "
	ok "the rows of a device run" run 0 '' boot --accel kvm --device $edu --iter 200 --no-floor --results "$dir/results" \
		--select kernel.passed_read,kernel.passed_write,kernel.passed_interrupt
	done=$(newest)
	for row in read write interrupt; do
		ok "passed_$row is PROVED" [ "$(host/t/csv "$done" kernel.passed_$row verdict)" = PROVED ]
	done
	# That is no exit of theirs. The host's interrupts come when they come: to hardly any of 200 accesses or more.
	for row in read write; do
		ok "passed_$row met exits at random at most" [ "$(exits_of kernel.passed_$row)" -lt 20 ]
	done
	ok "the device is back" has_driver pci-stub

	about "kill -9 of QEMU: "
	background --pcicheck --hold 2>"$dir/err.background"
	ok "(the guest's device writes to its memory)" soon sent holding
	ok "another guest does not get the device" guest 1 "$bdf" --device "$bdf"
	kill -9 "$(emulator)"
	wait $pid
	ok "the run failed" [ $? = 1 ]
	ok "with why" grep -q 'QEMU was killed by SIGKILL' "$dir/err.background"
	ok "the device is back at once" has_driver pci-stub
	ok "and works" guest 0 '' --device $edu --select OH-001

	# Ctrl-C, Ctrl-\, a closed terminal; they end who reads what we say, too.
	for signal in INT QUIT HUP; do
		about "SIG$signal: "
		background 2> >(:)
		soon emulator >/dev/null
		kill -$signal $pid
		wait $pid
		ok "the run is interrupted" [ $? = 1 ]
		ok "the device is back" has_driver pci-stub
	done

	about "kill -9 of exitlab: "
	background 2>"$dir/err.background"
	soon emulator >/dev/null
	kill -9 $pid
	wait $pid 2>/dev/null
	ok "QEMU ends with it" soon no_emulator
	ok "the device is still away" has_driver vfio-pci
	ok "restore gives it back" run 0 '' vfio restore
	ok "to its driver" has_driver pci-stub
	plan
	exit
fi

about "usage: "
ok "a device must be named" run 2 'which device?' guest-gpu
ok "by an address, or a kind" run 2 '"65:00" is no PCI address' guest-gpu --device 10de:2335,65:00
ok "for boot, too" run 2 '"65:00" is no PCI address' boot --device 65:00
ok "pages of 4M there are none" run 2 'neither 2M nor 1G' guest-gpu --device $edu --hugepages 4M
ok "quotes would end the guest's command line" run 2 'no quotes' guest-gpu --device $edu --select 'a"b'
ok "a reference that is none" run 2 'no summary.json of a GPU run' guest-gpu --device $edu --accel kvm --reference "$dir"
ok "microvm has no PCI" run 2 'microvm has no PCI' boot --device $edu --machine microvm

about ""
passes_in_lab host/t/passthrough.t inside --clock host --cpus 1 --deadline 400 --iommu --device edu
passes_in_lab host/t/passthrough.t without --clock host --cpus 1 --deadline 120 --device edu
plan
