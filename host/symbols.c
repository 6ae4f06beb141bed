// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols.h"
#include "util.h"

#define KERNEL_SPACE (1ull << 63)

struct symbol {
	uint64_t address, size; /* size 0: to the next symbol */
	char *name;
	const char *object;
	size_t order; /* of two at one address the first is taken */
};

/* Where a file lies in the process. */
struct mapping {
	uint64_t start, end;
	char *object;
};

struct symbols {
	struct symbol *symbol;
	size_t symbols;
	struct mapping *mapping;
	size_t mappings;
	uint64_t entry_start, entry_end; /* of .entry.text; 0 where kallsyms does not tell */
	char **text;			 /* names of objects */
	size_t texts;
};

/* Copies a file whose size is not known beforehand. */
static int copy(const char *from, const char *directory, const char *name, const char *suffix)
{
	char path[PATH_MAX], data[65536];
	ssize_t got = -1;
	int in = open(from, O_RDONLY | O_CLOEXEC), out;

	snprintf(path, sizeof(path), "%s/%s.%s", directory, name, suffix);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	while (in >= 0 && out >= 0 && (got = read(in, data, sizeof(data))) > 0 &&
	       write(out, data, got) == got)
		;
	if (in < 0 || got < 0)
		pr_err("%s: %s", from, strerror(errno));
	else if (out < 0 || got)
		pr_err("%s: %s", path, strerror(errno));
	close(in);
	return (out >= 0 && close(out)) || in < 0 || got ? -1 : 0;
}

int symbols_save(const char *directory, const char *name, pid_t process)
{
	char maps[64];

	snprintf(maps, sizeof(maps), "/proc/%d/maps", process);
	return copy("/proc/kallsyms", directory, name, "kallsyms") ||
			       copy(maps, directory, name, "maps")
		       ? -1
		       : 0;
}

static void *grow(void *array, size_t count, size_t size)
{
	/* In steps, since there are hundreds of thousands. */
	if (count & (count - 1))
		return array;
	array = reallocarray(array, count ? 2 * count : 1, size);
	if (!array)
		die("no memory for symbols");
	return array;
}

static const char *intern(struct symbols *symbols, const char *text)
{
	for (size_t i = symbols->texts; i-- > 0;)
		if (!strcmp(symbols->text[i], text))
			return symbols->text[i];
	symbols->text = grow(symbols->text, symbols->texts, sizeof(*symbols->text));
	symbols->text[symbols->texts] = strdup(text);
	return symbols->text[symbols->texts++];
}

static void add_symbol(struct symbols *symbols, uint64_t address, uint64_t size, const char *name,
		       const char *object)
{
	symbols->symbol = grow(symbols->symbol, symbols->symbols, sizeof(*symbols->symbol));
	symbols->symbol[symbols->symbols] =
		(struct symbol){address, size, strdup(name), object, symbols->symbols};
	symbols->symbols++;
}

static FILE *open_saved(const char *directory, const char *name, const char *suffix)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.%s", directory, name, suffix);
	file = fopen(path, "re");
	if (!file)
		pr_err("%s: %s", path, strerror(errno));
	return file;
}

/* "__entry_text_start": where a section begins or ends, beside what lies there. */
static bool read_border(struct symbols *symbols, uint64_t address, const char *name)
{
	const char *text = strstr(name, "_text_");

	if (!text || strncmp(name, "__", 2) ||
	    (strcmp(text, "_text_start") && strcmp(text, "_text_end")))
		return false;
	if (!strcmp(name, "__entry_text_start"))
		symbols->entry_start = address;
	else if (!strcmp(name, "__entry_text_end"))
		symbols->entry_end = address;
	return true;
}

static void read_kernel(struct symbols *symbols, FILE *kallsyms)
{
	char line[1024], name[512], module[128];
	uint64_t address;
	char type;

	while (fgets(line, sizeof(line), kallsyms)) {
		int fields = sscanf(line, "%" SCNx64 " %c %511s [%127[^]]", &address, &type, name,
				    module);

		if (fields >= 3 && strchr("tTwW", type) && address >= KERNEL_SPACE &&
		    !read_border(symbols, address, name))
			add_symbol(symbols, address, 0, name,
				   intern(symbols, fields == 4 ? module : "kernel"));
	}
}

/* The functions of one table of symbols, which lie bias further up than it says. */
static void read_table(struct symbols *symbols, Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
		       uint64_t bias, const char *object)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Sym symbol;

	for (size_t i = 0; data && i < count; i++) {
		const char *name;

		if (!gelf_getsym(data, i, &symbol) || GELF_ST_TYPE(symbol.st_info) != STT_FUNC ||
		    !symbol.st_value || !symbol.st_size)
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (name)
			add_symbol(symbols, symbol.st_value + bias, symbol.st_size, name, object);
	}
}

