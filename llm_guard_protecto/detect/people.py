"""The table of shapes: what is said of a person: age, nationality, names of accounts.

One row a shape. Adding one: a line here and a marked line in `tests/detect/test_rules.py`.
"""

from __future__ import annotations

from typing import Final

from llm_guard_protecto.detect.cues import SOCIAL
from llm_guard_protecto.detect.demonyms import NATIONS_PEOPLE
from llm_guard_protecto.detect.described import age, ages, decade, demonym, demonym_last
from llm_guard_protecto.detect.handles import ACCOUNT_NAMES, account_name, handle, home, of_the_web
from llm_guard_protecto.detect.pattern import Pattern

__all__ = ["PEOPLE"]

_TENS: Final = r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_ONES: Final = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen"
    r"|fifteen|sixteen|seventeen|eighteen|nineteen)"
)
_PERSON: Final = (
    r"(?:citizen|national|passport|nationality|citizenship|man|woman|men|women|boy|girl|male|female"
    r"|guy|lady|gentleman|teenager|student|tourist|expat|expatriate|immigrant|migrant|refugee"
    r"|resident|descent|origin|ancestry|heritage|parents|mother|father|husband|wife|patient"
    r"|couple|family|nurse|doctor|lawyer|engineer|teacher|worker)s?"
)
_NATION: Final = r"[A-Za-z\x80-\xff]{3,16}"

PEOPLE: Final = (
    Pattern(
        "AGE",
        r"(?i)\b\d{1,3}[ -]?(?:years?|yrs?|months?|weeks?)[ -](?:old|of age)\b",
        fit=age,
        score=0.8,
        name="age",
    ),
    Pattern(
        "AGE", r"(?i)\b\d{1,3}[ -]?y\.?/?[ ]?o\b\.?|\b\d{1,3}yo[mf]?\b", fit=age, name="age_short"
    ),
    Pattern(
        "AGE",
        rf"(?i)\b(?:{_TENS}(?:[ -]{_ONES})?|{_ONES})[ -](?:years?|months?)[ -]olds?\b",
        fit=age,
        score=0.8,
        name="age_words",
    ),
    Pattern(
        "AGE",
        r"(?i)\b\d{1,3} (?:jahre alt|ans\b|a\xc3\xb1os(?: de edad)?\b|anni\b|anos de idade|jaar oud)",
        fit=ages,
        score=0.7,
        name="age_abroad",
    ),
    Pattern(
        "AGE",
        r"(?i)\b(?:aged?|alter|edad|leeftijd|idade|et\xc3\xa0|\xc3\xa2ge)[\x22']?"
        r"(?: (?:of|is|was))?[ ]?[:=]?[ ]{0,2}[\x22']?\d{1,3}\b",
        fit=age,
        score=0.6,
        name="age_number",
    ),
    Pattern(
        "AGE",
        r"(?i)\b(?:turned|turning|turns) \d{1,3}\b",
        fit=age,
        score=0.55,
        name="age_turned",
    ),
    Pattern(
        "AGE",
        r"(?i)\bin (?:his|her|their|my|your) (?:(?:early|mid|late)[ -])?"
        r"(?:[2-9]0'?s|(?:twen|thir|for|fif|six|seven|eigh|nine)ties)\b",
        fit=decade,
        score=0.55,
        name="age_decade",
    ),
    Pattern(
        "NATIONALITY",
        rf"\b[A-Z]{_NATION}[ -](?:born )?(?:[a-z]{{1,12}} )?{_PERSON}\b",
        fit=demonym,
        score=0.7,
        name="nationality_of_person",
    ),
    Pattern(
        "NATIONALITY",
        r"(?i)\b(?:nationality|nationalities|citizenship|ethnicity|nationalit\xc3\xa9|nationalit\xc3\xa4t"
        r"|staatsangeh\xc3\xb6rigkeit|nacionalidad|nazionalit\xc3\xa0|nacionalidade|nationaliteit)"
        rf"[\x22']?[ ]?(?:is|was|[:=>-])?[ ]{{0,2}}[\x22']?{_NATION}(?:[ -]{_NATION})?\b",
        fit=demonym_last,
        score=0.9,
        name="nationality_named",
    ),
    Pattern(
        "NATIONALITY",
        r"(?i)\b(?:i am|i'm|he is|he's|she is|she's|we are|we're|they are|they're|you are|who is"
        rf"|who are|i was|he was|she was)(?: (?:originally|half|part|a|an|also|now))? {_NATION}\b",
        fit=demonym_last,
        score=0.6,
        name="nationality_is",
    ),
    Pattern("NATIONALITY", rf"\b{NATIONS_PEOPLE}\b", score=0.7, name="nationality_noun"),
    Pattern(
        "USER_NAME",
        rf"(?i)(?:\b|_){ACCOUNT_NAMES}[\x22']?[ ]{{0,2}}"
        r"(?:(?:is|as|was|ist|lautet|est|es)\b|\xc3[\xa8\xa9]|:=|=>|[:=>])?[ ]{0,2}[\x22'\x60@]?[a-z0-9]",
        fit=account_name,
        score=0.7,
        name="user_name",
    ),
    Pattern(
        "USER_NAME",
        r"(?:/home/|/Users/|\\Users\\{1,2}|/var/mail/)[A-Za-z0-9][A-Za-z0-9._-]+",
        fit=home,
        score=0.7,
        name="user_home",
    ),
    Pattern(
        "USER_NAME",
        r"@[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,28}[A-Za-z0-9_])\b",
        fit=handle,
        near=SOCIAL,
        score=0.55,
        lifted=0.8,
        name="handle",
    ),
    Pattern(
        "USER_NAME",
        r"\bu/[A-Za-z0-9_-]{3,20}\b",
        fit=of_the_web,
        score=0.7,
        name="handle_reddit",
    ),
    Pattern("USER_NAME", r"<@[UW][A-Z0-9]{7,12}>", score=0.8, name="handle_slack"),
)
