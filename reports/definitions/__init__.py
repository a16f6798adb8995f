"""Reports as people define them."""
