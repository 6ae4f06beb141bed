// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * vec_add ELEMENTS ITERATIONS THREADS BLOCKS: adds two vectors again and again. One iteration is a
 * launch and the wait until it is complete, on the host's clock, as in the published framework:
 * probes on the host cost the launch, those on the device the kernel, and both are seen. The first
 * part, the launch call alone, is kept beside it.
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/option_number.h"
#include "../../host/util.h"
#include "../driver.h"
#include "vec_add.h"

#define TERMS_MOST (1 << 20) /* so that all sums are exact */

extern const char vec_add_ptx[];

struct options {
	struct load load;
	const char *libcuda, *output;
	int arguments;
};

static const struct preset {
	const char *name;
	struct load load;
} presets[] = {
#define PRESET(name, ...) {#name, {__VA_ARGS__}},
#include "load.def"
#undef PRESET
};

enum { OPTION_LIBCUDA = 256, OPTION_LIST };

static const struct argp_option table[] = {
	{"output", 'o', "FILE", 0, "Write the record there, too [$EXITLAB_RECORD]", 0},
	{"libcuda", OPTION_LIBCUDA, "FILE", 0,
	 "The driver's library [$EXITLAB_LIBCUDA, libcuda.so.1]", 0},
	{"list", OPTION_LIST, NULL, 0, "Print the sizes that have names and end", 0},
	{0},
};

static void list(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(presets); i++)
		printf("%s\t%u %u %u %u\n", presets[i].name, presets[i].load.elements,
		       presets[i].load.iterations, presets[i].load.threads, presets[i].load.blocks);
}

