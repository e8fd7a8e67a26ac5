"""What a response says, on responses as the API gives them and as it should not."""

import copy
import json
import math
from typing import Any

import pytest
from hosted import asked

from mirrortest.engine import Answer, Choice, Weights
from mirrortest.hosted import completions
from mirrortest.hosted.archive import Record, Request
from mirrortest.hosted.completions import LogprobsMissingError, MalformedError

Doc = dict[str, Any]
STATED: Doc = {
    "model": asked.MODEL,
    "messages": [{"role": "user", "content": "Which?"}],
    "max_completion_tokens": 1,
    "logprobs": True,
    "top_logprobs": 20,
}
PLAIN = {key: value for key, value in STATED.items() if "logprobs" not in key}
USAGE = {"prompt_tokens": 1000, "completion_tokens": 1}


def _token(text: str, logprob: float) -> Doc:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


def _response(text: str, **listed: float) -> Doc:
    """One token; options are listed as `o1=-0.1`."""
    top = [_token(name.removeprefix("o"), value) for name, value in listed.items()]
    token = _token(text, top[0]["logprob"] if top else -0.1) | {"top_logprobs": top}
    choice = {
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": {"content": [token]},
        "finish_reason": "length",
    }
    return {"id": "x", "choices": [choice], "usage": dict(USAGE)}


def _record(response: Doc, request: Doc = STATED, status: int = 200) -> Record:
    return Record(Request(request).key, request, 0, status, response, None, "", "")


def _choice(response: Doc, request: Doc = STATED) -> Choice:
    whole = completions.parsed(json.dumps(response), request)
    return completions.choice_of(_record(whole, request), ("1", "2"))


def test_options_that_are_listed_are_read() -> None:
    choice = _choice(_response("1", o1=-0.2, o2=-2.0, oMaybe=-4.0))
    mass = math.exp(-0.2) + math.exp(-2.0)
    assert choice == Choice([-0.2, -2.0], "1", pytest.approx(mass, abs=1e-6))


def test_an_unlisted_option_is_bounded_by_the_least_likely_listed_token() -> None:
    choice = _choice(_response("1", o1=-0.2, oMaybe=-4.0))
    assert choice.logprobs == [-0.2, -4.0]
    assert choice.note == "bounded"
    assert choice.mass == pytest.approx(math.exp(-0.2), abs=1e-6)


def test_an_unlisted_option_is_bounded_by_what_the_listed_tokens_leave() -> None:
    choice = _choice(_response("1", o1=math.log(0.9)))
    assert choice.logprobs == pytest.approx([math.log(0.9), math.log(0.1)], abs=1e-6)


def test_tokens_that_take_everything_leave_a_rest_that_rounding_allows() -> None:
    choice = _choice(_response("1", o1=0.0))
    assert choice.logprobs == pytest.approx([0.0, math.log(1e-6)], abs=1e-6)


def test_where_no_option_is_listed_nothing_is_compared() -> None:
    assert _choice(_response("Maybe", oMaybe=-0.1)) == Choice(None, "Maybe", None, "unlisted")


def test_a_token_out_of_range_is_not_listed() -> None:
    choice = _choice(_response("1", o1=-0.2, o2=-9999.0, oMaybe=-5.0))
    assert choice.logprobs == [-0.2, -5.0]
    assert choice.note == "bounded"


def test_the_sampled_token_may_be_out_of_range_if_the_list_is_not() -> None:
    response = _response("1", o1=-0.2, o2=-2.0)
    response["choices"][0]["logprobs"]["content"][0]["logprob"] = -9999.0
    assert _choice(response).logprobs == [-0.2, -2.0]


SCALE = (*map(str, range(101)), "CODE", "REFUSAL")


def _weights(response: Doc, answers: tuple[str, ...] = SCALE, request: Doc = STATED) -> Weights:
    whole = completions.parsed(json.dumps(response), request)
    return completions.weights_of(_record(whole, request), answers)


