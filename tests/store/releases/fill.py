"""Makes the fixture of a release: has its program live through a small meeting, and dumps the database.

fill.py PROGRAM DATABASE_URL >FILE.sql

PROGRAM is the binary of that release, DATABASE_URL an empty database (sqlite:FILE, or postgres://… for which pg_dump and
psql must be on the path). Wants nothing but Python; runs in a folder of its own.
"""
import http.cookiejar
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

program, url = sys.argv[1:]
folder = pathlib.Path(tempfile.mkdtemp())
OFFICER = "officer@protocol.example"
ADMIN = "admin@protocol.example"

MEETING = """[meeting]
slug = "spring"
name = "Spring meeting"
name_ja = "春の会合"
venue = "Iikura House"
time_zone = "Asia/Tokyo"
days = ["2030-05-10"]
opens = "09:00"
closes = "18:00"
office = { name = "Protocol Office", email = "protocol@iikura.example", phone = "+81 3 0000 0000" }
[[rooms]]
code = "salon"
name = "Salon"
capacity = 16
turnaround_minutes = 10
[[rooms]]
code = "hall"
name = "Hall"
capacity = 60
[[interpreters]]
code = "ru-1"
name = "Interpreter, Japanese–Russian"
pairs = [["ja", "ru"]]
"""
PARTY = """[[parties]]
code = "{code}"
name = "{name}"
role = "{role}"
head = "H.E. {name}"
precedence = {precedence}
time_zone = "Asia/Almaty"
languages = ["{language}"]
party_size = 6
presence = [["2030-05-09 18:00", "2030-05-11 12:00"]]
contacts = [{{ name = "Liaison desk", email = "{mail}@delegations.example", language = "en" }}]
"""
SLOT = """[[slots]]
kind = "{kind}"
title = "{title}"
room = "{room}"
day = "2030-05-10"
start = "{start}"
minutes = 30
parties = {parties}
state = "{state}"
"""


def meeting():
    parties = [("JP", "Japan", "chair", "ja"), ("KZ", "Kazakhstan", "guest", "kk"), ("UZ", "Uzbekistan", "guest", "uz")]
    text = MEETING
    for precedence, (code, name, role, language) in enumerate(parties):
        text += PARTY.format(code=code, name=name, role=role, precedence=precedence, language=language, mail=code.lower())
    for kind, title, room, start, parties, state in [
        ("ceremony", "Arrival", "hall", "09:00", '["KZ"]', "tentative"),
        ("bilateral", "Japan–Kazakhstan", "salon", "10:00", '["JP", "KZ"]', "tentative"),
        ("bilateral", "Japan–Uzbekistan", "salon", "11:00", '["JP", "UZ"]', "tentative"),
        ("photo", "A sketch", "hall", "10:15", '["JP"]', "pencilled"),
    ]:
        text += SLOT.format(kind=kind, title=title, room=room, start=start, parties=parties, state=state)
    return text


def run(*arguments):
    command = [program, *arguments, "--database-url", url]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def ask(statement):
    if url.startswith("sqlite:"):
        with sqlite3.connect(url.removeprefix("sqlite:")) as database:
            return [tuple(map(str, row)) for row in database.execute(statement)]
    out = subprocess.run(["psql", url, "-AtF|", "-c", statement], check=True, capture_output=True, text=True).stdout
    return [tuple(line.split("|")) for line in out.splitlines()]