static void argument(struct options *options, const char *text, struct argp_state *state)
{
	struct load *load = &options->load;
	const struct {
		const char *what;
		uint32_t *to;
		long most;
	} places[] = {
		{"ELEMENTS", &load->elements, 1 << 28},
		{"ITERATIONS", &load->iterations, 10000000},
		{"THREADS", &load->threads, 1024},
		{"BLOCKS", &load->blocks, INT32_MAX},
	};

	for (size_t i = 0; !options->arguments && i < ARRAY_SIZE(presets); i++)
		if (!strcmp(text, presets[i].name)) {
			*load = presets[i].load;
			options->arguments = ARRAY_SIZE(places);
			return;
		}
	if (options->arguments == ARRAY_SIZE(places))
		argp_error(state, "\"%s\" is one argument too many", text);
	*places[options->arguments].to = option_number(text, 1, places[options->arguments].most,
						       places[options->arguments].what, state);
	options->arguments++;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;
	const struct load *load = &options->load;

	switch (key) {
	case 'o':
		options->output = text;
		return 0;
	case OPTION_LIBCUDA:
		options->libcuda = text;
		return 0;
	case OPTION_LIST:
		list();
		exit(fflush(stdout) ? EXIT_FAILED : EXIT_OK);
	case ARGP_KEY_ARG:
		argument(options, text, state);
		return 0;
	case ARGP_KEY_END:
		if (options->arguments != 4)
			argp_error(state, "takes four numbers, or the name of a size: --list");
		if ((uint64_t)load->threads * load->blocks < load->elements)
			argp_error(state,
				   "%u threads in each of %u blocks are less than %u "
				   "elements: give it more blocks",
				   load->threads, load->blocks, load->elements);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = table,
	.parser = parse,
	.args_doc = "ELEMENTS ITERATIONS THREADS BLOCKS\nSIZE",
	.doc = "Time a kernel that adds two vectors, launch by launch, and verify every sum.",
};

/* Ends the process with 77 where there is nothing to run on. */
static void open_driver(const struct options *options, struct result *result, CUdevice *device)
{
	const char *why = driver_open(options->libcuda);
	CUresult error;

	if (why)
		die_code(EXIT_CANNOT, "%s", why);
	error = cu.Init(0);
	if (!error)
		error = cu.DeviceGet(device, 0);
	if (error)
		die_code(EXIT_CANNOT, "no GPU: %s", driver_error(error));
	CALL(cu.DeviceGetName(result->device, sizeof(result->device), *device));
	CALL(cu.DeviceGetPCIBusId(result->pci, sizeof(result->pci), *device));
	CALL(cu.DriverGetVersion(&result->cuda));
}

static void load_kernel(struct device *device)
{
	CUresult error = cu.ModuleLoadData(&device->module, vec_add_ptx);

	if (error && !*vec_add_ptx)
		die_code(EXIT_CANNOT, "built without nvcc, so there is no kernel: install the CUDA "
				      "toolkit and build again");
	if (error)
		die("the kernel does not load: %s", driver_error(error));
	CALL(cu.ModuleGetFunction(&device->kernel, device->module, KERNEL));
}

/* Terms by which no two neighbours have the same sum, and all sums are exact. */
static float term_a(uint32_t i)
{
	return i % TERMS_MOST;
}

static float term_b(uint32_t i)
{
	return 3 * (i % TERMS_MOST) + 1;
}

static void *allocate(size_t bytes)
{
	void *memory = malloc(bytes);

	if (!memory)
		die("no memory for %zu bytes", bytes);
	return memory;
}

static void make_room(struct times *times, const struct load *load)
{
	times->whole = allocate(load->iterations * sizeof(double));
	times->launch = allocate(load->iterations * sizeof(double));
}

static void free_room(struct times *times)
{
	free(times->whole);
	free(times->launch);
}

static void prepare(struct device *device, const struct load *load)
{
	size_t bytes = load->elements * sizeof(float);
	float *terms = allocate(bytes);

	CALL(cu.MemAlloc(&device->a, bytes));
	CALL(cu.MemAlloc(&device->b, bytes));
	CALL(cu.MemAlloc(&device->c, bytes + BEYOND * sizeof(float)));
	for (uint32_t i = 0; i < load->elements; i++)
		terms[i] = term_a(i);
	CALL(cu.MemcpyHtoD(device->a, terms, bytes));
	for (uint32_t i = 0; i < load->elements; i++)
		terms[i] = term_b(i);
	CALL(cu.MemcpyHtoD(device->b, terms, bytes));
	free(terms);
}

static void verify(const struct device *device, const struct load *load, struct result *result)
{
	size_t bytes = (load->elements + BEYOND) * sizeof(float);
	float *sums = allocate(bytes);
	const unsigned char *beyond = (const unsigned char *)(sums + load->elements);

	memset(sums, 0, bytes);
	CALL(cu.MemcpyDtoH(sums, device->c, bytes));
	for (uint32_t i = 0; i < load->elements; i++) {
		float sum = term_a(i) + term_b(i);

		if (sums[i] == sum)
			continue;
		if (!result->wrong++) {
			result->first_wrong = i;
			result->had = sums[i];
			result->should_have = sum;
		}
	}
	for (size_t i = 0; i < BEYOND * sizeof(float); i++)
		result->outside += beyond[i] != UNTOUCHED;
	free(sums);
}

static void give_back(const struct device *device)
{
	CALL(cu.MemFree(device->a));
	CALL(cu.MemFree(device->b));
	CALL(cu.MemFree(device->c));
	CALL(cu.ModuleUnload(device->module));
	CALL(cu.CtxDestroy(device->context));
}

static void write_record(const struct options *options, const struct result *result)
{
	FILE *out = options->output ? fopen(options->output, "we") : NULL;
	int error;

	if (!options->output)
		return;
	if (!out)
		die("%s: %m", options->output);
	error = vec_add_record(&options->load, result, out);
	if (fclose(out) || error)
		die("%s: %m", options->output);
}

int main(int argc, char **argv)
{
	static struct options options;
	static struct result result;
	struct device device = {0};
	char why[256];
	CUdevice ordinal;

	options.libcuda = getenv("EXITLAB_LIBCUDA");
	options.output = getenv("EXITLAB_RECORD");
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	make_room(&result.on, &options.load);
	make_room(&result.off, &options.load);
	open_driver(&options, &result, &ordinal);
	CALL(cu.CtxCreate(&device.context, 0, ordinal));
	load_kernel(&device);
	prepare(&device, &options.load);
	vec_add_run(&device, &options.load, &result);
	verify(&device, &options.load, &result);
	give_back(&device);
	write_record(&options, &result);
	vec_add_print(&options.load, &result, stdout);
	free_room(&result.on);
	free_room(&result.off);
	if (fflush(stdout))
		die("cannot write the figures: %m");
	if (vec_add_is_wrong(&result, why, sizeof(why)))
		die("%s", why);
	return EXIT_OK;
}
