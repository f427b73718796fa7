"""Looks at one camera or device and says what it is, or why it cannot be looked at."""
