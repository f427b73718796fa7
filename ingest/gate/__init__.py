"""The activity gate: what of a camera has to be decoded."""
