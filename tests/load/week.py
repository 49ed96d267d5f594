"""Writes the event file of a high-level week: 193 delegations, 40 rooms, 60 interpreters, 3,000 slots in five days.

week.py [DAYS]  leaves out what is booked after so many days.
"""
import sys

DELEGATIONS, ROOMS, INTERPRETERS, DAYS, ROUNDS = 193, 40, 60, 5, 15
BOOKED = int(sys.argv[1]) if len(sys.argv) > 1 else DAYS
LANGUAGES = ["en", "fr", "es", "ru", "ar", "zh"]
dates = [f"2030-09-{23 + day}" for day in range(DAYS)]

print(f"""[meeting]
slug = "week"
name = "High-level week"
venue = "House"
time_zone = "America/New_York"
opens = "09:00"
closes = "22:00"
days = {dates}""".replace("'", '"'))
for at in range(DELEGATIONS):
    print(f"""[[parties]]
code = "D{at}"
name = "Delegation {at}"
role = "{'guest' if at else 'chair'}"
head = "Principal {at}"
precedence = {at}
time_zone = "Europe/Paris"
languages = ["{LANGUAGES[at % 6]}"]
party_size = 4""")
for at in range(ROOMS):
    print(f"""[[rooms]]
code = "r{at}"
name = "Room {at}"
capacity = 24
turnaround_minutes = 5""")
for at in range(INTERPRETERS):
    print(f"""[[interpreters]]
code = "i{at}"
name = "Interpreter {at}"
pairs = [["{LANGUAGES[at % 6]}", "{LANGUAGES[(at + 1 + at // 6 % 5) % 6]}"]]""")
for day in range(BOOKED):
    for round in range(ROUNDS):
        for room in range(ROOMS):
            # Whoever meets in one round meets nobody else in it.
            along = (day * ROUNDS + round) * 2 * ROOMS + 2 * room
            guest = [(along + step) % (DELEGATIONS - 1) + 1 for step in (0, 1)]
            pair = [0 if room == 0 else guest[1], guest[0]]
            start = 9 * 60 + round * 40
            print(f"""[[slots]]
kind = "bilateral"
title = "Bilateral {day}-{round}-{room}"
room = "r{room}"
day = "{dates[day]}"
start = "{start // 60:02}:{start % 60:02}"
minutes = {[20, 25, 30][(along + room) % 3]}
parties = ["D{pair[0]}", "D{pair[1]}"]
interpreters = ["i{room}"]""")
