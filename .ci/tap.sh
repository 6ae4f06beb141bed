# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# TAP for the shell tests, which read this file: ok and skip, and plan at the end. A test
# keeps what its last command printed in $dir/out and $dir/err; a failure shows it.
tests=0

# about WORDS: what the names of the tests from here on begin with, their surroundings.
about() { surroundings=$1; }
surroundings=

# ok NAME CONDITION...: one test.
ok() {
	name=$surroundings$1
	shift
	tests=$((tests + 1))
	if "$@"; then
		echo "ok $tests - $name"
	else
		echo "not ok $tests - $name"
		tail -n 30 "$dir/err" "$dir/out" 2>/dev/null | sed 's/^/# /'
	fi
}

skip() { # NAME WHY
	tests=$((tests + 1))
	echo "ok $tests - $surroundings$1 # SKIP $2"
}

# passes_in_lab TEST ARGUMENT [OPTION...]: one test, that this one passes on the emulated host. The emulator hangs
# now and then, with an IOMMU at least: what did not end by the deadline gets one more try, and that is said.
passes_in_lab() {
	test=$PWD/$1 argument=$2
	shift 2
	for try in first last; do
		build/exitlab lab "$@" -- "$test" "$argument" >"$dir/out" 2>"$dir/err"
		status=$?
		if [ $try = last ] || ! grep -q 'lab: the deadline of' "$dir/err"; then
			break
		fi
		sed 's/^/# did not end: /' "$dir/out" "$dir/err"
	done
	if [ $status = 77 ]; then
		skip "all of it on the emulated host" "$(cat "$dir/err")"
		return
	fi
	sed 's/^/    /' "$dir/out"
	ok "all of it on the emulated host" passed_in_lab
}

passed_in_lab() {
	[ "$status" = 0 ] && grep -q '^1[.][.]' "$dir/out" && ! grep -q '^not ok' "$dir/out"
}

plan() {
	echo "1..$tests"
}
