"""Who comes in, and how: signing in, second steps, tokens, providers, and the log of it all."""
