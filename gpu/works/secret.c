// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * secret: fills memory with a secret and tells where it is; a GO makes sure that it still is there,
 * and frees it. Facts of its preparation: address; handle, for another process, in hexadecimal, or
 * unshared, why there is none.
 *
 * reader: looks for another's secret. Samples are bytes of it that were read. Fact: refused, the
 * first error, which is no fault. Copying and the kernel are both used for the controls, and both
 * must see it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../kernels/secret.h"
#include "secret.h"
#include "works.h"

#define BLOCKS	    256
#define THREADS	    256
#define CHUNK	    (1u << 20) /* bytes of one copy */
#define PIECES_MOST 64

struct secret {
	CUfunction fill, count;
	CUdeviceptr words; /* the owner's, or the reader's own; 0: none */
	CUdeviceptr found; /* the kernel's count */
	CUdeviceptr pieces[PIECES_MOST];
	uint64_t *chunk;
	const char *refused; /* the first error */
};

static int prepare(struct tenant *tenant)
{
	struct secret *secret = tenant->state = calloc(1, sizeof(*secret));

	if (secret)
		secret->chunk = malloc(CHUNK);
	if (!secret || !secret->chunk)
		return tenant_fail(tenant, "no memory");
	return tenant_kernel(tenant, &secret->fill, "secret_fill") ||
			       tenant_kernel(tenant, &secret->count, "secret_count") ||
			       CALL(tenant, cu.MemAlloc(&secret->found, sizeof(uint64_t)))
		       ? -1
		       : 0;
}

/* A buffer of its own, full of the secret. */
static int make_secret(struct tenant *tenant)
{
	struct secret *secret = tenant->state;
	uint64_t *argument = tenant->order.argument, count = argument[SECRET_BYTES] / 8;
	void *parameters[] = {&secret->words, &count, &argument[SECRET_KEY]};

	return CALL(tenant, cu.MemAlloc(&secret->words, argument[SECRET_BYTES])) ||
			       CALL(tenant,
				    cu.LaunchKernel(secret->fill, BLOCKS, 1, 1, THREADS, 1, 1, 0,
						    tenant->stream, parameters, NULL)) ||
			       CALL(tenant, cu.StreamSynchronize(tenant->stream))
		       ? -1
		       : 0;
}

/* A refusal is a result; the first is told. */
static void note_refusal(struct secret *secret, CUresult error)
{
	if (!secret->refused)
		secret->refused = driver_error(error);
}

/* Bytes of the secret among so many at an address, as the kernel reads them. */
static int read_by_kernel(struct tenant *tenant, CUdeviceptr address, uint64_t bytes,
			  uint64_t *found)
{
	struct secret *secret = tenant->state;
	uint64_t *argument = tenant->order.argument, count = bytes / 8;
	uint64_t secret_words = argument[SECRET_BYTES] / 8, words = 0;
	void *parameters[] = {&address, &count, &argument[SECRET_KEY], &secret_words,
			      &secret->found};
	CUresult error;

	*found = 0;
	if (CALL(tenant, cu.MemsetD8(secret->found, 0, sizeof(words))) ||
	    CALL(tenant, cu.CtxSynchronize()))
		return -1;
	error = cu.LaunchKernel(secret->count, BLOCKS, 1, 1, THREADS, 1, 1, 0, tenant->stream,
				parameters, NULL);
	if (!error)
		error = cu.StreamSynchronize(tenant->stream);
	if (error) {
		note_refusal(secret, error);
		return 0;
	}
	if (CALL(tenant, cu.MemcpyDtoH(&words, secret->found, sizeof(words))))
		return -1;
	*found = 8 * words;
	return 0;
}

/* The same by copies, all of which are tried. */
static uint64_t read_by_copies(struct tenant *tenant, CUdeviceptr address)
{
	struct secret *secret = tenant->state;
	const uint64_t *argument = tenant->order.argument;
	uint64_t found = 0;

	for (uint64_t at = 0; at < argument[SECRET_BYTES]; at += CHUNK) {
		CUresult error = cu.MemcpyDtoH(secret->chunk, address + at, CHUNK);

		if (error) {
			note_refusal(secret, error);
			continue;
		}
		for (size_t i = 0; i < CHUNK / 8; i++)
			found += 8 * secret_is(secret->chunk[i], argument[SECRET_KEY],
					       argument[SECRET_BYTES] / 8);
	}
	return found;
}

/* Both ways; what one of them does not see is not seen. */
static int read_both_ways(struct tenant *tenant, CUdeviceptr address, uint64_t *found)
{
	uint64_t copied = read_by_copies(tenant, address);

	if (read_by_kernel(tenant, address, tenant->order.argument[SECRET_BYTES], found))
		return -1;
	*found = copied < *found ? copied : *found;
	return 0;
}

