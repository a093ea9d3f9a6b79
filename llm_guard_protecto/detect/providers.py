"""The table of providers: how the keys they issue look.

A provider's key is known by its prefix and length (as the providers document them, as they are
issued, or as the public rules of secret scanners describe them). One line each; shapes end at a
border of letters, digits and `_`. A part of a name after `_` tells kinds of one provider apart.
"""

from __future__ import annotations

from typing import Final

__all__ = ["KEYS", "PROVIDERS"]

_UUID: Final = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"

KEYS: Final[tuple[tuple[str, str], ...]] = (
    # models and their surroundings
    ("openai", r"\bsk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}\b"),
    ("openai_project", r"\bsk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}"),
    ("openai_like", r"\bsk-[A-Za-z0-9]{32,}\b"),  # also DeepSeek, Moonshot, LiteLLM
    ("anthropic", r"\bsk-ant-[A-Za-z0-9_-]{16,}"),
    ("openrouter", r"\bsk-or-(?:v1-)?[A-Za-z0-9]{32,}\b"),
    ("huggingface", r"\b(?:hf|api_org)_[A-Za-z]{30,}\b"),
    ("replicate", r"\br8_[A-Za-z0-9]{37}\b"),
    ("groq", r"\bgsk_[A-Za-z0-9]{40,}\b"),
    ("xai", r"\bxai-[A-Za-z0-9]{60,}\b"),
    ("perplexity", r"\bpplx-[A-Za-z0-9]{40,}\b"),
    ("fireworks", r"\bfw_[A-Za-z0-9]{24}\b"),
    ("cerebras", r"\bcsk[-_][A-Za-z0-9]{32,}\b"),
    ("together", r"\btgp_v1_[A-Za-z0-9_-]{40,}"),
    ("elevenlabs", r"\bsk_[a-f0-9]{48}\b"),
    ("voyage", r"\bpa-[A-Za-z0-9_-]{43}\b"),
    ("jina", r"\bjina_[a-f0-9]{32}[A-Za-z0-9_-]{20,}"),
    ("e2b", r"\be2b_[a-f0-9]{40}\b"),
    ("firecrawl", r"\bfc-[a-f0-9]{32}\b"),
    ("langsmith", r"\blsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}\b"),
    ("langfuse", rf"\b[sp]k-lf-{_UUID}\b"),
    ("nvidia", r"\bnvapi-[A-Za-z0-9_-]{60,}"),
    ("tavily", r"\btvly-(?:dev-|prod-)?[A-Za-z0-9]{20,}\b"),
    ("pinecone", r"\bpcsk_[A-Za-z0-9_]{40,}"),
    # clouds
    ("aws_access_key", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    ("aws_bedrock", r"\bABSK[A-Za-z0-9+/]{60,}={0,2}"),
    ("google_api", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("google_oauth", r"\bya29\.[A-Za-z0-9_-]{20,}"),
    ("google_client_secret", r"\bGOCSPX-[A-Za-z0-9_-]{20,}"),
    ("azure_storage", r"(?i)\bAccountKey=[A-Za-z0-9+/]{60,88}={0,2}"),
    ("azure_sas", r"(?i)[?&]sig=[A-Za-z0-9%+/]{40,}"),
    ("azure_ad_secret", r"\b[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}\b"),
    ("azure_service_bus", r"(?i)\bSharedAccessKey=[A-Za-z0-9+/]{40,}={0,2}"),
    ("alibaba", r"\bLTAI[A-Za-z0-9]{12,24}\b"),
    ("tencent", r"\bAKID[A-Za-z0-9]{32,36}\b"),
    ("yandex", r"\bAQVN[A-Za-z0-9_-]{35,38}"),
    ("digitalocean", r"\bdo[opr]_v1_[a-f0-9]{64}\b"),
    ("cloudflare_origin", r"\bv1\.0-[a-f0-9]{24}-[a-f0-9]{140,}"),
    ("heroku", r"\bHRKU-[A-Za-z0-9_-]{36,}"),
    ("flyio", r"\bfm[12][ar]?_[A-Za-z0-9+/=]{40,}"),
    ("vercel_blob", r"\bvercel_blob_rw_[A-Za-z0-9_]{30,}\b"),
    ("netlify", r"\bnfp_[A-Za-z0-9]{36,}\b"),
    ("scalingo", r"\btk-us-[A-Za-z0-9_-]{48}"),
    ("tailscale", r"\btskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,}-[A-Za-z0-9]{16,}\b"),
    ("openshift", r"\bsha256~[A-Za-z0-9_-]{43}"),
    # code, packages, delivery
    ("github", r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
    ("github_fine_grained", r"\bgithub_pat_[A-Za-z0-9_]{40,}"),
    (
        "gitlab",
        r"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas|feature|ffct)-[A-Za-z0-9_.-]{20,}\b",
    ),
    ("npm", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("pypi", r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    ("rubygems", r"\brubygems_[a-f0-9]{48}\b"),
    ("crates", r"\bcio[A-Za-z0-9]{32}\b"),
    ("nuget", r"\boy2[a-z0-9]{43}\b"),
    ("clojars", r"\bCLOJARS_[A-Za-z0-9]{60}\b"),
    ("docker", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}"),
    ("artifactory", r"\bAKCp[A-Za-z0-9]{50,}"),
    ("artifactory_reference", r"\bcmVmd[A-Za-z0-9]{59}\b"),
    ("circleci", r"\bCCI(?:PAT|PRJ)_[A-Za-z0-9]{16,}_[a-f0-9]{40}\b"),
    ("buildkite", r"\bbk(?:ua|aj|ct|pt|cs)_[A-Za-z0-9]{40}\b"),
    ("octopus", r"\bAPI-[A-Z0-9]{26,}\b"),
    ("harness", r"\b(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}\b"),
    ("sonarqube", r"\bsq[upa]_[a-f0-9]{40}\b"),
    ("sourcegraph", r"\bsgp_(?:(?:[a-f0-9]{16}|local)_)?[a-f0-9]{40}\b"),
    ("infracost", r"\bico-[A-Za-z0-9]{32}\b"),
    ("prefect", r"\bpnu_[A-Za-z0-9]{36}\b"),
    ("postman", r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}\b"),
    ("readme", r"\brdme_[a-z0-9]{70}\b"),
    ("terraform", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}"),
    ("pulumi", r"\bpul-[a-f0-9]{40}\b"),
    ("vault", r"\bhv[sbr]\.[A-Za-z0-9_-]{24,}"),
    ("doppler", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{40,}\b"),
    ("one_password", r"\bops_eyJ[A-Za-z0-9_=-]{60,}"),
    ("age_secret", r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}\b"),
    # data and monitoring
    ("databricks", r"\bdapi[a-f0-9]{32}(?:-\d)?\b"),
    ("planetscale", r"\bpscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32,}"),
    ("supabase", r"\bsb(?:p|_secret|_publishable)_[A-Za-z0-9_-]{20,}"),
    ("neon", r"\bna?pi_[a-z0-9]{48,}\b"),
    ("clickhouse", r"\b4b1d[A-Za-z0-9]{38}\b"),
    ("grafana", r"\bgl(?:sa|c)_[A-Za-z0-9_+/=]{32,}"),
    ("newrelic", r"\bNR(?:AK|JS|RA|II)-[A-Za-z0-9]{18,}\b"),
    ("sentry", r"\bsntry[su]_[A-Za-z0-9+/=_-]{40,}"),
    ("datadog_named", r"(?i)\bdd_api_key=[a-f0-9]{32}\b"),
    ("dynatrace", r"\bdt0[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}\b"),
    ("posthog", r"\bph[xcs]_[A-Za-z0-9]{40,}\b"),
    ("maxmind", r"\b[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk\b"),
    ("launchdarkly", rf"\b(?:sdk|api|mob)-{_UUID}\b"),
    # messages and mail
    ("slack", r"\bxox[abeoprs]-(?:[A-Za-z0-9]{1,}-){0,6}[A-Za-z0-9-]{10,}\b"),
    ("slack_app", r"\bxapp-\d-[A-Z0-9]{8,}-\d{8,}-[a-f0-9]{32,}\b"),
    ("slack_webhook", r"\bhooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{30,}"),
    ("discord_webhook", r"\bdiscord(?:app)?\.com/api/webhooks/\d{15,}/[A-Za-z0-9_-]{40,}"),
    ("discord", r"\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45}\b"),
    ("teams_webhook", r"\bwebhook\.office\.com/webhookb2/[a-z0-9@-]{36,}/[A-Za-z0-9/-]{30,}"),
    ("telegram", r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}"),
    ("twilio_key", r"\bSK[0-9a-f]{32}\b"),
    ("twilio_account", r"\bAC[0-9a-f]{32}\b"),
    ("sendgrid", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{32,}"),
    ("mailgun", r"\bkey-[0-9a-zA-Z]{32}\b"),
    ("mailchimp", r"\b[0-9a-f]{32}-us\d{1,2}\b"),
    ("brevo", r"\bxkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}\b"),
    ("resend", r"\bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}\b"),
    # work
    ("linear", r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,}\b"),
    ("notion", r"\b(?:ntn|secret)_[A-Za-z0-9]{40,}\b"),
    ("airtable", r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}\b"),
    ("asana", r"\b[12]/\d{16}(?:/\d{16})?:[a-f0-9]{32}\b"),
    ("atlassian", r"\bAT(?:ATT3x|CTT3x|BB)[A-Za-z0-9_=-]{20,}"),
    ("figma", r"\bfig[dou]_[A-Za-z0-9_-]{36,}"),
    ("typeform", r"\btfp_[A-Za-z0-9_.=-]{50,}"),
    ("frameio", r"\bfio-u-[A-Za-z0-9_=-]{64}"),
    ("hubspot", rf"\bpat-(?:na|eu|ap)\d-{_UUID}\b"),
    ("dropbox", r"\bsl\.[A-Za-z0-9_-]{100,}"),
    ("contentful", r"\bCFPAT-[A-Za-z0-9_-]{43}"),
    ("mapbox", r"\b[sp]k\.eyJ[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{20,}"),
    # shops, payment, shipping
    ("stripe", r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}\b"),
    ("stripe_webhook", r"\bwhsec_[A-Za-z0-9+/]{24,}"),
    ("square", r"\b(?:sq0(?:atp|csp|idp)-|EAAA)[A-Za-z0-9_-]{22,}"),
    ("paypal_braintree", r"\baccess_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}\b"),
    ("plaid", rf"\baccess-(?:sandbox|development|production)-{_UUID}\b"),
    ("gocardless", r"\b(?:live|sandbox)_[A-Za-z0-9_-]{40}\b"),
    ("lob", r"\b(?:live|test)_(?:pub_)?[a-f0-9]{31,35}\b"),
    ("flutterwave", r"\bFLW(?:SECK|PUBK)(?:_TEST)?-[A-Za-z0-9]{12,}(?:-X)?\b"),
    ("razorpay", r"\brzp_(?:live|test)_[A-Za-z0-9]{14}\b"),
    ("shopify", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b"),
    ("easypost", r"\bEZ[AT]K[A-Za-z0-9]{54}\b"),
    ("shippo", r"\bshippo_(?:live|test)_[a-f0-9]{40}\b"),
    ("duffel", r"\bduffel_(?:live|test)_[A-Za-z0-9_=-]{43}"),
    # people and things
    ("facebook", r"\bEAA[A-Za-z0-9]{20,}"),
    ("adafruit", r"\baio_[A-Za-z0-9]{28}\b"),
    ("intra42", r"\bs-s4t2(?:ud|af)-[a-f0-9]{64}\b"),
    # what any of them may issue
    ("jwt", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)?"),
    ("jwt_encrypted", r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){4}\b"),
)

_TWO_WORDS: Final = ("age_secret", "one_password")

PROVIDERS: Final = tuple(
    dict.fromkeys(
        name if name in _TWO_WORDS else name.partition("_")[0]
        for name, _ in KEYS
        if not name.startswith("jwt")
    )
)
"""The providers, each once."""
