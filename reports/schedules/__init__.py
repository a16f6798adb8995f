"""Jobs that start by themselves, each planned moment once, and those that did not."""
