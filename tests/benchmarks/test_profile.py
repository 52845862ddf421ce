"""What a profile makes of collapsed stacks."""

from benchmarks.profile import Profile


def test_a_function_is_charged_for_itself_and_for_what_it_called() -> None:
    profile = Profile.of(["main;serve;parse 3", "main;serve 1", "main;idle;serve;parse 1"])
    assert profile.samples == 5
    assert profile.own == {"parse": 4, "serve": 1}
    assert profile.total == {"main": 5, "serve": 5, "parse": 4, "idle": 1}


def test_a_recursive_function_is_charged_once_a_sample() -> None:
    assert Profile.of(["walk;walk;walk 2"]).total == {"walk": 2}


def test_the_table_leaves_out_the_way_in() -> None:
    called = Profile.of(["main;serve;parse 3", "main;wait 1"]).table(5).partition("with callees")[2]
    assert "main" not in called
    assert " 75.0%  parse" in called
