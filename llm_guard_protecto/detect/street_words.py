"""Words for streets in the languages we read, and how a street with its number ends."""

from __future__ import annotations

import re
from typing import Final

from llm_guard_protecto.detect.expression import expression

__all__ = [
    "EASTERN",
    "ENGLISH",
    "FRENCH",
    "GERMANIC",
    "GERMAN_END",
    "GERMAN_PLACES",
    "NAMED_FIRST",
    "NO_NAME",
    "NUMBERED_AFTER",
    "PLAIN",
    "USPS",
]

PLAIN: Final = (
    "street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|parkway|pkwy|highway|hwy"
    "|crescent|cres"
)
ENGLISH: Final = (
    rf"{PLAIN}|av|court|ct|place|pl|square|sq|terrace|ter|way|circle|cir|trail|trl|close|gardens"
    "|grove|mews|hill|row|walk|plaza|plz|alley|loop|path|pike|turnpike|parade|expressway|crossing"
    "|quay|wharf|esplanade|heights|rise|wynd|brae|croft|drove|pde|nagar|marg|salai|chowk|mawatha|vihar"
)
"""Words for a street that stand after its name."""
USPS: Final = (
    "bend|bluffs?|branch|bridge|brooks?|canyon|causeway|centers?|commons?|corners?|cove|creek|curve"
    "|dale|estates?|extensions?|fields?|flats?|ford|forest|forge|forks?|freeway|garden|gateway"
    "|glens?|greens?|groves|harbors?|haven|hills|hollow|inlet|islands?|isle|junctions?|keys?|knolls?"
    "|lakes?|landing|light|lodge|manors?|meadows?|mills?|mission|mount|mountains?|neck|orchard|oval"
    "|overpass|park|parks|pass|passage|pines?|plains?|points?|port|prairie|ramp|ranch|rapids?|rest"
    "|ridges?|river|route|run|shoals?|shores?|springs?|spurs?|squares|station|stream|summit|trace"
    "|track|tunnel|underpass|union|valleys?|viaduct|views?|village|ville|vista|walks|wall|ways|wells?"
)
"""Further ones that the US postal service lists; they count before a city with its state."""
FRENCH: Final = (
    "rue|avenue|av\\.|boulevard|bd\\.?|blvd|place|chemin|ch\\.|allée|allee|allées|impasse|quai|cours"
    "|route|passage|ruelle|sentier|rond-point|esplanade|promenade|faubourg|square|montée|traverse"
)
_FIRST_WORDS: Final = (
    "calle|avenida|avda|plaza|paseo|carretera|camino|ronda|travesía|glorieta|carrera|calzada|via|viale"
    "|corso|piazza|piazzale|largo|vicolo|strada|contrada|lungomare|lungotevere|rua|travessa|praça|praca"
    "|alameda|estrada|rodovia|beco|calçada|ulica|praceta|carrer|rambla|cerrada|pasaje|jirón|rruga"
    "|bulevar|bulevardul|bulevardi|bulvar|calea|aleea|aleja|leoforos|odos|sderot|rehov|derech|jalan|lorong"
    "|persiaran|náměstí|obala|trg|triq|piața|borgo|località|rue|avenue|chaussée|chemin"
)
_FIRST_SHORT: Final = (
    "c/|avda\\.|av\\.|pza\\.|plza\\.|ctra\\.|v\\.le|c\\.so|p\\.zza|p\\.za|rod\\.|ul\\."
    "|jl\\.|jln\\.?|vul\\.|bul\\.|str\\.|șos\\.|nám\\.|rr\\.|jr\\.|calz\\.|blvd\\.|privada"
)
_FIRST_LETTERS: Final = "cl\\.|r\\.|al\\.|os\\.|pl\\."
NAMED_FIRST: Final = f"(?:{_FIRST_WORDS}|{_FIRST_LETTERS}) |(?:{_FIRST_SHORT}) ?"
"""Words for a street that stand before its name, with the blank after them."""
GERMANIC: Final = (
    "straße|strasse|str\\.|weg|allee|platz|gasse|ring|damm|ufer|chaussee|promenade|steig|straat|laan"
    "|plein|gracht|kade|dijk|singel|steeg|dreef|gatan|vägen|vej|gade|veien|katu|stien"
    "|gata|vegen|plass|plads|stræde|gränd|torget|stigen|backen|bakken|kuja|polku|vænget|steenweg|gürtel"
    "|halde"
)
EASTERN: Final = (
    "utca|út|körút|krt\\.|sétány|fasor|iela|gatve|gatvė|prospekts|bulvāris|tänav|mnt|cesta|ulica|ulice"
    "|Caddesi|Cad\\.|Cd\\.|Sokak|Sokağı|Sok\\.|Bulvarı|Blv\\.|väg|vei|Allé|allé"
)
"""Words for a street between its name and its number."""
NUMBERED_AFTER: Final = "Street|Avenue|Road|Boulevard|St\\.|Ave\\.|Blvd\\.|Str\\."
"""English words for a street that stand before the number abroad."""
GERMAN_PLACES: Final = (
    "Am|An der|An den|Im|In der|In den|Auf dem|Auf der|Auf den|Zum|Zur|Unter den|Hinter der|Hinter dem"
    "|Vor dem|Bei der|Alter|Alte|Neuer|Neue"
)
_NO_NAME: Final = """
    Send Ship Deliver Post Bring Address Adresse Adres Home Visit See The A In At On From To Her His My
    Our Their Is Was We She He They It And Or But Tel Room Table Item Page Step Order Line Box Chapter
    Level Version Build Figure Section Part Phase Section Week Day Issue Case Ticket Gate Unit Note
"""
NO_NAME: Final = frozenset(_NO_NAME.split())
"""Words with a capital before a number that are no name of a street."""
GERMAN_END: Final = expression(rf"(?:{GERMANIC})[ \xa0]{{0,2}}\d{{1,4}} ?[a-z]?\Z", re.IGNORECASE)
