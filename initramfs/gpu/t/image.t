#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The image of a guest with a GPU, of a driver that is made up: what is in it, what is refused, and how it starts.
set -u

cd "$(dirname "$0")/../../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'umount "$dir/small" 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
version=580.159.04
other=570.133.07

# image DRIVER [OUT]
image() {
	NVIDIA_DRIVER=$1 initramfs/gpu/build build/kernel-gpu "${2:-$dir/image}" build/gpu/gpubench:/bin/gpubench \
		build/gpu/liblimiter.so:/bin/liblimiter.so build/guest-bench/passthrough:/bin/passthrough >"$dir/out" 2>"$dir/err"
}

# refused DRIVER WORDS: one line that has the words, and no image.
refused() {
	! image "$1" "$dir/refused" && [ "$(grep -c . "$dir/err")" = 1 ] && grep -q "^gpu-image: .*$2" "$dir/err" &&
		[ ! -e "$dir/refused.cpio" ] && [ ! -e "$dir/refused.json" ]
}

# A copy of the package, to be spoilt.
copy() {
	rm -rf "$dir/copy"
	cp -R "$dir/package" "$dir/copy"
}

# What the archive has, one line for each: mode, path, target or size.
contents() {
	(mkdir "$dir/unpacked" && cd "$dir/unpacked" && busybox cpio -id <"$1" 2>/dev/null && find . -type l -printf '%P -> %l\n' -o -type f -printf '%P %m\n') | sort
	rm -rf "$dir/unpacked"
}

initramfs/gpu/t/made_up package $version "$dir/package" && initramfs/gpu/t/made_up root $version "$dir/root" || exit 1

about "without a driver: "
ok "there is an image" image ""
ok "it is said what is left out" grep -q "^left out: NVIDIA's driver" "$dir/err"
ok "and in the JSON" grep -q '"driver": null' "$dir/image.json"
contents "$dir/image.cpio" >"$dir/plain"
ok "the suite is in it, with its libraries" sh -c "grep -q '^bin/gpubench 755' '$dir/plain' &&
	grep -q 'libc.so.6 755' '$dir/plain' && grep -q '^lib64/ld-linux-x86-64.so.2 755' '$dir/plain'"

about "package: "
ok "there is an image" image "$dir/package"
cp "$dir/image.json" "$dir/package.json" 2>/dev/null
contents "$dir/image.cpio" >"$dir/listed"
cat >"$dir/expected" <<END
bin/nvidia-smi 755
lib/firmware/nvidia/$version/gsp_ga10x.bin 644
lib/firmware/nvidia/$version/gsp_tu10x.bin 644
lib/modules/nvidia-uvm.ko 644
lib/modules/nvidia.ko 644
LIB/libcuda.so -> libcuda.so.$version
LIB/libcuda.so.$version 755
LIB/libcuda.so.1 -> libcuda.so.$version
LIB/libgcc_s.so.1 755
LIB/libnvidia-gpucomp.so -> libnvidia-gpucomp.so.$version
LIB/libnvidia-gpucomp.so.$version 755
LIB/libnvidia-helper.so -> libnvidia-helper.so.$version
LIB/libnvidia-helper.so.$version 755
LIB/libnvidia-ml.so -> libnvidia-ml.so.$version
LIB/libnvidia-ml.so.$version 755
LIB/libnvidia-ml.so.1 -> libnvidia-ml.so.$version
LIB/libnvidia-nvvm.so -> libnvidia-nvvm.so.4.0.0
LIB/libnvidia-nvvm.so.4 -> libnvidia-nvvm.so.4.0.0
LIB/libnvidia-nvvm.so.4.0.0 755
LIB/libnvidia-ptxjitcompiler.so -> libnvidia-ptxjitcompiler.so.$version
LIB/libnvidia-ptxjitcompiler.so.$version 755
LIB/libnvidia-ptxjitcompiler.so.1 -> libnvidia-ptxjitcompiler.so.$version
usr/share/doc/nvidia/LICENSE 644
END
as_expected() {
	comm -13 "$dir/plain" "$dir/listed" | sed "s,^$lib/,LIB/," | sort >"$dir/got"
	sort "$dir/expected" | diff - "$dir/got" >"$dir/out"
}
lib=$(sed -n 's,/libc.so.6 .*,,p' "$dir/plain")
ok "beside what is always there it has the driver's files by the table, what they link to, and links" as_expected
ok "it is said which libraries are left out" grep -q 'does not name: libGLX_nvidia libnvidia-tls$' "$dir/err"

