"""Runs the receiver in Python of infra/WEBHOOKS.md: `python recipes.py RECIPE FILE`.

RECIPE is the file with the receiver, FILE a list of {"secret", "headers", "body"}. Prints a list of what it says of each.
"""

import json
import runpy
import sys

is_signed = runpy.run_path(sys.argv[1])["is_signed"]
with open(sys.argv[2], encoding="utf-8") as file:
    messages = json.load(file)
print(json.dumps([is_signed(m["secret"], m["headers"], m["body"].encode()) for m in messages]))
