"""instructor: a typed answer with values in it, from a model that saw tokens. No code of ours more.

`OPENAI_BASE_URL` says where the model is; the test runs it against one on this machine.
"""

import instructor
from openai import OpenAI
from pydantic import BaseModel

from llm_guard_protecto import LocalVault, protect


class Person(BaseModel):
    """Somebody in a text."""

    name: str
    mail: str


with LocalVault("memory:") as vault:
    client = instructor.from_openai(protect(OpenAI(), vault))
    asked = "Who is it? Sarah Johnson, sarah.johnson@mail.example, wrote again."
    person = client.chat.completions.create(
        model="any", response_model=Person, messages=[{"role": "user", "content": asked}]
    )
    print("person:", person.name, "|", person.mail)
