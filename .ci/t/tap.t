#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# .ci/tap: what it counts, what it calls a failure, and that a file which hangs ends, cleanly when asked.
set -u

cd "$(dirname "$0")/.." || exit 1
dir=$(mktemp -d)
tests=0
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

# gives STATUS LINE: .ci/tap on the test that stdin holds ends so.
gives() {
	tests=$((tests + 1))
	{
		echo '#!/bin/sh'
		cat
	} >"$dir/test"
	chmod +x "$dir/test"
	DEADLINE=1 ./tap "$dir/test" >"$dir/out" 2>&1
	if [ "$?, $(tail -n 1 "$dir/out")" = "$1, $2" ]; then
		echo "ok $tests - $2"
	else
		echo "not ok $tests - $2"
		sed 's/^/# /' "$dir/out"
	fi
}

gives 0 "1 passed, 0 failed, 1 skipped" <<'END'
echo 1..2; echo ok 1; echo 'ok 2 # SKIP'
END
gives 1 "1 passed, 1 failed, 0 skipped" <<'END'
echo 1..2; echo ok 1; echo not ok 2
END
gives 1 "1 passed, 1 failed, 0 skipped" <<'END'
echo 1..2; echo ok 1
END
gives 1 "1 passed, 1 failed, 0 skipped" <<'END'
echo 1..1; echo ok 1; exit 3
END
# A child of its own that hangs too holds the output open.
gives 1 "1 passed, 1 failed, 0 skipped" <<'END'
echo 1..2; echo ok 1; sleep 60 & sleep 60
END

# Three files at a time, but the one that is to be alone comes first.
for name in a b c; do
	printf '#!/bin/sh\necho %s >>%s/order; echo 1..1; echo ok 1\n' $name "$dir" >"$dir/$name"
	chmod +x "$dir/$name"
done
echo '# alone: first of all' >>"$dir/c"
tests=$((tests + 1))
if JOBS=3 ./tap "$dir/a" "$dir/b" "$dir/c" >"$dir/out" 2>&1 && grep -qx '3 passed, 0 failed, 0 skipped' "$dir/out" &&
	[ "$(sed 's/ .*//' "$dir/order" | head -n 1)" = c ]; then
	echo "ok $tests - one file is alone"
else
	echo "not ok $tests - one file is alone"
	sed 's/^/# /' "$dir/out"
fi

cat >"$dir/test" <<END
#!/bin/sh
trap 'touch $dir/cleaned' EXIT
trap 'exit 1' INT TERM
sleep 60 &
echo 1..1; touch $dir/begun; wait
END
./tap "$dir/test" >"$dir/out" 2>&1 &
tap=$!
until [ -e "$dir/begun" ]; do sleep 0.1; done
kill -TERM $tap
wait $tap
tries=0
until [ -e "$dir/cleaned" ] || [ $tries = 100 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
tests=$((tests + 1))
if [ -e "$dir/cleaned" ]; then
	echo "ok $tests - a test that is interrupted cleans up"
else
	echo "not ok $tests - a test that is interrupted cleans up"
fi
echo "1..$tests"
