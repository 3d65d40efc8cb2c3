"""Readers of what instruments and image analysis export."""
