// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What /dev/kpci gives to the threads of its program while one of them claims a device. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>

#include "../device.h"
#include "edu.h"
#include "kpci.h"

#define ADDRESS 0x1000000ul

const struct file_operations *operations;

static struct pci_bus bus;
static struct pci_dev edu = {
	.bus = &bus, .devfn = 3 << 3, .vendor = EDU_VENDOR, .device = EDU_DEVICE};

static const char *fails;    /* why a claim fails; NULL: it does not */
static unsigned long mapped; /* the page frame that was mapped last */

/* Another thread, which asks for something while the device is claimed. */
static int (*meanwhile)(void);
static pthread_t other;
static int answer, waiting, answered;

void mutex_lock(pthread_mutex_t *mutex)
{
	__atomic_fetch_add(&waiting, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(mutex);
	__atomic_fetch_sub(&waiting, 1, __ATOMIC_SEQ_CST);
}

int remap_pfn_range(struct vm_area_struct *vma, unsigned long start, unsigned long pfn,
		    unsigned long size, unsigned long prot)
{
	assert_int_equal(start, vma->vm_start);
	assert_int_equal(size, vma->vm_end - start);
	assert_int_equal(prot, vma->vm_page_prot);
	mapped = pfn;
	return 0;
}

bool device_passed(struct pci_dev *pci)
{
	(void)pci;
	return true;
}

bool device_is_edu(const struct pci_dev *pci)
{
	return pci->vendor == EDU_VENDOR;
}

unsigned int device_slot(struct pci_dev *pci)
{
	return pci->devfn >> 3;
}

unsigned int device_find(struct device_driven *device,
			 bool (*wanted)(struct pci_dev *pci, unsigned long purpose),
			 unsigned long purpose)
{
	*device = (struct device_driven){0};
	if (!wanted(&edu, purpose))
		return 0;
	device->pci = &edu;
	return 1;
}

const char *device_map(struct device_driven *device)
{
	(void)device;
	return NULL;
}

static void *ask(void *unused)
{
	answer = meanwhile();
	__atomic_store_n(&answered, 1, __ATOMIC_SEQ_CST);
	return unused;
}

/* The other thread gets as far as it can. */
const char *device_start(struct device_driven *device, unsigned int dma_bits, size_t buffer_size)
{
	assert_int_equal(dma_bits, EDU_DMA_BITS);
	assert_int_equal(buffer_size, KPCI_BUFFER_SIZE);
	device->address = ADDRESS;
	if (meanwhile) {
		assert_int_equal(pthread_create(&other, NULL, ask, NULL), 0);
		while (!__atomic_load_n(&answered, __ATOMIC_SEQ_CST) &&
		       !__atomic_load_n(&waiting, __ATOMIC_SEQ_CST))
			sched_yield();
	}
	return fails;
}

void device_release(struct device_driven *device)
{
	*device = (struct device_driven){0};
}

static int map(unsigned long offset, unsigned long size)
{
	struct vm_area_struct vma = {
		.vm_start = 0x10000, .vm_end = 0x10000 + size, .vm_pgoff = offset >> PAGE_SHIFT};

	mapped = 0;
	return operations->mmap(NULL, &vma);
}

static int map_buffer(void)
{
	return map(KPCI_BUFFER, KPCI_BUFFER_SIZE);
}

static int map_bar(void)
{
	return map(KPCI_BAR, BAR_SIZE);
}

static int wait_for(void)
{
	struct kpci_wait wait = {.beyond = 1};

	return operations->unlocked_ioctl(NULL, KPCI_WAIT, (unsigned long)&wait);
}

/* Claims it while the other thread does its part; whose answer is in answer. */
static void claim(const char *why, int (*part)(void))
{
	struct kpci_claim claim = {.dma_bits = EDU_DMA_BITS};

	fails = why;
	meanwhile = part;
	waiting = answered = 0;
	assert_int_equal(operations->unlocked_ioctl(NULL, KPCI_CLAIM, (unsigned long)&claim), 0);
	assert_string_equal(claim.why, why ?: "");
	if (part)
		pthread_join(other, NULL);
}

static int open_it(void **state)
{
	(void)state;
	return operations->open(NULL, NULL);
}

static int close_it(void **state)
{
	(void)state;
	return operations->release(NULL, NULL);
}

static void test_one_program(void **state)
{
	(void)state;
	assert_int_equal(operations->open(NULL, NULL), -EBUSY);
}

static void test_claimed(void **state)
{
	(void)state;
	assert_int_equal(map_buffer(), -ENODEV);
	assert_int_equal(wait_for(), -ENODEV);
	claim(NULL, NULL);
	assert_int_equal(map_buffer(), 0);
	assert_int_equal(mapped, ADDRESS >> PAGE_SHIFT);
	assert_int_equal(map_bar(), 0);
	assert_int_equal(mapped, BAR_START >> PAGE_SHIFT);
	assert_int_equal(map(KPCI_BAR, BAR_SIZE + 4096), -EINVAL);
	assert_int_equal(map(KPCI_BUFFER, KPCI_BUFFER_SIZE + 4096), -EINVAL);
	assert_int_equal(wait_for(), 0);
}

/* What a claim has that fails is let go: nobody must have got hold of it. */
static void test_claim_that_fails(void **state)
{
	int (*const parts[])(void) = {map_buffer, map_bar, wait_for};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		claim("no memory", parts[i]);
		assert_int_equal(answer, -ENODEV);
		assert_int_equal(mapped, 0);
	}
}

/* One that succeeds is worth the wait. */
static void test_claim_that_succeeds(void **state)
{
	(void)state;
	claim(NULL, map_buffer);
	assert_int_equal(answer, 0);
	assert_int_equal(mapped, ADDRESS >> PAGE_SHIFT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_program, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_claimed, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_claim_that_fails, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_claim_that_succeeds, open_it, close_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
