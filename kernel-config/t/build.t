#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kernel-config/build on a tree whose build system is a few lines: what it passes on, what it checks,
# when it builds again. The real kernel is built by make itself.
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

build() {
	KERNEL_SRC=$dir/tree CACHE=$dir/cache kernel-config/build "$dir/asked" >"$dir/out" 2>"$dir/err"
}

fails() {
	! build && [ ! -s "$dir/out" ] && grep -q -e "$1" "$dir/err"
}

mkdir -p "$dir/tree/arch/x86"
touch "$dir/tree/Kconfig" "$dir/tree/arch/x86/Kconfig"
echo CONFIG_ASKED=y >"$dir/asked"
cat >"$dir/tree/Makefile" <<'END'
kernelversion:
	@echo 6.99.0
tinyconfig:
	@echo CONFIG_TINY=y >$(O)/.config
olddefconfig:
	@[ ! -e broken ] || { echo "Kconfig:7: syntax error"; exit 1; }
	@[ ! -e without ] || sed -i /ASKED/d $(O)/.config
bzImage modules: $(O)/vmlinux
$(O)/vmlinux: $(O)/.config
	@mkdir -p $(O)/arch/x86/boot && echo >$(O)/arch/x86/boot/bzImage && cp /bin/true $@ && echo >>compiled
END

ok "a tree is built" build
first=$(cat "$dir/out")
ok "its directory is whole" [ -s "$first/vmlinux" -a -e "$first/bzImage" -a -s "$first/config" ]

build
ok "the same configuration compiles nothing" [ "$(wc -l <"$dir/tree/compiled")" = 1 ]

MAKELEVEL=1 MAKEFLAGS=w build
ok "what make was told is not passed on" [ "$(cat "$dir/out")" = "$first" ]

here=$PWD
(cd "$dir" && KERNEL_SRC=tree CACHE=cache "$here/kernel-config/build" asked) >"$dir/out" 2>"$dir/err"
ok "a relative cache is the same directory" [ "$(cat "$dir/out")" = "$first" ]

CC=false build
ok "a compiler that does not run is named" grep -q '^kernel-config: CC=false' "$dir/err"

touch "$dir/tree/without"
ok "a symbol that the tree lost since fails the gate" fails 'asks for CONFIG_ASKED=y'
rm "$dir/tree/without"

echo '# CONFIG_ASKED is not set' >"$dir/earlier"
later_wins() {
	kernel-config/gate "$dir/asked" "$dir/earlier" "$dir/asked" 2>"$dir/err" &&
		! kernel-config/gate "$dir/asked" "$dir/asked" "$dir/earlier" 2>"$dir/err"
}
ok "of two fragments that ask for the same the later one is meant" later_wins

touch "$dir/tree/broken"
ok "a configuration that fails says why" fails 'syntax error'
ok "and where the rest is" grep -q '^kernel-config: .*configure.log' "$dir/err"
rm "$dir/tree/broken"

ok "a tree that is mended is built" build
plan
