"""Personal data: whose it is, export, erasure, retention, and who viewed it."""
