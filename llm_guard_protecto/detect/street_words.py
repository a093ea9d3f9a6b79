"""Words for streets in the languages we read, and how a street with its number ends."""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "ENGLISH",
    "FRENCH",
    "GERMANIC",
    "GERMAN_END",
    "GERMAN_PLACES",
    "NAMED_FIRST",
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
    "|quay|wharf|esplanade|heights"
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
    "|alameda|estrada|rodovia|beco|calçada|ulica"
)
_FIRST_SHORT: Final = (
    "c/|avda\\.|av\\.|pza\\.|plza\\.|ctra\\.|v\\.le|c\\.so|p\\.zza|p\\.za|rod\\.|ul\\."
)
_FIRST_LETTERS: Final = "cl\\.|r\\.|al\\.|os\\.|pl\\."
NAMED_FIRST: Final = f"(?:{_FIRST_WORDS}|{_FIRST_LETTERS}) |(?:{_FIRST_SHORT}) ?"
"""Words for a street that stand before its name, with the blank after them."""
GERMANIC: Final = (
    "straße|strasse|str\\.|weg|allee|platz|gasse|ring|damm|ufer|chaussee|promenade|steig|straat|laan"
    "|plein|gracht|kade|dijk|singel|steeg|dreef|gatan|vägen|vej|gade|veien|katu|stien"
)
GERMAN_PLACES: Final = (
    "Am|An der|An den|Im|In der|In den|Auf dem|Auf der|Auf den|Zum|Zur|Unter den|Hinter der|Hinter dem"
    "|Vor dem|Bei der|Alter|Alte|Neuer|Neue"
)
GERMAN_END: Final = re.compile(rf"(?:{GERMANIC})[ \xa0]{{0,2}}\d{{1,4}} ?[a-z]?\Z", re.IGNORECASE)
