"""Asks the server in this container whether it is up. The exit code is 0 if it is."""

import http.client
import os
import sys

# Use a host name that the server accepts. It refuses requests for others.
name = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
try:
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["PORT"]), timeout=4)
    connection.request("GET", "/healthz", headers={"Host": name.replace("*", "") or "localhost"})
    sys.exit(connection.getresponse().status != http.client.OK)
except OSError as error:
    sys.exit(f"not up: {error}")
