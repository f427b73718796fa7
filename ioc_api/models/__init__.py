"""Detectors, as the operations centre keeps them."""
