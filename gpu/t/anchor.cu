/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What gpubench's figures must agree with: the plainest loops over the CUDA runtime that anyone would
 * write, without a line of the suite's code. Prints "name value unit", one a line.
 */
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>

#define CHECK(call)                                                                                \
	do {                                                                                       \
		cudaError_t error = (call);                                                        \
		if (error != cudaSuccess) {                                                        \
			fprintf(stderr, "anchor: %s: %s\n", #call, cudaGetErrorString(error));     \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

__global__ void nothing()
{
}

/* GB/s of copies of one kind. */
static double copies(void *to, void *from, size_t bytes, cudaMemcpyKind kind)
{
	const int count = 20;
	cudaEvent_t start, end;
	float milliseconds;

	CHECK(cudaEventCreate(&start));
	CHECK(cudaEventCreate(&end));
	CHECK(cudaMemcpy(to, from, bytes, kind));
	CHECK(cudaEventRecord(start));
	for (int i = 0; i < count; i++)
		CHECK(cudaMemcpyAsync(to, from, bytes, kind));
	CHECK(cudaEventRecord(end));
	CHECK(cudaEventSynchronize(end));
	CHECK(cudaEventElapsedTime(&milliseconds, start, end));
	return count * (double)bytes / (milliseconds / 1e3) / 1e9;
}

/* Microseconds of an empty kernel, launched back to back. */
static double launches()
{
	const int count = 100000;
	cudaEvent_t start, end;
	float milliseconds;

	CHECK(cudaEventCreate(&start));
	CHECK(cudaEventCreate(&end));
	for (int i = 0; i < 1000; i++)
		nothing<<<1, 1>>>();
	CHECK(cudaDeviceSynchronize());
	CHECK(cudaEventRecord(start));
	for (int i = 0; i < count; i++)
		nothing<<<1, 1>>>();
	CHECK(cudaEventRecord(end));
	CHECK(cudaEventSynchronize(end));
	CHECK(cudaGetLastError());
	CHECK(cudaEventElapsedTime(&milliseconds, start, end));
	return milliseconds * 1e3 / count;
}

int main()
{
	const size_t bytes = 512ull << 20;
	void *host, *device, *other;

	CHECK(cudaMallocHost(&host, bytes));
	CHECK(cudaMalloc(&device, 2 * bytes));
	CHECK(cudaMalloc(&other, 2 * bytes));
	printf("h2d %.3f GB/s\n", copies(device, host, bytes, cudaMemcpyHostToDevice));
	printf("d2h %.3f GB/s\n", copies(host, device, bytes, cudaMemcpyDeviceToHost));
	/* Read once and written once. */
	printf("d2d %.3f GB/s\n", 2 * copies(other, device, 2 * bytes, cudaMemcpyDeviceToDevice));
	printf("launch %.3f us\n", launches());
	return 0;
}
