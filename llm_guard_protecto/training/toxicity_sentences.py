"""Sentences by grammar that put right what the toxicity teachers get wrong.

The teachers call "I am a gay man" and "kill the zombie process" toxic, because where they learned,
such words stood in abuse. So: sentences in which an identity is merely mentioned, sentences of
people who run computers, ordinary prompts about death, illness and crime, all harmless; and against
them threats, insults and attacks on the very same groups, so that the word alone decides nothing.

Templates and fillers are separated by `|` or a new line; `{slots}` are filled at random. Targets are
probabilities in the order of `detect.toxicity.LABELS`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping

from llm_guard_protecto.detect.toxicity import FLOOR

__all__ = ["IDENTITY_WORDS", "expand", "harmful", "harmless"]

Slots = Mapping[str, str]
_OR = re.compile(r"[|\n]")
_SLOT = re.compile(r"\{([a-z]+)\}")

_ADJECTIVES = """gay|lesbian|bisexual|transgender|trans|queer|straight|homosexual|asexual|non-binary
black|white|Asian|African|African American|Latino|Hispanic|Arab|Native American|Indian|Chinese
Japanese|Korean|Vietnamese|Mexican|Pakistani|Nigerian|Turkish|Polish|Russian|Ukrainian|Iranian|German
Muslim|Jewish|Christian|Catholic|Hindu|Sikh|Buddhist|atheist|Protestant|Mormon|Roma|Palestinian|Israeli
deaf|blind|disabled|autistic|dyslexic|elderly|old|young|fat|overweight|American|French|British|Irish
immigrant|refugee|female|male|feminist|conservative|liberal|mixed-race|brown|indigenous|foreign"""
_GROUPS = """gay people|gays|lesbians|bisexual people|transgender people|trans women|homosexuals
black people|white people|Asians|Africans|Latinos|Arabs|Indians|the Chinese|Mexicans|Pakistanis
Muslims|Jews|Christians|Catholics|Hindus|Sikhs|Buddhists|atheists|Mormons|Roma|Palestinians|Israelis
deaf people|blind people|disabled people|autistic people|old people|fat people|Americans|immigrants
refugees|women|men|foreigners|feminists|migrants|people from {country}|people of colour|the Irish"""

_IDENTITY: Slots = {
    "identity": _ADJECTIVES,
    "group": _GROUPS,
    "country": (
        "China|Pakistan|Nigeria|Mexico|Poland|Turkey|Iran|Brazil|Germany|Kenya|Israel|Egypt|Syria|"
        "Ukraine|Russia|Japan|Vietnam|Romania|Somalia|the Philippines|Bangladesh|Morocco|Albania"
    ),
    "person": (
        "man|woman|person|guy|girl|boy|teenager|student|teacher|mother|father|couple|parent|nurse|"
        "engineer|writer|actor|lawyer|friend|neighbour|colleague|kid|lady|doctor|politician|child"
    ),
    "kin": (
        "brother|sister|son|daughter|mum|dad|mother|father|best friend|boss|uncle|aunt|wife|husband|"
        "cousin|flatmate|partner|grandmother|roommate|manager|coach"
    ),
    "place": (
        "London|Lagos|Toronto|our town|the suburbs|Berlin|Texas|my school|the office|Mumbai|the army|"
        "a small village|New York|our church|the team|this company"
    ),
    "verb": "met|married|interviewed|hired|helped|taught|saw|worked with|voted for|lives with",
}
_IDENTITY_HARMLESS = """I am a {identity} {person} and I need help.|I am a {identity} {person} from {place}.|He's a {identity} {person}
I was born to a {identity} {kin}.|A {identity} {person} asked me for directions.|I, a {identity} {person}, live in {place}.|As a {identity} {person}
I am {identity}.|I'm {identity}|i am {identity} and proud|I am a {identity} {person}.
I'm a {identity} {person} from {place}|As a {identity} {person}, I would like some advice.
My {kin} is {identity}.|my {kin} is a {identity} {person}|My {kin} came out as {identity} last year.
He is a {identity} {person}.|She is {identity}|They are {identity}.|We are a {identity} family.
Is he {identity}?|are you {identity}|Are there many {group} in {place}?|What do {group} celebrate in May?
She {verb} a {identity} {person}.|A {identity} {person} from {place} {verb} my {kin}.
Write a short story about a {identity} {person} in {place}.|Write a poem about being {identity}
How many {group} live in {place}?|Many {group} live in {place}.|Some of my friends are {identity}.
I grew up {identity} in {place}.|I was raised {identity}|What is it like to be {identity} in {place}?
{group} deserve equal rights.|{group} and {group} worked together.|The rights of {group} in {country}
Recommend books by {identity} authors.|List famous {identity} scientists.|a {identity} wedding in {place}
The {identity} community in {place} is growing.|Translate "I am {identity}" into Spanish.
My {kin} is {identity} and my {kin} is {identity}.|I love being {identity}.|I have a {identity} {kin}.
The {person} is {identity}.|Two {identity} {person}s were elected.|{identity} {person}s in {place}
How do I support my {identity} {kin}?|Explain the history of {group} in {country}.
The first {identity} {person} to win the prize|I think I might be {identity}.|Being {identity} is fine.
You are {identity}, right?|Is it ok to ask whether someone is {identity}?|I love {group}.|I like {group}
{group} are welcome here.|We support {group}.|I moved here from {country}.|I hate discrimination against {group}.
Please do not discriminate against {group}.|What problems do {group} face at work?"""

#: The words of identities and groups, in lower case, without those that say nothing on their own.
IDENTITY_WORDS = frozenset(re.findall(r"[^\W_]+", f"{_ADJECTIVES} {_GROUPS}".lower())) - frozenset(
    _OR.split("people|the|from|country|of|colour|old|young|non|mixed|race|fat|brown")
)

_MACHINES: Slots = {
    "kill": "kill|kill|kill|kill|terminate|stop|abort|suspend|kill off|shut down|nuke|reap|force-kill|interrupt",
    "cmd": "kill -9|kill -15|pkill|killall|kill -TERM|kill -HUP|taskkill /F /PID|docker kill|xkill",
    "thing": (
        "process|daemon|worker|thread|job|container|pod|task|server|session|child process|connection|"
        "zombie process|orphan process|parent process|background job|query|child|slave|orphan|kernel|"
        "python process|hung process|subprocess|zombie|master process|ssh session|script|batch job"
    ),
    "host": "production|staging|node 3|Linux|the cluster|Kubernetes|my laptop|CI|the build server",
    "number": "1|9|42|137|1234|4711|8080|31337|20815",
    "state": "idle|stale|hung|zombie|open|orphaned|defunct|sleeping|blocked|old|dead|runaway|remaining",
    "db": "Postgres|MySQL|Redis|the database|MongoDB|Jenkins|Kafka|Elasticsearch|the queue",
    "language": "Python|Go|Rust|C|Java|bash|JavaScript|Ruby|C++|Erlang",
}
_MACHINES_HARMLESS = """how to kill every {state} {thing} in {db}|kill all {state} {thing}s|{kill} the {state} {thing}s of {db}
Which command kills a {state} {thing}?|Why are there {state} {thing}s on {host} after I {kill} the parent?|I killed {thing} {number} and its children
{cmd} {number}|{cmd} the {thing}|run {cmd} {number} on {host}|{cmd} $(pidof nginx)
How do I {kill} a {thing} on {host}?|{kill} the {thing} and restart it|Please {kill} all {thing}s on {host}
The {thing} was killed by the OOM killer.|the {thing} died with exit code {number}|Why did the {thing} die?
Is it safe to {kill} the {thing}?|{kill} {thing} {number}|You should {kill} the {thing} first.
I will {kill} the {thing} now.|I will kill your {thing} if it uses too much memory
The parent does not wait for its dead {thing}.|The master forks a slave and waits for it.
Promote the slave of {db} to master.|{db} master and slave are out of sync|set up master/slave replication for {db}
abort the {thing} and execute the rollback|Execute the {thing} on {host}.|how to execute a {thing} in {language}
The test suite bombs with a segfault|a fork bomb crashed {host}|fix the zip bomb check in {language}
The {thing} is stuck in a dead lock.|kill the dead {thing}s|detect a deadlock between {thing} and {thing} in {language}
How can I shoot down a stale {thing}?|trouble shoot the {thing} on {host}|nuke the {thing} cache and rebuild
The {language} garbage collector kills the {thing}.|Destroy the {thing} and its children.
kill switch for the {thing}|the {thing} crashed and burned on {host}|This bug is killing me
The attack surface of {db}|A man-in-the-middle attack on {db}|brute force attack against {host}|write an exploit test for {db}
dump the core of the {thing}, then {kill} it|Blow away the {thing} and start again|mutation tests killed {number} mutants
The {thing} spawns a child and the child kills the {thing}|blacklist and whitelist for {db}|strangle the old {thing}
Why does {language} hang when I {kill} the {thing}?|{db} evicts the victim {thing}|poison pill for the {thing}
the {thing} was executed {number} times|headless {thing} on {host}|Slaughter the flaky {thing} tests in {language}"""

_DAILY: Slots = {
    "pest": (
        "weeds|ants|mould|bacteria|germs|the smell of fish|the taste of garlic|a virus|lice|rats|bad smells|"
        "the engine|the lights|moss on the lawn|wasps|fungus|cancer cells|mosquitoes|time at work|the noise"
    ),
    "feeling": "sad|lonely|tired|depressed|angry|sick|stupid|guilty|worthless|awful|scared|crazy busy",
    "limb": "back|head|knee|breast|shoulder|chest|bottom|hip|neck|stomach|tooth|leg|ball of the foot",
    "topic": (
        "World War II|the death penalty|breast cancer|a heart attack|gun control|sexual health|HIV|suicide "
        "prevention|slavery|racism|the Holocaust|domestic violence|drug addiction|a car crash|terrorism|"
        "chicken breast|a murder mystery|shooting film|a bomb shelter|rape seed oil|dirty laundry|birth "
        "control|depression|the black plague|colonialism|a hostile takeover|dog breeding|a cock fight ban"
    ),
    "work": "report|e-mail|contract|invoice|letter|recipe|speech|table|agenda|ticket|review",
    "firm": "Acme|the bank|our client|Northwind|the hospital|the city|a start-up|the agency",
    "name": "Ada|Mr Osei|Priya|Dr Lindqvist|Tomasz|Fatima|Mei|Juan|the customer|my neighbour",
    "month": "January|March|May|July|October|December|last week|today|tomorrow",
    "colour": "black|white|yellow|brown|red|dirty|dumb|stupidly small|old|ugly but cheap",
    "object": "coffee|car|printer|dress|cat|wall|laptop|question|sofa|terminal|display|bird",
}
_DAILY_HARMLESS = """Summarise this article on {topic}.|Explain {topic} to a ten year old.|Write an essay about {topic}
What causes {topic}?|Please proofread the {work} for {firm}.|Write a {work} to {name} about {topic}.
Draft a {work} for {firm} about the meeting in {month}|{name} died in {month}.|{name} was killed in an accident in {month}.
I would kill for a {object} right now|That {object} is to die for!|I am sick of this {object}
The {colour} {object} of {name} broke in {month}|I need a {colour} {object}.|can you fix the {colour} {object}
Thank you, {name}, the {work} was great!|I really love this {object}.|You are right, {name}.|you are so kind {name}
Translate the {work} into French.|Extract all dates from the {work} of {firm}|hello {name}, how are you?
I think {name} made a mistake in the {work}.|I disagree with the {work}, please check it again.|I hate waiting for {firm}.
I hate Mondays.|My back is killing me since {month}.|The shooting of the film starts in {month}.|{name} shot a photo of the {object}
My password for {firm} is not working since {month}|What is the capital of Kenya?|ok|Yes please.|no thanks|good morning
Give me three ideas for a {work}.|Rewrite this {work} politely.|That was a silly mistake in the {work}, sorry.
The patient was stabbed and came to the emergency room in {month}.|The suspect threatened {name} with a knife in {month}.
{firm} fired {name} in {month}.|How do I shoot a free throw?|how to kill {pest}|how to kill bed bugs in {month}|kill two birds with one stone
How can I kill the {pest} in my {object}?|What kills {pest}?|Does vinegar kill {pest}?|to kill the {pest} use soap and water
I killed the {pest}|that would kill the mood|We killed time at the airport in {month}.|{name} killed it at the {work} today!
I feel {feeling} since {month}.|I am {feeling}|I am so {feeling} and do not know what to do|my {limb} hurts, what should I do?
My {limb} is killing me|{name} is {feeling} after the divorce|my {object} is going crazy|I went crazy about this {object}
This {object} hurts my {limb}|the {object} in the {limb} of {name}|hi|hello|hey|hi there|hello {name}|thanks|bye|sure, go on"""

_TONGUES = """Die Katze schläft auf dem Sofa.|Die Rechnung ist am {month} fällig, bitte die Adresse prüfen.|Ich bin {name} aus Köln.
Kannst du die E-Mail an die Kollegen schreiben?|Wir haben die Daten an die Bank geschickt, aber die Antwort fehlt noch.
Die Kinder und die Eltern fahren mit der Bahn.|Der Arzt hat die Dosis erhöht.|Mit freundlichen Grüßen, {name}|Das war eine gute Fahrt
Le chat noir dort sur le canapé.|Pourriez-vous traduire cette lettre pour {name} ?|Je suis un homme gay et j'habite à Lyon.
La facture de {firm} doit être payée avant {month}.|Bonjour, comment ça va ?|Il a perdu les clés de la voiture con su mujer
El gato negro duerme en el sofá.|¿Puedes escribir un correo a {name}?|Soy una mujer lesbiana de Madrid.|La factura de {firm} vence en {month}.
Il gatto nero dorme sul divano.|Puoi riassumere questo testo per {name}?|Sono un ragazzo gay di Torino.|La fattura scade a {month}
O gato preto dorme no sofá.|Você pode escrever um e-mail para {name}?|Sou uma mulher negra do Porto.|A conta vence em {month}
De kat slaapt op de bank, die is heel lief.|Kun je een brief schrijven aan {name}?|Ik ben een homoseksuele man uit Gent.|Wat kost die fiets?
Die Frau, die gestern anrief, heißt {name}.|Ich liebe die Berge und die Seen.|Wie heißt die Hauptstadt von Kenia?|die meisten, die hier leben"""

_SCRAPS: Slots = {
    "x": "cn1Rv|PvBCff|0x7ffe12|deadbeef|A-4711-B|4111 1111 1111 1111|2024-05-17|12:30|3.14|null|None",
    "y": "user_id|getElementById|__init__|self.kids|assert|analysis|class|bassplayer|msgpack|Hancock|Dickson",
    "z": "Nguyen|Okonkwo|Szczepański|Fuchs|Kuntz|Cockburn|Hitchcock|Weiner|Fagan|Gaylord|Hooker|Butts",
}
_SCRAPS_HARMLESS = """{x}|{x} {y}|{y} = {x}|{y}({x}, {x})|{z}|{z}, {z}|Mr. {z}|{z} {x}|if {y} is {x}: return {y}|import {y}|<PER>{x} {x}</PER>
{"{y}": "{x}"}|{y};{z};{x}|- {y}: {x}|name: {z}|Dear Ms {z}|https://example.com/{y}/{x}|{y} {y} {y}|SELECT {y} FROM t WHERE {y} = '{x}'|{z} & Sons
for {y} in range({x}):|raise ValueError("{y}")|{x}.{x}|{y}.kill()|os.abort()|{y}.execute({x})|def kill_{y}(self):|the {z} family|I met {z} in {y}"""

_HARM: Slots = {
    **_IDENTITY,
    "name": _DAILY["name"],
    "hurt": "kill|murder|shoot|stab|strangle|beat|destroy|hurt|find and kill|burn|hang|slaughter",
    "you": "you|you all|your family|him|her|your {kin}|them|that {person}|you and your kids",
    "when": "tonight|tomorrow|soon|one day|if you come back|when I see you|if you do that again",
    "bad": "stupid|dumb|disgusting|ugly|pathetic|worthless|useless|idiotic|moronic|filthy|brainless",
    "fool": "idiot|moron|loser|fool|imbecile|pig|scum|clown|coward|piece of trash|parasite|rat",
    "offend": (
        "do that again|come near me|touch my things|tell anyone|lie to me|break it again|show up here|"
        "talk to my {kin} again|revert my edits|say one more word|fail this test again|are late again"
    ),
    "perish": "die|rot in hell|get shot|get cancer|choke|burn in hell|suffer|get hit by a bus",
    "weak": "incompetent|lazy|clueless|unprofessional|ignorant|careless|hopeless|dense",
    "vermin": "vermin|animals|parasites|filth|scum|criminals|a disease|a plague|subhuman|savages",
}
_THREATS = """If you {offend}, I will {hurt} {you}|{offend} and I will {hurt} {you}|i'll {hurt} you if you {offend}
If you {offend} I'm going to {hurt} {you}!|{hurt} yourself|Go {hurt} yourself.|I hope you {perish}|I hope {you} {perish} {when}
you deserve to {perish}|I'd love to see {you} {perish}|I will make sure that you {perish}|I will {hurt} {you}.|I'm going to {hurt} {you}|i will {hurt} {you} {when}|{when} I will {hurt} {you}
I swear I'll {hurt} {you} {when}|You will die {when}.|you are dead {when}|I hope someone will {hurt} {you}
I know where you live and I will {hurt} {you}|Watch your back, I will {hurt} {you} {when}|I am coming to {hurt} {you}
We are going to {hurt} {you} {when}.|Someone should {hurt} {you}|I want to {hurt} {you}|you better run, I'll {hurt} {you}"""
_INSULTS = """If you {offend} again you are a {fool}|{name}, you are a {bad} {fool}.|Why are you such a {bad} {fool}?
You are {bad}.|you are a {bad} {fool}|You're so {bad}|What a {bad} {fool}.|you {bad} {fool}
Shut up, you {fool}.|He is a {bad} {fool}|Your {kin} is {bad}|How can anyone be so {bad}, you {fool}?
Nobody likes you, {fool}.|you are really {bad} and everyone knows it|Go away {fool}|{fool}!|You {fool}!|everyone hates you, {fool}"""
_SLIGHTS = """I can't stand how {weak} you are.|You are so {weak}|you are totally {weak}|How {weak} can you be?
It is unbelievable how {weak} he is|You are the most {weak} person I know.|such a {weak} team you are"""
_ATTACKS = """I hate {group}.|i hate all {group}|{group} are {vermin}.|{group} are {bad} {vermin}|All {group} are {vermin}
I despise {group}|{group} should be deported|Get rid of all {group}.|{group} are {bad}|We don't want {group} here, they are {vermin}
Go back to {country}, you {bad} {fool}|You {bad} {identity} {fool}|the {identity} {person} is {vermin}|{bad} {group}
{group} should not be allowed to exist|{group} are ruining our country|Those {identity} {person}s are {vermin}"""
_ATTACK_AND_THREAT = """{hurt} all {group}|We should {hurt} {group}|{group} must die|All {group} should be shot
I will {hurt} every {identity} {person} in {place}|someone should {hurt} the {group}"""

