"""The scenes of tests/abuse/run: each starts a server of its own, abuses it for a bounded time, and measures.

Addresses come from X-Forwarded-For, as behind a proxy that the server trusts, so that one machine can be thousands.
"""
import collections
import http.client
import json
import os
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time

PROGRAM, PASSWORD = os.environ["PROGRAM"], os.environ["PASSWORD"]
OFFICER = {"Authorization": f"Bearer {os.environ['OFFICER_TOKEN']}"}
OBSERVER = {"Authorization": f"Bearer {os.environ['OBSERVER_TOKEN']}"}
FORM = "application/x-www-form-urlencoded"
AGENDA = "/api/v1/events/week/agenda.pdf"
MEGABYTE = 1 << 20


class Server:
    """A server of its own on a copy of the prepared database."""

    def __init__(self):
        for end in ("", "-wal", "-shm"):
            if os.path.exists(f"abuse.db{end}"):
                shutil.copy(f"abuse.db{end}", f"scene.db{end}")
            elif os.path.exists(f"scene.db{end}"):
                os.remove(f"scene.db{end}")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = {
            **os.environ,
            "IIKURA_DATABASE_URL": "sqlite:scene.db",
            "IIKURA_LISTEN": f"127.0.0.1:{self.port}",
            "IIKURA_TRUSTED_PROXIES": "127.0.0.1",
        }
        self.process = subprocess.Popen([PROGRAM, "serve"], env=environment, stderr=open("scene.log", "w"))
        until = time.monotonic() + 30
        while time.monotonic() < until and not self.answers():
            time.sleep(0.05)
        self.cookie = self.sign_in(address())
        for _ in range(3):
            self.page()
        self.at_rest = self.memory()
        self.peak = self.at_rest
        self.ended = False
        self.sampler = threading.Thread(target=self.sample, daemon=True)
        self.sampler.start()

    def answers(self):
        try:
            return self.ask("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def ask(self, method, path, body=None, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer
        finally:
            connection.close()

    def sign_in(self, source, email="officer@protocol.example", password=PASSWORD, device=None):
        """Signs in as a browser does; returns its cookies, or the status of the refusal."""
        form = f"email={email}&password={password.replace(' ', '+')}"
        headers = {"Content-Type": FORM, "Origin": f"http://127.0.0.1:{self.port}", "X-Forwarded-For": source}
        if device:
            headers["Cookie"] = device
        status, _, answer = self.ask("POST", "/sign-in", form, headers)
        cookies = [cookie.split(";")[0] for cookie in answer.headers.get_all("Set-Cookie", [])]
        return "; ".join(cookies) if status == 303 else status

    def page(self):
        return self.ask("GET", "/events/week", headers={"Cookie": self.cookie})[0]

    def memory(self):
        """Megabytes of the server and of the processes that it has started; what they share counts once."""
        total, parents = 0, {}
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{process}/stat") as stat:
                    fields = stat.read().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(process)] = int(fields[1])
        for process in parents:
            ancestor = process
            while ancestor != self.process.pid and ancestor in parents:
                ancestor = parents[ancestor]
            total += shared_once(process) if ancestor == self.process.pid else 0
        return total // 1024

    def processor_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def sample(self):
        while not self.ended:
            self.peak = max(self.peak, self.memory())
            time.sleep(0.05)

    def stop(self):
        self.ended = True
        self.sampler.join()
        self.process.terminate()
        self.process.wait(20)


def shared_once(process):
    """Kilobytes of a process, of pages that n processes share an n-th; nothing of one that has ended meanwhile."""
    try:
        with open(f"/proc/{process}/smaps_rollup") as rollup:
            return int(re.search(r"^Pss: +(\d+)", rollup.read(), re.M)[1])
    except (OSError, TypeError):
        return 0


