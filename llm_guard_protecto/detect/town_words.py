"""States, countries, large cities, and the words that are no name of a town."""

from __future__ import annotations

from typing import Final

__all__ = [
    "AFTER_STREET",
    "ALSO_WORDS",
    "COUNTRIES",
    "JOINING",
    "LARGE_CITIES",
    "NO_CITY",
    "NO_TOWN",
    "STATES",
    "UK_AREAS",
    "WAY_WORDS",
]

_STATE_CODES: Final = (
    "al ak az ar ca co ct de dc fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm "
    "ny nc nd oh ok or pa pr ri sc sd tn tx ut vt va vi wa wv wi wy gu as mp"
)
_STATE_NAMES: Final = (
    "alabama|alaska|arizona|arkansas|california|colorado|connecticut|delaware|florida|georgia|hawaii"
    "|idaho|illinois|indiana|iowa|kansas|kentucky|louisiana|maine|maryland|massachusetts|michigan"
    "|minnesota|mississippi|missouri|montana|nebraska|nevada|new hampshire|new jersey|new mexico"
    "|new york|north carolina|north dakota|ohio|oklahoma|oregon|pennsylvania|puerto rico|rhode island"
    "|south carolina|south dakota|tennessee|texas|utah|vermont|virginia|washington|west virginia"
    "|wisconsin|wyoming"
)
STATES: Final = frozenset((*_STATE_CODES.split(), *_STATE_NAMES.split("|")))
"""States of the US by code and name, the district and the territories, in lower case."""
COUNTRIES: Final = (
    "USA|U\\.S\\.A\\.?|US|United States(?: of America)?|UK|U\\.K\\.|United Kingdom|England|Scotland"
    "|Wales|Northern Ireland|Ireland|Canada|Australia|New Zealand|Germany|Deutschland|France|Frankreich"
    "|Spain|España|Italy|Italia|Portugal|Netherlands|The Netherlands|Nederland|Belgium|België|Belgique"
    "|Austria|Österreich|Switzerland|Schweiz|Suisse|Svizzera|Brazil|Brasil|Mexico|México|India"
)
_FIVE: Final = (
    "Berlin|Hamburg|München|Köln|Frankfurt|Stuttgart|Düsseldorf|Leipzig|Dortmund|Essen|Bremen|Dresden"
    "|Hannover|Nürnberg|Duisburg|Bochum|Wuppertal|Bielefeld|Bonn|Münster|Mannheim|Karlsruhe|Augsburg"
    "|Wiesbaden|Mainz|Kiel|Aachen|Chemnitz|Halle|Magdeburg|Freiburg|Lübeck|Erfurt|Rostock|Kassel"
    "|Potsdam|Saarbrücken|Heidelberg|Regensburg|Würzburg|Ulm|Paris|Marseille|Lyon|Toulouse|Nice|Nantes"
    "|Montpellier|Strasbourg|Bordeaux|Lille|Rennes|Reims|Saint-Étienne|Le Havre|Toulon|Grenoble|Dijon"
    "|Angers|Nîmes|Clermont-Ferrand|Le Mans|Brest|Tours|Amiens|Limoges|Metz|Besançon|Perpignan|Orléans"
    "|Rouen|Mulhouse|Caen|Nancy|Avignon|Poitiers|Madrid|Barcelona|Valencia|Sevilla|Zaragoza|Málaga"
    "|Murcia|Palma|Bilbao|Alicante|Córdoba|Valladolid|Vigo|Gijón|Granada|Oviedo|Pamplona|Almería"
    "|Santander|Salamanca|Burgos|Toledo|Cádiz|Huelva|Roma|Milano|Napoli|Torino|Palermo|Genova|Bologna"
    "|Firenze|Bari|Catania|Venezia|Verona|Messina|Padova|Trieste|Brescia|Parma|Modena|Perugia|Livorno"
    "|Ravenna|Cagliari|Rimini|Salerno|Bergamo|Trento|Bolzano|Vicenza|Lecce|Pisa|Siena"
)
_FOUR: Final = (
    "Wien|Graz|Linz|Salzburg|Innsbruck|Klagenfurt|Zürich|Genf|Genève|Basel|Bern|Lausanne|Winterthur"
    "|Luzern|Lugano|Lisboa|Porto|Braga|Coimbra|Funchal|Aveiro|Faro|Évora|Setúbal|Amsterdam|Rotterdam"
    "|Utrecht|Eindhoven|Groningen|Tilburg|Almere|Breda|Nijmegen|Haarlem|Arnhem|Leiden|Delft|Maastricht"
    "|Brussel|Bruxelles|Antwerpen|Gent|Brugge|Liège|Leuven|Namur"
)
LARGE_CITIES: Final = {5: frozenset(_FIVE.split("|")), 4: frozenset(_FOUR.split("|"))}
"""Large cities as their own mail spells them, by the digits of their codes: they need no street."""
AFTER_STREET: Final = (
    "street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|way|close|crescent"
    "|terrace|marg|nagar|salai|parade|esplanade|quay|grove|gardens|mews"
)
_ALSO_WORDS_LIST: Final = """
    in or me hi ok oh de la co al id ma pa mi as us ms md mt
"""
ALSO_WORDS: Final = frozenset(_ALSO_WORDS_LIST.split())
_WAY_WORDS_LIST: Final = """
    street str st avenue ave av road rd boulevard blvd lane ln drive dr court ct place pl way
    circle cir terrace ter crescent parkway pkwy highway hwy close square sq trail apt suite
    unit box floor ste room rm no gardens grove mews n s e w ne nw se sw
"""
WAY_WORDS: Final = frozenset(_WAY_WORDS_LIST.split())
_NO_CITY_LIST: Final = """
    in at to from near of for and or the is was by on with a an live lives living lived moved my
    our her his their address city home zip code usa visit sent send shipped ship it this that
    based located resident born i we he she they you please mail area around outside
"""
NO_CITY: Final = WAY_WORDS - {"st"} | frozenset(_NO_CITY_LIST.split())
_JOINING_LIST: Final = """
    of the on upon in im de la le les del am an der bei ob by under and
"""
JOINING: Final = frozenset(_JOINING_LIST.split())
_UK_AREAS_LIST: Final = """
    AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY
    E EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE
    LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL
    SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE
"""
UK_AREAS: Final = frozenset(_UK_AREAS_LIST.split())
_NO_TOWN_LIST: Final = """
    monday tuesday wednesday thursday friday saturday sunday january february march april may
    june july august september october november december phone tel call email dear hi hello
    thanks thank regards sincerely but so then who which where when what while because if not no
    yes ok please are were will would can could should did does do have has had been be am it's
    i'm let us
"""
NO_TOWN: Final = NO_CITY - JOINING - {"city"} | frozenset(_NO_TOWN_LIST.split())