class Browser:
    def __init__(self, origin):
        self.origin = origin
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(cookies, Stay)
        self.cookie = None

    def send(self, path, fields):
        request = urllib.request.Request(self.origin + path, urllib.parse.urlencode(fields).encode())
        request.add_header("Origin", self.origin)
        if self.cookie:
            # The cookie is for HTTPS alone; the loopback counts as such for browsers, not for Python.
            request.add_header("Cookie", self.cookie)
        try:
            answer = self.opener.open(request)
        except urllib.error.HTTPError as error:
            answer = error
        if cookie := answer.headers.get("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        assert answer.status == 303, (path, answer.status, answer.read().decode())
        return answer.headers["Location"]

    def step(self, title, noun, **more):
        [(slot, version)] = ask(f"SELECT id, version FROM slots WHERE title = '{title}'")
        self.send(f"/slots/{slot}/{noun}", {"version": version, **more})


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Server:
    def __init__(self, *flags):
        command = [program, "serve", "--listen", "127.0.0.1:18913", "--database-url", url, *flags]
        self.process = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.origin = "http://127.0.0.1:18913"

    def __enter__(self):
        until(lambda: urllib.request.urlopen(self.origin + "/sign-in").status == 200)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def until(holds):
    end = time.monotonic() + 120
    while True:
        try:
            if holds():
                return
        except OSError:
            pass
        assert time.monotonic() < end, "that never came to hold"
        time.sleep(0.1)


def knows(migration):
    return bool(ask(f"SELECT 1 FROM __diesel_schema_migrations WHERE version = '{migration}'"))


def links():
    """The paths of the links in all letters."""
    digits = "hex(raw)" if url.startswith("sqlite:") else "encode(raw, 'hex')"
    letters = [bytes.fromhex(raw).decode() for (raw,) in ask(f"SELECT {digits} FROM outbox")]
    text = "".join(letter.replace("=\r\n", "") for letter in letters)
    return sorted({re.sub(r"[^\w./-].*", "", path) for path in re.findall(r"http://[^/\s]+(/d/\S+)", text)})


def states():
    return sorted({state for (state,) in ask("SELECT state FROM outbox")})


(folder / "meeting.toml").write_text(meeting())
run("migrate")
run("import", "meeting.toml")
def add(email, *role):
    return run("user", "add", "--email", email, "--name", email.split("@")[0].title(), "--role", *role).split()[-1]


admin_password = add(ADMIN, "admin")
password = add(OFFICER, "officer", "--event", "spring")
# From then on a letter has a paper with it as soon as it is tried, which is too long for a fixture: mail waits.
is_paused = knows("0012")
# Mail goes out into files.
with Server() as server:
    if is_paused:
        admin = Browser(server.origin)
        admin.send("/sign-in", {"email": ADMIN, "password": admin_password})
        admin.send("/mail/pause", {})
    officer = Browser(server.origin)
    officer.send("/sign-in", {"email": OFFICER, "password": password})
    officer.step("Arrival", "confirmation")
    until(lambda: states() == ["queued" if is_paused else "sent"])
    if knows("0007"):
        pleased = {"answer": "accepted", "comment": "With pleasure."}
        for link in links():
            liaison = Browser(server.origin)
            if knows("0018"):
                # The link's button leads to the address where one answers, or to the whole schedule.
                address = liaison.send(link, {})
                if "/slots/" in address:
                    liaison.send(address, {"sequence": "0", **pleased})
                continue
            try:
                liaison.send(link, pleased)
            except AssertionError:
                # The link to the whole schedule, by which nothing is answered.
                pass
        assert ask("SELECT 1 FROM answers"), links()
# And this finds no relay.
with Server("--smtp-url", "smtp://127.0.0.1:9") as server:
    officer = Browser(server.origin)
    officer.send("/sign-in", {"email": OFFICER, "password": password})
    officer.send("/events/spring/slots", [
        ("kind", "meal"), ("title", "Dinner"), ("day", "2030-05-10"), ("start", "17:30"), ("end", "18:30"), ("room", "salon"),
        ("delegations", "JP"), ("state", "tentative"), ("note", "Bring the gift"), ("reason-hours", "The kitchen stays"),
    ])
    officer.step("Japan–Uzbekistan", "cancellation")
    officer.step("Arrival", "placement", day="2030-05-10", start="09:15", end="09:45", room="hall")
    officer.step("Dinner", "confirmation")
    until(lambda: is_paused or ask("SELECT 1 FROM outbox WHERE state = 'queued' AND attempts = 1"))

print(f"-- {OFFICER} {password}")
if url.startswith("sqlite:"):
    with sqlite3.connect(url.removeprefix("sqlite:")) as database:
        for line in database.iterdump():
            print(line)
else:
    command = ["pg_dump", "--inserts", "--no-owner", "--no-privileges", url]
    dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in dump.splitlines():
        # What psql alone understands, and what says nothing.
        if line.strip() and not line.startswith(("\\", "--")):
            print(line)