def test_listed_answers_weigh_what_is_stated_and_others_nothing() -> None:
    weights = _weights(_response("85", o85=-0.5, o80=-1.5, oMaybe=-4.0, o850=-5.0))
    named = dict(zip(SCALE, weights.logprobs or [], strict=True))
    assert (named.pop("85"), named.pop("80")) == (-0.5, -1.5)
    assert set(named.values()) == {completions.OUT_OF_RANGE}
    assert weights.mass == pytest.approx(math.exp(-0.5) + math.exp(-1.5), abs=1e-6)
    assert weights.note == ""


def test_a_word_weighs_what_the_tokens_that_begin_it_do() -> None:
    weights = _weights(_response("REF", oREF=-0.5, oRE=-2.0, o8=-3.0, oref=-4.0))
    named = dict(zip(SCALE, weights.logprobs or [], strict=True))
    expected = math.exp(-0.5) + math.exp(-2.0)
    assert named["REFUSAL"] == pytest.approx(math.log(expected), abs=1e-6)
    assert (named["8"], named["80"]) == (-3.0, completions.OUT_OF_RANGE)


def test_a_token_that_begins_two_words_is_neither() -> None:
    weights = _weights(_response("C", oC=-0.5, oCODE=-2.0), ("CODE", "CASE"))
    assert weights.logprobs == [-2.0, completions.OUT_OF_RANGE]


def test_longer_answers_are_not_weighed() -> None:
    response = _response("No", oNo=-0.5)
    for longer in ("No.", "No one", "1000", ""):
        assert _weights(response, ("No", longer)) == Weights(None, None, "several-tokens")


def test_what_no_token_speaks_for_has_no_weights() -> None:
    assert _weights(_response("Maybe", oMaybe=-0.1)) == Weights(None, None, "unlisted")


def test_an_answer_that_is_not_there_has_no_weights() -> None:
    filtered, silent, plain = _response("1", o1=-0.2), _response(""), _response("85")
    filtered["choices"][0]["finish_reason"] = "content_filter"
    silent["choices"][0] |= {"logprobs": {"content": []}, "finish_reason": "stop"}
    assert _weights(filtered) == Weights(None, None, "filtered")
    assert _weights(silent) == Weights(None, None, "silent")
    assert _weights(plain, request=PLAIN) == Weights(None, None, "no-logprobs")


def test_a_model_without_logprobs_gives_its_free_answer_and_says_so() -> None:
    response = _response(" 2 ")
    response["choices"][0]["logprobs"] = None
    assert _choice(response, PLAIN) == Choice(None, "2", None, "no-logprobs")


def test_a_model_that_ends_at_once_has_said_nothing() -> None:
    response = _response("")
    response["choices"][0] |= {"logprobs": {"content": []}, "finish_reason": "stop"}
    assert _choice(response) == Choice(None, "", None, "silent")


def test_a_refusal_is_no_answer() -> None:
    response = _response("")
    response["choices"][0]["message"] |= {"content": None, "refusal": "I cannot."}
    assert _choice(response) == Choice(None, "", None, "refused")


def test_what_the_filter_stopped_is_no_answer_even_if_text_came() -> None:
    response = _response("1", o1=-0.2, o2=-2.0)
    response["choices"][0]["finish_reason"] = "content_filter"
    record = _record(completions.parsed(json.dumps(response), STATED))
    assert completions.choice_of(record, ("1", "2")) == Choice(None, "", None, "filtered")
    assert completions.answer_of(record) == Answer("", False, "filtered")


def test_what_the_provider_blocked_is_no_answer() -> None:
    record = _record({"error": {"code": "content_filter"}}, status=400)
    assert completions.choice_of(record, ("1", "2")).note == "filtered"
    assert completions.cost(asked.PRICE, record) == 0.0


