"""Rules tried on a recorded clip before they hold. See DESIGN.md, "Dry runs"."""
