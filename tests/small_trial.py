"""A trial of four patients, small enough to work out by hand; tests change one thing of it at a time."""

from __future__ import annotations

from pathlib import Path

PROTOCOL = """schema = 1
[trial]
id = "SMALL"
title = "Drug in disease"
cutoff = 2023-12-31

[[treatment]]
name = "drug"
unit = "mg"
dose_levels = [12, 10]
cycle_days = 21
dosing_days = "1-14"

[design]
kind = "simon"
p0 = 0.3
p1 = 0.5

[sets]
ITT = ["enrolled"]
SS = ["treated", "has_safety_record"]

[endpoint.ORR]
role = "primary"
set = "ITT"
success = ["CR", "PR"]

[endpoint.PFS]
set = "ITT"
event = ["progression", "death"]
censor = ["last_adequate_assessment"]
landmarks_months = [3]

[endpoint.OS]
set = "ITT"
event = ["death"]
censor = ["last_known_alive"]

[endpoint.DOR]
set = "ITT"
start = "first_confirmed_response"
event = ["progression", "death"]
censor = ["last_adequate_assessment"]

[endpoint.TTR]
set = "ITT"
among = "confirmed_responders"
event = ["confirmed_response"]
censor = ["last_adequate_assessment"]

[[baseline]]
variable = "AGE"
summary = "median_range"
cuts = [65]
[[baseline]]
variable = "SEX"
"""

DM = """STUDYID,USUBJID,ARMCD,RFSTDTC,DTHDTC,AGE,SEX,SITES
SMALL,001,A,2023-01-02,2023-10-01,60,M,LIVER;LUNG
SMALL,002,A,2023-01-02,,70,F,LUNG
SMALL,003,A,2023-01-02,2023-01-20,66,F,
SMALL,004,SCRNFAIL,,,71,M,
"""
EX = """USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC
001,1,drug,12,mg,2023-01-02,2023-01-15
001,2,drug,10,mg,2023-01-23,2023-02-05
002,1,drug,12,mg,2023-01-02,2023-01-15
003,1,drug,12,mg,2023-01-02,2023-01-15
"""
TU = """USUBJID,TUSEQ,TULNKID,TUTESTCD,TUSTRESC,TULOC,TUEVAL,VISITNUM,VISIT,TUDTC
001,1,T1,TUMIDENT,TARGET,LIVER,INVESTIGATOR,1,SCREENING,2022-12-28
001,2,T2,TUMIDENT,TARGET,LYMPH NODE,INVESTIGATOR,1,SCREENING,2022-12-28
002,1,T1,TUMIDENT,TARGET,LUNG,INVESTIGATOR,1,SCREENING,2022-12-28
002,2,N1,TUMIDENT,NEW,BRAIN,INVESTIGATOR,3,WEEK 12,2023-03-27
003,1,T1,TUMIDENT,TARGET,LUNG,INVESTIGATOR,1,SCREENING,2022-12-28
"""
TR = """USUBJID,TRSEQ,TRLNKID,TRGRPID,TRTESTCD,TRSTRESN,TRSTRESU,TREVAL,VISITNUM,VISIT,TRDTC
001,1,T1,TARGET,LDIAM,30,mm,INVESTIGATOR,1,SCREENING,2022-12-28
001,2,T2,TARGET,LDIAM,40,mm,INVESTIGATOR,1,SCREENING,2022-12-28
001,3,T2,TARGET,LPERP,20,mm,INVESTIGATOR,1,SCREENING,2022-12-28
001,4,T1,TARGET,LDIAM,18,mm,INVESTIGATOR,2,WEEK 6,2023-02-13
001,5,T2,TARGET,LPERP,12,mm,INVESTIGATOR,2,WEEK 6,2023-02-13
001,6,T1,TARGET,LDIAM,17,mm,INVESTIGATOR,3,WEEK 12,2023-03-27
001,7,T2,TARGET,LPERP,11,mm,INVESTIGATOR,3,WEEK 12,2023-03-27
001,8,T1,TARGET,LDIAM,24,mm,INVESTIGATOR,4,WEEK 18,2023-05-08
001,9,T2,TARGET,LPERP,12,mm,INVESTIGATOR,4,WEEK 18,2023-05-08
002,1,T1,TARGET,LDIAM,25,mm,INVESTIGATOR,1,SCREENING,2022-12-28
002,2,T1,TARGET,LDIAM,24,mm,INVESTIGATOR,2,WEEK 6,2023-02-13
002,3,T1,TARGET,LDIAM,22,mm,INVESTIGATOR,3,WEEK 12,2023-03-27
003,1,T1,TARGET,LDIAM,25,mm,INVESTIGATOR,1,SCREENING,2022-12-28
"""
AE = """USUBJID,AESEQ,AETERM,AEDECOD,AESTDTC,AEENDTC
001,1,nausea,Nausea,2023-01-05,2023-01-08
002,1,rash,Rash,2023-01-07,
003,1,rash,Rash,2023-01-07,
"""
DS = """USUBJID,DSSEQ,DSDECOD,DSTERM,DSCAT,DSSTDTC
001,1,PROGRESSIVE DISEASE,PROGRESSION,DISPOSITION EVENT,2023-05-10
003,1,DEATH,DEATH,DISPOSITION EVENT,2023-01-20
004,1,SCREEN FAILURE,AGE ABOVE LIMIT,DISPOSITION EVENT,2022-12-20
"""
TABLES = {"dm": DM, "ex": EX, "tu": TU, "tr": TR, "ae": AE, "ds": DS}


def write_small_trial(folder: Path, *, protocol: str = PROTOCOL, **tables: str | None) -> Path:
    """Write the trial, with some tables replaced, or left out where they are None."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "protocol.toml").write_text(protocol, encoding="utf-8")
    for name, text in {**TABLES, **tables}.items():
        if text is not None:
            (folder / "data" / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder
