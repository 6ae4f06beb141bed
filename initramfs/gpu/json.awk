# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What is in the image, as JSON, of build's lists: files with size and sum, links, what is left out. README.md
# describes it.

function text(value) {
	gsub(/\\/, "\\\\", value)
	gsub(/"/, "\\\"", value)
	gsub(/[\001-\037]/, " ", value)
	return "\"" value "\""
}

function or_null(value) {
	return value == "" ? "null" : text(value)
}

FNR == 1 {
	list = FILENAME
}

list == "described" {
	files = files (files == "" ? "" : ",\n") "\t\t{\"path\": " text($1) ", \"size\": " $7 ", \"sha256\": " text($8) \
		", \"version\": " or_null($6) ", \"source\": " text($4) ", \"from\": " text($5) "}"
}

list == "links" {
	links = links (links == "" ? "" : ",\n") "\t\t{\"path\": " text($1) ", \"target\": " text($2) "}"
}

list == "left_out" {
	out = out (out == "" ? "" : ",\n") "\t\t" text($0)
}

END {
	print "{"
	print "\t\"image\": {\"file\": " text(image) ", \"size\": " size ", \"sha256\": " text(sum) "},"
	print "\t\"kernel\": {\"release\": " text(release) ", \"config_sha256\": " text(config) "},"
	if (version == "")
		print "\t\"driver\": null,"
	else
		print "\t\"driver\": {\"product\": " text(product) ", \"version\": " text(version) ", \"form\": " text(form) \
			", \"modules_license\": " text(license) "},"
	print "\t\"left_out\": [\n" out "\n\t],"
	print "\t\"files\": [\n" files "\n\t],"
	print "\t\"links\": [\n" links "\n\t]"
	print "}"
}
