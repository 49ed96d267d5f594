"""Reads a table (on standard input) as Python's csv understands it, and says what it read."""

import csv
import io
import json
import sys

text = sys.stdin.buffer.read().decode("utf-8-sig")
json.dump(list(csv.reader(io.StringIO(text, newline=""), strict=True)), sys.stdout)
