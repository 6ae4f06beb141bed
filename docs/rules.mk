# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# docs/: the method, and a man page for exitlab and for each command.

man-pages := $(patsubst docs/man/%.scd,build/man/%.1,$(wildcard docs/man/*.scd))

# Nothing else stands on the pages, so a machine without scdoc builds all but them.
build/man/%.1: docs/man/%.scd
	$(call say,MAN,$@)mkdir -p $(@D); if command -v scdoc >/dev/null; then scdoc <$< >$@; \
	else echo "no scdoc, so no $@: make deps" >&2; fi

build/docs/rows: docs/rows.c $(wildcard guest-bench/*.def) build/flags
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(compile-flags) -Iguest-bench -o $@ $<

build/docs/rows.md: build/docs/rows
	$(quiet)$< >$@

# The table of rows in docs/method.md.
.PHONY: docs
docs: build/docs/rows.md
	$(quiet)sed -i -e '/<!-- rows/,/<!-- end/{//!d}' -e '/<!-- rows/r $<' docs/method.md

check-scripts += docs/t/docs.t
check: build/docs/rows.md
