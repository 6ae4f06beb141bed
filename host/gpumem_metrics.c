// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpumem_metrics.h"
#include "gpumem_openmetrics.h"
#include "util.h"

#define CONNECTIONS	128  /* at one time; others wait */
#define CONNECTION_SIZE 8192 /* bytes of a request at most */
#define SILENCE_S	10   /* then it is closed */

/* What is used of libmicrohttpd. */
#define CALLS(CALL)                                                                                \
	CALL(start_daemon)                                                                         \
	CALL(stop_daemon)                                                                          \
	CALL(run)                                                                                  \
	CALL(get_timeout)                                                                          \
	CALL(get_daemon_info)                                                                      \
	CALL(create_response_from_buffer)                                                          \
	CALL(add_response_header)                                                                  \
	CALL(queue_response)                                                                       \
	CALL(destroy_response)

static struct {
#define CALL(name) typeof(MHD_##name) *name;
	CALLS(CALL)
#undef CALL
} mhd;

struct gpumem_metrics {
	struct MHD_Daemon *daemon;
	void (*print)(void *context, FILE *out);
	void *context;
};

bool gpumem_metrics_address(const char *text, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2], *end;
	size_t length = colon ? colon - text : 0;
	unsigned long port;

	if (!length || length >= sizeof(host) || colon[1] < '0' || colon[1] > '9')
		return false;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port > UINT16_MAX)
		return false;
	memset(address, 0, sizeof(*address));
	memcpy(host, text, length);
	host[length] = 0;
	if (host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = 0;
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		return inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1 &&
		       IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(port);
	return inet_pton(AF_INET, host, &v4->sin_addr) == 1 &&
	       ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool load(void)
{
	void *library = dlopen("libmicrohttpd.so.12", RTLD_LAZY | RTLD_LOCAL);
	bool whole = library;

#define CALL(name)                                                                                 \
	if (whole) {                                                                               \
		*(void **)&mhd.name = dlsym(library, "MHD_" #name);                                \
		whole = mhd.name;                                                                  \
	}
	CALLS(CALL)
#undef CALL
	if (!whole)
		pr_err("--metrics takes libmicrohttpd: apt-get install libmicrohttpd12 (%s)",
		       dlerror() ?: "another version");
	return whole;
}

/* A socket that listens, with its address filled in; -1 with errno. */
static int listen_at(struct sockaddr_storage *address)
{
	socklen_t size = address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
						       : sizeof(struct sockaddr_in6);
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
	int error;

	if (fd < 0)
		return -1;
	/* One that was there a moment ago does not keep the port. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (!bind(fd, (struct sockaddr *)address, size) && !listen(fd, CONNECTIONS) &&
	    !getsockname(fd, (struct sockaddr *)address, &size))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static void address_text(const struct sockaddr_storage *address, char *text, size_t size)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	char host[INET6_ADDRSTRLEN] = "";

	if (address->ss_family == AF_INET)
		snprintf(text, size, "%s:%u", inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host)),
			 ntohs(v4->sin_port));
	else
		snprintf(text, size, "[%s]:%u",
			 inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host)),
			 ntohs(v6->sin6_port));
}

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned int status, char *text,
			     size_t size, const char *header, const char *value)
{
	struct MHD_Response *response =
		mhd.create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (!response) {
		free(text);
		return MHD_NO;
	}
	mhd.add_response_header(response, header, value);
	result = mhd.queue_response(connection, status, response);
	mhd.destroy_response(response);
	return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **request)
{
	struct gpumem_metrics *metrics = context;
	char *text = NULL;
	size_t size;
	FILE *page;

	(void)version, (void)upload, (void)upload_size, (void)request;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, NULL, 0,
			     MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (strcmp(url, "/metrics")) {
		text = strdup("The page is at /metrics.\n");
		return reply(connection, MHD_HTTP_NOT_FOUND, text, text ? strlen(text) : 0,
			     MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
	}
	page = open_memstream(&text, &size);
	if (!page)
		return MHD_NO;
	metrics->print(metrics->context, page);
	if (fclose(page)) {
		free(text);
		return MHD_NO;
	}
	return reply(connection, MHD_HTTP_OK, text, size, MHD_HTTP_HEADER_CONTENT_TYPE,
		     GPUMEM_OPENMETRICS_TYPE);
}

struct gpumem_metrics *gpumem_metrics_open(const struct sockaddr_storage *wanted,
					   void (*print)(void *context, FILE *out), void *context,
					   int *code)
{
	struct gpumem_metrics *metrics;
	struct sockaddr_storage address = *wanted;
	unsigned int flags = MHD_USE_EPOLL;
	char text[80];
	int fd;

	*code = EXIT_CANNOT;
	if (!load())
		return NULL;
	*code = EXIT_FAILED;
	fd = listen_at(&address);
	if (fd < 0) {
		address_text(wanted, text, sizeof(text));
		pr_err("--metrics %s: %s", text, strerror(errno));
		return NULL;
	}
	metrics = calloc(1, sizeof(*metrics));
	if (!metrics)
		die("no memory");
	metrics->print = print;
	metrics->context = context;
	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	metrics->daemon = mhd.start_daemon(
		flags, 0, NULL, NULL, answer, metrics, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_SIZE,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)SILENCE_S, MHD_OPTION_END);
	if (!metrics->daemon) {
		pr_err("--metrics: libmicrohttpd does not start");
		close(fd);
		free(metrics);
		return NULL;
	}
	address_text(&address, text, sizeof(text));
	pr_err("metrics at http://%s/metrics", text);
	*code = EXIT_OK;
	return metrics;
}

int gpumem_metrics_fd(const struct gpumem_metrics *metrics)
{
	if (!metrics)
		return -1;
	return mhd.get_daemon_info(metrics->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int gpumem_metrics_turn(struct gpumem_metrics *metrics, int most)
{
	MHD_UNSIGNED_LONG_LONG pending;

	if (!metrics)
		return most;
	mhd.run(metrics->daemon);
	if (mhd.get_timeout(metrics->daemon, &pending) == MHD_YES && pending < (unsigned int)most)
		return pending;
	return most;
}

void gpumem_metrics_close(struct gpumem_metrics *metrics)
{
	if (metrics)
		mhd.stop_daemon(metrics->daemon);
	free(metrics);
}
