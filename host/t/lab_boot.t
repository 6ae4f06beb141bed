#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The whole chain on a real kvm_amd, in the lab: every row PROVED, exact under the insn clock, UNPROVEN
# without the rights to count, INVALID when the table expects another exit than there is.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
exitlab=$PWD/build/exitlab
dir=$(mktemp -d)
all=$("$exitlab" boot --list | grep -c -E '^(user|syscall|kernel)\.')
outb=$("$exitlab" boot --list | grep -c '\.outb  *[1-6]')
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

column() {
	host/t/csv "$@"
}

rows_with() { # RUN VERDICT: their names, in order
	column "$1" all id verdict | awk -v verdict="$2" 'NR % 2 { id = $0; next } $0 == verdict { printf "%s ", id }'
}

verdicts() { # RUN VERDICT: how many rows have it
	column "$1" all verdict | grep -c -x "$2"
}

proved() {
	"$exitlab" boot --accel lab --results "$dir/one" >"$dir/out" 2>"$dir/err"
	status=$?
	if [ $status = 77 ]; then
		echo "1..0 # SKIP $(tail -n 1 "$dir/err")"
		exit 0
	fi
	ok "a boot in the lab succeeds" test $status = 0
	one=$(echo "$dir"/one/*/*)
	# What EPYC as QEMU emulates it has not, and what microvm has not.
	cpu="kernel.wrmsr_spec_ctrl kernel.wrmsr_pred_cmd kernel.wrmsr_tsx_ctrl "
	pci="kernel.inl_pmtimer kernel.pio_qemu kernel.pio_ioeventfd kernel.pio_ioeventfd_any "
	pci="${pci}kernel.mmio_ioeventfd kernel.mmio_ioeventfd_any "
	two_vcpus="kernel.ipi kernel.ipi_hlt kernel.ple_round_robin "
	edu="kernel.edu_read kernel.edu_write "
	passed="kernel.passed_read kernel.passed_write kernel.passed_interrupt kernel.passed_dma_to kernel.passed_dma_from "
	ok "the rows that need a PCI bus or another CPU are WAIVED" \
		test "$(rows_with "$one" WAIVED)" = "$pci$cpu$two_vcpus$edu$passed"
	proved=$((all - $(verdicts "$one" WAIVED)))
	ok "all $proved others are PROVED" test "$(verdicts "$one" PROVED)" = "$proved"
	ok "each with its reason" grep -q 'WAIVED: no pci-testdev .*MACHINE=q35.*kernel.pio_qemu' "$dir/out"
	ok "the $outb rows of OUTB to QEMU wrote exactly their bytes" \
		grep -q "\"written\": $((outb * 1100))\>" "$one/proof.json" # 1000 samples, 100 to warm up
	ok "KVM tells the guest its steal time" grep -q '"contamination": "interrupts,steal"' "$one/summary.json"
	ok "the table says what its numbers are" grep -q 'path length (emulated host)' "$dir/out"
	for row in kernel.cpuid user.outb kernel.mmio_qemu kernel.wr_cr8; do
		ok "$row: min = p50 = p99" \
			test "$(column "$one" $row min p50 p99 | sort -u | wc -l)" = 1
	done
	ok "counting adds at most 230 instructions to a CPUID exit" \
		test "$(column "$one" kernel.cpuid tracing_overhead)" -le 230
	ok "the same rows without QEMU are part of it" grep -q '"kind": "floor"' "$one/floor.json"
	ok "QEMU taxes the row it answers" test "$(column "$one" kernel.outb qemu_tax)" -gt 1000
	ok "and hardly the one that KVM answers" test "$(column "$one" kernel.cpuid qemu_tax)" -lt 200
	cp -r "$one" "$dir/again"
	"$exitlab" report "$dir/again" >"$dir/out" 2>"$dir/err"
	ok "the report is the same, byte for byte, outside the lab" diff -r "$one" "$dir/again"
}

unproven() {
	mkdir "$dir/two"
	"$exitlab" lab --rw "$dir/two" -- setpriv --bounding-set=-bpf,-perfmon,-sys_admin \
		"$exitlab" boot --accel kvm --results "$dir/two" >"$dir/out" 2>"$dir/err"
	ok "without the right to count the run succeeds" test $? = 0
	two=$(echo "$dir"/two/*/*)
	ok "with every row UNPROVEN that ran" test "$(verdicts "$two" UNPROVEN)" = "$proved"
	ok "and the capability named that is missing" grep -q 'UNPROVEN: .*CAP_BPF' "$dir/out"
	for row in kernel.cpuid user.outb; do
		ok "$row: the same path length as in the run before" \
			test "$(column "$two" $row min p50 p99)" = "$(column "$one" $row min p50 p99)"
	done
	rm -rf "$dir/two"
	"$exitlab" boot --accel lab --machine q35 --iter 200 --results "$dir/two" \
		>"$dir/out" 2>"$dir/err"
	ok "q35 runs on KVM as well" test $? = 0
	two=$(echo "$dir"/two/*/*)
	ok "with the rows PROVED that microvm has not" test "$(rows_with "$two" WAIVED)" = "$cpu$two_vcpus$passed"
	ok "and all others" test "$(verdicts "$two" PROVED)" = $((all - 11))
	ok "an ioeventfd is answered in the kernel, and is shorter" \
		test "$(column "$two" kernel.mmio_ioeventfd p50)" -lt "$(column "$two" kernel.mmio_qemu p50)"
	ok "each of the 32 loads of new memory is a fault" \
		grep -q 'kernel.ept_fault | kvm | PROVED | npf | 32 | 32 | 0' "$two/report.md"
}

second() {
	"$exitlab" boot --accel lab --vcpus 2 --select kernel.ipi,kernel.ipi_hlt,kernel.ple_round_robin --iter 50 \
		--results "$dir/eight" >"$dir/out" 2>"$dir/err"
	ok "a second vCPU can be had" test $? = 0
	ok "and all its rows are PROVED" \
		test "$(rows_with "$(echo "$dir"/eight/*/*)" PROVED)" = "user.empty kernel.empty syscall.null $two_vcpus"
}

