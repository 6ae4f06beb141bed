# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what it sets is for those that read it, who set here and of_file
# What NVIDIA_DRIVER= names: a package that is unpacked, or a root that a driver is installed in. build reads
# this file. Both become one list, "entries" in the working directory, of the form that package.awk describes;
# files are named from $driver, the link to the tree, so that no name has a space in it.

# Where distributions have the driver's libraries, and where the kernel looks for firmware.
library_directories='usr/lib/x86_64-linux-gnu/nvidia/current usr/lib/x86_64-linux-gnu usr/lib64 usr/lib
	lib/x86_64-linux-gnu lib64 lib'
firmware_directories='lib/firmware usr/lib/firmware'

# The entry's name, or file, for a kind, of all its lines.
names_of() { awk -F '\t' -v kind="$1" '$1 == kind { print $3 }' entries; }
files_of() { awk -F '\t' -v kind="$1" '$1 == kind { print $2 }' entries; }

entry() { printf '%s\t%s\t%s\n' "$@" >>entries; }

# Sets $libcuda to the file of the root that libcuda is, and $libraries to its directory.
find_libcuda() {
	libraries=
	for directory in $library_directories; do
		libcuda=$(find "$driver/$directory/" -maxdepth 1 -type f -name 'libcuda.so.*.*' -printf '%f\n' 2>/dev/null |
			sort -V | tr '\n' ' ')
		[ -n "$libcuda" ] || continue
		libraries=$directory
		libcuda=${libcuda% }
		case $libcuda in
		*' '*) die "$NVIDIA_DRIVER/$libraries has $(echo "$libcuda" | sed 's/ / and /g'): two drivers in one root" ;;
		esac
		libcuda=$libraries/$libcuda
		return 0
	done
	return 1
}

# A root has no list of its own, so its files are found where drivers install them.
list_root() {
	version=${libcuda##*/libcuda.so.}
	: >entries
	entry product '' "NVIDIA driver installed in a root"
	entry version '' "$version"
	find "$driver/$libraries/" -maxdepth 1 -type f \( -name 'libcuda.so.*' -o -name 'libnvidia-*.so.*' \) -printf '%f\n' |
		sort | while read -r name; do
		entry library "$libraries/$name" "$name"
	done
	for directory in $firmware_directories; do
		for file in "$driver/$directory/nvidia/$version"/gsp*.bin; do
			[ ! -f "$file" ] || entry firmware "${file#"$driver/"}" "${file##*/}"
		done
		! grep -q '^firmware' entries || break
	done
	[ ! -f "$driver/usr/bin/nvidia-smi" ] || entry program usr/bin/nvidia-smi nvidia-smi
	for file in "$driver"/usr/share/doc/NVIDIA_GLX-1.0/LICENSE "$driver/usr/share/licenses"/nvidia*/LICENSE; do
		[ ! -f "$file" ] || entry license "${file#"$driver/"}" LICENSE
	done
}

# Sets $modules to the directory of the modules' source. DKMS has it in usr/src, with the version in the name;
# where there are several, libcuda's is meant, and of these the open modules'.
find_source_in_root() {
	modules=$(find "$driver/usr/src/" -maxdepth 2 -path '*/nvidia*-[0-9]*/Kbuild' -printf '%h\n' 2>/dev/null |
		awk -v version="$version" -F/ '{ print $NF ~ "-" version "$", $NF ~ /open/, $0 }' | sort | tail -n 1 |
		cut -d ' ' -f 3)
	[ -n "$modules" ] ||
		die "$NVIDIA_DRIVER/usr/src/nvidia-$version: no module source there; a driver installed with DKMS has it"
	modules=${modules#"$driver/"}
}

find_source_in_package() {
	modules=kernel-open
	[ -d "$driver/$modules" ] ||
		die "$NVIDIA_DRIVER/kernel-open is not there: a package of 515 or later has the open modules' source"
	files_of source | while read -r file; do
		[ -f "$driver/$file" ] || die ".manifest lists $file, which is not in $NVIDIA_DRIVER"
	done || exit 1
}

# Sets $form, $version and $modules, and writes "entries".
find_driver() {
	form=package
	case $NVIDIA_DRIVER in
	*.run) [ ! -f "$NVIDIA_DRIVER" ] ||
		die "NVIDIA_DRIVER=$NVIDIA_DRIVER is packed: sh $NVIDIA_DRIVER -x, and name the directory that it makes" ;;
	esac
	[ -d "$NVIDIA_DRIVER/" ] || die "NVIDIA_DRIVER=$NVIDIA_DRIVER: no such directory"
	driver=driver
	ln -sfn "$(realpath "$NVIDIA_DRIVER")" $driver
	if [ -f $driver/.manifest ]; then
		awk -v list="$NVIDIA_DRIVER/.manifest" -f "$here/package.awk" $driver/.manifest >entries || exit 1
		version=$(names_of version)
		find_source_in_package
	elif find_libcuda; then
		form=root
		list_root
		find_source_in_root
	else
		die "NVIDIA_DRIVER=$NVIDIA_DRIVER: neither an unpacked package (.manifest) nor a root with libcuda.so.VERSION"
	fi
	[ -f "$driver/$modules/Makefile" ] && [ -f "$driver/$modules/Kbuild" ] ||
		die "$NVIDIA_DRIVER/$modules: no module source there, since it has no Makefile and Kbuild"
}

# Prints the version that a firmware file has inside, in a section of its own, which the module compares too.
firmware_version() {
	readelf -p .fwversion "$1" 2>/dev/null | sed -n 's/^ *\[ *[0-9a-f]*\] *\([0-9.]*\).*/\1/p' | head -n 1
}

# The version in a library's name. libnvidia-nvvm.so.4.0.0 has one that is not the driver's: those have three digits.
library_version() {
	echo "${1##*.so.}" | grep -xE '[0-9]{3,}(\.[0-9]+)+' || :
}

source_version() {
	sed -n 's/.*-DNV_VERSION_STRING=[\\"]*\([0-9.]*\).*/\1/p' "$driver/$modules/Kbuild" | head -n 1
}

# same_version FILE VERSION: refuses what is not of the version that $of_file has; unknown is not another.
same_version() {
	[ -z "$2" ] || [ "$2" = "$version" ] || die "$1 is of $2, $of_file of $version:" \
		"modules, firmware and libraries must be of one driver"
}
