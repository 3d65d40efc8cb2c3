"""
onearm takes a single-arm phase II oncology trial from its protocol to its paper.

Five names, one direction: `read_protocol`, `read_source`, `derive`, `analyse`, `present`; `run` joins them.
"""

from __future__ import annotations

__version__ = "0.1.0"
