"""Keywords worth adding, and how well the ones we have read the headings."""
