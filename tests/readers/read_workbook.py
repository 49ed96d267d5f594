"""Reads a workbook (on standard input) as openpyxl understands it, and says what it read."""

import datetime
import io
import json
import sys

import openpyxl

book = openpyxl.load_workbook(io.BytesIO(sys.stdin.buffer.read()))


def cell(value):
    kind = type(value).__name__
    return [kind, value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else value]


json.dump(
    [
        {
            "name": sheet.title,
            "frozen": sheet.freeze_panes,
            "filter": sheet.auto_filter.ref,
            "formulas": sum(each.data_type == "f" for row in sheet.iter_rows() for each in row),
            "rows": [[cell(each.value) for each in row] for row in sheet.iter_rows(min_row=4)],
        }
        for sheet in book.worksheets
    ],
    sys.stdout,
)
