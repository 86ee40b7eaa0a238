"""What callers ask for in the bodies of requests about reservations."""
