"""Figures: speed, quality, load; nothing imports it."""