# Each path of the JSON has that sum in the archive.
sums() {
	(mkdir "$dir/unpacked" && cd "$dir/unpacked" && busybox cpio -id <"$dir/image.cpio" 2>/dev/null &&
		sed -n 's/.*"path": "\/\([^"]*\)", "size".*"sha256": "\([^"]*\)".*/\2  \1/p' "$dir/image.json" >"$dir/sums" &&
		[ "$(grep -c . "$dir/sums")" -gt 15 ] && sha256sum -c --quiet "$dir/sums" >"$dir/out" 2>"$dir/err")
	status=$?
	rm -rf "$dir/unpacked"
	return $status
}
ok "the JSON has the sum of each file" sums
ok "the JSON has the driver's version and form" grep -q "\"driver\": {.*\"version\": \"$version\", \"form\": \"package\", .*Dual MIT/GPL" "$dir/image.json"
ok "the modules' version is what modinfo says" grep -q "nvidia.ko\".*\"version\": \"$version\", \"source\": \"built\"" "$dir/image.json"
ok "the firmware's is what it has inside" grep -q "gsp_ga10x.bin\".*\"version\": \"$version\", \"source\": \"driver\"" "$dir/image.json"
ok "it has the image's own sum" grep -q "$(sha256sum <"$dir/image.cpio" | cut -d ' ' -f 1)" "$dir/image.json"
again() { image "$dir/package" && ! grep -q building "$dir/err" && cmp -s "$dir/image.json" "$dir/package.json"; }
ok "a second time nothing is compiled, and the image is the same" again
ok "nothing is left in the driver's tree" [ -z "$(find "$dir/package" -newer "$dir/plain" -type f)" ]

about "root: "
ok "there is an image" image "$dir/root"
contents "$dir/image.cpio" >"$dir/root.listed"
same_but() { grep -v 'gsp_tu10x\|LICENSE' "$dir/listed" | diff - "$dir/root.listed" >"$dir/out"; }
ok "it has the same files as the package, of those that the root has" same_but
ok "the JSON says that it is a root" grep -q "\"version\": \"$version\", \"form\": \"root\"" "$dir/image.json"
mv "$dir/root/usr/src/nvidia-$version" "$dir/root/usr/src/nvidia-$other"
sed -i "s/$version/$other/" "$dir/root/usr/src/nvidia-$other/Kbuild"
ok "modules of another version are refused" refused "$dir/root" "nvidia-$other/Kbuild is of $other, .*libcuda.so.$version of $version"
rm -r "$dir/root/usr/src"
ok "and a root without their source" refused "$dir/root" "usr/src/nvidia-$version: no module source"
rm -r "$dir/root/lib/firmware"
mkdir -p "$dir/root/usr/src/nvidia-$version"
cp -R "$dir/package/kernel-open/." "$dir/root/usr/src/nvidia-$version/"
ok "and one without firmware" refused "$dir/root" "no firmware gsp_.*of $version"
cp "$dir/root/usr/lib/x86_64-linux-gnu/libcuda.so.$version" "$dir/root/usr/lib/x86_64-linux-gnu/libcuda.so.$other"
ok "and one with two drivers in it" refused "$dir/root" "libcuda.so.$other and libcuda.so.$version: two drivers"

about "refused: "
copy
sed -i "s/$version/$other/" "$dir/copy/kernel-open/Kbuild"
ok "modules of another version" refused "$dir/copy" "kernel-open/Kbuild is of $other, libcuda.so.$version of $version"
copy
initramfs/gpu/t/made_up package $other "$dir/other"
cp "$dir/other/firmware/gsp_tu10x.bin" "$dir/copy/firmware/"
ok "firmware of another version" refused "$dir/copy" "firmware/gsp_tu10x.bin is of $other, libcuda.so.$version of $version"
copy
mv "$dir/copy/libnvidia-ml.so.$version" "$dir/copy/libnvidia-ml.so.$other"
sed -i "s/libnvidia-ml.so.$version/libnvidia-ml.so.$other/" "$dir/copy/.manifest"
ok "a library of another version" refused "$dir/copy" "libnvidia-ml.so.$other is of $other, libcuda.so.$version of $version"
copy
sed -i "2s/.*/$other/" "$dir/copy/.manifest"
ok "a list of another version" refused "$dir/copy" "libcuda.so.$version is of $version, .manifest of $other"
copy
sed -i "s/MODULE_VERSION(.*/MODULE_VERSION(\"$other\");/" "$dir/copy/kernel-open/nvidia/nv.c"
built_other() {
	! image "$dir/copy" "$dir/refused" && grep -q "^gpu-image: nvidia.ko, built of kernel-open, is of $other, .* of $version" "$dir/err"
}
ok "modules that say another version once they are built" built_other
copy
echo nonsense >>"$dir/copy/kernel-open/nvidia-uvm/uvm.c"
does_not_build() {
	! image "$dir/copy" "$dir/refused" && grep -q "did not build; all that was said is in .*make.log" "$dir/err" &&
		grep -q 'uvm.c.*error' "$dir/err"
}
ok "modules that do not build, with what the compiler says" does_not_build
copy
sed -i /gsp_/d "$dir/copy/.manifest"
ok "no firmware" refused "$dir/copy" "no firmware gsp_"
copy
sed -i '/^libcuda/d' "$dir/copy/.manifest"
ok "no libcuda" refused "$dir/copy" "no libcuda.so.$version, without which"
copy
sed -i /ptxjit/d "$dir/copy/.manifest"
ok "no JIT compiler" refused "$dir/copy" "no libnvidia-ptxjitcompiler.so.$version, without"
copy
rm "$dir/copy/libnvidia-ml.so.$version"
ok "a library that is listed and not there" refused "$dir/copy" "lists libnvidia-ml.so.$version, which is not"
copy
rm "$dir/copy/firmware/gsp_ga10x.bin"
ok "firmware that is listed and not there" refused "$dir/copy" "lists firmware/gsp_ga10x.bin, which is not"
copy
rm "$dir/copy/kernel-open/nvidia/nv.c"
ok "source that is listed and not there" refused "$dir/copy" "lists kernel-open/nvidia/nv.c, which is not"
copy
rm -r "$dir/copy/kernel-open"
ok "no source of the open modules" refused "$dir/copy" "kernel-open is not there: a package of 515 or later"
copy
echo "../libcuda.so.9 0755 CUDA_LIB NATIVE / MODULE:gpgpu" >>"$dir/copy/.manifest"
ok "a list that leads out of the package" refused "$dir/copy" "[.]manifest: line [0-9]*: [.][.]/libcuda.so.9 leads out"
copy
echo "/etc/passwd 0644 EXPLICIT_PATH /etc/ MODULE:gpgpu" >>"$dir/copy/.manifest"
ok "a list with an absolute path" refused "$dir/copy" "/etc/passwd leads out"
copy
echo "libcuda.so.9" >>"$dir/copy/.manifest"
ok "a line of the list that is none" refused "$dir/copy" "is no file, mode and type"
copy
sed -i 5,\$d "$dir/copy/.manifest"
ok "a list that ends in its head" refused "$dir/copy" "ends before its first file"
copy
sed -i '2s/.*/the newest/' "$dir/copy/.manifest"
ok "a list without a version" refused "$dir/copy" "line 2: \"the newest\" is no driver's version"
mkdir "$dir/empty"
ok "a directory that is no driver" refused "$dir/empty" "neither an unpacked package .* nor a root"
ok "no directory" refused "$dir/nowhere" "no such directory"
touch "$dir/NVIDIA-Linux-x86_64-$version.run"
ok "a package that is not unpacked, with how to" refused "$dir/NVIDIA-Linux-x86_64-$version.run" "is packed: sh .* -x"

