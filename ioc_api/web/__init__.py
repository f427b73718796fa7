"""HTTP, whatever it is about."""
