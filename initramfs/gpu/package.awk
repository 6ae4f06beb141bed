# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A driver package's own file list (.manifest) as lines of kind, file in the package, name; tabs between.
# Kinds: version (the name is it), product, library, link (the file is its target), firmware, program, license,
# source. The list's form is in README.md. What is refused says why on standard error.

function refuse(why) {
	printf "gpu-image: %s: line %d: %s\n", list, NR, why >"/dev/stderr"
	exit failed = 1
}

function entry(kind, file, name) {
	print kind "\t" file "\t" name
}

NR == 1 {
	gsub(/[^ -~]/, "")
	if ($0 == "")
		refuse("no product's name, so this is no driver's file list")
	entry("product", "", $0)
}

NR == 2 {
	if ($0 !~ /^[0-9]+([.][0-9]+)+$/)
		refuse("\"" $0 "\" is no driver's version")
	entry("version", "", $0)
}

NR <= 8 { next }

# As nvidia-installer does, an empty line ends the list.
NF == 0 { exit }

{
	if (NF < 3 || $2 !~ /^[0-7]+$/)
		refuse("\"" $0 "\" is no file, mode and type")
	file = $1
	sub(/^[.]\//, "", file)
	if (file ~ /^\// || ("/" file "/") ~ /\/[.][.]\//)
		refuse(file " leads out of the package")
	name = file
	sub(/.*\//, "", name)
	if (file !~ /^[A-Za-z0-9_.+\/-]+$/)
		refuse("no name that a driver's file has: " file)
	# After the type come, as the type has them: the architecture, a class, a directory, a link's target.
	target = ""
	native = 1
	for (i = 4; i <= NF; i++) {
		if ($i == "COMPAT32")
			native = 0
		if ($i !~ /\/$/ && $i !~ /:/ && $i !~ /^(NATIVE|COMPAT32|CLASSIC|NEW)$/)
			target = $i
	}
	if (!native)
		next
	if ($3 ~ /_SYMLINK$/ && name ~ /^lib.*[.]so/)
		entry("link", target, name)
	else if ($3 ~ /_LIB$/)
		entry("library", file, name)
	else if ($3 == "FIRMWARE" && name ~ /^gsp.*[.]bin$/)
		entry("firmware", file, name)
	else if ($3 == "UTILITY_BINARY")
		entry("program", file, name)
	else if ($3 == "DOCUMENTATION" && name == "LICENSE")
		entry("license", file, name)
	else if ($3 == "KERNEL_MODULE_SRC" && file ~ /^kernel-open\//)
		entry("source", file, name)
}

END {
	if (!failed && NR < 9)
		refuse("it ends before its first file")
	exit failed
}
