#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# exitlab vfio for real, on the lab's stock kernel: devices with and without a driver, alone and in a
# group, taken and given back, with kill -9 before each single step; and what is said without an IOMMU.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
exitlab=$PWD/build/exitlab
dir=$(mktemp -d)
guest=

clean_up() {
	[ -z "$guest" ] || kill "$guest" 2>/dev/null
	rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# By address: edu alone, edu and a network card in one group, a network card alone.
edu=0000:00:10.0 shared=0000:00:11.0 neighbour=0000:00:11.1 card=0000:00:12.0
devices=/sys/bus/pci/devices

vfio() {
	"$exitlab" vfio "$@" >"$dir/out" 2>"$dir/err"
}

# exits CODE PATTERN ARG...: it ends so and says this.
exits() {
	code=$1 pattern=$2
	shift 2
	vfio "$@"
	[ $? = "$code" ] && grep -q -e "$pattern" "$dir/out" "$dir/err"
}

driver_is() { # BDF DRIVER: "" none
	driver=$(readlink "$devices/$1/driver") || driver=
	[ "${driver##*/}" = "$2" ]
}

network_of() { ls "$devices/$1/net"; }

# All that is changed of a device: its files, links and settings. The kernel itself ends the wait for another
# device by a driver. Each process takes its time on the emulated host, so these are few.
look() (
	cd "$devices" || exit
	set -- $edu $shared $neighbour $card
	for device; do
		set -- "$@" "$device/driver_override" "$device/d3cold_allowed" "$device/power/control"
		shift
	done
	grep '' "$@"
	find $edu/ $shared/ $neighbour/ $card/ -maxdepth 1 ! -name waiting_for_supplier -printf '%p %l\n' | sort
)

unchanged() {
	look | diff "$dir/before" - >"$dir/out" && [ ! -e /var/lib/exitlab/vfio/journal ]
}

json() { # EXPRESSION about $_, which is what was printed
	perl -MJSON::PP -0777 -e '$_ = decode_json(<STDIN>); exit !('"$1"')' <"$dir/out"
}

# Ends `vfio ARG...` before each step in turn, restores, and compares.
ended_anywhere() { # PREPARATION ARG...
	prepare=$1 points=0
	shift
	n=1
	while :; do
		# shellcheck disable=SC2086 # words
		[ -z "$prepare" ] || vfio $prepare || return 1
		KILL_BEFORE=$n LD_PRELOAD=$PWD/build/host/t/kill_before.so vfio "$@"
		status=$?
		vfio restore || return 1
		unchanged || return 1
		[ $status = 137 ] || break
		n=$((n + 1))
	done
	points=$((n - 1))
	echo "$points steps" >"$dir/out"
	[ "$status" = 0 ]
}

alone() {
	about "a device without a driver: "
	ok "is bound" exits 0 'bound: no driver -> vfio-pci' bind 00:10.0
	ok "to vfio-pci, which was loaded for it" driver_is $edu vfio-pci
	ok "its group has a file" test -c "/dev/vfio/$(basename "$(readlink $devices/$edu/iommu_group)")"
	ok "twice is harmless" exits 0 'bound already' bind $edu
	vfio status --json $edu
	# shellcheck disable=SC2016 # Perl
	ok "status has its BAR and who gets it back" json '$_->{iommu} && $_->{vfio_pci} && $_->{devices}[0]{viable}
		&& $_->{devices}[0]{vendor} eq "1234" && $_->{devices}[0]{bars}[0]{bytes} == 1 << 20
		&& !defined $_->{devices}[0]{taken}{former_driver}'

	group=/dev/vfio/$(basename "$(readlink $devices/$edu/iommu_group)")
	mkfifo "$dir/held" "$dir/end"
	sh -c "exec 9<>'$group'; echo >'$dir/held'; read -r _ <'$dir/end'" &
	guest=$!
	read -r _ <"$dir/held"
	ok "while a guest has it, it is not taken" exits 1 "has: shut that guest down" bind $edu
	ok "nor given back" exits 1 "(pid $guest) has: shut that guest down" unbind $edu
	ok "and is still bound" driver_is $edu vfio-pci
	echo >"$dir/end"
	wait $guest
	guest=
	ok "it is given back" exits 0 'back: vfio-pci -> no driver' unbind $edu
	ok "all is as it was" unchanged
}

in_group() {
	about "a device with a driver: "
	network=$(network_of $card)
	ok "is bound" exits 0 'bound: e1000 -> vfio-pci' bind $card
	ok "its network is gone" test ! -e "/sys/class/net/$network"
	ok "it is given back" exits 0 'back: vfio-pci -> e1000' unbind $card
	ok "its network is there again" test -n "$(network_of $card)"
	ok "all is as it was" unchanged

	about "a group of two: "
	ok "the other one is bound along, and that is said" \
		exits 0 "$neighbour  bound: e1000 -> vfio-pci, for the group of $shared" bind $shared
	ok "restore gives both back" exits 0 "$neighbour  back" restore
	ok "all is as it was" unchanged
	network=$(network_of $neighbour)
	ip link set "$network" up
	ok "with its network up it is refused" exits 1 "which is up: ip link set $network down" bind $shared
	ok "nothing is changed" unchanged
	ip link set "$network" down
}

refused() {
	about ""
	ok "a part of the board is refused" exits 1 'is part of the board' bind 00:1f.0
	for share in "$devices"/*/virtio*/mount_tag; do
		share=${share%/virtio*}
		share=${share##*/}
	done
	ok "what the root file system is on is refused" exits 1 'shares .*: umount' bind "$share"
	ok "an address without a device" exits 1 'there is no PCI device 0000:77:00.0' bind 77:00.0
	ok "another user" test "$(setpriv --reuid 65534 --clear-groups "$exitlab" vfio bind $edu 2>&1; echo $?)" = \
		"exitlab: vfio: only root may take devices or give them back: run it again with sudo
77"
	mkdir "$dir/full"
	mount -t tmpfs -o size=4k none "$dir/full"
	head -c 4096 /dev/zero >"$dir/full/file"
	ok "no room for the journal" exits 1 'nothing was changed' bind $edu --state "$dir/full"
	ok "nothing is changed" unchanged
	umount "$dir/full"
	unshare -m sh -c "mount --make-rprivate / && mount -o remount,bind,ro /sys && '$exitlab' vfio bind $edu" \
		>"$dir/out" 2>"$dir/err"
	ok "a sysfs that cannot be written is named" grep -q 'Read-only file system; mount -o remount,rw /sys' "$dir/err"
	ok "nothing is changed" unchanged
}

if [ "${1-}" = with ]; then
	modprobe e1000
	look >"$dir/before"
	ok "status lists every device" exits 0 "$card .* yes" status
	alone
	in_group
	refused
	about "kill -9 before any step "
	ok "of bind" ended_anywhere "" bind $card
	# The journal: two of fsync and a rename; power, where it may be cut; override, unbind, probe.
	cold=$(cat $devices/$card/d3cold_allowed)
	ok "which are all of them" test "$points" = $((6 + cold))
	ok "of unbind" ended_anywhere "bind $card" unbind $card
	# Unbind, override, power, bind; the journal's end: unlink and fsync.
	ok "which are all of them" test "$points" = $((5 + cold))
	plan
	exit
fi
if [ "${1-}" = without ]; then
	ok "bind explains that the IOMMU is off" exits 77 'IOMMU is off.*intel_iommu=on' bind $edu
	ok "and changes nothing" driver_is $edu ""
	ok "status, too, and lists what there is" exits 77 "$edu  1234:11e8" status
	plan
	exit
fi
passes_in_lab host/t/vfio.t with --clock host --iommu --deadline 350 --device edu,addr=10.0 \
	--device edu,multifunction=on,addr=11.0 --device e1000,addr=11.1 --device e1000,addr=12.0
passes_in_lab host/t/vfio.t without --clock host --deadline 120 --device edu,addr=10.0
ok "what is no address is refused" exits 2 'is no PCI address' bind 0000:00:10
ok "no device is named" exits 2 'which device' bind
ok "nor an action" exits 2 'which action'
plan
