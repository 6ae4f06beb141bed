#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# host/lab/prepare where it fails: the status, one line that says why, nothing left in the cache.
# apt is a stand-in. What it does with a real package is in host/t/lab.t.
set -u

cd "$(dirname "$0")/.." || exit 1
# shellcheck source=.ci/tap.sh
. ../../.ci/tap.sh
prepare=$PWD/prepare
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

# prepare STATUS [-n] PACKAGE: ends so.
prepare() {
	expected=$1
	shift
	(cd "$dir" && PATH=$dir/bin:$PATH CACHE=cache "$prepare" "$@") >"$dir/out" 2>"$dir/err"
	[ $? = "$expected" ]
}

# command_is NAME: a stand-in that does what stdin says.
command_is() {
	{
		echo '#!/bin/sh'
		cat
	} >"$dir/bin/$1"
	chmod +x "$dir/bin/$1"
}

empty() { [ -z "$(find "$dir/cache/lab" -mindepth 1 ! -name lock)" ]; }

mkdir "$dir/bin"
command_is apt-cache <<'END'
[ "$2" = linux-image-some ]
END
echo 'exit 100' | command_is apt-get
echo 'exit 2' | command_is dpkg-deb

ok "-n names a package that apt offers" prepare 0 -n linux-image-some
ok "and why it" [ "$(cat "$dir/out")" = "linux-image-some, not in the cache yet; as asked for" ]
ok "refuses another" prepare 77 -n linux-image-nonesuch
ok "and makes nothing" [ ! -e "$dir/cache" ]
ok "a package that apt does not know cannot be had" prepare 77 linux-image-nonesuch
ok "one line says so" [ "$(grep -c 'no package linux-image-nonesuch' "$dir/err")/$(wc -l <"$dir/err")" = 1/1 ]
ok "a download that fails is apt's fault, not dpkg's" prepare 77 linux-image-some
ok "its line says so" grep -q 'cannot download linux-image-some' "$dir/err"
ok "nothing is left" empty

command_is apt-cache <<'END'
printf 'linux-image-%s-amd64-unsigned\n' 6.1.0-9 6.12.9+deb12 6.1.0-10 6.12.10+deb12-rt 6.1.0-11-cloud 6.12.10+deb12
END
(PATH=$dir/bin:$PATH CACHE=$dir/cache "$prepare" -l) >"$dir/out" 2>"$dir/err"
ok "of each series the newest is listed, neither rt nor cloud" \
	[ "$(tr "\n" " " <"$dir/out")" = \
	"linux-image-6.12.10+deb12-amd64-unsigned linux-image-6.1.0-10-amd64-unsigned " ]

mkdir -p "$dir/cache/lab/linux-image-some/modules-amd"
echo 6.99 >"$dir/cache/lab/linux-image-some/release"
ok "what is there is found in a relative cache" prepare 0 linux-image-some
ok "and named in full" [ "$(cat "$dir/out")" = "$dir/cache/lab/linux-image-some" ]
ok "-n names its version" prepare 0 -n linux-image-some
ok "and that it is there" [ "$(cat "$dir/out")" = "6.99, in the cache; as asked for" ]
ln -s linux-image-some "$dir/cache/lab/default"
ok "-n names the default" prepare 0 -n
ok "and why it" grep -q '^6.99, in the cache; the kernel of the first use' "$dir/out"
plan
