"""For which services a condition may hold: never too few, and surely never too many."""

from hypothesis import given
from hypothesis import strategies as st
from servicekit import expressions, packs
from servicekit.expressions import All, Call, Either, Literal, Name, Not, Relation, Several

GROUPS = {"hole": "streets", "kerb": "streets", "lamp": "lights", "tree": "parks"}
texts = st.sampled_from([*GROUPS, *set(GROUPS.values())]).map(Literal)
names = st.sampled_from(["service_code", "group", "channel"]).map(Name)
relations = st.one_of(
    st.builds(Relation, st.sampled_from(["==", "!="]), names, texts),
    st.builds(Relation, st.sampled_from(["==", "!="]), texts, names),
    st.builds(Relation, st.just("=="), names, names),
    st.builds(Relation, st.just("in"), names, st.lists(texts, max_size=3).map(tuple).map(Several)),
)
atoms = st.one_of(
    relations, st.booleans().map(Literal), st.just(Call("within", (Literal("Port"),)))
)


def _groups(inner):
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(All, several), st.builds(Either, several))


@given(term=st.recursive(atoms, _groups, max_leaves=10))
def test_what_may_and_what_must_hold_is_told_for_every_service(term):
    found = packs.reach(term, GROUPS)
    condition = expressions.compiled(term)
    services = {**GROUPS, "": ""}

    held = {
        code: {
            condition(
                {"service_code": code, "group": group, "channel": channel, 'within("Port")': port}
            )
            for channel in ("web", "hole", "streets", "")
            for port in (True, False)
        }
        for code, group in services.items()
    }
    assert {code for code, said in held.items() if True in said} <= found.may
    assert found.surely <= {code for code, said in held.items() if False not in said}


def test_a_condition_about_the_service_alone_is_told_exactly():
    term = expressions.parse(
        'group == "streets" && service_code != "kerb" || "lamp" == service_code'
    )

    found = packs.reach(term, GROUPS)

    assert found.may == found.surely == {"hole", "lamp"}
