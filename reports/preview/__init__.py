"""What an edit of the keywords would change on the real sales, as one types."""
