"""Verifies messages with the package `standardwebhooks`: `python libraries.py FILE`.

FILE is a list of {"secret", "headers", "body"}. Prints a list of `true` or the reason of the refusal. Any other error than
that of a refusal ends the program.
"""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError


def verdict(message):
    secret = message["secret"]
    webhook = Webhook(secret if secret.startswith("whsec_") else secret.encode())
    try:
        webhook.verify(message["body"].encode(), message["headers"])
        return True
    except WebhookVerificationError as error:
        return str(error)


with open(sys.argv[1], encoding="utf-8") as file:
    print(json.dumps([verdict(message) for message in json.load(file)]))
