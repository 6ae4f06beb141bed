// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Puts the Intel lab's kernel, initramfs and images where they are to be in its memory. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util.h"
#include "payload.h"

#define ALIGNMENT  0x200000 /* of persistent memory, as Linux wants it */
#define MIB	   1048576
#define PVH_ENTRY  18	/* XEN_ELFNOTE_PHYS32_ENTRY */
#define LINE_SPACE 2048 /* x86's COMMAND_LINE_SIZE: Linux cuts off what is more */

/* Xen's struct hvm_start_info with its one module, then what start.S needs. */
struct handoff {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, kernel_line, rsdp;
	uint64_t memory_map; /* these two are start.S's */
	uint32_t map_count, reserved;
	uint32_t entry, unused;
	struct {
		uint64_t address, size, kernel_line, reserved;
	} module;
	char line[LINE_SPACE];
};

_Static_assert(offsetof(struct handoff, memory_map) == HANDOFF_MEMORY_MAP, "as start.S has it");
_Static_assert(offsetof(struct handoff, map_count) == HANDOFF_MAP_COUNT, "as start.S has it");
_Static_assert(offsetof(struct handoff, entry) == HANDOFF_ENTRY, "as start.S has it");

struct spare {
	uint32_t magic, number, blocks, handoff;
};

static uint64_t aligned(uint64_t address)
{
	return (address + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

/* Writes at an address of the machine. */
static int put(int to, uint64_t address, const void *data, size_t size)
{
	return pwrite(to, data, size, address - PAYLOAD_LOAD) == (ssize_t)size ? 0 : -1;
}

static int put_file(int to, uint64_t address, int from)
{
	off_t at = 0, end = lseek(from, 0, SEEK_END);

	lseek(to, address - PAYLOAD_LOAD, SEEK_SET);
	while (at < end)
		if (sendfile(to, from, &at, end - at) <= 0)
			return -1;
	return 0;
}

/* The PVH entry that the notes of an ELF file name; 0 without one. */
static uint32_t find_entry(const char *note, size_t size)
{
	while (size >= sizeof(Elf64_Nhdr)) {
		const Elf64_Nhdr *head = (const void *)note;
		size_t name = (head->n_namesz + 3) & ~3u, whole;

		whole = sizeof(*head) + name + ((head->n_descsz + 3) & ~3u);
		if (whole > size)
			return 0;
		if (head->n_type == PVH_ENTRY && head->n_namesz == 4 &&
		    !memcmp(head + 1, "Xen", 4) && head->n_descsz >= 4)
			return *(const uint32_t *)((const char *)(head + 1) + name);
		note += whole;
		size -= whole;
	}
	return 0;
}

/* Copies the segments; *end is behind the last one. */
static int put_segments(int to, const char *elf, size_t size, uint32_t *entry, uint64_t *end)
{
	const Elf64_Ehdr *head = (const void *)elf;
	const Elf64_Phdr *part;

	*entry = 0;
	*end = PAYLOAD_ADDRESS;
	if (size < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) ||
	    head->e_phoff + head->e_phnum * sizeof(*part) > size) {
		errno = ENOEXEC;
		return -1;
	}
	part = (const void *)(elf + head->e_phoff);
	for (int i = 0; i < head->e_phnum; i++, part++) {
		if (part->p_offset + part->p_filesz > size) {
			errno = EIO;
			return -1;
		}
		if (part->p_type == PT_LOAD && part->p_paddr < PAYLOAD_ADDRESS) {
			errno = ENOEXEC;
			return -1;
		}
		if (part->p_type == PT_NOTE && !*entry)
			*entry = find_entry(elf + part->p_offset, part->p_filesz);
		if (part->p_type != PT_LOAD)
			continue;
		if (put(to, part->p_paddr, elf + part->p_offset, part->p_filesz))
			return -1;
		if (part->p_paddr + part->p_memsz > *end)
			*end = part->p_paddr + part->p_memsz;
	}
	errno = ENOEXEC;
	return *entry ? 0 : -1;
}

static int put_kernel(int to, const char *path, uint32_t *entry, uint64_t *end)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;
	struct stat status;
	void *elf;

	if (fd < 0 || fstat(fd, &status))
		return -1;
	elf = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (elf == MAP_FAILED)
		return -1;
	error = put_segments(to, elf, status.st_size, entry, end);
	munmap(elf, status.st_size);
	return error;
}

/*
 * Puts the images from address on and makes the kernel's command line, which says where they are.
 * Returns where they end, 0 after printing what is wrong.
 */
