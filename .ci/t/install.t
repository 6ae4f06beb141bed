#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What leaves the tree works elsewhere: an installation below DESTDIR runs from any directory, and
# the tarball is the same each time and knows its version.
# alone: it makes things in the tree
# shellcheck disable=SC2016 # what the inner shells expand
set -u

cd "$(dirname "$0")/../.." || exit 1
. ./.ci/tap.sh
tree=$PWD
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PREFIX prefix

try() { "$@" >"$dir/out" 2>"$dir/err"; }

# is LINE: the last command printed it and nothing else.
is() { [ "$(cat "$dir/out")" = "$1" ]; }

mkdir "$dir/elsewhere"
prefix=$dir/prefix
home=$dir/staged$prefix
try make -s install DESTDIR="$dir/staged" PREFIX="$prefix"
ok "make install" [ $? = 0 ]
ok "writes below DESTDIR only" [ ! -e "$prefix" ]
exitlab=$home/bin/exitlab
cd "$dir/elsewhere" || exit 1

try "$exitlab" --version
ok "the installed exitlab says its version" is "$("$tree/build/exitlab" version)"
grep -rhoE 'find_part\("[^"]+"' "$tree"/host --include='*.c' | cut -d '"' -f 2 | grep -vx Makefile | while read -r part; do
	[ -s "$home/libexec/exitlab/$part" ] || echo "no part $part"
done >"$dir/out"
ok "with each part that a command looks for" is ""
for page in "$tree"/docs/man/*.scd; do
	page=${page##*/}
	[ -s "$home/share/man/man1/${page%.scd}.1" ] || echo "no page ${page%.scd}"
done >"$dir/out"
ok "with each man page" is ""
if command -v man >/dev/null; then
	try man -M "$home/share/man" -w exitlab-boot
	ok "that man finds" is "$home/share/man/man1/exitlab-boot.1"
else
	skip "that man finds" "no man"
fi
try env PATH=/nowhere "$exitlab" doctor
ok "doctor finds the guest and the list of packages" grep -q "^guest  *ok  *$home/libexec/exitlab/kernel" "$dir/out"
ok "and its fix needs no tree" grep -q "^  .*$home/libexec/exitlab/deps  # qemu" "$dir/out"
try "$home/bin/isolate" list
ok "isolate finds its parts through its link" grep -q '^partition ' "$dir/out"

# completes REPLY WORD...: the last word may become one of these.
completes() {
	expected=$1
	shift
	PATH=$home/bin:$PATH bash -c '. "$0"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_exitlab exitlab "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		echo "${COMPREPLY[*]}"' "$home/share/bash-completion/completions/exitlab" "$@" \
		>"$dir/out" 2>"$dir/err"
	is "$expected" && [ ! -s "$dir/err" ]
}
mkdir -p results/host/1-vmexit results/host/2-vmexit.failed
touch results/host/1-vmexit/run.rec
commands=$("$exitlab" help | sed -n 's/^  \([a-z-]*\) .*/\1/p' | tr '\n' ' ')
ok "bash completes the commands of the table" completes "${commands}help version" exitlab ''
ok "the options of a command" completes "--accel" exitlab boot --ac
ok "what an option is one of" completes "kvm" exitlab boot --accel = k
ok "by its short name" completes "q35" exitlab boot -m q
ok "a second row" completes "user.empty,syscall.rdmsr" exitlab boot --select user.empty,syscall.rd
ok "a run" completes "results/host results/host/1-vmexit" exitlab report results/h
ok "another run" completes "results/host/1-vmexit" exitlab compare results/x results/host/1
ok "what to do" completes "status" exitlab vfio st
ok "a file" completes "results" exitlab boot --kernel res
rm -r results

try "$exitlab" lab --clock host --deadline 120 -- true
status=$?
if [ $status = 77 ]; then
	skip "the lab" "$(tail -n 1 "$dir/err")"
else
	ok "the lab" [ $status = 0 ]
	try "$exitlab" boot --accel lab --iter 10 --select user.cpuid
	ok "a boot in the lab" grep -q '^user.cpuid .* PROVED$' "$dir/out"
	ok "with its archive in ./results" [ -s "$(echo results/*/*-vmexit/summary.json)" ]
fi

cd "$tree" || exit 1
touch "$home/libexec/exitlab/mine"
try make -s uninstall DESTDIR="$dir/staged" PREFIX="$prefix"
find "$home" ! -type d >"$dir/out"
ok "make uninstall removes every file of its own, and no other" is "$home/libexec/exitlab/mine"
try make -s install DESTDIR="$dir/other" libexecdir=/opt/exitlab
ok "a program that would not find its parts is not installed" [ ! -e "$dir/other" ]
ok "and it says what to do" grep -q 'libexecdir=/opt/exitlab; run make with these first' "$dir/err"

version=$(sed -n 's/^VERSION := //p' Makefile)
tarball=build/exitlab-$version.tar.gz
if git -c safe.directory='*' rev-parse -q --verify HEAD >/dev/null 2>&1; then
	export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
	try make -s dist
	ok "make dist" [ $? = 0 ]
	cp "$tarball" "$dir/first"
	git clone -q . "$dir/clone" 2>"$dir/err"
	(cd "$dir/clone" && try make -s dist)
	ok "makes the same bytes in another clone" cmp "$dir/first" "$dir/clone/$tarball"
	tar -C "$dir" -xzf "$dir/first"
	cd "$dir/exitlab-$version" || exit 1
	try make -n all
	ok "the tarball builds" [ $? = 0 ]
	try make -s build/host/version.h
	ok "and knows what it was made of" \
		grep -q "REVISION \"$(git -C "$tree" describe --always --abbrev=12)\"" build/host/version.h
	cd "$tree" || exit 1
	if command -v dpkg-source >/dev/null; then
		try make -s deb
		ok "a Debian source package is made" [ -s "build/deb/exitlab_$version-1.dsc" ]
	else
		skip "a Debian source package is made" "no dpkg-source"
	fi
else
	skip "make dist" "not a git checkout"
fi
plan
