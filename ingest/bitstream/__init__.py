"""What a camera sends, made regular."""
