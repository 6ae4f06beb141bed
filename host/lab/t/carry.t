#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# host/lab/carry: what its images hold is enough to run what was asked for, they are kept by what is
# in them, and where it fails there is one line and nothing is left. The images are unpacked, which
# any kernel can, and tried with chroot, which takes root.
set -u

cd "$(dirname "$0")/../../.." || exit 1
. ./.ci/tap.sh
root=$PWD
carry=$root/build/lab/carry
dir=$(mktemp -d)
mounted=
cleanup() {
	[ -z "$mounted" ] || umount -l "$mounted"
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
unset QEMU LD_LIBRARY_PATH

# carry STATUS ARG...: run in $dir ends so; the images are in ${images[@]}.
carry() {
	local expected=$1
	shift
	(cd "$dir" && CACHE=${cache:-$dir/cache} "$carry" "$@") >"$dir/out" 2>"$dir/err"
	[ $? = "$expected" ] && mapfile -t images <"$dir/out"
}

# fails STATUS LINE ARG...: with that one line, no output and nothing left.
fails() {
	local expected=$1 line=$2
	shift 2
	carry "$expected" "$@" && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/err")" = 1 ] &&
		grep -q -e "$line" "$dir/err" && clean
}

image_is() { # IMAGE ARG...
	local wanted=$1
	shift
	carry 0 "$@" && [ "${images[0]}" = "$wanted" ]
}
another_than() { ! image_is "$@" && [ -s "${images[0]}" ]; }
ended() { ! kill -0 "$1" 2>/dev/null; }

clean() { [ -z "$(find "${cache:-$dir/cache}" -name 'aside.*' -o -name 'rw.*' 2>/dev/null)" ]; }
unpack() { rm -rf "$dir/root" && unsquashfs -quiet -no-progress -d "$dir/root" "$1" >/dev/null; }
inside() { chroot "$dir/root" "$@" >"$dir/out" 2>"$dir/err"; }
prints() { # WORDS COMMAND...: inside the last image
	local expected=$1
	shift
	inside "$@" && [ "$(cat "$dir/out")" = "$expected" ]
}
holds() { [ -e "$dir/root$1" ] || [ -L "$dir/root$1" ]; }
lacks() { ! holds "$1"; }
same_owner_and_mode() {
	local path
	for path; do
		[ "$(stat -c '%a %u %g' "$path")" = "$(stat -c '%a %u %g' "$dir/root$path")" ] || return 1
	done
}

for tool in sqfstar unsquashfs; do
	command -v $tool >/dev/null || {
		echo "1..0 # SKIP $tool is missing; make deps installs it"
		exit 0
	}
done
if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP chroot takes root"
	exit 0
fi

