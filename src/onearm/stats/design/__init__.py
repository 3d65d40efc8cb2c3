"""Designs of single-arm trials, the rules that watch over them, and inference that respects them."""
