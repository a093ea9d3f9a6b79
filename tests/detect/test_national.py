"""The numbers of countries, read as marked text: beside their names they count, alone they do not.

The numbers are the published examples of their issuers or of `python-stdnum`, or made up.
"""

from __future__ import annotations

import pytest

from llm_guard_protecto.detect.countries import COUNTRIES
from llm_guard_protecto.detect.national import NATIONAL
from llm_guard_protecto.detect.rules import rules
from tests.marked import assert_found, unmark

# (rule, marked text): a row of the tables and a text that shows it
FOUND = [
    ("national_ar.cuit", "cuit ⟦NATIONAL_ID:20-05536168-2⟧"),
    ("national_at.uid", "UID ⟦TAX_ID:ATU13585627⟧"),
    ("national_au.tfn", "tfn ⟦TAX_ID:123 456 782⟧"),
    ("national_au.abn", "abn ⟦TAX_ID:83 914 571 673⟧"),
    ("national_be.nn", "rijksregisternummer ⟦NATIONAL_ID:85073003328⟧"),
    ("national_bg.egn", "egn ⟦NATIONAL_ID:8032056031⟧"),
    ("national_br.cpf", "cpf ⟦NATIONAL_ID:39053344705⟧"),
    ("national_br.cnpj", "cnpj ⟦TAX_ID:16.727.230/0001-97⟧"),
    ("national_ca.sin", "sin ⟦NATIONAL_ID:123-456-782⟧"),
    ("national_ch.ssn", "ahv ⟦NATIONAL_ID:756.9217.0769.85⟧"),
    ("national_cl.rut", "rut ⟦NATIONAL_ID:76086428-5⟧"),
    ("national_cn.ric", "id card ⟦NATIONAL_ID:360426199101010071⟧"),
    ("national_co.nit", "nit ⟦NATIONAL_ID:2131234321⟧"),
    ("national_cz.rc", "rodné číslo ⟦NATIONAL_ID:710319/2745⟧"),
    ("national_de.idnr", "steuer-id ⟦TAX_ID:36 574 261 809⟧"),
    ("national_de.stnr", "steuernummer ⟦TAX_ID:201/123/12340⟧"),
    ("national_de.vat", "ust-idnr ⟦TAX_ID:DE136695976⟧"),
    ("national_dk.cpr", "cpr ⟦NATIONAL_ID:211062-5629⟧"),
    ("national_ee.ik", "isikukood ⟦NATIONAL_ID:36805280109⟧"),
    ("national_es.dni", "dni ⟦NATIONAL_ID:54362315-K⟧"),
    ("national_es.nie", "nie ⟦NATIONAL_ID:X-2482300W⟧"),
    ("national_fi.hetu", "hetu ⟦NATIONAL_ID:131052-308T⟧"),
    ("national_fr.nir", "nir ⟦NATIONAL_ID:2 95 10 99 126 111 93⟧"),
    ("national_fr.siret", "siret ⟦TAX_ID:73282932000074⟧"),
    ("national_gb.utr", "utr ⟦TAX_ID:1955839661⟧"),
    ("national_gb.vat", "vat ⟦TAX_ID:GB 980 7806 84⟧"),
    ("national_gr.amka", "amka ⟦NATIONAL_ID:01013099997⟧"),
    ("national_hr.oib", "oib ⟦NATIONAL_ID:33392005961⟧"),
    ("national_ie.pps", "pps ⟦NATIONAL_ID:6433435F⟧"),
    ("national_il.idnr", "teudat zehut ⟦NATIONAL_ID:3933742-3⟧"),
    ("national_in_.aadhaar", "aadhaar ⟦NATIONAL_ID:2341 2341 2346⟧"),
    ("national_in_.pan", "pan ⟦TAX_ID:ACUPA7085R⟧"),
    ("national_it.codicefiscale", "cf ⟦NATIONAL_ID:rccmnl83s18d969h⟧"),
    ("national_it.iva", "partita iva ⟦TAX_ID:00743110157⟧"),
    ("national_kr.rrn", "rrn ⟦NATIONAL_ID:971013-9019902⟧"),
    ("national_lt.asmens", "asmens kodas ⟦NATIONAL_ID:33309240064⟧"),
    ("national_lv.pvn", "personas kods ⟦NATIONAL_ID:161175-19997⟧"),
    ("national_mx.curp", "curp ⟦NATIONAL_ID:BOXW310820HNERXN09⟧"),
    ("national_mx.rfc", "rfc ⟦TAX_ID:GODE561231GR8⟧"),
    ("national_my.nric", "nric ⟦NATIONAL_ID:770305-02-1234⟧"),
    ("national_nl.bsn", "bsn ⟦NATIONAL_ID:1112.22.333⟧"),
    ("national_no.fodselsnummer", "fødselsnummer ⟦NATIONAL_ID:151086 95088⟧"),
    ("national_nz.ird", "ird ⟦TAX_ID:49098576⟧"),
    ("national_pl.pesel", "pesel ⟦NATIONAL_ID:44051401359⟧"),
    ("national_pl.nip", "nip ⟦TAX_ID:856-734-62-15⟧"),
    ("national_pt.nif", "nif ⟦TAX_ID:501 964 843⟧"),
    ("national_ro.cnp", "cnp ⟦NATIONAL_ID:1630615123457⟧"),
    ("national_se.personnummer", "personnummer ⟦NATIONAL_ID:880320-0016⟧"),
    ("national_si.emso", "emso ⟦NATIONAL_ID:0101006500006⟧"),
    ("national_th.pin", "thai id ⟦NATIONAL_ID:1-2345-45678-78-1⟧"),
    ("national_tr.tckimlik", "tc kimlik ⟦NATIONAL_ID:17291716060⟧"),
    ("national_za.idnr", "south african id ⟦NATIONAL_ID:7503305044089⟧"),
    ("codice_fiscale", "⟦NATIONAL_ID:RCCMNL83S18D969H⟧"),
    ("cpf", "⟦NATIONAL_ID:390.533.447-05⟧"),
    ("nino", "⟦NATIONAL_ID:AB 12 34 56 C⟧"),
    ("nhs", "NHS number ⟦NATIONAL_ID:943 476 5919⟧"),
    ("national_ad.nrt", "nrt ⟦TAX_ID:U-132950-X⟧"),
    ("national_al.nipt", "nipt ⟦TAX_ID:K22218003V⟧"),
    ("national_ar.dni", "dni ⟦NATIONAL_ID:20.123.456⟧"),
    ("national_at.vnr", "sozialversicherungsnummer ⟦NATIONAL_ID:1237 010180⟧"),
    ("national_au.acn", "acn ⟦TAX_ID:004 085 616⟧"),
    ("national_az.voen", "voen ⟦TAX_ID:1401555071⟧"),
    ("national_by.unp", "УНП ⟦TAX_ID:200988541⟧"),
    ("national_ca.bn", "business number ⟦TAX_ID:12302 6635 RC 0001⟧"),
    ("national_ch.uid", "mwst ⟦TAX_ID:CHE-100.155.212⟧"),
    ("national_cr.cpf", "cédula ⟦NATIONAL_ID:3-0455-0175⟧"),
    ("national_cu.ni", "carnet de identidad ⟦NATIONAL_ID:91021027775⟧"),
    ("national_cy.vat", "vat ⟦TAX_ID:CY10259033P⟧"),
    ("national_dk.cvr", "cvr ⟦TAX_ID:13585628⟧"),
    ("national_do.cedula", "cédula ⟦NATIONAL_ID:001-1391820-5⟧"),
    ("national_do.rnc", "rnc ⟦TAX_ID:1-01-85004-3⟧"),
    ("national_dz.nif", "nif ⟦TAX_ID:416001000000007⟧"),
    ("national_ec.ci", "cédula ⟦NATIONAL_ID:171430710-3⟧"),
    ("national_ec.ruc", "ruc ⟦TAX_ID:1792060346-001⟧"),
    ("national_eg.tn", "tax registration ⟦TAX_ID:100-531-385⟧"),
    ("national_es.cif", "cif ⟦TAX_ID:J99216582⟧"),
    ("national_fi.ytunnus", "y-tunnus ⟦TAX_ID:2077474-0⟧"),
    ("national_fr.siren", "siren ⟦TAX_ID:552 008 443⟧"),
    ("national_fr.tva", "tva ⟦TAX_ID:FR 40 303 265 045⟧"),
    ("national_gh.tin", "tin ⟦TAX_ID:C0000803561⟧"),
    ("national_gr.vat", "afm ⟦TAX_ID:EL 023456780⟧"),
    ("national_gt.nit", "nit ⟦TAX_ID:576937-K⟧"),
    ("national_hu.anum", "adószám ⟦TAX_ID:HU-12892312⟧"),
    ("national_id.nik", "nik ⟦NATIONAL_ID:3171011708450001⟧"),
    ("national_id.npwp", "npwp ⟦TAX_ID:01.312.166.0-091.000⟧"),
    ("national_ie.vat", "vat ⟦TAX_ID:IE 6433435F⟧"),
    ("national_in_.epic", "voter id ⟦NATIONAL_ID:WKH1186253⟧"),
    ("national_in_.gstin", "gstin ⟦TAX_ID:27AAPFU0939F1ZV⟧"),
    ("national_is_.kennitala", "kennitala ⟦NATIONAL_ID:120174-3399⟧"),
    ("national_jp.cn", "corporate number ⟦TAX_ID:5-8356-7825-6246⟧"),
    ("national_jp.in_", "個人番号 ⟦NATIONAL_ID:6214 9832 0257⟧"),
    ("national_ke.pin", "kra pin ⟦TAX_ID:A004416331M⟧"),
    ("national_kr.brn", "brn ⟦TAX_ID:116-82-00276⟧"),
    ("national_lt.pvm", "pvm ⟦TAX_ID:LT119511515⟧"),
    ("national_lu.tva", "tva ⟦TAX_ID:LU 150 274 42⟧"),
    ("national_ma.ice", "ice ⟦TAX_ID:001561191000066⟧"),
    ("national_md.idno", "idno ⟦NATIONAL_ID:1008600038413⟧"),
    ("national_me.pib", "pib ⟦TAX_ID:02655284⟧"),
    ("national_mk.edb", "edb ⟦TAX_ID:4030000375897⟧"),
    ("national_mt.vat", "vat ⟦TAX_ID:MT 1167-9112⟧"),
    ("national_mu.nid", "nid ⟦NATIONAL_ID:J2906201304089⟧"),
    ("national_mz.nuit", "nuit ⟦TAX_ID:400339910⟧"),
    ("national_nl.btw", "btw ⟦TAX_ID:004495445B01⟧"),
    ("national_nl.identiteitskaartnummer", "identiteitskaart ⟦NATIONAL_ID:EM0000000⟧"),
    ("national_no.orgnr", "organisasjonsnummer ⟦TAX_ID:988 077 917⟧"),
    ("national_pe.cui", "cui ⟦NATIONAL_ID:10117410-2⟧"),
    ("national_pe.ruc", "ruc ⟦TAX_ID:20512333797⟧"),
    ("national_pk.cnic", "cnic ⟦NATIONAL_ID:34201-0891231-8⟧"),
    ("national_pl.regon", "regon ⟦TAX_ID:192598184⟧"),
    ("national_pt.cc", "cartão de cidadão ⟦NATIONAL_ID:00000000 0 ZZ4⟧"),
    ("national_py.ruc", "ruc ⟦TAX_ID:80028061-0⟧"),
    ("national_ro.cf", "cod fiscal ⟦TAX_ID:RO 18547290⟧"),
    ("national_rs.pib", "pib ⟦TAX_ID:101134702⟧"),
    ("national_ru.inn", "инн ⟦TAX_ID:123456789047⟧"),
    ("national_se.orgnr", "organisationsnummer ⟦TAX_ID:123456-7897⟧"),
    ("national_sg.uen", "uen ⟦TAX_ID:197401143C⟧"),
    ("national_si.ddv", "ddv ⟦TAX_ID:15012557⟧"),
    ("national_sk.dph", "dph ⟦TAX_ID:SK 202 274 96 19⟧"),
    ("national_sn.ninea", "ninea ⟦TAX_ID:3067221 2G2⟧"),
    ("national_sv.nit", "nit ⟦TAX_ID:0614-050707-104-8⟧"),
    ("national_tn.mf", "matricule fiscal ⟦TAX_ID:1234567/M/A/E/001⟧"),
    ("national_tr.vkn", "vkn ⟦TAX_ID:4540536920⟧"),
    ("national_tw.ubn", "ubn ⟦TAX_ID:00501503⟧"),
    ("national_ua.rntrc", "рнокпп ⟦TAX_ID:1759013776⟧"),
    ("national_us.atin", "atin ⟦TAX_ID:923-93-6789⟧"),
    ("national_us.ptin", "ptin ⟦TAX_ID:P-00634642⟧"),
    ("national_uy.rut", "rut ⟦TAX_ID:21-100342-001-7⟧"),
    ("national_ve.rif", "rif ⟦TAX_ID:V-11470283-4⟧"),
    ("national_vn.mst", "mst ⟦TAX_ID:0314409058-002⟧"),
    ("national_za.tin", "tax reference ⟦TAX_ID:0001339050⟧"),
    ("national_ae", "emirates id ⟦NATIONAL_ID:784-1984-1234567-4⟧"),
    ("national_bh", "cpr ⟦NATIONAL_ID:850112345⟧"),
    ("national_de_document", "personalausweis ⟦NATIONAL_ID:T220001293⟧"),
    ("national_de_pension", "rentenversicherungsnummer ⟦NATIONAL_ID:15 070649 C 103⟧"),
    ("national_eg", "الرقم القومي ⟦NATIONAL_ID:29001011234567⟧"),
    ("national_hk", "hkid ⟦NATIONAL_ID:A123456(3)⟧"),
    ("national_it_card", "carta d'identità ⟦NATIONAL_ID:CA00000AA⟧"),
    ("national_kz", "иин ⟦NATIONAL_ID:850101301231⟧"),
    ("national_lk", "nic ⟦NATIONAL_ID:853400937V⟧"),
    ("national_ng", "nin ⟦NATIONAL_ID:12345678901⟧"),
    ("national_ph", "philsys ⟦NATIONAL_ID:1234-5678-9012-3456⟧"),
    ("national_sa", "iqama ⟦NATIONAL_ID:1123456780⟧"),
    ("national_sg", "nric ⟦NATIONAL_ID:S1234567D⟧"),
    ("national_tw", "taiwan id ⟦NATIONAL_ID:A123456789⟧"),
    ("national_groups", "Steuer-ID ⟦NATIONAL_ID:12 345 678 901⟧"),
    ("national_groups", "numéro de sécurité sociale ⟦NATIONAL_ID:1 85 05 78 006 084 36⟧"),
    ("national_any", "BSN ⟦NATIONAL_ID:123456789⟧"),
    ("national_any", "national id number ⟦NATIONAL_ID:KX-482991⟧"),
]

