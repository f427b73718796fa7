"""Plane geometry of zones and of administrative units."""
