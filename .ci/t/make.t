#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The Makefile: what is made anew when a header, a knob or the kernel's cache changes, and nothing
# else. It runs in a copy of the files, on a few cheap targets and a kernel of a few lines.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS LDFLAGS WERROR V

# builds MAKE-ARGUMENT...: the targets are made anew; keeps: they are not.
builds() {
	make "$@" >"$dir/out" 2>&1 && [ -s "$dir/out" ]
}
keeps() {
	make "$@" >"$dir/out" 2>&1 && [ ! -s "$dir/out" ]
}

tar -c --exclude=./build --exclude=./.git --exclude=./results . | tar -x -C "$dir"
cd "$dir" || exit 1
mkdir -p tree/arch/x86
touch tree/Kconfig tree/arch/x86/Kconfig
cat >tree/Makefile <<'END'
kernelversion:
	@echo 6.99.0
tinyconfig:
	@: >$(O)/.config
olddefconfig:
	@cat @fragments@ >$(O)/.config
modules:
	@:
bzImage:
	@mkdir -p $(O)/arch/x86/boot && echo >$(O)/arch/x86/boot/bzImage && cp /bin/true $(O)/vmlinux
END
# Those of the guest: others contradict them.
fragments=$(make -s -f - <<'END'
include kernel-config/rules.mk
.DEFAULT_GOAL := fragments
fragments: ; @echo $(abspath $(kernel-fragments))
END
)
sed -i "s,@fragments@,$fragments," tree/Makefile
tar -C tree -cf tree.tar --transform='s,^\.,linux,' .

make -n all KERNEL_SRC=tree.tar CACHE=cache >out 2>&1
ok "make -n writes nothing" [ ! -e build ]

make help >out
ok "make help ends in the knobs" sh -c 'tail -n 1 out | grep -q QEMU= && grep -q "make docs" out'

object=build/asan/host/hostinfo.o
ok "an object is compiled" builds $object
ok "once" keeps $object
touch host/hostinfo.h
ok "again when its header changes" builds $object
ok "again under other CFLAGS, with the project's own" builds V=1 CFLAGS=-O1 $object
ok "which are shown" grep -q -e '-std=gnu11 -Wall -Wextra.*-O1' out
ok "and kept" keeps CFLAGS=-O1 $object
ok "again when warnings are errors" builds WERROR=1 CFLAGS=-O1 $object
ok "one with flags of its own" builds WERROR=1 CFLAGS=-O1 build/gpu/t/fakecuda/counts.o
ok "does not change those of all" keeps WERROR=1 CFLAGS=-O1 $object

kernel() {
	verb=$1
	shift
	"$verb" KERNEL_SRC=tree.tar CACHE=cache "$@" build/kernel.stamp && [ -s build/kernel/vmlinux ]
}
ok "a kernel is built" kernel builds
ok "once" kernel keeps
rm -rf cache
ok "again when the cache was removed" kernel builds
ok "again in another cache" kernel builds CACHE=other
touch -d '2020-01-01' tree.tar
ok "looked for again when its source was installed anew" kernel builds CACHE=other

sed 's,^all: .*,all: ; ls installed,' Makefile >ordered
printf '#!/bin/sh\nsleep 1; touch installed\n' >.ci/deps
ok "nothing begins before make -j deps is done" builds -f ordered -j2 deps all
rm installed
ok "nor before make deps" builds -f ordered deps all
plan
