"""Completion: what is found, in which order, and that no text breaks it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from widgets.completion import Candidate, Completer, Completion, nearest

COMMANDS = (
    Candidate("pods", "Pods", ("po",), takes="filter"),
    Candidate("services", "Services", ("svc",)),
    Candidate("deployments", "Deployments", ("deploy", "dp")),
    Candidate("ctx", "Change the context", takes="context"),
    Candidate("replicasets", "Replica sets", ("rs",)),
)
CONTEXTS = (Candidate("prod-eu"), Candidate("prod-us"), Candidate("EU-staging"))


def words(completion: Completion) -> list[str]:
    return [candidate.word for candidate in completion.matches]


def test_prefix_comes_before_substring_and_substring_before_letters_in_order() -> None:
    names = ("a-web-1", "web", "w-e-b", "webhook", "zzz")
    completer = Completer([Candidate(name) for name in names])
    assert words(completer.complete("web")) == ["web", "webhook", "a-web-1", "w-e-b"]


def test_a_whole_alias_comes_first() -> None:
    assert words(Completer(COMMANDS).complete("rs"))[0] == "replicasets"
    assert words(Completer(COMMANDS).complete("DP"))[0] == "deployments"


def test_nothing_typed_lists_all_in_their_order() -> None:
    completion = Completer(COMMANDS).complete("", limit=3)
    assert words(completion) == ["pods", "services", "deployments"]
    assert completion.more


def test_a_command_found_by_two_names_is_listed_once() -> None:
    assert words(Completer(COMMANDS).complete("d")).count("deployments") == 1


def test_arguments_are_those_of_the_command_whatever_it_was_called() -> None:
    completer = Completer(COMMANDS, {"ctx": CONTEXTS, "pods": (Candidate("@a"),)})
    completion = completer.complete("ctx eu")
    assert words(completion) == ["EU-staging", "prod-eu"]
    assert completion.apply("ctx eu", completion.matches[1]) == "ctx prod-eu"
    assert words(completer.complete("po ")) == ["@a"]
    assert words(completer.complete("svc ")) == []


def test_arguments_under_the_empty_name_follow_any_command() -> None:
    completer = Completer(COMMANDS, {"": (Candidate("@shop-prod"),)})
    completion = completer.complete("pods /web @sh")
    assert completion.apply("pods /web @sh", completion.matches[0]) == "pods /web @shop-prod"


def test_what_takes_more_gets_a_space() -> None:
    completer = Completer(COMMANDS)
    assert completer.complete("po").apply("po", COMMANDS[0]) == "pods "
    assert completer.complete("sv").apply("sv", COMMANDS[1]) == "services"


def test_finds_the_last_of_fifty_thousand() -> None:
    names = [Candidate(f"pod-{number:05}-abcde") for number in range(50_000)]
    completer = Completer(names)
    assert words(completer.complete("49999-a")) == ["pod-49999-abcde"]
    assert len(words(completer.complete("pod-4"))) == 8
    assert words(completer.complete("no-such-pod")) == []


@given(st.lists(st.text(max_size=12), max_size=20), st.text(max_size=15))
def test_any_text_finds_only_what_holds_its_letters_in_order(names: list[str], typed: str) -> None:
    line = typed.replace(" ", "")
    completion = Completer([Candidate(name) for name in names]).complete(line, limit=50)
    for candidate in completion.matches:
        rest = iter(candidate.word.replace("\n", " ").casefold())
        assert all(letter in rest for letter in line.replace("\n", " ").casefold())
    assert len(set(map(id, completion.matches))) == len(completion.matches)


@given(st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=20))
def test_every_name_is_found_by_itself(names: list[str]) -> None:
    completer = Completer([Candidate(name) for name in names])
    for name in names:
        assert words(completer.complete(name, limit=1)) == [name]


def test_nearest_guesses_slips_and_nothing_else() -> None:
    known = Completer(COMMANDS).words
    assert nearest("psods", known) == "pods"
    assert nearest("deployment", known) == "deployments"
    assert nearest("SERVCES", known) == "services"
    assert nearest("xyzzy", known) == ""
    assert nearest("", known) == ""


def test_candidates_of_several_words_are_completed_as_a_whole() -> None:
    several = (Candidate("ctx shop-prod"), Candidate("ctx pay-prod"), Candidate("pods"))
    completion = Completer(several).complete(" ctx pa")
    assert words(completion) == ["ctx pay-prod"]
    assert completion.apply(" ctx pa", completion.matches[0]) == " ctx pay-prod"
