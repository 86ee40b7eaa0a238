"""What this product asks of Redis in its own way."""
