"""The routes of the API, and the shapes that they speak."""
