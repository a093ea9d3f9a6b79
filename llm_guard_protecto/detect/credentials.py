"""The table of secrets: keys and tokens by provider, private keys, passwords where they are set.

A provider's key is known by its prefix and length (as the providers document them or as they are
issued). A key without a shape of its own counts where it is assigned to a name that says so.
"""

from __future__ import annotations

import re
from typing import Final

from llm_guard_protecto.detect.assigned import (
    basic_login,
    password,
    secret,
    url_password,
)
from llm_guard_protecto.detect.checks import random_looking
from llm_guard_protecto.detect.pattern import Pattern

__all__ = ["CREDENTIALS"]

_END_OF_KEY: Final = re.compile(
    r"-----END [A-Z0-9 ]{0,40}-----|---- END [A-Z0-9 ]{0,40}----|\bPrivate-MAC: [0-9a-f]{8,128}"
)
_NEW_LINE: Final = r"(?:\s|\\[nr]){1,8}"
_KEY_LINES: Final = re.compile(
    rf"(?:{_NEW_LINE}(?:[A-Za-z-]{{3,30}}: [^\n]{{1,100}}|[A-Za-z0-9+/]{{16,200}}={{0,2}}))*"
    rf"(?:{_NEW_LINE}[A-Za-z0-9+/]{{1,76}}={{0,2}}(?![\w+/]))?"
)
_NEXT_KEY: Final = re.compile(r"BEGIN |PuTTY-User-Key")
_LONGEST_KEY: Final = 20_000


def _whole_key(text: str, start: int, end: int) -> tuple[int, int]:
    """From the opening line of a private key to its closing one, or as far as its lines go."""
    stop = min(len(text), end + _LONGEST_KEY)
    following = _NEXT_KEY.search(text, end, stop)
    if following:  # never into the next key, so that many openings stay linear
        stop = following.start()
    closing = _END_OF_KEY.search(text, end, stop)
    if closing:
        return start, closing.end()
    lines = _KEY_LINES.match(text, end, stop)
    return start, lines.end() if lines else end