about ""
mkdir "$dir/small"
if mount -t tmpfs -o size=2M none "$dir/small" 2>/dev/null; then
	full() {
		! image "" "$dir/small/image" && grep -q '^gpu-image: .*could not be written whole; is the disk full' "$dir/err" &&
			[ ! -e "$dir/small/image.cpio" ] && [ ! -e "$dir/small/image.cpio.new" ] && [ ! -e "$dir/small/image.json" ]
	}
	ok "a full disk is named, and no half of an image is left" full
else
	skip "a full disk" "no tmpfs can be mounted here"
fi

# It starts: modules in their order, nodes, firmware, and a suite that finds no device.
about "in the guest: "
boots() {
	image "$dir/package" || return
	timeout -k 5 300 "${QEMU:-qemu-system-x86_64}" -nodefaults -no-user-config -no-reboot -display none -M q35 -accel tcg \
		-cpu max -m 256 -kernel build/kernel-gpu/vmlinux -initrd "$dir/image.cpio" \
		-append 'console=ttyS0 panic=-1 quiet loglevel=5 MEASURE="--quick --select OH-001" DRIVER_PARAMETERS="NVreg_ModifyDeviceFiles=0"' \
		-chardev "file,id=record,path=$dir/record" -device virtio-serial-pci,max_ports=2 \
		-device virtserialport,chardev=record,name=exitlab.record \
		-serial "file:$dir/console" </dev/null >"$dir/out" 2>"$dir/err"
	status=$?
	tr -d '\r' <"$dir/console" >"$dir/out"
	mkdir "$dir/sent"
	[ $status = 0 ] && build/kmod/gpulock/t/unpack "$dir/record" "$dir/sent"
}
sent() { grep -qE "$2" "$dir/sent/$1"; } # FILE PATTERN
ok "it starts and ends" boots
says() { grep -qE "$1" "$dir/console"; }
in_order() {
	grep -aE '^init: (loaded|node)' "$dir/out" | tr '\n' ' ' | grep -q 'loaded .*nvidia.ko .*nvidia-uvm.ko.*node'
}
ok "the modules are loaded in their order, then come nodes" in_order
ok "the times of the driver's start are sent" sent guest.txt '^driver_end_ns=[1-9]'
ok "with the parameters, and those of the command line" says 'nvidia: parameters 0 1'
ok "nvidiactl is 195:255" says '^init: node /dev/nvidiactl 195:255'
ok "the GPU's node has the minor that the driver says" says '^init: node /dev/nvidia0 195:0'
ok "nvidia-uvm's has the major of /proc/devices" says '^init: node /dev/nvidia-uvm 2[0-9]*:0'
ok "the GPU starts, and has its firmware" says "nvidia/$version/gsp_ga10x.bin: [1-9][0-9]* bytes"
ok "the suite finds no GPU, and says so" sent gpubench.log '^gpubench: no NVIDIA GPU: '
ok "and ends as one that cannot run here" sent guest.txt '^suite_status=77$'
ok "its record is sent all the same" test -s "$dir/sent/gpu.rec"
plan
