"""Parts of answers that several documents have."""