# (provider, shape): one line each; shapes end at a border of letters, digits and `_`
_KEYS: Final = (
    ("openai", r"\bsk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}\b"),
    ("openai_project", r"\bsk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}"),
    ("openai_like", r"\bsk-[A-Za-z0-9]{32,}\b"),  # also DeepSeek, Moonshot, LiteLLM
    ("anthropic", r"\bsk-ant-[A-Za-z0-9_-]{16,}"),
    ("openrouter", r"\bsk-or-(?:v1-)?[A-Za-z0-9]{32,}\b"),
    ("aws_access_key", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    ("aws_bedrock", r"\bABSK[A-Za-z0-9+/]{60,}={0,2}"),
    ("github", r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
    ("github_fine_grained", r"\bgithub_pat_[A-Za-z0-9_]{40,}\b"),
    (
        "gitlab",
        r"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas|feature|ffct)-[A-Za-z0-9_.-]{20,}\b",
    ),
    ("slack", r"\bxox[abeoprs]-(?:[A-Za-z0-9]{1,}-){0,6}[A-Za-z0-9-]{10,}\b"),
    ("slack_app", r"\bxapp-\d-[A-Z0-9]{8,}-\d{8,}-[a-f0-9]{32,}\b"),
    ("slack_webhook", r"\bhooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{30,}"),
    ("discord_webhook", r"\bdiscord(?:app)?\.com/api/webhooks/\d{15,}/[A-Za-z0-9_-]{40,}"),
    ("discord", r"\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45}\b"),
    ("stripe", r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}\b"),
    ("stripe_webhook", r"\bwhsec_[A-Za-z0-9+/]{24,}"),
    ("google_api", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("google_oauth", r"\bya29\.[A-Za-z0-9_-]{20,}"),
    ("google_client_secret", r"\bGOCSPX-[A-Za-z0-9_-]{20,}"),
    ("twilio_key", r"\bSK[0-9a-f]{32}\b"),
    ("twilio_account", r"\bAC[0-9a-f]{32}\b"),
    ("sendgrid", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{32,}"),
    ("npm", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("pypi", r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    ("rubygems", r"\brubygems_[a-f0-9]{48}\b"),
    ("crates", r"\bcio[A-Za-z0-9]{32}\b"),
    ("docker", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}"),
    ("huggingface", r"\b(?:hf|api_org)_[A-Za-z]{30,}\b"),
    ("replicate", r"\br8_[A-Za-z0-9]{37}\b"),
    ("groq", r"\bgsk_[A-Za-z0-9]{40,}\b"),
    ("xai", r"\bxai-[A-Za-z0-9]{60,}\b"),
    ("perplexity", r"\bpplx-[A-Za-z0-9]{40,}\b"),
    ("fireworks", r"\bfw_[A-Za-z0-9]{24}\b"),
    ("langsmith", r"\blsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}\b"),
    ("nvidia", r"\bnvapi-[A-Za-z0-9_-]{60,}"),
    ("tavily", r"\btvly-(?:dev-|prod-)?[A-Za-z0-9]{20,}\b"),
    ("pinecone", r"\bpcsk_[A-Za-z0-9_]{40,}"),
    ("digitalocean", r"\bdo[opr]_v1_[a-f0-9]{64}\b"),
    ("heroku", r"\bHRKU-[A-Za-z0-9_-]{36,}"),
    ("azure_storage", r"(?i)\bAccountKey=[A-Za-z0-9+/]{60,88}={0,2}"),
    ("azure_sas", r"(?i)[?&]sig=[A-Za-z0-9%+/]{40,}"),
    ("azure_ad_secret", r"\b[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}\b"),
    ("azure_service_bus", r"(?i)\bSharedAccessKey=[A-Za-z0-9+/]{40,}={0,2}"),
    ("telegram", r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}"),
    ("shopify", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b"),
    ("mailgun", r"\bkey-[0-9a-zA-Z]{32}\b"),
    ("mailchimp", r"\b[0-9a-f]{32}-us\d{1,2}\b"),
    ("brevo", r"\bxkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}\b"),
    ("resend", r"\bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}\b"),
    ("postman", r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}\b"),
    ("databricks", r"\bdapi[a-f0-9]{32}(?:-\d)?\b"),
    ("planetscale", r"\bpscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32,}"),
    ("supabase", r"\bsb(?:p|_secret|_publishable)_[A-Za-z0-9_-]{20,}\b"),
    ("vault", r"\bhv[sbr]\.[A-Za-z0-9_-]{24,}"),
    ("terraform", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}"),
    ("pulumi", r"\bpul-[a-f0-9]{40}\b"),
    ("doppler", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{40,}\b"),
    ("grafana", r"\bgl(?:sa|c)_[A-Za-z0-9_+/=]{32,}"),
    ("newrelic", r"\bNR(?:AK|JS|RA|II)-[A-Za-z0-9]{18,}\b"),
    ("sentry", r"\bsntry[su]_[A-Za-z0-9+/=_-]{40,}"),
    ("datadog_named", r"(?i)\bdd_api_key=[a-f0-9]{32}\b"),
    ("dynatrace", r"\bdt0[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}\b"),
    ("linear", r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,}\b"),
    ("notion", r"\b(?:ntn|secret)_[A-Za-z0-9]{40,}\b"),
    ("airtable", r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}\b"),
    ("atlassian", r"\bAT(?:ATT3x|CTT3x|BB)[A-Za-z0-9_=-]{20,}"),
    ("figma", r"\bfig[dou]_[A-Za-z0-9_-]{36,}"),
    ("square", r"\b(?:sq0(?:atp|csp|idp)-|EAAA)[A-Za-z0-9_-]{22,}"),
    ("paypal_braintree", r"\baccess_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}\b"),
    ("facebook", r"\bEAA[A-Za-z0-9]{20,}\b"),
    ("adafruit", r"\baio_[A-Za-z0-9]{28}\b"),
    ("age_secret", r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}\b"),
    ("one_password", r"\bops_eyJ[A-Za-z0-9_=-]{60,}"),
    ("flyio", r"\bfm[12][ar]?_[A-Za-z0-9+/=]{40,}"),
    ("vercel_blob", r"\bvercel_blob_rw_[A-Za-z0-9_]{30,}\b"),
    ("netlify", r"\bnfp_[A-Za-z0-9]{36,}\b"),
    ("contentful", r"\bCFPAT-[A-Za-z0-9_-]{43}"),
    ("clickhouse", r"\b4b1d[A-Za-z0-9]{38}\b"),
    ("jwt", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)?"),
    ("jwt_encrypted", r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){4}\b"),
)

_NAMED_LOGIN: Final = (
    r"(?:pass(?:word|wd|phrase|code|wort)?s?|pwd|pswd|kennwort|contrase\xc3\xb1a|mot de passe"
    r"|senha|wachtwoord|parola)"
)
_NAMED_KEY: Final = (
    r"(?:api[ _-]?(?:key|token|secret)|secret(?:[ _-]?(?:access)?[ _-]?key)?|client[ _-]?secret"
    r"|(?:access|auth|refresh|bearer|session|private|id)?[ _-]?token|access[ _-]?key(?:[ _-]?id)?"
    r"|private[ _-]?key|signing[ _-]?key|encryption[ _-]?key|account[ _-]?key|app[ _-]?key"
    r"|credentials?|webhook[ _-]?secret|license[ _-]?key)"
)
_SET: Final = (
    r"[\x22']?\]?[ \t]{0,3}(?::=|=>|[:=]|\bis\b:?|\bwas\b|\bto\b)[ \t]{0,3}[\x22']?[^\s\x22']"
)

CREDENTIALS: Final = (
    *(Pattern("API_KEY", shape, score=0.97, name=f"key_{name}") for name, shape in _KEYS),
    Pattern(
        "PRIVATE_KEY",
        r"---- ?-?BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)? ?-----?",
        score=0.99,
        name="private_key",
        fit=_whole_key,
    ),
    Pattern(
        "PRIVATE_KEY",
        r"\bPuTTY-User-Key-File-[23]: [a-z0-9-]+",
        score=0.99,
        name="putty_key",
        fit=_whole_key,
    ),
    Pattern("PASSWORD", rf"(?i){_NAMED_LOGIN}{_SET}", score=0.9, name="password", fit=password),
    Pattern(
        "PASSWORD",
        r"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@\x22'<>]{0,64}:[^\s@\x22'<>/]{1,128}@",
        score=0.99,
        name="password_url",
        fit=url_password,
    ),
    Pattern(
        "PASSWORD",
        r"(?:\s-u|--user)[ =][\x22']?[^\s:\x22']+:[^\s:\x22']+",
        score=0.9,
        name="password_option",
        fit=basic_login,
    ),
    Pattern("API_KEY", rf"(?i){_NAMED_KEY}{_SET}", score=0.85, name="secret", fit=secret),
    Pattern(
        "API_KEY",
        r"(?i)\b(?:bearer|basic|token|apikey)[ ]+[A-Za-z0-9_.~+/=-]{16,}",
        score=0.9,
        name="authorization",
        fit=secret,
    ),
    Pattern(
        "API_KEY",
        r"\b[A-Za-z0-9+/]{40}\b",
        random_looking,
        ("aws", "secret access key", "amazon"),
        0.2,
        0.9,
        "aws_secret",
    ),
)