/* All pieces are held until the last is read, so that none is read twice. */
static int read_fresh(struct tenant *tenant, uint64_t *found)
{
	struct secret *secret = tenant->state;
	uint64_t bytes = tenant->order.argument[SECRET_BYTES], count = 0, mine;

	*found = 0;
	while (count < tenant->order.argument[READER_PIECES] && count < PIECES_MOST &&
	       !cu.MemAlloc(&secret->pieces[count], bytes))
		count++;
	if (!count)
		return tenant_invalid(tenant, "no %ju bytes could be allocated to look into",
				      (uintmax_t)bytes);
	for (uint64_t i = 0; i < count; i++) {
		if (read_by_kernel(tenant, secret->pieces[i], bytes, &mine))
			return -1;
		*found += mine;
	}
	for (uint64_t i = 0; i < count; i++) {
		if (CALL(tenant, cu.MemFree(secret->pieces[i])))
			return -1;
		secret->pieces[i] = 0;
	}
	return 0;
}

/* "0a1b..." as the bytes of a handle. */
static int handle_of(const char *text, CUipcMemHandle *handle)
{
	for (size_t i = 0; i < sizeof(handle->reserved); i++)
		if (sscanf(text + 2 * i, "%2hhx", (unsigned char *)&handle->reserved[i]) != 1)
			return -1;
	return 0;
}

static int read_given(struct tenant *tenant, uint64_t *found)
{
	CUdeviceptr given;
	CUipcMemHandle handle;
	CUresult error;
	int result;

	if (handle_of(tenant->order.text, &handle))
		return tenant_fail(tenant, "\"%s\" is no handle", tenant->order.text);
	error = cu.IpcOpenMemHandle(&given, handle, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS);
	if (error)
		return tenant_waive(tenant, "the handle is refused: %s", driver_error(error));
	result = read_both_ways(tenant, given, found);
	return CALL(tenant, cu.IpcCloseMemHandle(given)) ? -1 : result;
}

static int read_once(struct tenant *tenant, uint64_t *found)
{
	struct secret *secret = tenant->state;
	const uint64_t *argument = tenant->order.argument;

	switch (argument[READER_HOW]) {
	case READER_COPY:
		*found = read_by_copies(tenant, argument[READER_ADDRESS]);
		return 0;
	case READER_KERNEL:
		return read_by_kernel(tenant, argument[READER_ADDRESS], argument[SECRET_BYTES],
				      found);
	case READER_FRESH:
		return read_fresh(tenant, found);
	case READER_GIVEN:
		return read_given(tenant, found);
	default:
		return (secret->words || !make_secret(tenant)) &&
				       !read_both_ways(tenant, secret->words, found)
			       ? 0
			       : -1;
	}
}

static int run_reader(struct tenant *tenant)
{
	struct secret *secret = tenant->state;
	uint64_t found;

	while (sampling_more(tenant)) {
		if (read_once(tenant, &found))
			return -1;
		sampling_add(tenant, found);
	}
	if (secret->refused)
		tenant_fact(tenant, "refused=%s", secret->refused);
	return 0;
}

static int prepare_secret(struct tenant *tenant)
{
	struct secret *secret;
	CUipcMemHandle handle;
	CUresult error;
	char text[2 * sizeof(handle) + 1];

	if (prepare(tenant) || make_secret(tenant))
		return -1;
	secret = tenant->state;
	tenant_fact(tenant, "address=0x%llx", (unsigned long long)secret->words);
	if (!tenant->order.argument[SECRET_SHARED])
		return 0;
	error = cu.IpcGetMemHandle(&handle, secret->words);
	for (size_t i = 0; i < sizeof(handle); i++)
		sprintf(text + 2 * i, "%02x", (unsigned char)handle.reserved[i]);
	tenant_fact(tenant, "%s=%s", error ? "unshared" : "handle",
		    error ? driver_error(error) : text);
	return 0;
}

static int run_secret(struct tenant *tenant)
{
	struct secret *secret = tenant->state;
	uint64_t bytes = tenant->order.argument[SECRET_BYTES], found;

	if (read_by_kernel(tenant, secret->words, bytes, &found))
		return -1;
	if (found != bytes)
		return tenant_invalid(tenant, "its owner finds %ju of %ju bytes of the secret",
				      (uintmax_t)found, (uintmax_t)bytes);
	if (CALL(tenant, cu.MemFree(secret->words)))
		return -1;
	secret->words = 0;
	return 0;
}

static void finish(struct tenant *tenant)
{
	struct secret *secret = tenant->state;

	if (!secret)
		return;
	for (int i = 0; i < PIECES_MOST; i++)
		if (secret->pieces[i])
			cu.MemFree(secret->pieces[i]);
	if (secret->words)
		cu.MemFree(secret->words);
	if (secret->found)
		cu.MemFree(secret->found);
	free(secret->chunk);
	free(secret);
}

const struct work work_secret = {
	.name = "secret", .prepare = prepare_secret, .run = run_secret, .finish = finish};

const struct work work_reader = {
	.name = "reader", .prepare = prepare, .run = run_reader, .finish = finish};
