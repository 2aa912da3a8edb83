"""The recognition graph, read back from its bytes: it says the words it should, and its look-ahead tells the truth."""

import struct
from dataclasses import dataclass

from ivr.speech.lexicon.graph import UNKNOWN, Graph, build, transitions
from ivr.speech.lexicon.language_model import Counts, estimate
from ivr.speech.lexicon.phones import PHONES, placed
from ivr.speech.lexicon.pronounce import Phones, pronunciations

WORDS = ("не", "нет", "код", "кот", "пароль", "пароля", "паром", "да")


@dataclass(frozen=True)
class Arc:
    input: int
    output: int
    weight: float
    next: int


@dataclass(frozen=True)
class Read:
    """A const transducer out of its file."""

    arcs: list[list[Arc]]
    finals: list[float]
    rest: bytes


def _read_const(data: bytes) -> Read:
    magic, length = struct.unpack_from("<ii", data)
    assert (magic, data[8 : 8 + length]) == (2125659606, b"const")
    at = 8 + length + 4 + len("standard") + 8
    _, start, states, arcs = struct.unpack_from("<Qqqq", data, at)
    assert start == 0
    at += 32
    rows = [struct.unpack_from("<fIIII", data, at + 20 * state) for state in range(states)]
    first_arc = at + 20 * states
    table = [Arc(*struct.unpack_from("<iifi", data, first_arc + 16 * number)) for number in range(arcs)]
    out = [table[first : first + count] for _, first, count, _, _ in rows]
    for (_, _, _, inputs, outputs), here in zip(rows, out, strict=True):
        assert inputs == sum(arc.input == 0 for arc in here)
        assert outputs == sum(arc.output == 0 for arc in here)
        assert [arc.output for arc in here] == sorted(arc.output for arc in here)
    return Read(out, [row[0] for row in rows], data[first_arc + 16 * arcs :])


def _read_look_ahead(data: bytes) -> tuple[Read, list[set[int]], int]:
    """The transducer, the labels within reach of each state, and the label that stands for the end."""
    begins = data.index(struct.pack("<i", 446681434)) + 4
    read = _read_const(data[begins:])
    flags, final_label, states = read.rest[:5], *struct.unpack_from("<iq", read.rest, 5)
    assert flags == bytes([1, 0, 1, 0, 0])
    at, reached = 17, []
    for _ in range(states):
        (count,) = struct.unpack_from("<q", read.rest, at)
        bounds = [struct.unpack_from("<ii", read.rest, at + 8 + 8 * number) for number in range(count)]
        (size,) = struct.unpack_from("<i", read.rest, at + 8 + 8 * count)
        labels = {label for begin, end in bounds for label in range(begin, end)}
        assert size == len(labels)
        reached.append(labels)
        at += 12 + 8 * count
    assert at == len(read.rest)
    return read, reached, final_label


def _graph() -> Graph:
    counts = Counts()
    counts.add(["забыл пароль", "да", "нет", "не код"], 2.0)
    spoken: dict[str, tuple[Phones, ...]] = {word: pronunciations(word) for word in WORDS}
    return build(spoken, estimate(counts, dict.fromkeys(WORDS, 1.0)))


def _heard(read: Read, inputs: list[int]) -> set[tuple[int, ...]]:
    """Output labels of every path from the start to an end that reads exactly these inputs."""
    found: set[tuple[int, ...]] = set()
    waiting: list[tuple[int, int, tuple[int, ...]]] = [(0, 0, ())]
    while waiting:
        state, at, outputs = waiting.pop()
        if at == len(inputs) and read.finals[state] != float("inf"):
            found.add(outputs)
        for arc in read.arcs[state]:
            said = (*outputs, arc.output) if arc.output else outputs
            if arc.input == 0:
                waiting.append((arc.next, at, said))
            elif at < len(inputs) and arc.input == inputs[at]:
                waiting.append((arc.next, at + 1, said))
    return found


def _frames(word: str) -> list[int]:
    """Transitions of a word said with two frames and a blank for each phone."""
    numbers: list[int] = []
    for phone in placed(pronunciations(word)[0]):
        of = transitions(phone)
        numbers += [of.into_blank, of.repeat, of.leave_blank, of.repeat_blank]
    return numbers


def test_the_frames_of_a_word_are_heard_as_that_word_and_its_homophones_only() -> None:
    graph = _graph()
    read, _, _ = _read_look_ahead(graph.lexicon)
    for word in WORDS:
        same = {other for other in WORDS if set(pronunciations(other)) & {pronunciations(word)[0]}}
        heard = {graph.words[labels[0] - 1] for labels in _heard(read, _frames(word)) if len(labels) == 1}
        assert heard - {UNKNOWN} == same
        assert UNKNOWN in heard  # any two phones may also be a word nobody knows


def test_words_follow_one_another_with_silence_or_without() -> None:
    graph = _graph()
    read, _, _ = _read_look_ahead(graph.lexicon)
    silence = [2, 1, 1]
    number = {word: at + 1 for at, word in enumerate(graph.words)}
    for pause in ([], silence):
        assert (number["да"], number["нет"]) in _heard(read, [*silence, *_frames("да"), *pause, *_frames("нет")])


def test_look_ahead_lists_exactly_the_labels_within_reach() -> None:
    read, reached, final_label = _read_look_ahead(_graph().lexicon)
    for state in range(len(read.arcs)):
        labels: set[int] = set()
        seen, waiting = {state}, [state]
        while waiting:
            here = waiting.pop()
            if read.finals[here] != float("inf"):
                labels.add(final_label)
            for arc in read.arcs[here]:
                if arc.output:
                    labels.add(arc.output)
                elif arc.next not in seen:
                    seen.add(arc.next)
                    waiting.append(arc.next)
        assert reached[state] == labels


def test_words_with_a_common_beginning_have_neighbouring_numbers() -> None:
    words = _graph().words
    places = [words.index(word) for word in ("пароль", "пароля", "паром")]
    assert max(places) - min(places) == 2


def test_the_language_model_accepts_every_word_and_backs_off_to_none() -> None:
    graph = _graph()
    read = _read_const(graph.grammar)
    assert read.rest == b""
    unigrams = max(read.arcs, key=len)
    assert {arc.input for arc in unigrams} == set(range(1, len(WORDS) + 1))  # not the unknown word: it is dear enough
    assert all(arc.input == arc.output for arcs in read.arcs for arc in arcs)
    assert all(arcs[0].input == 0 for arcs in read.arcs if arcs is not unigrams)


def test_all_phones_have_their_own_transitions() -> None:
    count = 4 * len(PHONES)
    numbers = [number for phone in range(2, count + 2) for number in _numbers(phone)]
    assert numbers == list(range(3, 3 + 5 * count))


def _numbers(phone: int) -> tuple[int, ...]:
    of = transitions(phone)
    return of.repeat, of.into_blank, of.leave, of.repeat_blank, of.leave_blank
