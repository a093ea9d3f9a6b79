"""Places so widely known that naming them in passing says nothing about a person.

Countries, continents and the large cities everyone has heard of, in lower case. A policy with
`allow_famous_places` leaves them in clear when they stand alone; inside an address they are part
of it and masked.
"""

from __future__ import annotations

__all__ = ["FAMOUS_PLACES"]

_COUNTRIES = """
afghanistan|albania|algeria|andorra|angola|argentina|armenia|australia|austria|azerbaijan|bahamas
the bahamas|bahrain|bangladesh|barbados|belarus|belgium|belize|benin|bhutan|bolivia|bosnia
bosnia and herzegovina|botswana|brazil|brunei|bulgaria|burkina faso|burundi|cambodia|cameroon
canada|cape verde|chad|chile|china|colombia|comoros|congo|costa rica|croatia|cuba|cyprus
czech republic|czechia|denmark|djibouti|dominica|dominican republic|east timor|ecuador|egypt
el salvador|england|equatorial guinea|eritrea|estonia|eswatini|ethiopia|fiji|finland|france|gabon
gambia|georgia|germany|ghana|great britain|greece|greenland|grenada|guatemala|guinea|guyana|haiti
honduras|hong kong|hungary|iceland|india|indonesia|iran|iraq|ireland|israel|italy|ivory coast
jamaica|japan|jordan|kazakhstan|kenya|kiribati|kosovo|kuwait|kyrgyzstan|laos|latvia|lebanon|lesotho
liberia|libya|liechtenstein|lithuania|luxembourg|macau|madagascar|malawi|malaysia|maldives|mali
malta|mauritania|mauritius|mexico|micronesia|moldova|monaco|mongolia|montenegro|morocco|mozambique
myanmar|namibia|nauru|nepal|netherlands|the netherlands|new zealand|nicaragua|niger|nigeria
north korea|north macedonia|northern ireland|norway|oman|pakistan|palau|palestine|panama
papua new guinea|paraguay|peru|philippines|the philippines|poland|portugal|puerto rico|qatar
romania|russia|rwanda|samoa|san marino|saudi arabia|scotland|senegal|serbia|seychelles
sierra leone|singapore|slovakia|slovenia|solomon islands|somalia|south africa|south korea
south sudan|spain|sri lanka|sudan|suriname|sweden|switzerland|syria|taiwan|tajikistan|tanzania
thailand|togo|tonga|trinidad and tobago|tunisia|turkey|türkiye|turkmenistan|tuvalu|uganda|ukraine
united arab emirates|uae|united kingdom|uk|u.k.|united states|united states of america|usa|u.s.a.
us|u.s.|america|uruguay|uzbekistan|vanuatu|vatican city|venezuela|vietnam|wales|yemen|zambia
zimbabwe|soviet union|ussr
"""

_REGIONS = """
africa|antarctica|asia|australasia|europe|european union|eu|north america|south america
latin america|central america|the americas|middle east|the middle east|far east|southeast asia
scandinavia|balkans|the balkans|caribbean|the caribbean|oceania|sahara|siberia|himalayas|alps
the alps|amazon|atlantic|pacific|arctic|mediterranean|earth|mars|moon|the moon
"""

_CITIES = """
amsterdam|athens|baghdad|bangkok|barcelona|beijing|beirut|berlin|brussels|bucharest|budapest
buenos aires|cairo|cape town|copenhagen|delhi|new delhi|dubai|dublin|geneva|hanoi|havana|helsinki
istanbul|jakarta|jerusalem|kabul|karachi|kiev|kyiv|lagos|lima|lisbon|london|los angeles|madrid
manila|mecca|mexico city|milan|moscow|mumbai|munich|nairobi|new york|new york city|nyc|oslo|paris
prague|rio de janeiro|riyadh|rome|san francisco|santiago|sao paulo|são paulo|seoul|shanghai
stockholm|sydney|taipei|tehran|tel aviv|tokyo|toronto|venice|vienna|warsaw|washington|washington dc
washington, d.c.|zurich|hollywood|silicon valley|wall street
"""

FAMOUS_PLACES: frozenset[str] = frozenset(
    place
    for block in (_COUNTRIES, _REGIONS, _CITIES)
    for line in block.split("\n")
    for place in line.split("|")
    if place
)
