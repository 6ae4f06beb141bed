# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kernel-config/: fragments on tinyconfig, the gate that no symbol is lost, and the cached build.
# build/kernel links to the cached directory: vmlinux, bzImage, config, and build/ for modules.

kernel-fragments := \
	kernel-config/base.config \
	kernel-config/kvm.config \
	kernel-config/machine.config \
	kernel-config/slim.config

check-scripts += kernel-config/t/build.t

# Changes when a knob does or what it names, so that another source is another kernel.
build/kernel-source: FORCE
	$(quiet)mkdir -p $(@D); { echo '$(CACHE) $(CC)'; ls -ld $(or $(KERNEL_SRC),/usr/src/linux-source-*) 2>&1; } \
	$(if-changed)

# A tree may have changed, so its build system is asked each time; the stamp, and with it all that is
# built from the kernel, changes only when the kernel did.
kernel-tree := $(if $(wildcard $(KERNEL_SRC)/Kconfig),FORCE)

# Whoever empties the cache takes the kernel away.
kernel-gone := $(if $(wildcard build/kernel/vmlinux),,FORCE)

build/kernel.stamp: $(kernel-fragments) kernel-config/build kernel-config/gate build/kernel-source \
		$(kernel-tree) $(kernel-gone)
	$(call say,KERNEL,build/kernel)directory=$$(kernel-config/build $(kernel-fragments)) && \
	ln -sfn "$$directory" build/kernel && sha256sum build/kernel/vmlinux build/kernel/config >$@.new && \
	if [ -n '$(kernel-tree)' ] && cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
