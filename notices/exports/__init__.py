"""Exports: CSV files that a worker writes part after part, for their owner alone."""
