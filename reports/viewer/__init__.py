"""A finished run on the screen: filtered, counted, sorted, grouped and drawn."""
