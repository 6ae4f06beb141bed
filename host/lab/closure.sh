# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# What a command needs of this machine's files; host/lab/carry reads this file and makes an image of
# them. All works on lists of names in the working directory, many names at a time, since a process
# for each would take minutes.

# What a program opens that is not in it to be read: patterns, looked for in the directory above the
# program's, its own, and that of exitlab's parts (host/layout.c); a directory is meant with all that
# is in it. A word without a slash is a file there or another program.
data() {
	cat <<-'END'
		qemu-*     share/qemu/bios*.bin share/seabios/bios*.bin share/qemu/qboot.rom
		qemu-*     share/qemu/linuxboot*.bin share/qemu/pvh.bin share/qemu/kvmvapic.bin
		qemu-*     lib/*/qemu/accel-*.so lib64/qemu/accel-*.so lib/qemu/accel-*.so
		exitlab    kernel/vmlinux kernel/config kernel/build/System.map initramfs.cpio.lz4
		exitlab    lab/agent lab/prepare qemu-system-x86_64 isolation-scripts/isolate
		exitlab    isolation-scripts/knobs isolation-scripts/lib
		isolate    isolation-scripts/knobs isolation-scripts/lib
		trace-cmd  lib/*/trace-cmd/plugins lib64/trace-cmd/plugins lib/trace-cmd/plugins
		trace-cmd  lib/*/traceevent/plugins lib64/traceevent/plugins lib/traceevent/plugins
		perf       lib/*/traceevent/plugins lib64/traceevent/plugins lib/traceevent/plugins
		perl       lib/*/perl-base share/perl lib/*/perl share/perl5 lib64/perl5 lib/perl5
		gnuplot    share/gnuplot libexec/gnuplot lib/gnuplot
		modprobe   /etc/modprobe.d /lib/modprobe.d
	END
}

# What every lab has: programs and patterns of files.
always() {
	cat <<-END
		sh bash awk cat chmod cp cut date dd dmesg echo env expr false find grep head id insmod kill
		ln ls lsmod mkdir mktemp modprobe mount mv od printf ps pwd readlink realpath rm rmdir rmmod
		sed seq sleep sort stat sync tail tar taskset tee test timeout touch tr true umount uname
		uniq wc xargs
		/proc /sys /dev /run /tmp /usr/lib/locale/C.utf8/* /usr/lib/locale/C.utf8/*/*
		/etc/passwd /etc/group /etc/nsswitch.conf /etc/hosts /etc/mtab /etc/os-release
		/etc/localtime /etc/ld.so.cache /etc/ld.so.preload
		/lib/libgcc_s.so.1 /lib64/libgcc_s.so.1 /lib/*/libgcc_s.so.1
		/lib/libnss_files.so.2 /lib64/libnss_files.so.2 /lib/*/libnss_files.so.2
		/etc/terminfo/?/${TERM:-dumb} /lib/terminfo/?/${TERM:-dumb}
		/usr/share/terminfo/?/${TERM:-dumb}
	END
}

