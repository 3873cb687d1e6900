"""The application in this process: what it answers, what it refuses and how."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest

pytest.importorskip("fastapi")

from fastapi import FastAPI
from fastapi.testclient import TestClient

import ner.serving.service
from ner.serving import ServeOptions, create_app
from ner.serving.answering import answer
from ner.serving.schemas import EXPLAINED
from ner.tagger import Tagger
from tests.inspection.taggers import make_tagger

TEXT = "Ada Lovelace met Kofi Annan in New York. 😀 Otto left."
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def client(tiny_tagger: Tagger) -> Iterator[TestClient]:
    with TestClient(create_app(tiny_tagger, ServeOptions(max_bytes=300_000))) as client:
        yield client


def test_a_text(client: TestClient, tiny_tagger: Tagger) -> None:
    found = client.post("/tag", json={"text": TEXT})
    assert found.status_code == 200 and found.headers["content-type"] == "application/json"
    assert found.json() == {"documents": [tiny_tagger.tag(TEXT).to_dict()]}


def test_texts_and_sentences(client: TestClient, tiny_tagger: Tagger) -> None:
    texts, sentences = [TEXT, "", "It rained."], [["Ada", "left"], []]
    found = client.post("/tag", json={"texts": texts}).json()["documents"]
    assert found == [one.to_dict() for one in tiny_tagger.stream(texts)]
    found = client.post("/tag", json={"sentences": sentences, "documents": [1, 1]}).json()["documents"]
    assert found == [one.to_dict() for one in tiny_tagger.tag_tokens(sentences)]
    assert client.post("/tag", json={"texts": []}).json() == {"documents": []}


def test_half_a_pair_of_surrogates_is_text(client: TestClient) -> None:
    found = client.post("/tag", content=b'{"text": "Ada \\ud83d left"}', headers=JSON)
    assert found.status_code == 200 and found.json()["documents"][0]["text"] == "Ada \ud83d left"


def test_what_else_may_be_asked(client: TestClient) -> None:
    asked = {"text": TEXT, "min_score": 0.5, "threshold": 0.25, "n_best": 2, "probabilities": True}
    (found,) = client.post("/tag", json=asked).json()["documents"]
    assert len(found["sentences"]) == len(found["n_best"]) == 2
    assert all(entity["score"] >= 0.5 for entity in found["entities"])
    assert all(sum(token["tags"].values()) == pytest.approx(1, abs=0.02) for token in found["tokens"])


def test_the_inside(client: TestClient) -> None:
    picture = client.post("/inspect", json={"tokens": ["Ada", "left"]}).json()
    assert picture["columns"] == ["Ada", "left"]
    fault = client.post("/inspect", json={"text": "One. Two."})
    assert fault.status_code == 422 and "2 sentences" in fault.json()["detail"][0]["msg"]


def test_the_model(client: TestClient, tiny_tagger: Tagger) -> None:
    model = client.get("/model").json()
    assert [one["label"] for one in model["labels"]] == tiny_tagger.labels
    assert model["sha256"] == tiny_tagger.identity()["sha256"] and model["inspectable"] is True
    assert str(tiny_tagger.path) not in json.dumps(model)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 422, "required"),
        (b"{", 422, "JSON decode error"),
        (b"\xff{}", 400, "parsing the body"),
        (b"[" * 100_000, 400, "parsing the body"),
        (b"9" * 10_000, 400, "parsing the body"),
        (b"[]", 422, ""),
        (b"null", 422, ""),
        (b"{}", 422, "expected one of text, texts and sentences, got none"),
        (b'{"text": "a", "texts": ["b"]}', 422, "got text and texts"),
        (b'{"text": "a", "txet": "b"}', 422, "Extra inputs"),
        (b'{"text": 1}', 422, "valid string"),
        (b'{"texts": "Ada"}', 422, "valid list"),
        (b'{"sentences": ["Ada"]}', 422, "valid list"),
        (b'{"\\ud83d": "a"}', 422, "valid string"),
        (b'{"text": "a", "%s": 1}' % (b"k" * 10_000), 422, "Extra inputs"),
        (b'{"text": "a", "min_score": NaN}', 422, ""),
        (b'{"text": "a", "min_score": 1.5}', 422, "less than or equal to 1"),
        (b'{"text": "a", "threshold": -1e999}', 422, ""),
        (b'{"text": "a", "n_best": true}', 422, "valid integer"),
        (b'{"text": "a", "n_best": 1000000}', 422, "less than or equal to 20"),
        (b'{"text": "a", "documents": [1]}', 422, "documents go with sentences"),
        (b'{"sentences": [["a"]], "documents": [1, 2]}', 422, "documents go with sentences"),
        (b'{"sentences": [["a"]], "columns": []}', 422, "columns go with sentences"),
        (b'{"text": "%s", "n_best": 1}' % (b"a " * (EXPLAINED // 2 + 1)), 422, "of at most 100,000 characters"),
        (b'{"text": "%s"}' % (b"a" * 300_000), 413, "a body may have 300,000 bytes"),
    ],
)
def test_what_is_refused(client: TestClient, body: bytes, status: int, says: str) -> None:
    refusal = client.post("/tag", content=body, headers=JSON)
    assert refusal.status_code == status
    detail = refusal.json()["detail"]
    assert says in (detail if isinstance(detail, str) else json.dumps([one["msg"] for one in detail]))
    assert len(refusal.content) < 2000, "what was sent is not sent back"


def test_other_kinds_of_content_are_refused(client: TestClient) -> None:
    # "simple" requests, which a page of another site may send without asking first
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        refusal = client.post("/tag", content=b'{"text": "a"}', headers={"Content-Type": kind})
        assert refusal.status_code == 422
        assert refusal.json()["detail"][0]["msg"] == "The body is not read without application/json"
    assert "access-control-allow-origin" not in client.get("/health", headers={"Origin": "http://evil"}).headers


def test_a_body_without_a_length_is_counted(client: TestClient) -> None:
    pieces = (b'{"text": "', *[b"a" * 1000] * 400, b'"}')
    assert client.post("/tag", content=iter(pieces), headers=JSON).status_code == 413


def test_columns_are_asked_for() -> None:
    tagger = make_tagger(features={"columns": ["pos"]}, columns=[[["X"] * size] for size in (9, 9, 4)])
    with TestClient(create_app(tagger)) as client:
        assert client.get("/model").json()["columns"] == ["pos"]
        fault = client.post("/tag", json={"text": "Ada left"})
        assert fault.status_code == 422 and "the model reads pos" in fault.json()["detail"][0]["msg"]
        found = client.post("/tag", json={"sentences": [["Ada"]], "columns": [[["NNP"]]]})
        assert found.status_code == 200


def test_the_token(tiny_tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    compare = ner.serving.guard.secrets.compare_digest
    monkeypatch.setattr(
        ner.serving.guard.secrets, "compare_digest", lambda *both: compared.append(both) or compare(*both)
    )
    with TestClient(create_app(tiny_tagger, ServeOptions(token="s3cret"))) as client:

        def ask(**headers: str) -> Any:
            return client.post("/tag", json={"text": "Ada"}, headers=headers)

        for wrong in ("Bearer S3cret", "Basic s3cret", "x", None):
            refusal = ask() if wrong is None else ask(Authorization=wrong)
            assert refusal.status_code == 401 and refusal.headers["www-authenticate"] == "Bearer"
        assert compared == [(b"S3cret", b"s3cret")], "in a time that tells nothing"
        assert ask(Authorization="Bearer s3cret").status_code == 200
        assert ask(Authorization="bearer s3cret").status_code == 200
        assert [client.get(path).status_code for path in ("/model", "/metrics")] == [401, 401]
        assert [client.get(path).status_code for path in ("/health", "/", "/openapi.json")] == [200, 200, 200]
        huge = client.post("/tag", content=b"{" * 2_000_000, headers=JSON)
        assert huge.status_code == 401, "nothing is read without the token"
        schema = client.get("/openapi.json").json()
        assert schema["components"]["securitySchemes"] == {"HTTPBearer": {"type": "http", "scheme": "bearer"}}
        assert schema["paths"]["/tag"]["post"]["security"] and "security" not in schema["paths"]["/health"]["get"]


def test_hosts(tiny_tagger: Tagger) -> None:
    app = create_app(tiny_tagger, ServeOptions(hosts=("localhost", "[::1]")))
    client = TestClient(app)
    for host in ("localhost", "LOCALHOST:8000", "[::1]:80"):
        assert client.get("/health", headers={"Host": host}).status_code == 200, host
    for host in ("evil.example", "", "[", "localhost.evil.example", "localhost@evil.example"):
        assert client.get("/health", headers={"Host": host}).status_code == 400, host


@contextmanager
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Event, Event]]:
    """A tagger that begins and then waits until it may go on."""
    begun, may = Event(), Event()

    def wait(*arguments: Any) -> Any:
        begun.set()
        assert may.wait(20)
        return answer(*arguments)

    monkeypatch.setattr(ner.serving.service, "answer", wait)
    try:
        yield begun, may
    finally:
        may.set()


def test_more_than_may_wait_are_sent_away(tiny_tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(tiny_tagger, ServeOptions(max_queue=1))
    with held(monkeypatch) as (begun, may), TestClient(app) as client, ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.post, "/tag", json={"text": "Ada"})
        assert begun.wait(10)
        second = pool.submit(client.post, "/tag", json={"text": "Otto"})
        while "ner_waiting_requests 1.0" not in client.get("/metrics").text:
            pass
        refusal = client.post("/tag", json={"text": "Mei"})
        assert (refusal.status_code, refusal.headers["retry-after"]) == (503, "1")
        assert client.get("/health").status_code == 200
        may.set()
        assert [one.result(20).status_code for one in (first, second)] == [200, 200]
        assert client.post("/tag", json={"text": "Mei"}).status_code == 200


def test_what_takes_too_long(tiny_tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(tiny_tagger, ServeOptions(max_seconds=0.05))
    with held(monkeypatch) as (_, may), TestClient(app) as client:
        refusal = client.post("/tag", json={"text": "Ada"})
        assert refusal.status_code == 504 and "0.05 seconds" in refusal.json()["detail"]
        may.set()


def test_the_end_finishes_what_was_taken_and_takes_no_more(
    tiny_tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(tiny_tagger, ServeOptions(batch=1))
    with held(monkeypatch) as (begun, may), TestClient(app) as client, ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(client.post, "/tag", json={"text": f"Ada {number}"}) for number in range(4)]
        assert begun.wait(10)
        while "ner_waiting_requests 3.0" not in client.get("/metrics").text:
            pass
        end = pool.submit(app.state.service.close)
        assert not end.done()
        may.set()
        end.result(20)
        assert all(one.result(20).status_code == 200 for one in asked)
        assert client.post("/tag", json={"text": "Ada"}).status_code == 503


def test_after_the_end_nothing_is_taken(tiny_tagger: Tagger) -> None:
    app = create_app(tiny_tagger)
    with TestClient(app):
        pass
    refusal = TestClient(app).post("/tag", json={"text": "Ada"})
    assert refusal.status_code == 503 and refusal.headers["retry-after"]


def test_faults_of_the_program_tell_nothing(tiny_tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(ner.serving.service, "answer", fail)
    with TestClient(create_app(tiny_tagger), raise_server_exceptions=False) as client:
        failure = client.post("/tag", json={"text": "Ada"})
        assert failure.status_code == 500 and "secret" not in failure.text


def test_what_is_counted(tiny_tagger: Tagger) -> None:
    with TestClient(create_app(tiny_tagger)) as client:
        client.post("/tag", json={"text": "Ada lives in London ."})
        client.post("/tag", json={})
        client.get("/nowhere")
        metrics = client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    lines = metrics.text.splitlines()
    for line in (
        'ner_requests_total{route="/tag",status="200"} 1.0',
        'ner_requests_total{route="/tag",status="422"} 1.0',
        'ner_requests_total{route="other",status="404"} 1.0',
        'ner_entities_total{label="PER"} 1.0',
        "ner_documents_total 1.0",
        "ner_tokens_total 5.0",
        "ner_batch_requests_count 1.0",
        "ner_waiting_requests 0.0",
    ):
        assert line in lines, line
    assert "Ada" not in metrics.text


def test_the_description(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert set(schema["paths"]) == {"/tag", "/inspect", "/model", "/metrics", "/health"}
    choice = schema["components"]["schemas"]["TagRequest"]["oneOf"]
    assert [one["required"] for one in choice] == [["text"], ["texts"], ["sentences"]]
    assert set(schema["paths"]["/tag"]["post"]["responses"]) == {
        "200",
        "400",
        "401",
        "408",
        "413",
        "422",
        "503",
        "504",
    }
    for path in ("/docs", "/redoc"):  # these fetch scripts from elsewhere
        assert client.get(path).status_code == 404


def test_headers_of_every_answer(client: TestClient) -> None:
    for one in (client.get("/health"), client.get("/nowhere"), client.post("/tag", json={})):
        assert one.headers["x-content-type-options"] == "nosniff"
        assert one.headers["cache-control"] == "no-store"
        assert one.headers["referrer-policy"] == "no-referrer"


def test_it_can_be_mounted(tiny_tagger: Tagger) -> None:
    inner = create_app(tiny_tagger, ServeOptions(token="s3cret"))
    outer = FastAPI(lifespan=lambda _: inner.router.lifespan_context(inner))
    outer.mount("/ner", inner)
    token = {"Authorization": "Bearer s3cret"}
    with TestClient(outer) as client:
        assert client.get("/ner/").status_code == client.get("/ner/page/main.js").status_code == 200
        assert client.post("/ner/tag", json={"text": "Ada"}).status_code == 401
        assert client.post("/ner/tag", json={"text": "Ada"}, headers=token).status_code == 200
    assert client.post("/ner/tag", json={"text": "Ada"}, headers=token).status_code == 503
