"""Money: what guests pay and get back, and the ledger in which every amount stands."""