NEEDS_NO_WORD = ("codice_fiscale", "cpf", "nino")


@pytest.mark.parametrize(("rule", "marked"), FOUND, ids=lambda value: value[:40])
def test_finds_what_is_marked(rule: str, marked: str) -> None:
    assert_found(rule, marked)


@pytest.mark.parametrize(("rule", "marked"), FOUND, ids=lambda value: value[:40])
def test_without_its_name_a_number_is_only_a_number(rule: str, marked: str) -> None:
    text, [(_, start, end)] = unmark(marked)
    alone = f"the total of {text[start:end]} was reached"
    found = {s.rule for s in rules().scan(alone)}
    assert (rule in found) is (rule in NEEDS_NO_WORD)


# no checksum, one that its state has not published, or one that not every number keeps
UNCHECKED = {
    *("ad.nrt", "al.nipt", "cu.ni", "dz.nif", "eg.tn", "in_.pan", "ke.pin", "kr.brn"),
    *("nl.identiteitskaartnummer", "pk.cnic", "tn.mf", "us.ptin", "ar.dni", "de.stnr", "it_card"),
    *("bh", "ng", "ph", "any", "groups", "my.nric", "cr.cpf", "us.atin", "eg", "lk"),
    *("dk.cpr", "nino", "id.nik"),
}


@pytest.mark.parametrize(
    ("rule", "marked"),
    [row for row in FOUND if row[0].removeprefix("national_") not in UNCHECKED],
    ids=lambda value: value[:40],
)
def test_a_number_with_a_wrong_digit_is_refused(rule: str, marked: str) -> None:
    text, [(_, start, end)] = unmark(marked)
    value = text[start:end]
    changed = [
        text[:start] + value[:at] + str((int(c) + 1) % 10) + value[at + 1 :]
        for at, c in enumerate(value)
        if c.isdigit()
    ]
    refused = [rule not in {s.rule for s in rules().scan(other)} for other in changed]
    assert sum(refused) > len(refused) // 3


def test_every_row_of_the_tables_is_shown() -> None:
    assert {p.name for p in NATIONAL} == {rule for rule, _ in FOUND}


def test_how_many_countries() -> None:
    states = {module.partition(".")[0] for _, module, _, _ in COUNTRIES}
    assert len(states) >= 70
