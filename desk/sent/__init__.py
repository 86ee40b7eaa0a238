"""The desk's page of what was sent."""
