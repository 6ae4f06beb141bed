# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kernel-config/: fragments on tinyconfig, the gate that no symbol is lost, and the cached build.
# build/kernel links to the cached directory: vmlinux, bzImage, config, and build/ for modules;
# build/kernel-gpu to that of the guest with a GPU.

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

# Builds the kernel of the fragments $(1); the stamp's name without its end is the link to its directory.
kernel-recipe = $(call say,KERNEL,$(@:.stamp=))directory=$$(kernel-config/build $(1)) && \
	ln -sfn "$$directory" $(@:.stamp=) && sha256sum $(@:.stamp=)/vmlinux $(@:.stamp=)/config >$@.new && \
	if [ -n '$(kernel-tree)' ] && cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

build/kernel.stamp: $(kernel-fragments) kernel-config/build kernel-config/gate build/kernel-source \
		$(kernel-tree) $(kernel-gone)
	$(call kernel-recipe,$(kernel-fragments))

# The guest that a PCI device is passed through to; built where that is asked for.
gpu-fragments := $(kernel-fragments) kernel-config/gpu.config
build/kernel-gpu.stamp: $(gpu-fragments) kernel-config/build kernel-config/gate build/kernel-source \
		$(kernel-tree) $(if $(wildcard build/kernel-gpu/vmlinux),,FORCE)
	$(call kernel-recipe,$(gpu-fragments))
