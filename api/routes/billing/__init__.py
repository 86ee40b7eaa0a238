"""Operations of documents: receipts, invoices and credit notes."""
