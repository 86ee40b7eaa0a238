"""What an operator sees of deliveries, and how long they are kept."""
