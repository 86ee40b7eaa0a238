"""The page on which managers ask for a file of their venue's reservations."""
