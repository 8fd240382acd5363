"""Slipway's own code; `app.py` is its door. The rooms and who may import whom: CONTRIBUTING.md."""
