"""The desk's pages of the words of letters."""
