"""A stand-in for Stripe's API over HTTP, for tests and for trying out: no money moves."""
