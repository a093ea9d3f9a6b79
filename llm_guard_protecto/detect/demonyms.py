"""Words for where a person is from: the demonyms of the states and of peoples within them."""

from __future__ import annotations

from typing import Final

__all__ = ["DEMONYMS", "NATIONS_PEOPLE"]

_WORDS: Final = """
    afghan albanian algerian american andorran angolan antiguan argentine argentinian armenian
    australian austrian azerbaijani bahamian bahraini bangladeshi barbadian basque batswana bavarian
    belarusian belgian belizean beninese bermudian bhutanese bolivian bosnian botswanan brazilian
    breton british bruneian bulgarian burkinabe burmese burundian cambodian cameroonian canadian
    catalan chadian chilean chinese colombian comorian congolese cornish corsican croat croatian
    cuban curacaoan cypriot czech dane danish djiboutian dominican dutch ecuadorean ecuadorian
    egyptian emirati english equatoguinean eritrean estonian ethiopian faroese fijian filipina
    filipino finn finnish flemish french gabonese galician gambian georgian german ghanaian
    gibraltarian greek greenlandic grenadian guadeloupean guatemalan guinean guyanese haitian
    hawaiian honduran hungarian icelandic indian indonesian iranian iraqi irish israeli italian
    ivorian jamaican japanese jordanian kazakh kazakhstani kenyan kittitian korean kosovar kosovan
    kurd kurdish kuwaiti kyrgyz lao laotian latvian lebanese lesothan liberian libyan liechtensteiner
    lithuanian luxembourger luxembourgish macedonian malagasy malawian malaysian maldivian malian
    maltese manx maori marshallese mauritanian mauritian mexican micronesian moldovan monacan
    monegasque mongolian montenegrin moroccan mosotho mozambican namibian nauruan nepalese nepali
    nicaraguan nigerian nigerien norwegian omani pakistani palauan palestinian panamanian
    papuan paraguayan persian peruvian pole polish polynesian portuguese qatari romani romanian
    russian rwandan salvadoran salvadorean salvadorian samoan sanmarinese saudi scot scottish
    senegalese serb serbian seychellois singaporean slovak slovakian slovene slovenian somali
    spaniard spanish sudanese surinamese swazi swede swedish swiss syrian tahitian taiwanese tajik
    tajikistani tanzanian thai tibetan timorese tobagonian togolese tongan trinidadian tunisian turk
    turkish turkmen tuvaluan ugandan ukrainian uruguayan uyghur uzbek vanuatuan venezuelan
    vietnamese welsh yemeni yemenite zambian zimbabwean
    deutsch deutsche deutscher österreichisch schweizerisch französisch türkisch polnisch
    français française allemand allemande italien italienne espagnol espagnole belge suisse
    español española mexicano mexicana colombiano colombiana argentino argentina peruano peruana
    italiano italiana brasileiro brasileira português portuguesa nederlandse nederlands duits
"""

DEMONYMS: Final = frozenset(_WORDS.split())
"""Lower case, one word each; of languages besides English the most frequent."""

NATIONS_PEOPLE: Final = (
    r"(?:English|French|Dutch|Irish|Welsh|Scots|Cornish|Manx)(?:wom[ae]n|m[ae]n)"
)
"""A shape for the one-word names of people of a nation (`Frenchwoman`)."""
