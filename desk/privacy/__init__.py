"""The desk's pages about personal data: who viewed it, and erasing a person."""
