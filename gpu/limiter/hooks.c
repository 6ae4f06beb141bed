// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How calls reach the limiter. Programs find the driver's functions in three ways: by their symbol,
 * where a preloaded library comes first; by dlsym() of a handle of libcuda; by cuGetProcAddress(),
 * which is what the CUDA runtime does. The limiter stands in all of them.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "hooks.h"

#define PER_THREAD     2     /* cuGetProcAddress(): the variant with a default stream a thread */
#define VERSION_64_BIT 3020  /* before it sizes had 32 bits: such calls are left alone */
#define VERSION_STATUS 12000 /* from it on cuGetProcAddress() has five arguments */

struct real real;

static const struct hook {
	const char *symbol;
	void *hook; /* NULL: only used */
	void **real;
} hooks[] = {
#define HOOK(name, symbol, arguments) {#symbol, (void *)symbol, (void **)&real.name},
#define USED(name, symbol, arguments) {#symbol, NULL, (void **)&real.name},
#include "hooks.def"
#undef HOOK
#undef USED
};

#define HOOKS (sizeof(hooks) / sizeof(hooks[0]))

/* The C library's dlsym; the symbol's version is that of the architecture, or of glibc 2.34. */
static void *(*find_dlsym(void))(void *, const char *)
{
	static void *(*_Atomic found)(void *, const char *);
	static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17"};

	for (size_t i = 0; !found && i < sizeof(versions) / sizeof(versions[0]); i++)
		found = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", versions[i]);
	return found;
}

static bool look_up(void)
{
	void *driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);

	if (!driver)
		return false;
	for (size_t i = 0; i < HOOKS; i++)
		*hooks[i].real = find_dlsym()(driver, hooks[i].symbol);
	limits_read();
	return true;
}

bool hooks_ready(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static atomic_bool ready;

	if (atomic_load_explicit(&ready, memory_order_acquire))
		return true;
	pthread_mutex_lock(&mutex);
	if (!ready)
		atomic_store_explicit(&ready, look_up(), memory_order_release);
	pthread_mutex_unlock(&mutex);
	return ready;
}

static const struct hook *hook_of(const char *symbol)
{
	if (!symbol || symbol[0] != 'c' || symbol[1] != 'u')
		return NULL;
	for (size_t i = 0; i < HOOKS; i++)
		if (hooks[i].hook && !strcmp(hooks[i].symbol, symbol))
			return &hooks[i];
	return NULL;
}

/*
 * Anything but a hook is handed on by a jump, not by a call: RTLD_NEXT and RTLD_DEFAULT mean the
 * object that the return address is in, which must stay the caller's.
 */
__attribute__((visibility("default"), optimize("O2"))) void *dlsym(void *restrict handle,
								   const char *restrict symbol)
{
	const struct hook *hook = hook_of(symbol);

	if (hook && find_dlsym()(handle, symbol))
		return hook->hook;
	return find_dlsym()(handle, symbol);
}

/* Is symbol what cuGetProcAddress() calls name? cuMemAlloc_v2 is cuMemAlloc. */
static bool is_variant(const char *symbol, const char *name, bool per_thread)
{
	size_t length = strlen(name);

	if (strncmp(symbol, name, length))
		return false;
	if (per_thread)
		return !strcmp(symbol + length, "_ptsz");
	return !symbol[length] || !strcmp(symbol + length, "_v2");
}

/* What a program gets that asked for name and would have got found. */
static void *substitute(const char *name, int version, cuuint64_t flags, void *found)
{
	if (!found || version < VERSION_64_BIT)
		return found;
	if (!strcmp(name, "cuGetProcAddress"))
		return version < VERSION_STATUS ? (void *)cuGetProcAddress
						: (void *)cuGetProcAddress_v2;
	/* A call without a stream has one variant for both. */
	for (int per_thread = (flags & PER_THREAD) != 0; per_thread >= 0; per_thread--)
		for (size_t i = 0; i < HOOKS; i++)
			if (hooks[i].hook && is_variant(hooks[i].symbol, name, per_thread))
				return *hooks[i].real ? hooks[i].hook : found;
	return found;
}

CUresult cuGetProcAddress(const char *name, void **function, int version, cuuint64_t flags)
{
	CUresult error;

	ENTER(GetProcAddress);
	error = real.GetProcAddress(name, function, version, flags);
	if (!error && name && function)
		*function = substitute(name, version, flags, *function);
	return error;
}

CUresult cuGetProcAddress_v2(const char *name, void **function, int version, cuuint64_t flags,
			     CUdriverProcAddressQueryResult *status)
{
	CUresult error;

	ENTER(GetProcAddress2);
	error = real.GetProcAddress2(name, function, version, flags, status);
	if (!error && name && function)
		*function = substitute(name, version, flags, *function);
	return error;
}
