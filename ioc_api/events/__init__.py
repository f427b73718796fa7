"""Events and counts: recorded, kept, pushed."""
