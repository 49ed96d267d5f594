"""Books at a steady rate, each at a place of its own in the evening, whatever else is asked for meanwhile.

write.py HOST PORT SECONDS PER_SECOND FIRST TOKEN…  begins with the place of that number; prints how long answers took.
"""
import http.client
import json
import sys
import threading
import time

host, port, seconds, rate, first = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
tokens = sys.argv[6:]
began = time.monotonic()
times, statuses, threads = [], {}, []


def book(number):
    day, room, five = 23 + number % 5, number // 5 % 40, number // 200 % 20
    at = lambda minute: f"2030-09-{day:02}T{19 + minute // 60:02}:{minute % 60:02}:00-04:00"
    body = {"kind": "other", "title": f"Load {number}", "room": f"r{room}", "delegations": [], "interpreters": [],
            "starts_at": at(five * 5), "ends_at": at(five * 5 + 5)}
    headers = {"Authorization": f"Bearer {tokens[number % len(tokens)]}", "Content-Type": "application/json"}
    asked = time.monotonic()
    try:
        connection = http.client.HTTPConnection(host, port, timeout=30)
        connection.request("POST", "/api/v1/events/week/slots", json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        status = answer.status
    except OSError as error:
        status = repr(error)
    times.append(time.monotonic() - asked)
    statuses[status] = statuses.get(status, 0) + 1


# Each by itself: a slow answer holds up no other.
for at in range(int(seconds * rate)):
    time.sleep(max(0, began + at / rate - time.monotonic()))
    threads.append(threading.Thread(target=book, args=(first + at,), daemon=True))
    threads[-1].start()
for thread in threads:
    thread.join(max(0.1, began + seconds + 30 - time.monotonic()))
times.sort()
at = lambda share: f"{times[min(len(times) - 1, int(len(times) * share))] * 1000:.0f} ms" if times else "-"
print(f"writing: {len(times)} at {rate:g} a second, p50 {at(.5)}, p99 {at(.99)}, slowest {at(1)}; answers {statuses}")
