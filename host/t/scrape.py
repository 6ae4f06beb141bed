# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a scraper makes of the page of exitlab gpumem --metrics, by the parser of Prometheus's client
library for OpenMetrics, which takes no other text.

    scrape.py page URL       the numbers as those of the JSON, one a line: PID KEY NUMBER
    scrape.py comm URL       the names in its labels
    scrape.py status METHOD URL [HEADER]   the status, a header, and how long the body is
    scrape.py crowd URL      a hundred connections that say nothing, or half of something, until the end
                             of the standard input
"""
import http.client
import socket
import sys
from urllib.parse import urlsplit

PREFIX = "exitlab_gpumem_"
NAMES = {"live_pointers": "live", "peak_live_bytes": "peak_bytes", "leaked_pointers": "leaked",
         "taken_back_pointers": "taken_back"}


def ask(method, url):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    connection.request(method, parts.path)
    response = connection.getresponse()
    return response, response.read()


def samples(url):
    from prometheus_client.openmetrics.parser import text_string_to_metric_families

    response, body = ask("GET", url)
    wanted = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert response.getheader("Content-Type") == wanted, response.getheader("Content-Type")
    for family in text_string_to_metric_families(body.decode()):
        assert family.documentation, family.name
        assert family.unit or "bytes" not in family.name, family.name
        yield from family.samples


def page(url):
    for sample in samples(url):
        name = sample.name.removesuffix("_total").removeprefix(PREFIX)
        of = sample.labels.get("pid", "total")
        if name == "lost":
            of, name = "lost", sample.labels["what"]
        if "device" in sample.labels:
            of, name = "all/" + sample.labels["device"], name.removeprefix("device_")
        name = name.removeprefix("process_")
        print(of, NAMES.get(name, name), int(sample.value))


def comm(url):
    for name in {sample.labels["comm"] for sample in samples(url) if "comm" in sample.labels}:
        print(name)


def status(method, url, header="Content-Type"):
    response, body = ask(method, url)
    print(response.status, response.getheader(header), len(body))


def crowd(url):
    parts = urlsplit(url)
    crowded = []
    for i in range(100):
        one = socket.create_connection((parts.hostname, parts.port), timeout=30)
        one.sendall((b"", b"GET /met", b"GET /metrics HTTP/1.1\r\nHost: x\r\n", b"\0" * 3000)[i % 4])
        crowded.append(one)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    {"page": page, "comm": comm, "status": status, "crowd": crowd}[sys.argv[1]](*sys.argv[2:])
