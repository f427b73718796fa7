"""Scopes are sets: their algebra must be that of sets."""

from __future__ import annotations

import functools
import operator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from camera_registry.scope import Scope

codes = st.sampled_from(["25747", "25750", "25760", "25768"])
scopes = st.one_of(st.just(Scope.all()), st.frozensets(codes).map(Scope))


@given(scopes, scopes, codes)
def test_a_union_allows_what_either_allows(a: Scope, b: Scope, code: str) -> None:
    assert (a | b).allows(code) == (a.allows(code) or b.allows(code))


@given(scopes, scopes)
def test_covers_is_set_inclusion(a: Scope, b: Scope) -> None:
    everything = ["25747", "25750", "25760", "25768", "another"]
    expected = all(a.allows(code) for code in everything if b.allows(code))
    assert a.covers(b) == expected
    assert (a | b).covers(a)
    assert a.covers(Scope())


@given(st.frozensets(codes))
def test_a_star_means_everywhere(units: frozenset[str]) -> None:
    assert Scope.of({*units, "*"}) == Scope.all()
    assert Scope.of(units).empty == (not units)


G, H = "g", "h"
group_scopes = st.builds(
    lambda grants: functools.reduce(operator.or_, grants, Scope()),
    st.lists(
        st.builds(
            Scope.of,
            st.lists(st.sampled_from(["1", "2", "*"]), min_size=1),
            st.none() | st.lists(st.sampled_from([G, H, "*"]), min_size=1),
        ),
        max_size=4,
    ),
)
cameras = st.tuples(st.sampled_from(["1", "2", "3"]), st.sets(st.sampled_from([G, H])))


@given(group_scopes, group_scopes, cameras)
def test_a_union_of_group_scopes_allows_what_either_allows(a: Scope, b: Scope, camera: Any) -> None:
    assert (a | b).allows(*camera) == (a.allows(*camera) or b.allows(*camera))


@given(group_scopes, group_scopes, cameras)
def test_what_is_covered_allows_no_more(a: Scope, b: Scope, camera: Any) -> None:
    assert (a | b).covers(a)
    if a.covers(b) and b.allows(*camera):
        assert a.allows(*camera)


@given(group_scopes)
def test_products_are_the_scope_again(scope: Scope) -> None:
    again = functools.reduce(operator.or_, [Scope.of(*each) for each in scope.products()], Scope())
    assert again.covers(scope)
    assert scope.covers(again)
    assert again.empty == scope.empty