# A list of names has one in a line; a newline within a name is the byte 1 there.
to_lines() { tr '\n\0' '\1\n'; }
from_lines() { tr '\1\n' '\n\0'; }
lines_of() { [ $# = 0 ] || printf '%s\0' "$@" | to_lines; }

# Empty lists, and those of this machine: the programs in PATH, the loader's cache.
start_lists() {
	for list in asked known needed search entries directories given before; do
		: >"$list"
	done
	data >table
	{ ldconfig -p || :; } >loader
	(
		IFS=:
		# shellcheck disable=SC2086 # divided at colons
		find -L $PATH -maxdepth 1 -type f -perm /111 -print0 || :
	) | to_lines | grep '^/' >programs
}

# Reads names and prints the files that they stand for, at the end of all links; adds to "entries"
# each file, link and directory on the way. What is not there stands for nothing. "known" has what
# find said so far, two lines for a name: its kind and name, the target if it is a link; "asked"
# has the names that find was asked for.
resolve() {
	awk '!seen[$0]++' >wanted
	: >unknown
	while :; do
		from_lines <unknown | xargs -0r sh -c 'find "$@" -maxdepth 0 \( -type f ! -readable \
			-printf "unreadable/%p\0\0" -o -printf "%y/%p\0%l\0" \) || :' sh | to_lines >>known
		awk "$follow_links" wanted >resolved
		sort -u unknown.new >unknown
		[ -s unknown ] || break
		cat unknown >>asked
	done
	cat entries.new >>entries
	cat resolved
}

# shellcheck disable=SC2016 # awk's
follow_links='
	# Every name that lies on the path, as if there were no more links.
	function ask_for(at, rest,    i, n, names) {
		n = split(rest, names, "/")
		for (i = 1; i <= n; i++)
			if (names[i] != "" && !((at = at "/" names[i]) in told))
				print at >"unknown.new"
	}
	function follow(rest,    at, name, next_at, links) {
		at = ""
		while (rest != "") {
			name = rest
			sub("/.*", "", name)
			if (!sub("^[^/]*/", "", rest))
				rest = ""
			if (name == "" || name == ".")
				continue
			if (name == "..") {
				sub("/[^/]*$", "", at)
				continue
			}
			next_at = at "/" name
			if (!(next_at in kind)) {
				if (!(next_at in told))
					ask_for(at, name "/" rest)
				return ""
			}
			way[next_at]
			if (kind[next_at] == "l") {
				if (++links > 40)
					return ""
				rest = target[next_at] "/" rest
				if (rest ~ "^/")
					at = ""
			} else {
				at = next_at
				if (rest != "" && at ~ "^/(proc|sys|dev)$")
					return ""
			}
		}
		return at
	}
	BEGIN {
		printf "" >"unknown.new"
		printf "" >"entries.new"
		while ((getline line <"asked") > 0)
			told[line]
		while ((getline line <"known") > 0) {
			name = substr(line, index(line, "/") + 1)
			kind[name] = substr(line, 1, index(line, "/") - 1)
			getline target[name] <"known"
		}
	}
	{
		for (name in way)
			delete way[name]
		file = follow($0)
		if (kind[file] != "f" && kind[file] != "d" && kind[$0] != "l")
			next
		for (name in way)
			print name >"entries.new"
		if (kind[file] == "f")
			print file
	}'

# Splits the text read into what may be names: at what divides words in the shell, once more at what
# divides them within an option, and once at quotes alone, within which a name may have spaces.
split_text() {
	tee text | tr -s "[:space:];|&()<>{}\"'\`\$!\\\\" '\n' >tokens
	cat tokens
	tr -s '=,:' '\n' <tokens
	tr -s "\"'" '\n' <text
}

# Reads words and prints the files that they may name: a program, a path from the directory $1, and
# from those in "directories", where scripts lie, also without what comes before the first slash,
# which mostly is a variable.
may_name() {
	here=$(lines_of "$1") awk '
		BEGIN {
			while ((getline path <"programs") > 0) {
				name = path
				sub(".*/", "", name)
				if (!(name in program))
					program[name] = path
			}
			while ((getline directory <"directories") > 0)
				directories[directory]
		}
		seen[$0]++ || $0 == "" { next }
		$0 in program { print program[$0] }
		/^\// { print }
		/^[^\/]/ { print ENVIRON["here"] "/" $0 }
		/\// {
			for (directory in directories) {
				print directory "/" $0
				print directory "/" substr($0, index($0, "/") + 1)
			}
		}'
}

# What lies in the directories read, and they themselves; a file is itself.
all_below() { from_lines | xargs -0r sh -c 'find "$@" ! -type s -print0 || :' sh | to_lines; }

# Reads the paths of programs and prints the files that the table has for them; adds the other
# programs that it has for them to "words".
with_data() {
	awk '
		BEGIN {
			while ((getline <"table") > 0) {
				pattern[++rows] = "^" $1 "$"
				sub("[*]", ".*", pattern[rows])
				sub("^[^ ]* *", "")
				files[rows] = $0
			}
		}
		{
			name = $0
			sub(".*/", "", name)
			for (i = 1; i <= rows; i++) {
				if (name !~ pattern[i])
					continue
				print $0 "\n" files[i]
				n = split(files[i], words, " ")
				for (k = 1; k <= n; k++)
					if (words[k] !~ "/")
						print words[k] >>"words"
			}
		}' | while IFS= read -r program && read -r patterns; do
		for from in "${program%/*}/.." "${program%/*}" "$1"; do
			cd -P "$from" 2>/dev/null || continue
			for path in $patterns; do
				[ "${path#/}" != "$path" ] || path=$PWD/$path
				[ ! -e "$path" ] || lines_of "$path"
			done
		done
	done | all_below
}

# Reads files and prints what their headers say that they are loaded with: all of that name that the
# loader's cache has, since the lab's CPU may want another than this machine's, and what lies in the
# directories that some header or LD_LIBRARY_PATH names. From two files on readelf says which is
# which.
libraries() {
	from_lines | { xargs -0r readelf -dlW /dev/null || :; } | awk '
		function search_in(list,    i, n, names) {
			n = split(list, names, ":")
			for (i = 1; i <= n; i++) {
				gsub(/[$](ORIGIN|[{]ORIGIN[}])/, origin, names[i])
				if (names[i] ~ "^/")
					search[names[i]]
			}
		}
		function bracketed() {
			sub("^[^[]*[[]", "")
			sub("[]]$", "")
			return $0
		}
		function read_list(file, list) {
			while ((getline <file) > 0)
				list[$0]
			close(file)
		}
		BEGIN {
			while ((getline <"loader") > 0)
				if (/ => /)
					at[$1, /x86-64/] = at[$1, /x86-64/] $NF "\n"
			read_list("needed", needed)
			read_list("search", search)
			search_in(ENVIRON["LD_LIBRARY_PATH"])
		}
		/^File: / {
			origin = substr($0, 7)
			sub("/[^/]*$", "", origin)
		}
		/Requesting program interpreter: / {
			sub(".*: ", "")
			sub("[]]$", "")
			print
		}
		/[(]R(UN)?PATH[)]/ { search_in(bracketed()) }
		# The tag has 16 digits where the file has 64 bits.
		/[(]NEEDED[)]/ {
			wide = length($1) == 18
			needed[wide bracketed()]
		}
		END {
			for (directory in search)
				print directory >"search"
			for (want in needed) {
				print want >"needed"
				wide = substr(want, 1, 1) + 0
				name = substr(want, 2)
				printf "%s", at[name, wide]
				if (name ~ "^/")
					print name
				for (directory in search)
					print directory "/" name
				if (!((name, wide) in at))
					print "/lib/" name "\n/lib64/" name "\n/usr/lib/" name
			}
		}'
}

# Reads files and prints the words of their #! lines; puts the scripts among them into "scripts".
interpreters() {
	: >scripts
	from_lines | xargs -0r awk '
		FNR > 1 { nextfile }
		{
			file = FILENAME
			gsub("\n", "\1", file)
		}
		/^#!/ || file ~ /[.]sh$/ { print file >"scripts" }
		sub("^#!", "") {
			gsub("[ \t]+", "\n")
			print
		}'
}

# Reads names and adds what they stand for, and all that those need, to "entries". A script's text
# is read in the first two rounds: CMD's, and of the scripts that it names, but not that of a script
# which came by the table. $1: CMD's directory, $2: that of exitlab's parts.
gather() {
	resolve >found
	round=0
	while :; do
		sort -u found before >after
		comm -23 after before >new
		mv after before
		[ -s new ] || break
		interpreters <new >words
		sort scripts | comm -23 - given >texts
		if [ $round -lt 2 ] && [ -s texts ]; then
			sed 's,/[^/]*$,,' texts | sort -u >directories
			from_lines <texts | xargs -0r sed '/^[[:space:]]*#/d' | split_text >>words
		fi
		with_data "$2" <new >table.files
		sort -u table.files given -o given
		{
			cat table.files
			libraries <new
			may_name "$1" <words
		} | resolve >found
		round=$((round + 1))
	done
}