# What a command names.
mkdir -m 750 "$dir/tools"
mkdir "$dir/tools/more"
cat >"$dir/tools/script" <<'END'
#!/usr/bin/env bash
# A comment names no program: xzless too
"${0%/*}/inner"
here=${0%/*}
. "$here/more/part.sh"
END
printf '#!/bin/sh\necho inner | rev\n' >"$dir/tools/inner"
printf 'echo part | cksum\n' >"$dir/tools/more/part.sh"
echo text >"$dir/a file"
chmod +x "$dir/tools/script" "$dir/tools/inner"
ok "a pipeline that a shell is to run" carry 0 -- sh -c "tac 'a file'|rev; tools/script"
ok "one image" [ ${#images[@]} = 1 ]
unpack "${images[0]}"
ok "the programs that it names run in there, and links lead where they do outside" \
	prints txet /bin/sh -c "cd '$dir'; tac 'a file' | rev"
ok "a script does, and what it runs and reads, with what these name" \
	prints "$(printf 'renni\n'; "$dir/tools/script" | tail -n 1)" "$dir/tools/script"
ok "not what comments name" lacks /usr/bin/xzless
ok "the directories above have their owners and modes" \
	same_owner_and_mode /usr /tmp "$dir" "$dir/tools" "$dir/a file"
ok "there is where to mount and to stand" \
	inside /bin/sh -c "cd '$dir' && cd /proc && cd /sys && cd /dev && cd /run && cd /host"
ok "a command that there is not is the lab's to find missing" carry 0 -- nonesuch-program

# A library that no cache names, and a file of a name that takes care.
mkdir "$dir/with" "$dir/with/library"
printf 'int answer(void) { return 42; }\n' >"$dir/answer.c"
printf '#include <stdio.h>\nint answer(void);\nint main(void) { return printf("%%d\\n", answer()) < 0; }\n' \
	>"$dir/main.c"
odd=$'an odd\nname'
echo odd >"$dir/with/$odd"
ln -s nowhere "$dir/with/dangling"
${CC:-cc} -shared -fPIC -o "$dir/with/library/libanswer.so" "$dir/answer.c"
# shellcheck disable=SC2016 # the loader's
${CC:-cc} -o "$dir/with/main" "$dir/main.c" -L"$dir/with/library" -lanswer -Wl,-rpath,'$ORIGIN/library'
ok "a program by --with" carry 0 --with with/main -- true
unpack "${images[0]}"
ok "has the library that it looks for beside itself" holds "$dir/with/library/libanswer.so"
ok "a directory as a whole, and a program" carry 0 --with with --with rev -- true
unpack "${images[0]}"
ok "a name with a newline is there" [ "$(cat "$dir/root$dir/with/$odd")" = odd ]
ok "so is a link to nothing" [ "$(readlink "$dir/root$dir/with/dangling")" = nowhere ]
ok "and the program" holds /usr/bin/rev
ok "another directory is carried empty" carry 0 -- ls "$dir/with"
unpack "${images[0]}"
ok "it is there" [ -d "$dir/root$dir/with" ]
ok "and nothing in it" [ -z "$(ls -A "$dir/root$dir/with")" ]

# The cache.
rm -rf "$dir/cache"
carry 0 -- cat "a file"
first=${images[0]}
ok "the same again is the same image" image_is "$first" -- cat "a file"
mv "$first" "$dir/first"
ok "made anew it has the same name" image_is "$first" -- cat "a file"
truncate -s 100000 "$first"
image_is "$first" -- cat "a file"
ok "one cut short is made anew" [ "$(stat -c %s "$first")" -gt 100000 ]
ok "and bytes" cmp -s "$first" "$dir/first"
echo tex2 >"$dir/a file"
ok "after a byte changed it is another" another_than "$first" -- cat "a file"
second=${images[0]}
chmod 640 "$dir/a file"
ok "and after a mode" another_than "$second" -- cat "a file"
touch -d '2 hours ago' "$second"
touch -d '3 hours ago' "$first"
echo text >"$dir/a file"
chmod 644 "$dir/a file"
ok "the one before is used again" image_is "$first" -- cat "a file"
for i in 1 2; do
	echo "$i" >"$dir/a file"
	carry 0 -- cat "a file"
done
ok "the four used last are kept" \
	[ "$(find "$dir/cache" -name '*.squashfs' | wc -l) $(ls "$first" "$second" 2>/dev/null)" = "4 $first" ]

# The --rw directories.
mkdir -p "$dir/rw/inner/deep"
echo one >"$dir/rw/$odd"
echo two >"$dir/rw/inner/deep/file"
touch -d '2020-02-02 02:02:02' "$dir/rw/inner/deep/file"
chmod 600 "$dir/rw/inner/deep/file"
perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => shift, Listen => 1) or exit 1' "$dir/rw/socket"
ln -s rw "$dir/link"
ok "two --rw directories, one in the other, one by a link" \
	carry 0 -v --rw link --rw rw/inner -- cat rw/inner/deep/file
ok "make a second image" [ ${#images[@]} = 2 ]
ok "-v says that a socket is left out" grep -q 'left out: .*rw/socket: socket ignored' "$dir/err"
unpack "${images[1]}"
ok "it holds the odd name" [ "$(cat "$dir/root$dir/rw/$odd")" = one ]
ok "and files with their modes and times" \
	[ "$(stat -c '%a %Y' "$dir/root$dir/rw/inner/deep/file")" = "600 $(date -d '2020-02-02 02:02:02' +%s)" ]
ok "no socket" lacks "$dir/rw/socket"
rm "${images[1]}"
unpack "${images[0]}"
ok "the first image has the directories to mount them on" [ -d "$dir/root$dir/rw/inner" ]
truncate -s 1025M "$dir/rw/inner/large"
ok "more than a gigabyte is refused, with the directory's name" \
	fails 1 "--rw $dir/rw: more than 1024 MiB; name a smaller" --rw rw/inner --rw rw -- true
rm "$dir/rw/inner/large"

# What goes wrong.
ok "no command" fails 2 "which command?"
ok "no such --rw directory" fails 2 "--rw a file: no such directory" --rw "a file" -- true
ok "--rw with nothing" fails 2 "--rw : no such directory" --rw
ok "--with what there is not" fails 2 "--with nonesuch: no such" --with nonesuch -- true
ok "an option that there is not" fails 2 "no option --nonesuch" --nonesuch -- true
mkdir "$dir/bin"
for tool in sh realpath dirname flock readelf tar; do
	ln -s "$(command -v $tool)" "$dir/bin/$tool"
done
sed "s,^PATH=.*,PATH=$dir/bin," "$carry" >"$dir/lab-carry"
mkdir -p "$dir/parts/lab"
install -m 755 "$dir/lab-carry" "$dir/parts/lab/carry"
cp build/lab/closure.sh "$dir/parts/lab"
carry=$dir/parts/lab/carry
ok "a tool that is missing" fails 77 "sqfstar is missing; make deps" -- true
carry=$root/build/lab/carry

mkdir "$dir/small"
if mount -t tmpfs -o size=8M none "$dir/small" 2>/dev/null; then
	mounted=$dir/small
	cache=$dir/small/cache
	ok "a disk that the image fills" fails 1 "make room, or name another directory by CACHE" -- true
	ok "leaves no image" [ -z "$(find "$cache" -name '*.squashfs')" ]
	head -c 16M /dev/zero >"$dir/small/full" 2>/dev/null
	ok "a disk that is full before" fails 1 "make room, or name another directory by CACHE" -- true
	umount "$dir/small"
	mounted=
	cache=
else
	skip "a full disk" "no tmpfs can be mounted here"
fi

# A stand-in that says when it has begun, and goes on.
mkdir "$dir/slow"
mkfifo "$dir/begun"
printf '#!/bin/sh\necho $$ >%s/begun\nexec tail -f /dev/null\n' "$dir" >"$dir/slow/sqfstar"
chmod +x "$dir/slow/sqfstar"
PATH=$dir/slow:$PATH CACHE=$dir/cache "$carry" --rw "$dir/rw" -- tac >"$dir/out" 2>"$dir/err" &
read -r slow <"$dir/begun"
kill $!
wait $!
ok "a signal ends it" [ $? = 143 ]
ok "in silence" [ ! -s "$dir/out" ]
ok "on both streams" [ ! -s "$dir/err" ]
ok "with nothing left" clean
ok "neither a process" ended "$slow"

# With the appliance: what exitlab boots, on a QEMU that finds its firmware.
if [ -s build/initramfs.cpio.lz4 ] && command -v qemu-system-x86_64 >/dev/null; then
	ok "exitlab" carry 0 -- "$root/build/exitlab" boot
	unpack "${images[0]}"
	ok "runs" inside "$root/build/exitlab" boot --list
	ok "is what it is outside" cmp -s "$dir/out" <(build/exitlab boot --list)
	ok "has the appliance and its kernel" cmp -s build/kernel/vmlinux "$dir/root$(realpath build/kernel/vmlinux)"
	inside /bin/sh -c "timeout 60 qemu-system-x86_64 -M microvm -accel tcg -nodefaults -no-reboot \
		-display none -serial stdio -kernel '$root/build/kernel/vmlinux' -append 'console=ttyS0 panic=-1'"
	ok "QEMU there starts the kernel" grep -q 'Linux version .*exitlab' "$dir/out"
	ok "all that takes less than 100 MiB" [ "$(stat -c %s "${images[0]}")" -lt $((100 << 20)) ]
else
	skip "exitlab in the image" "not built, or no QEMU"
fi
plan
