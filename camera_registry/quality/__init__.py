"""How good a camera's entry and picture are, by six principles: pure functions and their values."""
