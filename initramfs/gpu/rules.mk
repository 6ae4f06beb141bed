# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# initramfs/gpu/: the root file system of the guest that a GPU, or another PCI device, is passed through to.

# exitlab's own files in it, each with its path there.
gpu-image-files := \
	build/gpu/gpubench:/bin/gpubench \
	build/gpu/liblimiter.so:/bin/liblimiter.so \
	build/guest-bench/passthrough:/bin/passthrough \
	build/guest-bench/pcicheck:/bin/pcicheck \
	build/kmod/gpu/kpci.ko:/lib/modules/kpci.ko

# Another driver is another image.
build/gpu-driver: FORCE
	$(quiet)mkdir -p $(@D); { echo '$(NVIDIA_DRIVER)'; \
	$(if $(NVIDIA_DRIVER),cd '$(NVIDIA_DRIVER)' && ls -dlL . .manifest usr/lib*/libcuda.so.* usr/lib/*/libcuda.so.* 2>&1 || :;) } $(if-changed)

# Beside it build/initramfs-gpu.json, which says what is in it.
build/initramfs-gpu.cpio: $(wildcard initramfs/gpu/*) $(foreach file,$(gpu-image-files),$(firstword $(subst :, ,$(file)))) \
		build/kernel-gpu.stamp build/gpu-driver build/flags
	$(call say,CPIO,$@)NVIDIA_DRIVER='$(NVIDIA_DRIVER)' BUSYBOX='$(BUSYBOX)' \
		initramfs/gpu/build build/kernel-gpu $(@:.cpio=) $(gpu-image-files)

check-scripts += initramfs/gpu/t/image.t
check: build/initramfs-gpu.cpio build/kmod/gpulock/t/unpack
