# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# .ci/: how what was built leaves the tree: install, uninstall, a tarball, a Debian source package.

# GNU's names of directories; PREFIX is the same as prefix.
PREFIX	       ?= /usr/local
prefix	       ?= $(PREFIX)
exec_prefix    ?= $(prefix)
bindir	       ?= $(exec_prefix)/bin
libexecdir     ?= $(exec_prefix)/libexec
datarootdir    ?= $(prefix)/share
datadir	       ?= $(datarootdir)
mandir	       ?= $(datarootdir)/man
docdir	       ?= $(datarootdir)/doc/exitlab
completionsdir ?= $(datadir)/bash-completion/completions

# Where the program finds its parts (host/layout.c): it knows the way from its own directory.
partsdir = $(libexecdir)/exitlab
way-to-parts = $(shell realpath -ms --relative-to='$(bindir)' '$(partsdir)')

# What is installed: mode, file, and where, a directory if it ends in a slash. A folder whose rules are read
# before these adds its own.
installed += \
	755:build/exitlab:$(bindir)/ \
	755:build/lab/agent:$(partsdir)/lab/ \
	755:build/lab/carry:$(partsdir)/lab/ \
	644:build/lab/closure.sh:$(partsdir)/lab/ \
	755:build/lab/prepare:$(partsdir)/lab/ \
	644:build/lab/start.bin:$(partsdir)/lab/ \
	644:build/lab/trace.so:$(partsdir)/lab/ \
	644:build/kernel/vmlinux:$(partsdir)/kernel/ \
	644:build/kernel/config:$(partsdir)/kernel/ \
	644:build/kernel/build/System.map:$(partsdir)/kernel/build/ \
	644:build/initramfs.cpio.lz4:$(partsdir)/ \
	755:.ci/deps:$(partsdir)/ \
	755:isolation-scripts/isolate:$(partsdir)/isolation-scripts/ \
	644:isolation-scripts/knobs:$(partsdir)/isolation-scripts/ \
	$(patsubst %,644:%:$(partsdir)/isolation-scripts/lib/,$(wildcard isolation-scripts/lib/*.sh)) \
	$(patsubst %,644:%:$(mandir)/man1/,$(man-pages)) \
	644:host/completion.bash:$(completionsdir)/exitlab \
	644:README.md:$(docdir)/ \
	644:LICENSE:$(docdir)/ \
	644:results/README.md:$(docdir)/results/ \
	$(patsubst %,644:%:$(docdir)/docs/,$(wildcard docs/*.md))

# Runs a command for each line of it, with $$mode, $$file and $$to.
each-installed = for line in $(installed); do \
	mode=$${line%%:*}; file=$${line\#*:}; to='$(DESTDIR)'$${file\#*:}; file=$${file%%:*}; \
	case $$to in */) to=$$to$${file\#\#*/} ;; esac; $(1); done

# Nothing is built here: root, who mostly runs it, has another cache, and leaves files that are root's.
.PHONY: install uninstall dist
install:
	$(quiet)grep -qs '"$(way-to-parts)"' build/host/version.h || { \
		echo 'install: not built for bindir=$(bindir) libexecdir=$(libexecdir); run make with these first' >&2; \
		exit 1; }
	$(quiet)$(call each-installed,[ -s "$$file" ] || { echo "install: no $$file; run make first" >&2; exit 1; })
	$(call say,INSTALL,$(DESTDIR)$(prefix))set -e; $(call each-installed,install -D -m "$$mode" "$$file" "$$to"); \
	ln -sfn '$(way-to-parts)/isolation-scripts/isolate' '$(DESTDIR)$(bindir)/isolate'

# Only what install made, and the directories of its own where they are empty then.
uninstall:
	$(quiet)$(call each-installed,rm -f "$$to"); rm -f '$(DESTDIR)$(bindir)/isolate'; \
	for directory in '$(DESTDIR)$(partsdir)' '$(DESTDIR)$(docdir)'; do \
		[ ! -d "$$directory" ] || find "$$directory" -depth -type d -empty -delete; done

# The same bytes for the same commit: git archive takes its times from that.
dist-name = exitlab-$(VERSION)
dist:
	$(quiet)git -c safe.directory='*' diff --quiet HEAD -- || echo 'dist: what is not committed is not in it' >&2
	$(call say,DIST,build/$(dist-name).tar.gz)mkdir -p build/dist && \
	git -c safe.directory='*' describe --always --abbrev=12 >build/dist/.tarball-version && \
	git -c safe.directory='*' archive --prefix=$(dist-name)/ --add-file=build/dist/.tarball-version --format=tar HEAD \
		>build/dist/$(dist-name).tar && gzip -9nc build/dist/$(dist-name).tar >build/dist/$(dist-name).tar.gz && \
	rm build/dist/$(dist-name).tar && mv build/dist/$(dist-name).tar.gz build/

check-scripts += .ci/t/install.t

# A Debian source package; `dpkg-buildpackage -us -uc` in the directory that it names makes the package.
.PHONY: deb
deb-name = exitlab_$(VERSION)
deb: dist
	$(quiet)rm -rf build/deb && mkdir -p build/deb && tar -C build/deb -xzf build/$(dist-name).tar.gz
	$(quiet)cp build/$(dist-name).tar.gz build/deb/$(deb-name).orig.tar.gz
	$(quiet)cp -r .ci/debian build/deb/$(dist-name)/debian
	$(quiet)printf 'exitlab (%s-1) unstable; urgency=medium\n\n  * Version %s.\n\n -- %s  %s\n' '$(VERSION)' \
		'$(VERSION)' "$$(sed -n 's/^Maintainer: //p' .ci/debian/control)" \
		"$$(git -c safe.directory='*' log -1 --format=%aD | sed 's/, \([1-9]\) /, 0\1 /')" \
		>build/deb/$(dist-name)/debian/changelog
	$(call say,DEB,build/deb/$(dist-name))cd build/deb && dpkg-source -b $(dist-name) >/dev/null
