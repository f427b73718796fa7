"""Live video to browsers: one WebSocket for a whole wall, WHEP for one camera looked at closely."""