def test_text_that_ran_into_the_limit_has_not_ended() -> None:
    response = _response(" A summary ")
    assert completions.answer_of(_record(response)) == Answer("A summary", ended=False)
    response["choices"][0]["finish_reason"] = "stop"
    assert completions.answer_of(_record(response)) == Answer("A summary", ended=True)


def _spoiled(*path: Any, value: Any) -> Doc:
    response = copy.deepcopy(_response("1", o1=-0.2, o2=-2.0))
    place: Any = response
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return response


CHOICE = ("choices", 0)
TOP = (*CHOICE, "logprobs", "content", 0, "top_logprobs")
BROKEN = [
    _spoiled("choices", value=[]),
    _spoiled("choices", value=None),
    _spoiled("usage", value=None),
    _spoiled("usage", value={"prompt_tokens": None, "completion_tokens": 1}),
    _spoiled("usage", value={"prompt_tokens": -5, "completion_tokens": 1}),
    _spoiled(*CHOICE, "message", value=None),
    _spoiled(*CHOICE, "message", "content", value=None),
    _spoiled(*CHOICE, "message", "content", value=["1"]),
    _spoiled(*CHOICE, "finish_reason", value=None),
    _spoiled(*CHOICE, "finish_reason", value="tool_calls"),
    _spoiled(*CHOICE, "logprobs", value="none"),
    _spoiled(*CHOICE, "logprobs", value={"content": [{}]}),
    _spoiled(*TOP, value=None),
    _spoiled(*TOP, value=[_token("1", -0.2), _token("1", -0.2)]),
    _spoiled(*TOP, value=[_token("1", -9999.0), _token("2", -9999.0)]),
    _spoiled(*TOP, value=[_token("1", None)]),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("response", BROKEN, ids=range(len(BROKEN)))
def test_what_is_not_whole_is_refused(response: Doc) -> None:
    with pytest.raises(MalformedError):
        completions.parsed(json.dumps(response), STATED)


@pytest.mark.parametrize("details", [[1], {"cached_tokens": "3"}])
def test_cached_tokens_of_another_form_are_refused(details: Any) -> None:
    response = _response("1", o1=-0.2) | {"usage": USAGE | {"prompt_tokens_details": details}}
    with pytest.raises(MalformedError):
        completions.parsed(json.dumps(response), STATED)


def test_half_a_character_is_refused() -> None:
    response = _response("half", o1=-0.2)
    response["choices"][0]["message"]["content"] = "\ud83d"
    with pytest.raises(MalformedError):
        completions.parsed(json.dumps(response), PLAIN)


@pytest.mark.parametrize("text", ["", "<html></html>", '{"weird": 1}', "[]", "null", '"text"', "{"])
def test_what_is_no_completion_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        completions.parsed(text, STATED)


@pytest.mark.parametrize("logprobs", [None, {"content": []}, {"content": None}])
def test_missing_logprobs_are_told_from_other_defects(logprobs: Any) -> None:
    response = _spoiled(*CHOICE, "logprobs", value=logprobs)
    with pytest.raises(LogprobsMissingError):
        completions.parsed(json.dumps(response), STATED)
    assert completions.parsed(json.dumps(response), PLAIN) == response


def test_a_call_costs_what_its_usage_says() -> None:
    response = _response("1", o1=-0.2)
    response["usage"] |= {"prompt_tokens_details": {"cached_tokens": 400}}
    expected = (600 * 2.00 + 400 * 0.50 + 1 * 8.00) / 1e6
    assert completions.cost(asked.PRICE, _record(response)) == pytest.approx(expected)


def test_a_call_may_cost_as_many_tokens_as_its_text_has_bytes() -> None:
    body = STATED | {"messages": [{"role": "user", "content": "ä" * 100}]}
    most = completions.most(asked.PRICE, body)
    assert (200 * 2.00 + 8.00) / 1e6 < most < (240 * 2.00 + 8.00) / 1e6
