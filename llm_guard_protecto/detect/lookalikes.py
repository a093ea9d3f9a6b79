"""Characters that look like an ASCII one. Written by looking at them; no table was copied.

`LETTERS` holds what a reader takes for a Latin letter on sight. `NEARLY` is what only passes for one
between Latin letters. `DIGITS` holds letters that pass for a digit between digits.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DIGITS", "LETTERS", "NEARLY", "PLAIN_DIGITS", "PLAIN_LETTERS"]


def _pairs(rows: str) -> dict[str, str]:
    """`"аa еe"`: a look-alike, and what it looks like."""
    return {pair[0]: pair[1:] for pair in rows.split()}


LETTERS: Final = _pairs(
    # Cyrillic
    "аa еe оo рp сc уy хx іi јj ѕs һh ԁd ԛq ԝw ѵv ӏl ԍg ҽe ҫc "
    "АA ВB ЕE КK МM НH ОO РP СC ТT УY ХX ІI ЈJ ЅS ԌG ԚQ ԜW ѴV ӀI "
    # Greek
    "αa οo ρp νv ιi υu κk χx ϲc ϳj ωw γy τt εe "
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX ϹC ͿJ "
    # Armenian
    "օo սu ոn հh զq ցg յj ՕO ՍU ՏS ԼL "
    # Cherokee and Lisu
    "ᎪA ᏴB ᏟC ᎠD ᎬE ᏀG ᎻH ᎫJ ᏦK ᏞL ᎷM ᏢP ᎡR ᏚS ᎢT ᏙV ᎳW ᏃZ "
    "ꓮA ꓐB ꓚC ꓓD ꓰE ꓝF ꓖG ꓧH ꓲI ꓙJ ꓗK ꓡL ꓟM ꓠN ꓳO ꓑP ꓣR ꓢS ꓔT ꓴU ꓦV ꓪW ꓫX ꓬY ꓜZ "
    # Latin: small capitals, dotless and single-storey letters
    "ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ꞯq ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz "
    "ɑa ɡg ıi ɩi ȷj ǀl ƽs"
)

NEARLY: Final = LETTERS | _pairs(
    "вb гr кk мm нh пn тt иu лn шw щw ьb ъb ёe їi яr зz ГF ФO ЗZ ИN ЯR "
    "ηn σo μu βb δd ζz θo ϵe ΛA ΠN ΣE ξe λl"
)

DIGITS: Final = _pairs(
    "О0 о0 Ο0 ο0 Օ0 օ0 ꓳ0 ᴏ0 Ѳ0 Θ0 З3 з3 Ʒ3 ʒ3 Ӡ3 ӡ3 ε3 Ч4 ч4 Ꮞ4 Ƽ5 Ѕ5 ѕ5 б6 Ᏼ8 Ց9 "
    "І1 і1 Ӏ1 ӏ1 ǀ1 Ι1 ι1 ı1 ɪ1 ∣1 ⏐1 │1 ￨1 ‖1 Ⅰ1 ⅼ1 O0 o0 l1 I1 |1"
)

PLAIN_LETTERS: Final = "".join(LETTERS)
PLAIN_DIGITS: Final = "".join(sorted(DIGITS))
