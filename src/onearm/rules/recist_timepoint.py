"""The timepoint response of RECIST 1.1: target, non-target and new lesions together."""

from __future__ import annotations

from typing import Final

import polars as pl

from onearm.errors import MethodError
from onearm.frames import check_columns
from onearm.rules.recist import RECIST_1_1, RecistRules

__all__ = ["combined_response", "timepoint_response"]

_KEY: Final = ("subject", "visit")
_PARTS: Final = ("target", "non_target", "new_lesion")


def timepoint_response(
    target: pl.DataFrame | None = None,
    non_target: pl.DataFrame | None = None,
    new_lesion: pl.DataFrame | None = None,
    rules: RecistRules = RECIST_1_1,
) -> pl.DataFrame:
    """
    Combine target, non-target and new lesions to the response of each timepoint.

    Parameters
    ----------
    target : polars.DataFrame, optional
        What `target_response` returns, or any frame with ``subject, visit, day, target``. A subject with any row here
        has target lesions.
    non_target : polars.DataFrame, optional
        What `non_target_response` returns, or any frame with ``subject, visit, day, non_target``. A subject with any
        row here has non-target lesions.
    new_lesion : polars.DataFrame, optional
        What `new_lesion_response` returns, or any frame with ``subject, visit, day, new_lesion`` ("yes", "equivocal",
        "no"). A visit without a row has no new lesion. An equivocal one does not count until it is confirmed.
    rules : RecistRules
        ``reappearance`` is used, and ``progression_day`` and ``response_day`` where the frames have ``first_day`` and
        ``last_day``.

    Returns
    -------
    polars.DataFrame
        One row per ``subject`` and ``visit`` after baseline, sorted by subject and day: ``subject, visit, day, target,
        non_target, new_lesion, response, rule, why``. Where a subject has lesions of a kind that were not assessed at
        a visit, its response there is NE. A subject without lesions at baseline is NED until a new lesion is PD.

    Raises
    ------
    DataError
        For a missing column.
    MethodError
        If no component is given.

    Notes
    -----
    ==========  ===================  ===========  ==============
    target      non-target           new lesions  response
    ==========  ===================  ===========  ==============
    CR          CR or none           no           CR
    CR          NON-CR/NON-PD or NE  no           PR
    PR          not PD               no           PR
    SD          not PD               no           SD
    NE          not PD               no           NE
    PD          any                  any          PD
    any         PD                   any          PD
    any         any                  yes          PD
    none        CR                   no           CR
    none        NON-CR/NON-PD        no           NON-CR/NON-PD
    none        NE                   no           NE
    ==========  ===================  ===========  ==============

    After an overall CR, a target response of PR or SD and a non-target response of NON-CR/NON-PD say that disease is
    back: they become PD (switch ``reappearance``). NE does not. Nodes do not disappear: one that grows to 10 mm or more
    after CR is judged by the sum, where the target frame tells nodes from the rest (``non_node_mm``).

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247, Tables 1 and 2.

    Examples
    --------
    >>> target = pl.DataFrame({"subject": ["1"], "visit": [1], "day": [43], "target": ["CR"]})
    >>> non_target = pl.DataFrame({"subject": ["1"], "visit": [1], "day": [43], "non_target": ["NON-CR/NON-PD"]})
    >>> timepoint_response(target, non_target).select("response", "rule").row(0)
    ('PR', 'RECIST1.1-TP-PR')
    """
    table = _join(target, non_target, new_lesion).with_columns(
        target=pl.when("has_target").then(pl.col("target").fill_null("NE")),
        non_target=pl.when("has_non_target").then(pl.col("non_target").fill_null("NE")),
    )
    table = _back_after_complete(table, rules)
    return (
        table.with_columns(response=combined_response())
        .with_columns(day=_day(rules), rule=_rule(), why=_why())
        .sort("subject", "day", "visit")
        .select(*_KEY, "day", *_PARTS, "response", "rule", "why")
    )


def combined_response() -> pl.Expr:
    """
    Combine the three components by Tables 1 and 2 of RECIST 1.1.

    Returns
    -------
    polars.Expr
        From the columns ``target``, ``non_target`` (missing where there are no such lesions) and ``new_lesion``.

    Examples
    --------
    >>> pl.DataFrame({"target": ["CR"], "non_target": ["NE"], "new_lesion": ["no"]}).select(combined_response()).item()
    'PR'
    """
    kind = pl.coalesce("target", "non_target", pl.lit("NED"))
    other = pl.when(pl.col("target").is_not_null()).then("non_target")
    is_pd = (kind == "PD") | (other == "PD").fill_null(False) | (pl.col("new_lesion") == "yes")
    is_less = (kind == "CR") & other.is_in(["NON-CR/NON-PD", "NE"]).fill_null(False)
    return pl.when(is_pd).then(pl.lit("PD")).when(is_less).then(pl.lit("PR")).otherwise(kind)


def _back_after_complete(table: pl.DataFrame, rules: RecistRules) -> pl.DataFrame:
    """Take lesions that are seen again after an overall CR as progression of their kind."""
    ordered = table.sort("subject", pl.min_horizontal(f"{name}_first" for name in _PARTS), "visit")
    was_complete = (combined_response() == "CR").cum_max().shift(1, fill_value=False).over("subject")
    was_complete = was_complete & pl.lit(rules.reappearance == "PD")
    seen = {"target": ("PR", "SD"), "non_target": ("NON-CR/NON-PD",)}
    back = {name: was_complete & pl.col(name).is_in(list(words)).fill_null(False) for name, words in seen.items()}
    # a node that grows again was there all the time: it is judged by the sum, not by being seen
    back["target"] = back["target"] & pl.col("has_more_than_nodes")
    back_again = pl.lit("seen again after CR; ")
    return ordered.with_columns(
        *(pl.when(is_back).then(pl.lit("PD")).otherwise(name).alias(name) for name, is_back in back.items()),
        *(
            pl.when(is_back)
            .then(back_again + pl.col(f"{name}_why").fill_null("present"))
            .otherwise(f"{name}_why")
            .alias(f"{name}_why")
            for name, is_back in back.items()
        ),
        is_back=pl.any_horizontal(*back.values()),
    )


