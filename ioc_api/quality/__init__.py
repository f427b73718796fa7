"""Keeps the quality of cameras: gathers what they are judged by, and judges them day by day."""