static uint64_t put_images(int to, const struct payload *payload, uint64_t address,
			   char line[LINE_SPACE])
{
	int length = snprintf(line, LINE_SPACE, "%s", payload->kernel_line);

	for (int i = 0; i < PAYLOAD_IMAGES; i++) {
		uint64_t room;
		int fd;

		if (!payload->image[i])
			continue;
		fd = open(payload->image[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0 || put_file(to, address, fd)) {
			pr_err("lab: %s: %s", payload->image[i], strerror(errno));
			close(fd);
			return 0;
		}
		room = aligned(lseek(fd, 0, SEEK_END));
		close(fd);
		if (length < LINE_SPACE)
			length += snprintf(line + length, LINE_SPACE - length,
					   " memmap=%lluK!%lluK", (unsigned long long)room / 1024,
					   (unsigned long long)address / 1024);
		address += room;
	}
	if (length < LINE_SPACE)
		return address;
	pr_err("lab: the kernel's command line is longer than %d bytes; use less --append",
	       LINE_SPACE - 1);
	return 0;
}

static int put_spare(int to, struct spare *spare)
{
	for (; spare->number < PAYLOAD_SPARE; spare->number++)
		if (put(to, PAYLOAD_LOAD + spare->number * PAYLOAD_BLOCK, spare, sizeof(*spare)))
			return -1;
	return 0;
}

static int put_all(int to, const struct payload *payload)
{
	static struct handoff handoff;
	uint64_t address, end;
	struct spare spare = {.magic = PAYLOAD_MAGIC};

	handoff = (struct handoff){.magic = START_INFO, .version = 1, .modules = 1};
	if (put_kernel(to, payload->kernel, &handoff.entry, &address)) {
		pr_err("lab: %s: %s", payload->kernel,
		       errno == ENOEXEC ? "no kernel with a PVH entry (CONFIG_PVH); choose another "
					  "with --kernel"
		       : errno == EIO	? "not whole; remove its directory to make it anew"
					: strerror(errno));
		return EXIT_CANNOT;
	}
	address = aligned(address);
	spare.handoff = address;
	handoff.module_list = address + offsetof(struct handoff, module);
	handoff.kernel_line = address + offsetof(struct handoff, line);
	handoff.module.address = address + sizeof(handoff);
	handoff.module.size = lseek(payload->initramfs, 0, SEEK_END);
	end = put_images(to, payload, aligned(handoff.module.address + handoff.module.size),
			 handoff.line);
	if (!end)
		return EXIT_FAILED;
	/* Half of it at least is to be left to Linux. */
	if (end > payload->memory_mib * MIB / 2 + PAYLOAD_ADDRESS) {
		pr_err("lab: %llu MiB are to be carried, too many for --mem %luM; make it %lluM",
		       (unsigned long long)end / MIB, payload->memory_mib,
		       (unsigned long long)2 * end / MIB);
		return EXIT_FAILED;
	}
	spare.blocks = (end - PAYLOAD_ADDRESS + PAYLOAD_BLOCK - 1) / PAYLOAD_BLOCK;
	if (!put_spare(to, &spare) && !put(to, address, &handoff, sizeof(handoff)) &&
	    !put_file(to, handoff.module.address, payload->initramfs) &&
	    !ftruncate(to, end - PAYLOAD_LOAD))
		return EXIT_OK;
	pr_err("lab: no memory for the lab's files: %s", strerror(errno));
	return EXIT_FAILED;
}

int payload_make(const struct payload *payload, int *file)
{
	int code;

	*file = memfd_create("payload", MFD_CLOEXEC);
	if (*file < 0) {
		pr_err("lab: no memory for the lab's files: %s", strerror(errno));
		return EXIT_FAILED;
	}
	code = put_all(*file, payload);
	if (code)
		close(*file);
	return code;
}

int payload_start(const char *path)
{
	unsigned char rom[START_SIZE] = {0}, sum = 0;
	int from = open(path, O_RDONLY | O_CLOEXEC), to;

	if (from < 0 || read(from, rom, sizeof(rom) - 1) != sizeof(rom) - 1) {
		pr_err("lab: %s: %s; run make", path, from < 0 ? strerror(errno) : "too short");
		close(from);
		return -1;
	}
	close(from);
	for (size_t i = 0; i < sizeof(rom) - 1; i++)
		sum += rom[i];
	rom[sizeof(rom) - 1] = -sum; /* the firmware wants a sum of 0 */
	to = memfd_create("start", MFD_CLOEXEC);
	if (to < 0 || write(to, rom, sizeof(rom)) != sizeof(rom)) {
		pr_err("lab: no memory: %s", strerror(errno));
		close(to);
		return -1;
	}
	return to;
}
