from __future__ import annotations

from ingest.gate.movement import Finding, Movements

S = 1_000_000


def seen(movements: Movements, *at_s: float) -> None:
    for at in at_s:
        movements.moved(round(at * S))


def test_nothing_seen_nothing_to_judge() -> None:
    assert Movements().judge(100 * S) is None


def test_one_look_or_two_are_a_flicker_but_not_before_they_are_over() -> None:
    movements = Movements()
    seen(movements, 10, 10.2)
    assert movements.judge(11 * S) is Finding.OPEN
    assert movements.judge(12 * S) is Finding.FLICKER
    assert movements.judge(13 * S) is None


def test_a_movement_is_told_where_the_sizes_rose_about_its_beginning() -> None:
    for crossed_s, finding in (
        (8.9, Finding.UNTOLD),
        (9.1, Finding.TOLD),
        (11.9, Finding.TOLD),
        (12.1, Finding.UNTOLD),
    ):
        movements = Movements()
        movements.crossed(round(crossed_s * S))
        seen(movements, 10, 10.2, 10.4, 10.6)
        assert movements.judge(round(10.6 * S)) is Finding.OPEN
        assert movements.judge(13 * S) is finding
        assert movements.judge(14 * S) is None


def test_looks_of_a_slow_camera_are_one_movement_where_none_between_was_still() -> None:
    movements = Movements()
    for at, before in ((10, 9), (11.05, 10), (12.1, 11.05), (13.2, 12.1)):
        movements.moved(round(at * S), round(before * S))
    assert movements.judge(14 * S) is Finding.UNTOLD
    movements.moved(20 * S, 19 * S)
    movements.moved(22 * S, 21 * S)  # nothing moved in between
    assert movements.began_us == 22 * S
    movements.moved(30 * S, 22 * S)  # nor is that one movement, whatever was looked at
    assert movements.began_us == 30 * S


def test_a_pause_begins_another_and_a_clock_that_jumps_back_too() -> None:
    movements = Movements()
    seen(movements, 10, 10.2, 10.4, 20)
    assert movements.began_us == 20 * S
    seen(movements, 5)
    assert movements.began_us == 5 * S


def test_what_is_dismissed_is_not_judged() -> None:
    movements = Movements()
    seen(movements, 10, 10.2, 10.4)
    movements.dismiss()
    assert movements.judge(20 * S) is None
    assert movements.began_us is None
