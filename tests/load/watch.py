"""Keeps so many pages open as their scripts do: a stream of revisions each, and the timetable once more whenever it has a
newer one than the page.

watch.py HOST PORT SECONDS WATCHERS COOKIE…  prints what they saw; the cookies are shared out among the watchers.
"""
import http.client
import re
import sys
import threading
import time

host, port, seconds, watchers = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
cookies = sys.argv[5:]
until = time.monotonic() + seconds
news, times, faults = [], [], []


def page(cookie):
    began = time.monotonic()
    connection = http.client.HTTPConnection(host, port, timeout=30)
    connection.request("GET", "/events/week", headers={"cookie": cookie})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    times.append(time.monotonic() - began)
    if answer.status != 200:
        faults.append(f"page {answer.status}")
        return 0
    return int(re.search(rb'data-revision="(\d+)"', body)[1])


def watch(cookie):
    try:
        shown = page(cookie)
        stream = http.client.HTTPConnection(host, port, timeout=30)
        stream.request("GET", "/events/week/live", headers={"cookie": cookie})
        answer = stream.getresponse()
        if answer.status != 200:
            faults.append(f"stream {answer.status}")
            return
        while time.monotonic() < until:
            line = answer.readline()
            if not line:
                faults.append("a stream ended")
                return
            if line.startswith(b"data:") and time.monotonic() < until:
                news.append(line)
                if int(line[5:]) > shown:
                    shown = page(cookie)
    except Exception as error:  # whatever went wrong is what we are here for
        faults.append(repr(error))


threads = [threading.Thread(target=watch, args=(cookies[at % len(cookies)],), daemon=True) for at in range(watchers)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(max(0.1, until + 20 - time.monotonic()))
times.sort()
at = lambda share: f"{times[min(len(times) - 1, int(len(times) * share))] * 1000:.0f} ms" if times else "-"
print(f"watching: {watchers} streams, {len(news)} news, {len(times)} pages, p50 {at(.5)}, p99 {at(.99)}, slowest {at(1)}")
print(f"watching: {len(faults)} faults {sorted(set(faults))[:5]}")
