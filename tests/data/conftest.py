"""Builders of small source files, written here by the published layouts and not by the code under test."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path

import pytest


def _ibm(value: float | None) -> bytes:
    """SAS transport stores IBM System/360 doubles: sign, exponent of 16 plus 64, 56 bits of fraction (TS-140)."""
    if value is None:
        return b"." + b"\0" * 7
    if value == 0:
        return b"\0" * 8
    fraction, exponent = math.frexp(abs(value))
    while exponent % 4:
        fraction, exponent = fraction / 2, exponent + 1
    sign = 0x80 if value < 0 else 0
    return bytes([sign | (exponent // 4 + 64)]) + int(fraction * 2**56).to_bytes(7, "big")


def _pad(data: bytes) -> bytes:
    return data + b" " * (-len(data) % 80)


def _head(name: str, rest: str = "0" * 30) -> bytes:
    return f"HEADER RECORD*******{name:<8}HEADER RECORD!!!!!!!{rest:<30}  ".encode()


def build_xpt(
    columns: dict[str, list], *, formats: dict[str, str] | None = None, version: int = 5, width: int = 8
) -> bytes:
    """One data set in the SAS transport layout; text columns have ``width`` bytes."""
    v8 = version == 8
    stamp = b"21NOV26:00:00:00"
    out = _head("LIBV8" if v8 else "LIBRARY")
    out += f"{'SAS':<8}{'SAS':<8}{'SASLIB':<8}{'9.4':<8}{'LIN X64':<8}{'':<24}".encode() + stamp + _pad(stamp)
    out += _head("MEMBV8" if v8 else "MEMBER", "0" * 17 + "1600000000140")
    out += _head("DSCPTV8" if v8 else "DSCRPTR")
    if v8:
        out += f"{'SAS':<8}{'DATA':<32}{'SASDATA':<8}{'9.4':<8}{'LINUX':<8}".encode() + stamp
    else:
        out += f"{'SAS':<8}{'DATA':<8}{'SASDATA':<8}{'9.4':<8}{'LINUX':<8}{'':<24}".encode() + stamp
    out += _pad(stamp) + _head("NAMSTV8" if v8 else "NAMESTR", f"{len(columns):010d}" + "0" * 20)
    position, namestrs = 0, b""
    for i, (name, values) in enumerate(columns.items()):
        numeric = all(not isinstance(value, str) for value in values)
        length = 8 if numeric else width
        shown = (formats or {}).get(name, "")
        record = struct.pack(
            ">hhhh8s40s8shhh2s8shhi",
            1 if numeric else 2,
            0,
            length,
            i + 1,
            name[:8].ljust(8).encode(),
            b" " * 40,
            shown.ljust(8).encode(),
            9 if shown else 0,
            0,
            0,
            b"\0\0",
            b" " * 8,
            0,
            0,
            position,
        )
        namestrs += record + (name.ljust(32).encode() + b"\0" * 20 if v8 else b"\0" * 52)
        position += length
    out += _pad(namestrs)
    n_rows = len(next(iter(columns.values())))
    out += _head("OBSV8", f"{n_rows:>15}") if v8 else _head("OBS")
    rows = b""
    for row in zip(*columns.values(), strict=True):
        for value, values in zip(row, columns.values(), strict=True):
            numeric = all(not isinstance(one, str) for one in values)
            rows += _ibm(value) if numeric else (value or "").encode().ljust(width)
    return out + _pad(rows)


@pytest.fixture(scope="session")
def xpt() -> Callable[..., bytes]:
    """Bytes of a SAS transport file."""
    return build_xpt


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes | str], Path]:
    """Write a file and give its path."""

    def file(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return file


@pytest.fixture
def trial(tmp_path: Path) -> Callable[..., Path]:
    """Write a trial folder with files in ``data/`` and give its path."""

    def folder(**files: str) -> Path:
        data = tmp_path / "trial" / "data"
        data.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (data / f"{name}.csv").write_text(text, encoding="utf-8")
        return data.parent

    return folder
