"""The omics commands: what they print, what they write, and what they say to bad input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import typer
from click.testing import Result
from simulated_omics import write_mzml, write_study
from typer.testing import CliRunner

from onearm.cli import omics, omics_sets
from onearm.errors import DataError, MethodError

Invoke = Callable[..., Result]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_study(tmp_path_factory.mktemp("cli"), n_genes=320, n_proteins=60) / "data" / "assays"
    patients = pl.read_csv(folder.parent / "patients.csv")
    sheet = pl.read_csv(folder / "rna_samples.csv").join(
        patients, left_on="USUBJID", right_on="id", maintain_order="left"
    )
    sheet.filter(TISSUE="tumour").rename({"SAMPLE": "sample"}).write_csv(folder / "tumours.csv")
    return folder


@pytest.fixture(scope="module")
def call() -> Invoke:
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    omics.register(app)
    omics_sets.register(app)

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


def test_features_describes_a_file_and_names_what_is_wrong(call: Invoke, data: Path, tmp_path: Path) -> None:
    result = call("features", data / "counts.csv", "--out", tmp_path / "m.csv")
    assert result.exit_code == 0
    assert "26 samples x 320 features, counts" in result.output
    assert "'2-Sep' is a date" in result.output
    assert pl.read_csv(tmp_path / "m.csv").shape == (320, 28)


def test_difference_by_moderated_t_is_the_function_s(call: Invoke, data: Path, tmp_path: Path) -> None:
    out, picture = tmp_path / "d.csv", tmp_path / "v.png"
    result = call(
        "difference", data / "npx.parquet", data / "plasma_samples.csv", "--by", "TIMEPOINT=C2D1/baseline", "--pair", "USUBJID",
        "--out", out, "--volcano", picture,
    )  # fmt: skip
    assert result.exit_code == 0, result.exception
    assert "paired moderated t (limma eBayes, current hyperparameters): 19 C2D1 against 19 baseline" in result.output
    assert "patient P20 has a sample of baseline and none of C2D1" in result.output
    table = pl.read_csv(out)
    assert set(table["feature"].head(10)) == {"CD274", *(f"PROT{i}" for i in range(1, 10))}
    assert picture.read_bytes().startswith(b"\x89PNG")
    npx = pl.read_parquet(data / "npx.parquet").filter(Assay="CD274")
    values = dict(npx.select("SampleID", "NPX").iter_rows())
    mean = np.mean([values[f"P{i:02d}_C2D1"] - values[f"P{i:02d}_baseline"] for i in range(1, 20)])
    assert table.filter(feature="CD274")["effect"][0] == pytest.approx(mean)


def test_counts_go_to_deseq2_then_to_gene_sets(call: Invoke, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "d.csv"
    result = call("difference", data / "counts.csv", data / "tumours.csv", "--by", "BOR=PR/SD", "--out", out)
    assert result.exit_code == 0, result.exception
    assert result.output.count("DESeq2 model, Wald test (pydeseq2)") == 1
    result = call(
        "enrich", out, "--sets", data / "sets.gmt", "--seed", 3, "--permutations", 200, "--out", tmp_path / "e.csv"
    )
    assert result.exit_code == 0, result.exception
    assert "200 permutations, seed 3" in result.output
    sets = pl.read_csv(tmp_path / "e.csv")
    assert sets.height == 17
    assert sets.filter(set="HALLMARK_SYN_UP")["nes"][0] > 1.5


def test_ssgsea_and_mcp_counter(call: Invoke, data: Path, tmp_path: Path) -> None:
    result = call("ssgsea", data / "counts.csv", "--sets", data / "sets.gmt", "--out", tmp_path / "s.csv")
    assert result.exit_code == 0, result.exception
    table = pl.read_csv(tmp_path / "s.csv")
    assert table.shape == (26, 18)
    good = table.filter(pl.col("sample").is_in([f"T_P{i:02d}" for i in range(1, 21, 2)]))["HALLMARK_SYN_UP"]
    rest = table.filter(pl.col("sample").is_in([f"T_P{i:02d}" for i in range(2, 21, 2)]))["HALLMARK_SYN_UP"]
    assert good.min() > rest.max()
    result = call("ssgsea", data / "counts.csv", "--method", "mcp_counter")
    assert "10 sets in 26 samples" in result.output


def test_associate_with_time_score_and_group(call: Invoke, data: Path) -> None:
    base = ("associate", data / "counts.csv", data / "tumours.csv")
    timed = call(*base, "--time", "pfs", "--event", "pfs_event=1")
    assert timed.exit_code == 0, timed.exception
    assert "Cox models, one per feature, per unit of log2 counts per million: 20 samples" in timed.output
    assert "rho" in call(*base, "--score", "pfs").output
    assert "rank-sum test, exact: " in call(*base, "--by", "BOR=PR/SD").output


def test_annotate_keeps_isomers_ambiguous(call: Invoke, data: Path, tmp_path: Path) -> None:
    result = call(
        "annotate", data / "features.csv", data / "compounds.csv", "--adducts", "[M+H]+", "--out", tmp_path / "a.csv"
    )
    assert result.exit_code == 0, result.exception
    assert "3 unique, 1 ambiguous" in result.output
    table = pl.read_csv(tmp_path / "a.csv").filter(status="ambiguous")
    assert table["compound"].sort().to_list() == ["isoleucine", "leucine"]


def test_peaks(call: Invoke, tmp_path: Path) -> None:
    scans = [(i * 2 / 60, [205.0972], [1000.0 * np.exp(-((i - 20) ** 2) / 20)]) for i in range(40)]
    write_mzml(tmp_path / "run.mzML", scans)
    result = call("peaks", tmp_path / "run.mzML", "--mz", 205.0972)
    assert "apex" in result.output
    assert "+0.0 ppm" in result.output
    assert "no signal" in call("peaks", tmp_path / "run.mzML", "--mz", 300).output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("difference", "counts.csv", "tumours.csv", "--by", "BOR"), "COLUMN=SECOND/FIRST"),
        (("difference", "counts.csv", "tumours.csv", "--by", "BOR=PR/XX"), "no sample has 'XX'"),
        (("difference", "counts.csv", "tumours.csv", "--by", "BRO=PR/SD"), "Did you mean 'BOR'"),
        (
            ("difference", "npx.parquet", "tumours.csv", "--by", "BOR=PR/SD"),
            "row 1: sample 'T_P01' is not in the matrix",
        ),
        (("difference", "counts.csv", "tumours.csv", "--by", "BOR=PR/SD", "--test", "deseq"), "Did you mean 'deseq2'"),
        (("associate", "counts.csv", "tumours.csv"), "give one outcome"),
        (("ssgsea", "counts.csv"), "gene sets are needed"),
        (("annotate", "features.csv", "compounds.csv", "--adducts", "M+H"), "unknown 'M[+]H'"),
    ],
)
def test_bad_input_is_said(call: Invoke, data: Path, arguments: tuple[str, ...], says: str) -> None:
    command, *rest = arguments
    files = [str(data / word) if (data / word).exists() else word for word in rest]
    result = call(command, *files)
    assert isinstance(result.exception, DataError | MethodError)
    with pytest.raises((DataError, MethodError), match=says):
        raise result.exception
