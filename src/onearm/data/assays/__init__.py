"""Readers of what instruments and laboratories export."""
