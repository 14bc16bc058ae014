"""replies.yaml is checked with the pack: what is wrong is said with its line."""

import re
import shutil
from pathlib import Path

import pytest
from servicekit import packs

CITIES = Path(__file__).parents[3] / "deploy" / "cities"
SHIPPED = sorted(folder.parent for folder in CITIES.glob("*/city.yaml"))
MAIL = {"description", "follow_url", "state", "words"}


@pytest.fixture
def faulty(tmp_path):
    """Return a function: the faults of a pack whose replies were changed, and the line of it."""
    folder = Path(shutil.copytree(CITIES / "santander.es", tmp_path / "santander.es"))
    path = folder / "replies.yaml"

    def changed(before, after):
        words = path.read_text(encoding="utf-8")
        assert before in words, f"replies.yaml no longer says {before}"
        path.write_text(words.replace(before, after, 1), encoding="utf-8")
        with pytest.raises(packs.PackBroken) as broken:
            packs.read_pack(folder)
        return [str(one) for one in broken.value.faults], words[: words.index(before)].count(
            "\n"
        ) + 1

    return changed


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_pack_has_a_dozen_replies_in_each_of_its_languages(folder):
    pack = packs.read_pack(folder)

    assert len(pack.replies) >= 12
    for reply in pack.replies:
        assert set(reply.title) == set(reply.words) == set(pack.city.languages)
        assert len(set(reply.words.values())) == len(reply.words)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_every_language_of_a_shipped_reply_says_the_same_facts(folder):
    for reply in packs.read_pack(folder).replies:
        said = [sorted(re.findall(r"\{(\w+)\}", words)) for words in reply.words.values()]
        assert all(one == said[0] for one in said), reply.reply


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_there_are_words_for_every_refusal_and_for_the_usual_ends(folder):
    pack = packs.read_pack(folder)
    worded = {code for reply in pack.replies for code in reply.outcomes}

    wanted = {one.code for one in pack.city.outcomes.values() if one.closes_as == "refused"}
    assert wanted <= worded
    assert {"repaired", "cleaned", "inspected"} <= worded


def test_an_unknown_placeholder_is_named_with_its_line_and_column(faulty):
    faults, line = faulty("{contact_phone}", "{telefono}")

    [fault] = faults
    assert fault.startswith(f"replies.yaml:{line}:")
    assert "there is no placeholder telefono; there are: address, city" in fault


def test_what_a_mail_may_say_and_a_public_answer_may_not_is_unknown(faulty):
    faults, _ = faulty("{contact_phone}", "{follow_url}")

    assert "there is no placeholder follow_url" in faults[0]


@pytest.mark.parametrize("wrong", ["{", "}", "{contact_phone!r}", "{{contact_phone}}", "{}"])
def test_braces_that_hold_no_name_are_named(faulty, wrong):
    faults, line = faulty("{contact_phone}", wrong)

    assert faults[0].startswith(f"replies.yaml:{line}:")
    assert "is no placeholder: braces hold a name and nothing else" in faults[0]


def test_a_missing_language_is_named(faulty):
    faults, line = faulty("title: {es: Limpiado o retirado, en:", "title: {es: Limpiado, de:")

    assert f"replies.yaml:{line}: title is missing in en" in faults
    assert f"replies.yaml:{line}: title is given in de, which city.yaml does not list" in faults


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("outcomes: [cleaned]", "outcomes: [washed]", "there is no outcome washed; there are: al"),
        ("groups: [calles]", "groups: [street]", "there is no group street; there are: agua, al"),
        ("groups: [calles]", "services: [hole]", "there is no service hole; there are: acera-ro"),
        ("groups: [calles]", "departments: [x]", "there is no department x; there are: agua"),
        (
            "moves: [refused], outcomes: [not-found]",
            "moves: [resolved], outcomes: [not-found]",
            "outcome not-found goes with refused, which is none of its moves",
        ),
        ("moves: [started]", "moves: [begun]", "'begun', not one of accepted, started"),
        ("reply: limpio", "reply: recibido", "reply recibido is already given in line 4"),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(faulty, before, after, reason):
    faults, line = faulty(before, after)

    assert [fault for fault in faults if f"replies.yaml:{line}" in fault and reason in fault], (
        faults
    )


def test_a_pack_may_have_no_replies(tmp_path):
    folder = Path(shutil.copytree(CITIES / "santander.es", tmp_path / "santander.es"))
    (folder / "replies.yaml").unlink()

    assert packs.read_pack(folder).replies == ()
