"""Scopes are sets: their algebra must be that of sets."""

from __future__ import annotations

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
