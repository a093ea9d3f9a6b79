"""Secrets: one made-up key for each provider, and only the secret itself where one is set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_guard_protecto.detect.credentials import CREDENTIALS
from llm_guard_protecto.detect.providers import PROVIDERS
from llm_guard_protecto.detect.rules import rules
from tests.marked import mark, unmark

# Built here, so that no scanner of repositories takes them for real ones.
HEX = "0123456789abcdef" * 5
B62 = "A1b2C3d4E5f6G7h8I9j0KkLlMm" * 4
LOW = "abcdefghijklmnopqrstuvwxyzabcdefghij"
CAPS = "ABCDEFGHIJ234567KLMNOPQRST" * 3
UUID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"

KEYS = {
    "openai": f"sk-{B62[:20]}T3BlbkFJ{B62[:20]}",
    "openai_project": f"sk-proj-{B62[:40]}_-{B62[:20]}",
    "openai_like": f"sk-{B62[:32]}",
    "anthropic": f"sk-ant-api03-{B62[:60]}-{B62[:20]}",
    "openrouter": f"sk-or-v1-{HEX[:64]}",
    "aws_access_key": "AKIAIOSFODNN7EXAMPLE",
    "aws_bedrock": f"ABSK{B62[:80]}==",
    "github": f"ghp_{B62[:36]}",
    "github_fine_grained": f"github_pat_{B62[:22]}_{B62[:59]}",
    "gitlab": f"glpat-{B62[:20]}",
    "slack": f"xoxb-123456789012-123456789012-{B62[:24]}",
    "slack_app": f"xapp-1-A0123456789-1234567890123-{HEX[:64]}",
    "slack_webhook": f"hooks.slack.com/services/T0000/B0000/{B62[:24]}",
    "discord_webhook": f"discord.com/api/webhooks/123456789012345678/{B62[:68]}",
    "discord": f"MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE.{B62[:38]}",
    "stripe": f"sk_live_{B62[:24]}",
    "stripe_webhook": f"whsec_{B62[:32]}",
    "google_api": f"AIza{B62[:35]}",
    "google_oauth": f"ya29.{B62[:60]}",
    "google_client_secret": f"GOCSPX-{B62[:28]}",
    "twilio_key": f"SK{HEX[:32]}",
    "twilio_account": f"AC{HEX[:32]}",
    "sendgrid": f"SG.{B62[:22]}.{B62[:43]}",
    "npm": f"npm_{B62[:36]}",
    "pypi": f"pypi-AgEIcHlwaS5vcmc{B62[:80]}",
    "rubygems": f"rubygems_{HEX[:48]}",
    "crates": f"cio{B62[:32]}",
    "docker": f"dckr_pat_{B62[:27]}",
    "huggingface": f"hf_{LOW[:34]}",
    "replicate": f"r8_{B62[:37]}",
    "groq": f"gsk_{B62[:52]}",
    "xai": f"xai-{B62[:80]}",
    "perplexity": f"pplx-{B62[:48]}",
    "fireworks": f"fw_{B62[:24]}",
    "langsmith": f"lsv2_pt_{HEX[:32]}_{HEX[:10]}",
    "nvidia": f"nvapi-{B62[:64]}",
    "tavily": f"tvly-{B62[:32]}",
    "pinecone": f"pcsk_{B62[:6]}_{B62[:63]}",
    "digitalocean": f"dop_v1_{HEX[:64]}",
    "heroku": f"HRKU-{B62[:36]}",
    "azure_storage": f"AccountKey={B62[:86]}==",
    "azure_sas": f"&sig={B62[:43]}%3D",
    "azure_ad_secret": f"abc8Q~{B62[:34]}",
    "azure_service_bus": f"SharedAccessKey={B62[:43]}=",
    "telegram": f"123456789:AA{B62[:33]}",
    "shopify": f"shpat_{HEX[:32]}",
    "mailgun": f"key-{HEX[:32]}",
    "mailchimp": f"{HEX[:32]}-us12",
    "brevo": f"xkeysib-{HEX[:64]}-{B62[:16]}",
    "resend": f"re_{B62[:8]}_{B62[:24]}",
    "postman": f"PMAK-{HEX[:24]}-{HEX[:34]}",
    "databricks": f"dapi{HEX[:32]}",
    "planetscale": f"pscale_tkn_{B62[:43]}",
    "supabase": f"sbp_{HEX[:40]}",
    "vault": f"hvs.{B62[:24]}",
    "terraform": f"{B62[:14]}.atlasv1.{B62[:67]}",
    "pulumi": f"pul-{HEX[:40]}",
    "doppler": f"dp.pt.{B62[:43]}",
    "grafana": f"glsa_{B62[:32]}_{HEX[:8]}",
    "newrelic": f"NRAK-{CAPS[:27]}",
    "sentry": f"sntrys_{B62[:80]}",
    "datadog_named": f"DD_API_KEY={HEX[:32]}",
    "dynatrace": f"dt0c01.{CAPS[:24]}.{CAPS[:64]}",
    "linear": f"lin_api_{B62[:40]}",
    "notion": f"ntn_{B62[:46]}",
    "airtable": f"pat{B62[:14]}.{HEX[:64]}",
    "atlassian": f"ATATT3x{B62[:60]}",
    "figma": f"figd_{B62[:40]}",
    "square": f"sq0atp-{B62[:22]}",
    "paypal_braintree": f"access_token$production${HEX[:16]}${HEX[:32]}",
    "facebook": f"EAAG{B62[:80]}",
    "adafruit": f"aio_{B62[:28]}",
    "age_secret": f"AGE-SECRET-KEY-1{CAPS[:58]}",
    "one_password": f"ops_eyJ{B62[:80]}",
    "flyio": f"fm2_{B62[:60]}",
    "vercel_blob": f"vercel_blob_rw_{B62[:40]}",
    "netlify": f"nfp_{B62[:36]}",
    "contentful": f"CFPAT-{B62[:43]}",
    "clickhouse": f"4b1d{B62[:38]}",
    "cerebras": f"csk-{B62[:48]}",
    "together": f"tgp_v1_{B62[:43]}",
    "elevenlabs": f"sk_{HEX[:48]}",
    "voyage": f"pa-{B62[:43]}",
    "jina": f"jina_{HEX[:32]}{B62[:28]}",
    "e2b": f"e2b_{HEX[:40]}",
    "firecrawl": f"fc-{HEX[:32]}",
    "langfuse": f"sk-lf-{UUID}",
    "alibaba": f"LTAI{B62[:20]}",
    "tencent": f"AKID{B62[:32]}",
    "yandex": f"AQVN{B62[:36]}",
    "cloudflare_origin": f"v1.0-{HEX[:24]}-{HEX * 2}"[:175],
    "scalingo": f"tk-us-{B62[:48]}",
    "tailscale": f"tskey-auth-{B62[:16]}-{B62[:32]}",
    "openshift": f"sha256~{B62[:43]}",
    "nuget": f"oy2{LOW[:36]}{LOW[:7]}",
    "clojars": f"CLOJARS_{B62[:60]}",
    "artifactory": f"AKCp{B62[:69]}",
    "artifactory_reference": f"cmVmd{B62[:59]}",
    "circleci": f"CCIPAT_{B62[:22]}_{HEX[:40]}",
    "buildkite": f"bkua_{HEX[:40]}",
    "octopus": f"API-{CAPS[:26]}",
    "harness": f"pat.{B62[:22]}.{HEX[:24]}.{B62[:20]}",
    "sonarqube": f"sqp_{HEX[:40]}",
    "sourcegraph": f"sgp_{HEX[:16]}_{HEX[:40]}",
    "infracost": f"ico-{B62[:32]}",
    "prefect": f"pnu_{B62[:36]}",
    "readme": f"rdme_{LOW[:35]}{LOW[:35]}",
    "neon": f"napi_{LOW[:36]}{LOW[:28]}",
    "posthog": f"phx_{B62[:43]}",
    "maxmind": f"{B62[:6]}_{B62[:29]}_mmk",
    "launchdarkly": f"sdk-{UUID}",
    "teams_webhook": f"webhook.office.com/webhookb2/{UUID}@{UUID}/IncomingWebhook/{HEX[:32]}/{UUID}",
    "asana": f"1/1234567890123456:{HEX[:32]}",
    "typeform": f"tfp_{B62[:59]}",
    "frameio": f"fio-u-{B62[:64]}",
    "hubspot": f"pat-na1-{UUID}",
    "dropbox": f"sl.{B62}{B62[:31]}",
    "mapbox": f"pk.eyJ{B62[:57]}.{B62[:22]}",
    "plaid": f"access-production-{UUID}",
    "gocardless": f"live_{B62[:40]}",
    "lob": f"live_{HEX[:35]}",
    "flutterwave": f"FLWSECK-{HEX[:32]}-X",
    "razorpay": f"rzp_live_{B62[:14]}",
    "easypost": f"EZAK{B62[:54]}",
    "shippo": f"shippo_live_{HEX[:40]}",
    "duffel": f"duffel_live_{B62[:43]}",
    "intra42": f"s-s4t2ud-{HEX[:64]}",
    "jwt": f"eyJ{B62[:20]}.eyJ{B62[:30]}.{B62[:43]}",
    "jwt_encrypted": f"eyJ{B62[:20]}.{B62[:20]}.{B62[:16]}.{B62[:30]}.{B62[:22]}",
}


@pytest.mark.parametrize("provider", sorted(KEYS))
def test_each_providers_key_is_found(provider: str) -> None:
    key = KEYS[provider]
    text = f"use {key} for it, not {key[:6]}"
    [found] = [s for s in rules().scan(text) if s.rule == f"key_{provider}"]
    assert (found.entity, text[found.start : found.end]) == ("API_KEY", key)


def test_every_provider_is_shown() -> None:
    assert {p.name for p in CREDENTIALS if p.name.startswith("key_")} == {
        f"key_{provider}" for provider in KEYS
    }
    assert len(PROVIDERS) >= 110
    assert len(set(PROVIDERS)) == len(PROVIDERS)


@pytest.mark.parametrize("provider", sorted(KEYS))
def test_a_key_is_covered_whole_in_json_and_code(provider: str) -> None:
    for frame in ('{{"a":"{}"}}', "KEY='{}'", "header: {}\n", "({}),"):
        text = frame.format(KEYS[provider])
        start = text.index(KEYS[provider])
        covered = {
            at for s in rules().scan(text) if s.entity == "API_KEY" for at in range(s.start, s.end)
        }
        whole = set(range(start, start + len(KEYS[provider])))
        name = KEYS[provider].find("=") + 1 or 1  # `AccountKey=`: the value is enough
        assert whole - covered <= set(range(start, start + name))
        assert not covered & {start - 1, start + len(KEYS[provider])}


SET = [
    'password = "⟦PASSWORD:hunter2⟧"',
    '{"password": "⟦PASSWORD:hunter2⟧"}',
    '{"user": "bob", "password": "⟦PASSWORD:s3cr3t!⟧"}}',
    "{'pwd':'⟦PASSWORD:correct-horse⟧'}",
    "DB_PASSWORD=⟦PASSWORD:Tr0ub4dor&3⟧",
    "db.dbPassword: ⟦PASSWORD:Tr0ub4dor⟧",
    "password: ⟦PASSWORD:swordfish⟧",
    "my password is ⟦PASSWORD:Xk9#mQ2!⟧",
    "Passwort: ⟦PASSWORD:Geheim123⟧, Benutzer: ada",
    "Mein Passwort ist ⟦PASSWORD:Sommer2024!⟧, das Kennwort lautet ⟦PASSWORD:h4Ll0welt⟧",
    "le mot de passe est ⟦PASSWORD:Soleil!89⟧ et mdp : ⟦PASSWORD:lune#22⟧",
    "contraseña: ⟦PASSWORD:Gat0Negro7⟧ y la clave es ⟦PASSWORD:p3rr0rojo⟧",
    "La password è ⟦PASSWORD:Cavallo#12⟧, a senha é ⟦PASSWORD:G@to2020⟧, palavra-passe: ⟦PASSWORD:m4r&sol⟧",
    "het wachtwoord is ⟦PASSWORD:Fiets99!⟧",
    "log in as bob with password ⟦PASSWORD:Tr0ub4dor&3⟧ please; my password `⟦PASSWORD:hunter22⟧` works",
    "PIN-Code: ⟦PASSWORD:4711⟧, PIN ⟦PASSWORD:8823⟧, your pin is ⟦PASSWORD:482100⟧.",
    'passphrase: "⟦PASSWORD:correct horse battery staple⟧"',
    "Server=db;Database=x;Password=⟦PASSWORD:pa55w0rd⟧;Encrypt=yes",
    "jdbc:x://h/d?user=a&password=⟦PASSWORD:pa55w0rd⟧&ssl=1",
    "postgres://admin:⟦PASSWORD:S3cr3t⟧@db.host/x",
    "redis://:⟦PASSWORD:p-4-ss⟧@cache:6379/0",
    "curl -u bob:⟦PASSWORD:hunter22⟧ -X GET",
    'api_key = "⟦API_KEY:a1b2c3d4e5f6a7b8c9d0⟧"',
    "X-Api-Key: ⟦API_KEY:a1b2c3d4e5f6a7b8c9d0⟧",
    "client_secret=⟦API_KEY:9f8E7d6C5b4A3z2Y1x0W⟧&scope=all",
    "Authorization: Bearer ⟦API_KEY:abcdefghijklmnop1234567890⟧",
    "aws_secret_access_key = ⟦API_KEY:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY⟧",
    "secret key for aws: ⟦API_KEY:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY⟧",
    "⟦PRIVATE_KEY:PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nAAAA\nPrivate-MAC: 0123abcd4567⟧",
    "⟦PRIVATE_KEY:---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAAB3\n---- END SSH2 ENCRYPTED PRIVATE KEY ----⟧",
    "key ⟦PRIVATE_KEY:-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIB\nAAKC==\n-----END RSA PRIVATE KEY-----⟧ end",
    "cut ⟦PRIVATE_KEY:-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKC==⟧\n\n\n\n\n\n\n\n\n\n***",
]

NOT_SET = [
    'password = os.environ["DB_PASSWORD"]',
    "password = get_password()",
    "password == other_password",
    'if password == "abc": pass',
    "password != old",
    "def login(user, password: str = None) -> bool:",
    "connect(user=user, password=password)",
    "password=self.password, token=args.token",
    'getpass("Password: ")',
    "The password is required and must be changed",
    "the password is correct",
    "password: ${DB_PASSWORD}",
    "password: <your password>",
    "PASSWORD=********",
    "password: null",
    "postgres://user:${PW}@host/db",
    "postgres://user:password@host/db",
    'api_key = os.environ["API_KEY"]',
    "api_key: ${API_KEY}",
    "token = get_token(a1, b2, c3, d4, e5)",
    "secret: my-kubernetes-secret-name",
    "the token budget is 128000 tokens",
    "tokens: 1234567890123",
    "compass: 12345",
    "password sha256 hash; password reset2; password OAuth2; Passwort vergessen; password 12345678",
    "password 8-character minimum, password v2.1 policy, password rotate90(), mot de passe oublié",
    "la clave es trabajar, a senha é nova, le mot de passe est incorrect, das Passwort ist falsch",
    'printf(&quot;Password is correct.&quot;); "PWD": "/srv/project/node", passphrase: &#x3C;string>',
    "pin 13, GPIO pin 1234, PIN 12.5, spin: 4711, pin is loose, PIN 123456789",
    "-----BEGIN PUBLIC KEY-----",
    "a.b.c.d@e",
    "sk-learn and sk-1",
]


@pytest.mark.parametrize("marked", SET)
def test_only_the_secret_itself_is_found(marked: str) -> None:
    text, _ = unmark(marked)
    found = [s for s in rules().scan(text) if s.entity in ("PASSWORD", "API_KEY", "PRIVATE_KEY")]
    assert mark(text, found) == marked


def test_every_other_row_is_shown() -> None:
    shown = {s.rule for marked in SET for s in rules().scan(unmark(marked)[0])}
    assert {p.name for p in CREDENTIALS if not p.name.startswith("key_")} <= shown


@pytest.mark.parametrize("text", NOT_SET)
def test_code_that_handles_secrets_is_left_alone(text: str) -> None:
    assert mark(text, rules().scan(text)) == text


@given(
    value=st.text(
        st.characters(
            codec="ascii", exclude_characters="\"\\\n\r'`${}<>%*()[]", categories=("L", "N", "P")
        ),
        min_size=6,
        max_size=30,
    ).filter(
        lambda v: any(c.isdigit() for c in v) and any(c.isalpha() for c in v) and v[0].isalpha()
    )
)
def test_a_quoted_password_is_found_whole(value: str) -> None:
    text = f'{{"password":"{value}","n":1}}'
    covered = {at for s in rules().scan(text) for at in range(s.start, s.end)}
    start = text.index(value, 13)
    assert covered >= set(range(start, start + len(value)))
    assert not covered & set(range(start + len(value), len(text)))
