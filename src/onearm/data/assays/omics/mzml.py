"""mzML, to look at a peak: a small reader of spectra, and the ion chromatogram of one mass."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from onearm.errors import DataError

__all__ = ["IonChromatogram", "Spectrum", "extract_ion", "read_spectra"]

Floats = NDArray[np.float64]

_TERMS: Final = {
    "level": "MS:1000511", "rt": "MS:1000016", "mz": "MS:1000514", "intensity": "MS:1000515",
    "zlib": "MS:1000574", "none": "MS:1000576",
}  # fmt: skip
"""Terms of the PSI-MS vocabulary that are needed here."""
_TYPES: Final = {"MS:1000523": "<f8", "MS:1000521": "<f4", "MS:1000519": "<i4", "MS:1000522": "<i8"}
_MINUTE: Final = "UO:0000031"


@dataclass(frozen=True, eq=False)
class Spectrum:
    """
    One spectrum.

    Parameters
    ----------
    identifier : str
        As in the file.
    level : int
        MS level.
    rt : float
        Start of the scan in seconds.
    mz, intensity : numpy.ndarray, shape (n_peaks,)
        In rising m/z.
    """

    identifier: str
    level: int
    rt: float
    mz: Floats
    intensity: Floats


@dataclass(frozen=True, eq=False)
class IonChromatogram:
    """
    The intensity of one mass over time, and its peak.

    Parameters
    ----------
    rt, intensity : numpy.ndarray, shape (n_scans,)
        Seconds, and the summed intensity within the tolerance; 0 where there is none.
    mz : numpy.ndarray, shape (n_scans,)
        Mean m/z weighted by intensity; NaN where there is none.
    apex_rt, apex_intensity : float
        Highest scan; NaN where there is no signal.
    area : float
        Trapezoids under the scans around the apex that exceed 5% of it.
    start_rt, end_rt : float
        Where they begin and end.
    scans : int
        How many they are; fewer than eight make an area uncertain.
    ppm : float
        Difference of the weighted m/z over the peak from the mass asked for.
    """

    rt: Floats
    intensity: Floats
    mz: Floats
    apex_rt: float
    apex_intensity: float
    area: float
    start_rt: float
    end_rt: float
    scans: int
    ppm: float


def read_spectra(path: Path, *, level: int = 1) -> Iterator[Spectrum]:
    """
    Read the spectra of an mzML file one after the other.

    Parameters
    ----------
    path : Path
        ``.mzML``, plain or indexed.
    level : int, default 1
        MS level; other spectra are left out.

    Yields
    ------
    Spectrum
        In the order of the file.

    Raises
    ------
    DataError
        Where the file is no mzML, is truncated, or is compressed in a way other than zlib.
    """
    try:
        seen = False
        for _, element in ElementTree.iterparse(path, events=("end",)):
            tag = element.tag.rsplit("}", 1)[-1]
            seen = seen or tag in ("mzML", "run", "spectrum", "cvList")
            if tag == "spectrum":
                found = _spectrum(element, path.name, level)
                element.clear()
                if found is not None:
                    yield found
        if not seen:
            raise DataError(f"{path.name}: is XML, but no mzML.")
    except ElementTree.ParseError as error:
        raise DataError(
            f"{path.name}: the file is truncated or no XML ({error}). Fix: copy or convert it again."
        ) from error


def _values(element: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """Terms directly beneath an element."""
    return {child.get("accession", ""): child for child in element if child.tag.rsplit("}", 1)[-1] == "cvParam"}


def _inside(element: ElementTree.Element, tag: str) -> Iterator[ElementTree.Element]:
    return (child for child in element.iter() if child.tag.rsplit("}", 1)[-1] == tag)


def _spectrum(element: ElementTree.Element, file: str, level: int) -> Spectrum | None:
    own = _values(element)
    stated = own.get(_TERMS["level"])
    if stated is not None and int(stated.get("value", "1")) != level:
        return None
    identifier = element.get("id", "?")
    rt = float("nan")
    for scan in _inside(element, "scan"):
        time = _values(scan).get(_TERMS["rt"])
        if time is not None:
            rt = float(time.get("value", "nan")) * (60 if time.get("unitAccession") == _MINUTE else 1)
            break
    arrays = {}
    for array in _inside(element, "binaryDataArray"):
        terms = _values(array)
        for name in ("mz", "intensity"):
            if _TERMS[name] in terms:
                arrays[name] = _decode(array, set(terms), f"{file}, spectrum '{identifier}'")
    mz = arrays.get("mz", np.empty(0))
    intensity = arrays.get("intensity", np.empty(0))
    if mz.size != intensity.size:
        raise DataError(f"{file}, spectrum '{identifier}': has {mz.size} masses and {intensity.size} intensities.")
    order = np.argsort(mz, kind="stable")
    return Spectrum(identifier, level, rt, mz[order], intensity[order])


def _decode(array: ElementTree.Element, terms: set[str], where: str) -> Floats:
    kind = next((_TYPES[term] for term in terms if term in _TYPES), None)
    if kind is None or not terms & {_TERMS["zlib"], _TERMS["none"]}:
        raise DataError(
            f"{where}: is compressed in a way that is not read here. Fix: convert it with zlib compression."
        )
    text = next((child.text or "" for child in _inside(array, "binary")), "")
    try:
        data = base64.b64decode(text, validate=False)
        data = zlib.decompress(data) if _TERMS["zlib"] in terms and data else data
        return np.frombuffer(data, dtype=kind).astype(np.float64)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise DataError(f"{where}: the binary data are damaged. Fix: copy or convert the file again.") from error


def extract_ion(
    path: Path, mz: float, *, ppm: float = 10.0, window: tuple[float, float] | None = None
) -> IonChromatogram:
    """
    Extract the chromatogram of one mass.

    Parameters
    ----------
    path : Path
        ``.mzML``.
    mz : float
        Mass over charge.
    ppm : float, default 10
        Tolerance in parts per million.
    window : tuple of float, optional
        Seconds from and to; the whole run where left out.

    Returns
    -------
    IonChromatogram
        Of the spectra of level 1.

    Raises
    ------
    DataError
        Where the file cannot be read, or has no spectrum within the window.
    """
    times, totals, masses = [], [], []
    half = mz * ppm * 1e-6
    for spectrum in read_spectra(path):
        if window is not None and not window[0] <= spectrum.rt <= window[1]:
            continue
        low, high = np.searchsorted(spectrum.mz, [mz - half, mz + half])
        part = spectrum.intensity[low:high]
        total = float(part.sum())
        times.append(spectrum.rt)
        totals.append(total)
        masses.append(float(part @ spectrum.mz[low:high]) / total if total > 0 else float("nan"))
    if not times:
        raise DataError(f"{path.name}: has no spectrum of level 1{' within the window' if window else ''}.")
    order = np.argsort(times, kind="stable")
    rt, intensity, mass = (np.array(column)[order] for column in (times, totals, masses))
    apex = int(np.argmax(intensity))
    if intensity[apex] <= 0:
        nan = float("nan")
        return IonChromatogram(rt, intensity, mass, nan, nan, 0.0, nan, nan, 0, nan)
    above = intensity > 0.05 * intensity[apex]
    first, last = apex, apex
    while first > 0 and above[first - 1]:
        first -= 1
    while last < rt.size - 1 and above[last + 1]:
        last += 1
    inside = slice(first, last + 1)
    mean = float(np.average(mass[inside], weights=intensity[inside]))
    area = float(np.trapezoid(intensity[inside], rt[inside]))
    return IonChromatogram(
        rt, intensity, mass, float(rt[apex]), float(intensity[apex]), area, float(rt[first]), float(rt[last]), last - first + 1,
        (mean - mz) / mz * 1e6,
    )  # fmt: skip
