"""What models call the entities when they translate a wrapper or spell its short name out.

`<PER>` comes back as `<PERSON>` or `<PERSONA>`. The rows are everyday words of Spanish, French,
Italian, Portuguese, German, Dutch, Polish, Swedish, Turkish, Russian, Chinese and Japanese.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from llm_guard_protecto.guard.bent import OPENERS, Wrapper

__all__ = ["renamed", "renamed_in"]

_PERSON = "person persona personne personnes persoon persona pessoa osoba kişi личность персона"
_PERSON += (
    " name nombre nom nome naam namn nazwisko imię имя isim человек 人 人名 姓名 人物 名前 氏名"
)
_EMAIL = "e-mail mail e-mailadresse e-mailadres correo correo_electrónico courriel courrier posta"
_EMAIL += " email_address e-mail_address почта электронная_почта 邮箱 电子邮件 メール"
_PHONE = "phone phone_number telephone tel teléfono telefono téléphone telefone telefon telefoon"
_PHONE += " numer_telefonu телефон номер_телефона 电话 手机 电话号码 電話 電話番号"
_ADDRESS = "addr address location place dirección direccion adresse indirizzo endereço endereco"
_ADDRESS += (
    " anschrift adres adress lugar lieu luogo ort plaats miejsce adres адрес место 地址 住所"
)
_ORG = "organization organisation organización organizacion organizzazione organização organizacja"
_ORG += " company empresa entreprise société azienda unternehmen firma bedrijf företag şirket"
_ORG += " organisatie организация компания 公司 组织 机构 会社 組織"
_CARD = (
    "card credit_card credit_card_number tarjeta carte carta cartão karte kreditkarte karta kart"
)
_CARD += " tarjeta_de_crédito carte_de_crédit carta_di_credito карта 信用卡 カード"
_BIRTH = "date_of_birth birth_date birthdate fecha_de_nacimiento date_de_naissance data_di_nascita"
_BIRTH += " data_de_nascimento geburtsdatum geboortedatum дата_рождения 出生日期 生年月日"

_NAMES = {
    "PER": _PERSON,
    "EMAIL": _EMAIL,
    "PHN": _PHONE,
    "FAX_NO": "fax fax_number faxnummer número_de_fax 传真",
    "ADDRESS": _ADDRESS,
    "ORG": _ORG,
    "CRD": _CARD,
    "DOB": _BIRTH,
    "SSN": "social_security_number us_ssn número_de_seguro_social numéro_de_sécurité_sociale",
    "IPA": "ip ip_address dirección_ip adresse_ip ip-adresse indirizzo_ip",
    "URL": "link enlace lien website web_address",
    "IBAN": "iban_code bank_account cuenta compte conto konto rekening счёт 账户",
    "DATE_TIME": "date fecha data datum дата 日期 日付",
}
_TAG = re.compile(rf"[{re.escape(OPENERS)}]{{1,2}}(\w+)[^\w/]{{1,2}}")


def renamed(wrappers: Iterable[Wrapper]) -> tuple[Wrapper, ...]:
    """One wrapper that stands for all of `wrappers` under the other names of their entities."""
    names = _names(_tags(wrappers))
    return (Wrapper.of("<xx>", "</xx>", names),) if names else ()


def renamed_in(wrappers: Iterable[Wrapper], clear: str) -> bool:
    """Whether such a name stands in brackets in `clear`: then it is the user's own word."""
    names = _names(_tags(wrappers))
    return bool(names) and _shown(names).search(clear) is not None


def _tags(wrappers: Iterable[Wrapper]) -> frozenset[str]:
    tags = (_TAG.fullmatch(wrapper.prefix) for wrapper in wrappers)
    return frozenset(tag[1] for tag in tags if tag and tag[1] in _NAMES)


@lru_cache(maxsize=256)
def _names(tags: frozenset[str]) -> tuple[str, ...]:
    rows = (name for tag in tags for name in _NAMES[tag].split())
    return tuple(sorted({name.replace("_", gap) for name in rows for gap in "_- "}))


@lru_cache(maxsize=256)
def _shown(names: tuple[str, ...]) -> re.Pattern[str]:
    rows = "|".join(map(re.escape, names))
    return re.compile(rf"[{re.escape(OPENERS)};]\s?/?\s?(?:{rows})(?!\w)", re.IGNORECASE)