def _join(*frames: pl.DataFrame | None) -> pl.DataFrame:
    """Set the three components side by side, one row per visit after baseline."""
    given = next((frame for frame in frames if frame is not None), None)
    if given is None:
        raise MethodError("timepoint_response: found no component; give target, non_target or new_lesion.")
    check_columns(given, (*_KEY, "day"), where="responses")
    blank = given.select(*_KEY, "day").clear()
    whole = [
        blank.with_columns(pl.lit(None, dtype=pl.String).alias(name)) if frame is None else frame
        for name, frame in zip(_PARTS, frames, strict=True)
    ]
    parts = [_component(frame, name) for frame, name in zip(whole, _PARTS, strict=True)]
    table = parts[0]
    for part in parts[1:]:
        table = table.join(part, on=_KEY, how="full", coalesce=True)
    for name, frame in zip(_PARTS, whole, strict=True):
        # a visit without a response in its own frame is the baseline, or before it
        baseline = frame.filter(pl.col(name).is_null()).select(_KEY)
        table = table.join(baseline, on=_KEY, how="anti")
        # with the baseline rows: a subject has a kind of lesion although none was assessed later
        has = frame.select("subject").unique().with_columns(pl.lit(True).alias(f"has_{name}"))
        table = table.join(has, on="subject", how="left").with_columns(pl.col(f"has_{name}").fill_null(False))
    return table.with_columns(pl.col("new_lesion").fill_null("no"), pl.col("has_more_than_nodes").fill_null(True))


def _component(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rows of one component after baseline, with its columns under its own name."""
    check_columns(frame, (*_KEY, "day", name), where=f"{name} responses")
    days = {"first": "first_day", "last": "last_day"}
    why = pl.col("why") if "why" in frame.columns else pl.lit(None, dtype=pl.String)
    more = pl.col("non_node_mm") > 0 if "non_node_mm" in frame.columns else pl.lit(True)
    flag = [more.fill_null(True).alias("has_more_than_nodes")] if name == "target" else []
    return frame.filter(pl.col(name).is_not_null()).select(
        *_KEY,
        pl.col(name).cast(pl.String),
        why.alias(f"{name}_why"),
        *flag,
        *(pl.col(day if day in frame.columns else "day").alias(f"{name}_{end}") for end, day in days.items()),
    )


def _day(rules: RecistRules) -> pl.Expr:
    """Day of the timepoint, by its response."""
    first = pl.min_horizontal(f"{name}_first" for name in _PARTS)
    last = pl.max_horizontal(f"{name}_last" for name in _PARTS)
    shown = dict(zip(_PARTS, ("PD", "PD", "yes"), strict=True))
    trigger = pl.min_horizontal(pl.when(pl.col(name) == word).then(f"{name}_first") for name, word in shown.items())
    # the sum of the targets is only known after their last scan
    ends = {"target": "last", "non_target": "first", "new_lesion": "first"}
    component = pl.min_horizontal(
        pl.when(pl.col(name) == word).then(f"{name}_{ends[name]}") for name, word in shown.items()
    )
    of_progression = {
        "earliest_scan": first,
        "triggering_scan": trigger,
        "by_component": component,
        "latest_scan": last,
    }[rules.progression_day]
    of_response = {"latest_scan": last, "earliest_scan": first}[rules.response_day]
    return pl.when(pl.col("response") == "PD").then(of_progression).otherwise(of_response)


def _rule() -> pl.Expr:
    """Identifier of the rule; for PD it names what showed it."""
    which = pl.concat_str(
        pl.when(pl.col("target") == "PD").then(pl.lit("-TL")).otherwise(pl.lit("")),
        pl.when(pl.col("non_target") == "PD").then(pl.lit("-NTL")).otherwise(pl.lit("")),
        pl.when(pl.col("new_lesion") == "yes").then(pl.lit("-NL")).otherwise(pl.lit("")),
        ignore_nulls=True,
    )
    return (
        pl.lit("RECIST1.1-TP-")
        + pl.col("response").str.replace_all("/", "-", literal=True)
        + pl.when(pl.col("response") == "PD").then(which).otherwise(pl.lit(""))
        + pl.when("is_back").then(pl.lit("-AFTER-CR")).otherwise(pl.lit(""))
    )


def _why() -> pl.Expr:
    """One sentence that joins the reasons of the components."""
    said = [
        pl.when(f"has_{name}").then(
            pl.concat_str(
                pl.lit(f"{label} "),
                pl.col(name),
                pl.coalesce(pl.lit(" (") + pl.col(f"{name}_why") + pl.lit(")"), pl.lit("")),
            )
        )
        for name, label in (("target", "target"), ("non_target", "non-target"))
    ]
    new = (
        pl.when(pl.col("new_lesion") == "yes")
        .then(pl.coalesce("new_lesion_why", pl.lit("new lesions")))
        .when(pl.col("new_lesion") == "equivocal")
        .then(pl.lit("a new lesion that is still equivocal"))
        .otherwise(pl.lit("no new lesion"))
    )
    return pl.col("response") + ": " + pl.concat_str(*said, new, separator="; ", ignore_nulls=True) + "."
