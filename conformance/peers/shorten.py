"""Shortens a report of wsconform to what is equal in each run, a line for each case: shorten.py REPORT RESULT

Prints a row with the totals.
"""

import json
import sys

VARIES = {"started", "millis", "target", "lag", "tries", "observed", "wire"}


def kept(members):
    """The members that do not vary, and that say something."""
    return {name: value for name, value in members.items() if name not in VARIES and value not in (None, "", False)}


def main(report, result):
    with open(report, encoding="utf-8") as file:
        document = json.load(file)
    cases = ",\n".join(json.dumps(kept(case), ensure_ascii=False) for case in document.pop("cases"))
    head = json.dumps(kept(document), ensure_ascii=False)
    with open(result, "w", encoding="utf-8") as file:
        file.write(f'{head[:-1]}, "cases": [\n{cases}\n]}}\n')
    totals = "  ".join(f"{count} {verdict}" for verdict, count in document["totals"].items())
    print(f"{document['agent']:20}{document['role']:8}{totals}   {document['millis'] / 1000:.0f} s", flush=True)


main(*sys.argv[1:])