/* How much further up than its addresses the file lies, when offset of it is at start. */
static uint64_t bias_of(Elf *elf, uint64_t offset, uint64_t start)
{
	size_t count = 0;
	GElf_Phdr segment;

	elf_getphdrnum(elf, &count);
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, i, &segment) && segment.p_type == PT_LOAD &&
		    (segment.p_offset & ~4095ull) <= offset &&
		    offset < segment.p_offset + segment.p_filesz)
			return start - (segment.p_vaddr - segment.p_offset + offset);
	return start;
}

/* A file without symbols, or that cannot be read, has just its name. */
static void read_file(struct symbols *symbols, const char *path, uint64_t offset, uint64_t start,
		      const char *object)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while (elf && (section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) &&
		    (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
			read_table(symbols, elf, section, &header, bias_of(elf, offset, start),
				   object);
	elf_end(elf);
	if (fd >= 0)
		close(fd);
}

static void read_process(struct symbols *symbols, FILE *maps)
{
	char line[PATH_MAX + 128], path[PATH_MAX], rights[8];
	uint64_t start, end, offset;

	while (fgets(line, sizeof(line), maps)) {
		const char *slash, *object;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %4095[^\n]",
			   &start, &end, rights, &offset, path) != 5 ||
		    rights[2] != 'x')
			continue;
		slash = strrchr(path, '/');
		object = intern(symbols, slash ? slash + 1 : path);
		symbols->mapping =
			grow(symbols->mapping, symbols->mappings, sizeof(*symbols->mapping));
		symbols->mapping[symbols->mappings++] =
			(struct mapping){start, end, (char *)object};
		if (slash)
			read_file(symbols, path, offset, start, object);
	}
}

static int by_address(const void *left, const void *right)
{
	const struct symbol *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

struct symbols *symbols_load(const char *directory, const char *name)
{
	FILE *kallsyms = open_saved(directory, name, "kallsyms");
	FILE *maps = open_saved(directory, name, "maps");
	struct symbols *symbols = NULL;

	if (kallsyms && maps) {
		symbols = calloc(1, sizeof(*symbols));
		if (!symbols || elf_version(EV_CURRENT) == EV_NONE)
			die("no memory for symbols");
		read_kernel(symbols, kallsyms);
		read_process(symbols, maps);
		qsort(symbols->symbol, symbols->symbols, sizeof(*symbols->symbol), by_address);
	}
	if (kallsyms)
		fclose(kallsyms);
	if (maps)
		fclose(maps);
	return symbols;
}

struct symbols *symbols_of_map(const char *path)
{
	FILE *map = fopen(path, "re");
	struct symbols *symbols;

	if (!map)
		return NULL;
	symbols = calloc(1, sizeof(*symbols));
	if (!symbols)
		die("no memory for symbols");
	read_kernel(symbols, map);
	fclose(map);
	qsort(symbols->symbol, symbols->symbols, sizeof(*symbols->symbol), by_address);
	return symbols;
}

struct symbol_name symbols_find(const struct symbols *symbols, uint64_t address)
{
	struct symbol_name name = {"?", address >= KERNEL_SPACE ? "kernel" : "?", 0};
	size_t low = 0, high = symbols->symbols;
	const struct symbol *symbol;

	for (size_t i = 0; i < symbols->mappings; i++)
		if (symbols->mapping[i].start <= address && address < symbols->mapping[i].end)
			name.object = symbols->mapping[i].object;
	/* The first one that begins behind the address. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->symbol[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return name;
	symbol = &symbols->symbol[low - 1];
	while (symbol > symbols->symbol && symbol[-1].address == symbol->address)
		symbol--;
	if (symbol->size ? address < symbol->address + symbol->size : address >= KERNEL_SPACE)
		name = (struct symbol_name){symbol->name, symbol->object, symbol->address};
	return name;
}

uint64_t symbols_address(const struct symbols *symbols, const char *function)
{
	for (size_t i = 0; i < symbols->symbols; i++)
		if (symbols->symbol[i].address >= KERNEL_SPACE &&
		    !strcmp(symbols->symbol[i].name, function))
			return symbols->symbol[i].address;
	return 0;
}

bool symbols_in_entry(const struct symbols *symbols, uint64_t address)
{
	return symbols->entry_start <= address && address < symbols->entry_end;
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; i < symbols->symbols; i++)
		free(symbols->symbol[i].name);
	for (size_t i = 0; i < symbols->texts; i++)
		free(symbols->text[i]);
	free(symbols->symbol);
	free(symbols->mapping);
	free(symbols->text);
	free(symbols);
}
