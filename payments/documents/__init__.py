"""Receipts, invoices and credit notes: numbers without gaps, and lines that never change."""
