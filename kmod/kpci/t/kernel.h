/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * As much of the kernel as kpci's main.c takes, for a test in ring 3: there a test can say in which
 * order threads get on, which a guest's kernel cannot be made to do.
 */
#ifndef EXITLAB_KPCI_KERNEL_H
#define EXITLAB_KPCI_KERNEL_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint32_t u32;
typedef uint64_t u64;

#define __user
#define __iomem
#define KBUILD_MODNAME "kpci"
#define READ_ONCE(x)   (*(volatile typeof(x) *)&(x))

#define THIS_MODULE		 NULL
#define MODULE_DESCRIPTION(text) _Static_assert(sizeof(text), "")
#define MODULE_LICENSE(text)	 _Static_assert(sizeof(text), "")

struct pci_bus {
	unsigned char number;
};

struct pci_dev {
	struct pci_bus *bus;
	unsigned int devfn;
	unsigned short vendor, device;
};

#define BAR_START 0xfe000000ul
#define BAR_SIZE  0x100000ul

#define pci_resource_start(pci, bar) ((void)(pci), BAR_START)
#define pci_resource_len(pci, bar)   ((void)(pci), BAR_SIZE)
#define pci_name(pci)		     ((void)(pci), "0000:00:03.0")
#define pci_dev_put(pci)	     ((void)(pci))

typedef int wait_queue_head_t;
#define msecs_to_jiffies(ms) (ms)
/* Nobody waits: what has not come by now does not come in time. */
#define wait_event_interruptible_timeout(queue, condition, timeout)                                \
	((void)(queue), (condition) ? 1 : 0 * (int)(timeout))

#define DEFINE_MUTEX(name) pthread_mutex_t name = PTHREAD_MUTEX_INITIALIZER
void mutex_lock(pthread_mutex_t *mutex);
#define mutex_unlock(mutex) pthread_mutex_unlock(mutex)

#define copy_from_user(to, from, size) (memcpy(to, from, size), 0)
#define copy_to_user(to, from, size)   (memcpy(to, from, size), 0)
#define strscpy_pad(to, from, size)    snprintf(to, size, "%s", from)

#define test_and_set_bit_lock(bit, word)                                                           \
	(__atomic_fetch_or(word, 1ul << (bit), __ATOMIC_SEQ_CST) >> (bit)&1)
#define clear_bit_unlock(bit, word) __atomic_fetch_and(word, ~(1ul << (bit)), __ATOMIC_RELEASE)

struct inode;
struct file;

struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_pgoff, vm_page_prot;
};

#define PAGE_SHIFT	       12
#define pgprot_noncached(prot) (prot)
int remap_pfn_range(struct vm_area_struct *vma, unsigned long start, unsigned long pfn,
		    unsigned long size, unsigned long prot);
#define io_remap_pfn_range remap_pfn_range

struct file_operations {
	void *owner;
	int (*open)(struct inode *inode, struct file *file);
	int (*release)(struct inode *inode, struct file *file);
	long (*unlocked_ioctl)(struct file *file, unsigned int command, unsigned long argument);
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
};

#define MISC_DYNAMIC_MINOR 255

struct miscdevice {
	int minor;
	const char *name;
	const struct file_operations *fops;
	unsigned int mode;
};

extern const struct file_operations *operations; /* of the module */
#define module_misc_device(device)                                                                 \
	__attribute__((constructor)) static void register_device(void)                             \
	{                                                                                          \
		operations = (device).fops;                                                        \
	}                                                                                          \
	_Static_assert(1, "")

#endif