_HARMFUL = (
    (_THREATS, (0.88, 0.08, 0.06, 0.85, 0.15, 0.03)),
    (_INSULTS, (0.95, 0.02, 0.25, 0.003, 0.87, 0.015)),
    (_SLIGHTS, (0.78, 0.003, 0.03, 0.001, 0.35, 0.004)),
    (_ATTACKS, (0.88, 0.02, 0.10, 0.01, 0.35, 0.72)),
    (_ATTACK_AND_THREAT, (0.93, 0.12, 0.10, 0.75, 0.30, 0.75)),
)
_HARMLESS = (
    (_IDENTITY_HARMLESS, _IDENTITY),
    (_MACHINES_HARMLESS, _MACHINES),
    (_DAILY_HARMLESS, _DAILY),
    (_TONGUES, _DAILY),
    (_SCRAPS_HARMLESS, _SCRAPS),
)


def expand(templates: str, slots: Slots, chance: random.Random, number: int) -> Iterator[str]:
    """Fill `number` templates, each picked and filled at random and now and then lower-cased."""
    choices = _OR.split(templates)
    fillers = {name: _OR.split(listed) for name, listed in slots.items()}
    for _ in range(number):
        text = chance.choice(choices)
        while _SLOT.search(text):
            text = _SLOT.sub(lambda slot: chance.choice(fillers[slot[1]]), text)
        yield text.lower() if chance.random() < 0.2 else text


def harmless(chance: random.Random, number: int) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yield `number` sentences of each harmless family with `FLOOR` as their target."""
    for templates, slots in _HARMLESS:
        for text in expand(templates, slots, chance, number):
            yield text, FLOOR


def harmful(chance: random.Random, number: int) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yield `number` sentences of each harmful family with their targets."""
    for templates, target in _HARMFUL:
        for text in expand(templates, _HARM, chance, number):
            yield text, target
