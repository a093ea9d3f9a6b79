"""A small set of names that needs no package: what the grammar's tests draw from."""

from llm_guard_protecto.training.names import Inventor, Names, Origin

ENGLISH = Origin(("Ada", "Tom", "Grace", "Will"), ("Moss", "O'Hara", "St. John", "Quill"))
OTHER = Origin(("Jürgen", "José", "Yuki"), ("von Hagen", "García Ruiz", "Tanaka"))
SMALL = Names(
    origins=(ENGLISH, OTHER),
    english=ENGLISH,
    cities=("Boston", "New York", "Lyon"),
    city_weights=(3.0, 2.0, 1.0),
    countries=("France", "the Netherlands"),
    states=(("Ohio", "OH"), ("Texas", "TX")),
    counties=("Kent County",),
    organisations=("Acme", "Bank of America"),
    streets=("Oak", "Main"),
    invent_given=Inventor(("Amara", "Nadira", "Marina")),
    invent_family=Inventor(("Sanders", "Anderson", "Sandoval")),
    invent_place=Inventor(("Arandar", "Dorander", "Andoran")),
)
