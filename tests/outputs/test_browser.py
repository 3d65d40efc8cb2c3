"""A browser shows the report, asks the network for nothing and reports no violation of the page's own policy."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from outputs.sample import make_sample

from onearm.outputs import present

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--hide-scrollbars", "--enable-logging=stderr",
)  # fmt: skip

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no browser: chromium, chromium-browser or google-chrome is needed"
)


def _visit(page: Path, folder: Path) -> tuple[str, str]:
    """Messages of the console and the log of everything that was asked of the network."""
    log, picture = folder / "net.json", folder / "page.png"
    command = [
        str(BROWSER), *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", "--window-size=1280,2000",
        f"--screenshot={picture}", page.as_uri(),
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert picture.is_file(), ran.stderr[-2000:]
    assert picture.stat().st_size > 20_000
    console = "\n".join(line for line in ran.stderr.splitlines() if "CONSOLE" in line)
    return console, log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""


def _requested(log: str) -> set[str]:
    """Addresses that the page asked for; what the browser asks for on its own behalf has no origin."""
    asked = re.findall(r'"initiator":"(?!not an origin")[^\n]*?"url":"((?:https?|wss?|ftp)://[^"]*)"', log)
    return set(asked)


def test_the_report_is_shown_without_network_or_violation(tmp_path: Path) -> None:
    sample = make_sample(12, subjects=[f"<img src=x onerror=alert({i})>" for i in range(12)])
    out = tmp_path / "out"
    out.mkdir()
    report, *_ = present(sample.results, sample.datasets, sample.findings, sample.protocol, sample.manifest, out)
    console, log = _visit(report, tmp_path)
    assert console == ""
    assert _requested(log) == set()


def test_the_check_itself_can_fail(tmp_path: Path) -> None:
    """A page that breaks its policy, and one that asks the network, must be noticed."""
    policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
    page = tmp_path / "broken.html"
    page.write_text(f"<!doctype html>{policy}<style>p {{ color: red }}</style>" + "<p>Words fill the page.</p>" * 400)
    console, _ = _visit(page, tmp_path)
    assert "Content Security Policy" in console
    (tmp_path / "profile").rename(tmp_path / "first")
    page.write_text("<!doctype html><img src='http://127.0.0.1:9/never.png'>" + "<p>Words fill the page.</p>" * 400)
    _, log = _visit(page, tmp_path)
    assert "http://127.0.0.1:9/never.png" in _requested(log)