class Beside:
    """Repeats something that an officer does until it is left, and keeps how long each time took."""

    def __init__(self, name, act, pause=0.05):
        self.name, self.act, self.pause = name, act, pause
        self.times, self.failures, self.left = [], collections.Counter(), threading.Event()
        self.thread = threading.Thread(target=self.go_on, daemon=True)

    def go_on(self):
        while not self.left.is_set():
            began = time.monotonic()
            try:
                outcome = self.act()
            except OSError as error:
                outcome = type(error).__name__
            self.times.append(time.monotonic() - began)
            if outcome not in (200, 201):
                self.failures[outcome] += 1
            time.sleep(self.pause)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.left.set()
        self.thread.join(70)

    def __str__(self):
        times = sorted(self.times) or [0]
        at = lambda share: f"{times[min(len(times) - 1, int(len(times) * share))] * 1000:.0f}"
        failed = f", failed {dict(self.failures)}" if self.failures else ""
        return f"{self.name}: {len(times)} times, p50 {at(.5)} ms, p99 {at(.99)} ms, slowest {at(1)} ms{failed}"


def address():
    """An address of a network that no earlier one came from."""
    return "2001:db8:" + ":".join(f"{random.randrange(1 << 16):x}" for _ in range(6))


def at_once(count, act, of_each=1):
    """Calls `act` on `count` threads, `of_each` times on each; counts what it returned."""
    outcomes = collections.Counter()

    def work():
        for _ in range(of_each):
            try:
                outcome = act()
            except OSError as error:
                outcome = type(error).__name__
            outcomes[outcome] += 1

    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(110)
    return dict(outcomes)


def pages(server):
    return Beside("officer's page", server.page)


def sign_ins(server):
    """1,000 wrong sign-ins, 250 at once, each from a network of its own."""
    # Only the cookie of the known browser: a sign-in ends the session that its browser had.
    home, known = address(), "; ".join(c for c in server.cookie.split("; ") if not c.startswith("__Host-iikura="))
    mine = Beside("officer's sign-in", lambda: 200 if isinstance(server.sign_in(home, device=known), str) else 0, 0.5)
    guess = lambda: server.sign_in(address(), f"nobody{random.random()}@delegations.example", "wrong password here")
    with pages(server) as page, mine:
        outcomes = at_once(250, guess, 4)
    return [page, mine], outcomes


