"""The asynchronous vault is the same vault."""

from __future__ import annotations

import asyncio

from llm_guard_protecto import AsyncLocalVault, LocalVault

TEXT = "mail sarah.johnson@example.com"


def test_it_masks_finds_and_unmasks() -> None:
    async def run() -> None:
        async with AsyncLocalVault("memory:", environ={}) as vault:
            masked = (await vault.mask([TEXT]))[0]
            assert "sarah" not in masked.token_value
            assert (await vault.unmask([masked.token_value]))[0].value == TEXT
            assert [span.entity for span in (await vault.find([TEXT]))[0]] == ["EMAIL_ADDRESS"]

    asyncio.run(run())


def test_it_explains_as_its_vault_does() -> None:
    with LocalVault("memory:", environ={}) as vault:
        asked = AsyncLocalVault(vault=vault).explain([TEXT, ""], "minimal")
        [[reason, *_], nothing] = explained = asyncio.run(asked)
        assert explained == vault.explain([TEXT, ""], "minimal")
    assert reason.span.entity == "EMAIL_ADDRESS"
    assert nothing == []


def test_each_text_is_masked_as_if_it_came_alone() -> None:
    texts = ["I am Sarah Johnson", "Johnson & Sons"]
    with LocalVault("memory:", environ={}) as vault:
        masked = asyncio.run(AsyncLocalVault(vault=vault).mask_each(texts))
        assert masked == [vault.mask([text])[0] for text in texts]


def test_it_can_share_a_vault() -> None:
    with LocalVault("memory:", environ={}) as vault:
        shared = AsyncLocalVault(vault=vault)
        token = asyncio.run(shared.mask([TEXT]))[0].token_value
        assert vault.unmask([token])[0].value == TEXT


def test_the_event_loop_stays_free() -> None:
    """Forty calls at once, while the loop goes on counting."""

    async def run() -> int:
        async with AsyncLocalVault("memory:", environ={}) as vault:
            ticks = 0
            calls = asyncio.gather(*(vault.mask([f"{TEXT} {n}"]) for n in range(40)))
            while not calls.done():
                ticks += 1
                await asyncio.sleep(0)
            answers = await calls
            assert len({answer[0].individual_tokens[0].token for answer in answers}) == 1
            return ticks

    assert asyncio.run(run()) > 1