# An exitlab whose exits.def expects HLT where CPUID exits, asked about the first run.
invalid() {
	mkdir "$dir/tree"
	cp -r Makefile .ci ./*/ "$dir/tree" 2>/dev/null
	rm -rf "$dir/tree/build" "$dir/tree/results"
	sed -i '/kernel, *cpuid, / s/CPUID,  *CPUID, /HLT, HLT, /' "$dir/tree/guest-bench/exits.def"
	ok "the planted expectation is in the table" grep -q 'HLT, HLT' "$dir/tree/guest-bench/exits.def"
	make -s -C "$dir/tree" build/exitlab >"$dir/out" 2>"$dir/err"
	"$dir/tree/build/exitlab" report "$dir/again" >"$dir/out" 2>"$dir/err"
	ok "a wrong expectation makes its row INVALID" \
		test "$(column "$dir/again" kernel.cpuid verdict)" = INVALID
	ok "with the counts" grep -q 'INVALID: .*hlt.*kernel.cpuid' "$dir/out"
	ok "and no other row" test "$(verdicts "$dir/again" PROVED)" = "$((proved - 1))"
}

interrupted() {
	"$exitlab" boot --accel auto --results "$dir/three" >"$dir/out" 2>"$dir/err" &
	pid=$!
	until grep -q 'accel: lab, since' "$dir/out"; do
		if ! kill -0 $pid 2>/dev/null; then
			skip "auto and Ctrl-C" "KVM runs the guest here"
			return
		fi
		sleep 0.1
	done
	ok "auto goes to the lab in one line with the reason" test "$(grep -c 'accel: lab' "$dir/out")" = 1
	until pgrep -f "path=$dir/three" >/dev/null || ! kill -0 $pid 2>/dev/null; do
		sleep 0.1
	done
	kill -INT $pid
	wait $pid
	ok "Ctrl-C in the lab ends it" test $? != 0
	ok "with nothing left running" test -z "$(pgrep -f "$dir/three")"
	ok "nor half archived" test -z "$(find "$dir/three" -name '*.partial')"
}

# A guest whose init ends while the host attaches its counters: its panic is the kernel's next act.
panics() {
	cat >"$dir/init" <<-'END'
		#!/bin/sh
		mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
		/bin/measure $MEASURE &
		/bin/busybox usleep 40000
	END
	sed "s,^file /init .*,file /init $dir/init 0755 0 0," build/initramfs.list >"$dir/list"
	build/kernel/build/usr/gen_init_cpio "$dir/list" | lz4 -l -q >"$dir/initrd"
	"$exitlab" boot --accel lab --initrd "$dir/initrd" --select user.cpuid --iter 100 --results "$dir/four" \
		>"$dir/out" 2>"$dir/err"
	ok "a guest panic between and in the passes ends the run" test $? = 1
	ok "and is named, with how far it was" grep -q 'ended after .* pass: guest panic' "$dir/err"
	ok "and kept as failed" test -s "$(echo "$dir"/four/*/*.failed)/reason.txt"
}

# What boot was asked for goes into the lab with it.
options() {
	"$exitlab" boot --accel lab --no-proof --no-floor --cpu 1 --select user.cpuid --iter 100 --results "$dir/five" \
		>"$dir/out" 2>"$dir/err"
	ok "--no-proof reaches the boot in the lab, --cpu does not" test $? = 0
	ok "nor is there a floor with --no-floor" test -z "$(find "$dir/five" -name floor.json)"
	ok "and every row says why it is UNPROVEN" grep -q 'UNPROVEN: the proof pass was not asked for' "$dir/out"
	"$exitlab" boot --accel lab --deadline 1 --iter 100000 --results "$dir/six" >"$dir/out" 2>"$dir/err"
	ok "--deadline does as well" grep -q 'the deadline of 1 s passed' "$dir/err"
	"$exitlab" boot --accel lab --isolate --select user.cpuid --iter 200 --results "$dir/seven" \
		>"$dir/out" 2>"$dir/err"
	ok "--isolate isolates a CPU in the lab" grep -q "vCPU on CPU 1, isolated" "$dir/out"
	ok "and the report says so" grep -q "\"isolated\": true" "$(echo "$dir"/seven/*/*)/summary.json"
	ok "the vCPU is in the partition" grep -q "\"pinned\": true" "$(echo "$dir"/seven/*/*)/env.json"
}

proved
unproven
panics
options
invalid
interrupted
second
plan
