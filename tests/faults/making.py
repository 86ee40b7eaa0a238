"""Makes in the deployment's database what tests ask for: a line in, a line of JSON out."""

import json
import sys

import django
from django.db import connection

django.setup()

# Only now: it reads models.
from tests.faults import world  # noqa: E402

if __name__ == "__main__":
    for line in sys.stdin:
        made = eval(line, vars(world))
        # Whatever is harmed next, nothing is open here.
        connection.close()
        print(json.dumps(made), flush=True)  # noqa: T201
