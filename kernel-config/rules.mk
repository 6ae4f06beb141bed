# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kernel-config/: fragments on tinyconfig, the gate that no symbol is lost, and the cached build.
# build/kernel links to the cached directory: vmlinux, bzImage, config, and build/ for modules.

kernel-fragments := \
	kernel-config/base.config \
	kernel-config/kvm.config \
	kernel-config/machine.config \
	kernel-config/slim.config

# Changes when the knob does, so that another KERNEL_SRC is another kernel.
build/kernel-source: FORCE
	$(quiet)mkdir -p $(@D); echo '$(KERNEL_SRC) $(CC)' | cmp -s - $@ || echo '$(KERNEL_SRC) $(CC)' >$@

# A tree may have changed, so its build system is asked each time; the stamp, and with it all that is
# built from the kernel, changes only when the kernel did.
kernel-tree := $(if $(wildcard $(KERNEL_SRC)/Kconfig),FORCE)

build/kernel.stamp: $(kernel-fragments) kernel-config/build kernel-config/gate build/kernel-source $(kernel-tree)
	$(call say,KERNEL,build/kernel)directory=$$(kernel-config/build $(kernel-fragments)) && \
	ln -sfn "$$directory" build/kernel && sha256sum build/kernel/vmlinux build/kernel/config >$@.new && \
	if [ -n '$(kernel-tree)' ] && cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
