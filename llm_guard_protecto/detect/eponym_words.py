"""The words around the name of a thing that make it a name of somebody again, and some others."""

from __future__ import annotations

from typing import Final

__all__ = ["ACTS", "INTRODUCING", "NAMING", "SHORTENED", "SPEAKING", "TITLED", "TITLES", "UNPAIRED"]

_TITLES: Final = (
    "mr mrs ms miss mx dr prof professor doctor sir dame lord lady madam herr frau monsieur"
    " madame mme mlle señor senor senora señora signor signora don doña uncle aunt auntie cousin"
    " officer detective sergeant captain coach judge nurse sister brother father rabbi imam pastor"
    " reverend rev attorney senator mayor president colleague teacher"
)
TITLES: Final = frozenset(_TITLES.split())
"""What stands before a name of a person, and colleagues and relatives."""
_INTRODUCING: Final = (
    "name named am m called signed dear hi hello hey regards thanks cheers sincerely meet met ask"
    " tell call email contact with for by from attn cc to me in at near visit visited owner patient"
    " customer client author guest tenant employee student driver buyer seller assignee reviewer"
    " born moved says said live lives"
)
INTRODUCING: Final = frozenset(_INTRODUCING.split())
"""What stands before a name of a person or a place; `NAMING` does with `is` between."""
NAMING: Final = frozenset(("name", "this", "here", "it", "he", "she", "who"))
_ACTS: Final = (
    "said says wrote writes called calls emailed emails asked asks told tells replied replies"
    " signed joined joins lives lived works worked phoned rang died born married thinks thought"
    " wants wanted believes met sent has had will who whose mentioned agreed broke fixed walks"
    " walked took brought bought sold owns owned loves likes hates knows knew came went left got"
    " gets gave ordered paid made makes eats ate drank drinks drives drove plays played read reads"
    " sang sings won lost runs ran teaches taught he she his her"
)
ACTS: Final = frozenset(_ACTS.split())
"""What people do: after a name it tells a person."""
SHORTENED: Final = frozenset(("st", "dr", "mr", "mrs", "v"))
"""What a dot belongs to: `St. John's wort`."""
_SPEAKING: Final = (
    "said says wrote writes called emailed asked told replied phoned rang joined married"
)
SPEAKING: Final = frozenset(_SPEAKING.split())
"""Those of them that no thing does."""
_TITLED: Final = (
    "disease syndrome theorem equation equations algorithm defence defense gambit attack"
    " variation opening system countergambit cup trophy award prize medal scale score test effect"
    " principle paradox transform distribution method sign palsy fracture catheter terrier"
    " terriers spaniel setter cattle beef horse pony hens boots boot shoes jeans jacket chair"
    " chairs sofa knot key wrench screwdriver knife screw index criteria classification procedure"
    " model curve diagram lymphoma sarcoma reaction number matrix filter tree machine chain"
    " experiment constant hypothesis conjecture coefficient cycle tweed cotton sweater hat hats"
    " shirt shorts paint pipeline plugin job server cluster ci api day night"
)
TITLED: Final = frozenset(_TITLED.split())
"""Words that follow the name of a thing with a capital, as in a heading: others could be names."""
_AFTER_LAW: Final = "firm firms office offices school degree student practice suit"
_AFTER_TEST: Final = "result results score scores anxiety paper papers"
UNPAIRED: Final = {
    "law": frozenset(_AFTER_LAW.split()),
    "test": frozenset(_AFTER_TEST.split()),
}
"""What must not come after a word that makes the name of a thing: `Taylor's law firm`."""
