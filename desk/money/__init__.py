"""The pages of money: what was paid for a reservation, and what is in the tills."""
