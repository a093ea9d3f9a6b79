"""Names of organisations by grammar: companies, shops, schools, hospitals, agencies, clubs."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from llm_guard_protecto.training.names import Names

__all__ = ["company"]

_ENDS = (
    "Inc|Inc|LLC|LLC|Ltd|Ltd|Limited|Corp|Corp|Corporation|Co|Company|Group|Holdings|& Co|PLC|GmbH|AG|"
    "S.A|SA|SARL|S.p.A|B.V|Pty Ltd|Pvt Ltd|LLP|LP|& Sons|& Associates|and Sons|Partners|Brothers|"
    "KG|GmbH & Co. KG|SL|S.L|AB|A/S|Oy|NV|SE|Bros|International|Enterprises|Industries"
).split("|")
_FIELDS = (
    "Software|Systems|Solutions|Technologies|Tech|Labs|Analytics|Robotics|Data|Networks|Digital|"
    "Media|Consulting|Capital|Ventures|Investments|Financial|Bank|Credit Union|Insurance|Realty|"
    "Properties|Construction|Builders|Engineering|Energy|Power|Solar|Oil & Gas|Mining|Steel|Foods|"
    "Farms|Bakery|Coffee|Brewing|Wines|Logistics|Freight|Shipping|Airlines|Motors|Automotive|"
    "Pharma|Pharmaceuticals|Biotech|Therapeutics|Medical|Dental|Clinic|Health|Healthcare|Hospital|"
    "Law|Legal|Security|Electric|Electronics|Semiconductors|Plastics|Chemicals|Textiles|Apparel|"
    "Furniture|Hardware|Supply|Market|Stores|Travel|Hotels|Studios|Design|Architects|Advertising|"
    "Marketing|Publishing|Press|Games|Entertainment|Music|Sports|Fitness|Plumbing|Roofing|Landscaping|"
    "Cleaning Services|Staffing|Recruitment|Telecom|Wireless|Aerospace|Dynamics|Materials|Optics"
).split("|")
_WORDS = (
    "Global|United|National|American|Pacific|Atlantic|Northern|Southern|Western|Eastern|Central|First|"
    "Premier|Summit|Pinnacle|Apex|Vertex|Nova|Quantum|Fusion|Vector|Matrix|Zenith|Horizon|Vanguard|"
    "Liberty|Heritage|Legacy|Pioneer|Frontier|Beacon|Anchor|Keystone|Cornerstone|Bluebird|Redwood|"
    "Silverline|Greenfield|Brightside|Clearwater|Ironwood|Stonebridge|Blackrock|Riverbend|Lakeside|"
    "Sunrise|Evergreen|Golden Gate|Blue Ocean|Red Fox|Black Bear|Grey Wolf|Northstar|Skyline|Omni|"
    "Micro|Macro|Hyper|Inno|Cyber|Bio|Eco|Agri|Medi|Acme|Initech|Umbrella|Wonka|Stark|Wayne|Globex|Hooli"
).split("|")
_SYLLABLES = (
    "zen vex lum cor nex tri syn val dex qor ver mod tal plex ora via neo axi ful kin bri sol mer tek "
    "ium ica eon ata iva ora ify ly hub io byte soft ware net wise flow mind pay med gen cell loop"
).split()
_SCHOOLS = (
    "University of {c}|{c} University|{c} State University|{c} College|{c} High School|{f} Elementary School|"
    "{c} Community College|{f} Academy|{c} School of Law|{c} Business School|{f} Institute|"
    "{c} Institute of Technology|St. {g}'s School|{f} Middle School|Universität {c}|Université de {c}|"
    "Universidad de {c}|{c} Polytechnic|{f} University|{f} College"
).split("|")
_AGENCIES = (
    "{c} Police Department|{c} City Council|Department of {t}|Ministry of {t}|{c} General Hospital|"
    "St. {g} Hospital|{c} Medical Center|{f} Memorial Hospital|{c} Public Library|{c} Fire Department|"
    "{c} School District|Bureau of {t}|Office of {t}|National {t} Agency|{c} County Court|"
    "Court of Appeals|{c} District Court|Institute for {t}|{t} Association|{c} Chamber of Commerce|"
    "{f} Foundation|{c} United|{c} FC|{c} Football Club|{c} Tigers|{c} Lions|Friends of {c}|{c} Museum of Art|"
    "{c} Times|{c} Post|{c} Herald|{c} Daily News|{t} Union|Royal {t} Society|{c} Symphony Orchestra|"
    "{c} Children's Hospital|{f} Clinic|{f} Family Practice|{c} Health Trust|Church of St. {g}"
).split("|")
_TOPICS = (
    "Health|Education|Labor|Justice|Agriculture|Transport|Transportation|Energy|Finance|Commerce|"
    "Foreign Affairs|Defence|Environment|Housing|Revenue|Statistics|Immigration|Veterans Affairs|Trade|"
    "Consumer Protection|Public Works|Cancer Research|Climate Research|Science|Teachers|Workers"
).split("|")


def company(kind: str, rng: Random, names: Names, city: Callable[[], str]) -> str:
    """A name for the slot `org` (anything), `company`, `brand`, `school` or `agency`."""
    if kind == "org":
        kind = rng.choices(("company", "brand", "school", "agency"), (10, 5, 2, 4))[0]
    if kind == "brand":
        return rng.choice(names.organisations)
    if kind in {"school", "agency"}:
        form = rng.choice(_SCHOOLS if kind == "school" else _AGENCIES)
        return form.format(
            c=city(),
            f=rng.choice(names.english.family),
            g=rng.choice(names.english.given),
            t=rng.choice(_TOPICS),
        )
    return _company(rng, names, city)


def _company(rng: Random, names: Names, city: Callable[[], str]) -> str:
    family = lambda: rng.choice(  # noqa: E731
        names.english.family if rng.random() < 0.5 else rng.choice(names.origins).family
    )
    end, area, word = rng.choice(_ENDS), rng.choice(_FIELDS), rng.choice(_WORDS)
    coined = "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 3))).capitalize()
    if rng.random() < 0.12:
        coined = coined[:-3] + coined[-3:].capitalize()
    forms = (
        f"{family()} {end}",
        f"{family()} {end}",
        f"{family()}, {family()} and {family()}",
        f"{family()}, {family()} & {family()}",
        f"{family()}-{family()}",
        f"{family()} & {family()}",
        f"{family()} & {family()} {end}",
        f"{family()} {area}",
        f"{family()} {area} {end}",
        f"{word} {area}",
        f"{word} {area}",
        f"{word} {area} {end}",
        f"{word} {end}",
        f"{word}",
        f"{coined}",
        f"{coined}",
        f"{coined} {end}",
        f"{coined} {area}",
        f"{coined}.{rng.choice(('io', 'ai', 'com'))}",
        f"{city()} {area}",
        f"{city()} {area} {end}",
        f"{area} {end}" if rng.random() < 0.1 else f"{word}{area.split()[0].lower()}",
        f"{rng.choice(names.english.given)}'s {area}",
        f"The {word} {rng.choice(('Company', 'Group', 'Store', 'Foundation', 'Clinic', 'Bakery'))}",
        f"{''.join(rng.choice('ABCDEFGHIKLMNOPRSTUVWX') for _ in range(3))} {area}",
        f"{names.invent_family.word(rng)} {end}",
        f"Bank of {city()}",
    )
    return rng.choice(forms)