def bodies(server):
    """200 connections that send most of a body, half of them of one that is too large, and then nothing."""
    host, number = f"127.0.0.1:{server.port}", iter(range(1000))

    def hold():
        length = (750 << 10, 4 * MEGABYTE)[next(number) % 2]
        head = f"POST /sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Type: {FORM}\r\n"
        with socket.create_connection(("127.0.0.1", server.port), 80) as connection:
            connection.sendall(f"{head}Content-Length: {length}\r\nX-Forwarded-For: {address()}\r\n\r\n".encode())
            try:
                connection.sendall(b"a" * (length * 9 // 10))
            except OSError:
                pass
            try:
                answer = connection.recv(64)
            except TimeoutError:
                return "still open after 80 s"
            except OSError:
                return "hung up on"
            return int(answer.split()[1]) if answer else "hung up on"

    with pages(server) as page:
        outcomes = at_once(200, hold)
    return [page], outcomes


def refusals(server):
    """Sign-ins from an address that is throttled already, beside 400,000 other throttled ones."""
    database = sqlite3.connect("scene.db", timeout=30)
    soon = int(time.time()) + 600
    rows = ((f"address:2001:db8:{at >> 16:x}:{at & 65535:x}::/64", 20, soon) for at in range(400_000))
    database.executemany("INSERT INTO sign_in_failures (throttle_key, failures, window_ends_at) VALUES (?, ?, ?)", rows)
    database.commit()
    count = lambda: database.execute("SELECT count(*) FROM sign_in_failures").fetchone()[0]
    home = address()
    guess = lambda: server.sign_in(home, f"nobody{random.random()}@delegations.example", "wrong password here")
    at_once(2, guess, 12)
    before = count()
    made = iter(range(100_000))

    def book():
        at = next(made)
        day, five = 23 + at % 5, at // 5
        hour = lambda minutes: f"2030-09-{day}T{20 + minutes // 60:02}:{minutes % 60:02}:00-04:00"
        wanted = {"kind": "other", "title": f"Load {at}", "room": f"r{five // 20 % 40}", "delegations": [],
                  "interpreters": [], "starts_at": hour(five % 20 * 5), "ends_at": hour(five % 20 * 5 + 5)}
        body, headers = json.dumps(wanted), {**OFFICER, "Content-Type": "application/json"}
        return server.ask("POST", "/api/v1/events/week/slots", body, headers)[0]

    with pages(server) as page, Beside("officer's booking", book) as booking:
        outcomes = at_once(20, guess, 100)
    outcomes["rows written by refusals"] = count() - before
    return [page, booking], outcomes


def hang_up(server, method, path, body, headers, after):
    """Asks for something and is gone before the answer; or says how it was answered before."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=after)
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse().status
    except TimeoutError:
        return "hung up"
    finally:
        connection.close()


def documents(server):
    """60 agendas of 3,000 slots at once for an observer's program, which hangs up after a second."""
    before = server.processor_seconds()
    with pages(server) as page:
        outcomes = at_once(60, lambda: hang_up(server, "GET", AGENDA, None, OBSERVER, 1))
        outcomes["processor seconds"] = busy_until_quiet(server, before)
    return [page], outcomes


def papers(server):
    """The whole agenda of 3,000 slots after each of six changes."""
    outcomes = collections.Counter()
    with pages(server) as page:
        for at in range(6):
            wanted = {"kind": "other", "title": f"Change {at}", "room": "r0", "delegations": [], "interpreters": [],
                      "starts_at": f"2030-09-23T21:{at * 5:02}:00-04:00", "ends_at": f"2030-09-23T21:{at * 5 + 5:02}:00-04:00"}
            server.ask("POST", "/api/v1/events/week/slots", json.dumps(wanted), {**OFFICER, "Content-Type": "application/json"})
            outcomes[server.ask("GET", AGENDA, headers=OFFICER, timeout=110)[0]] += 1
    return [page], dict(outcomes)


def plans(server):
    """12 plans of the chair with every guest for an observer's program, which hangs up after a second."""
    before = server.processor_seconds()
    body, headers = json.dumps({}), {**OBSERVER, "Content-Type": "application/json"}
    path = "/api/v1/events/week/plans"
    with pages(server) as page:
        outcomes = at_once(12, lambda: hang_up(server, "POST", path, body, headers, 1))
        outcomes["processor seconds"] = busy_until_quiet(server, before)
    return [page], outcomes


def busy_until_quiet(server, before):
    """Waits, for a minute at most, until the server has been at rest for a second; returns what it worked in all."""
    until, last = time.monotonic() + 60, -1
    while time.monotonic() < until:
        now = server.processor_seconds()
        if now - last < 0.3:
            break
        last = now
        time.sleep(1)
    return round(server.processor_seconds() - before, 1)


# Of each: what it plays, megabytes at the peak at most, and three seconds later; from those at rest.
SCENES = {
    "sign-ins": (sign_ins, lambda rest: rest + 100, lambda rest: rest + 96),
    "bodies": (bodies, lambda rest: rest + 100, lambda rest: rest + 96),
    "refusals": (refusals, lambda rest: rest + 100, lambda rest: rest + 96),
    "documents": (documents, lambda rest: 512, lambda rest: rest + 96),
    "papers": (papers, lambda rest: 512, lambda rest: rest + 96),
    "plans": (plans, lambda rest: rest + 100, lambda rest: rest + 96),
}


def main():
    asked = sys.argv[1:] or list(SCENES)
    unknown = [name for name in asked if name not in SCENES]
    if unknown:
        sys.exit(f"tests/abuse/run: no scene {unknown[0]}; there are {', '.join(SCENES)}")
    over = []
    for name in asked:
        scene, peak_bound, later_bound = SCENES[name]
        server = Server()
        try:
            beside, outcomes = scene(server)
            time.sleep(3)
            later = server.memory()
        finally:
            server.stop()
        peak_bound, later_bound = peak_bound(server.at_rest), later_bound(server.at_rest)
        print(f"{name}: {scene.__doc__}")
        print(f"  memory: {server.at_rest} MB at rest, peak {server.peak} MB (bound {peak_bound}), "
              f"three seconds later {later} MB (bound {later_bound})")
        for what in beside:
            print(f"  {what}")
        print(f"  answers: {outcomes}", flush=True)
        if server.peak > peak_bound or later > later_bound:
            over.append(name)
    if over:
        sys.exit(f"above the bound: {', '.join(over)}")


main()
