from pathlib import Path

import orjson
import pytest
from servicekit.contracts import Contracts
from servicekit.web.docs import Docs, says

CONTRACTS = Path(__file__).parents[3] / "contracts"


SERVICES = sorted({path.stem for path in (CONTRACTS / "openapi").glob("*.yaml")} - {"common"})


@pytest.fixture(scope="module", params=SERVICES)
def docs(request):
    return Docs(request.param, Contracts.load(CONTRACTS).openapi(request.param))


def test_the_page_names_every_operation_and_its_path(docs):
    page = docs.find(f"{docs.root}/").body.decode()
    for path, methods in docs.document["paths"].items():
        assert path in page
        for operation in methods.values():
            if isinstance(operation, dict):
                assert f'id="{operation["operationId"]}"' in page


def test_every_link_within_the_page_has_its_target(docs):
    page = docs.find(f"{docs.root}/").body.decode()
    targets = {part.split('"')[0] for part in page.split(' href="#')[1:]}
    assert {name for name in targets if f'id="{name}"' not in page} == set()


def test_the_document_itself_is_there_as_json(docs):
    assert orjson.loads(docs.find(f"{docs.root}/openapi.json").body) == docs.document


def test_without_the_slash_it_leads_to_the_page_and_another_path_is_not_ours(docs):
    assert docs.find(docs.root).headers["Location"] == f"{docs.root}/"
    assert docs.find("/docs/other/") is None


def test_what_a_document_says_is_escaped():
    document = {"info": {"title": "<script>", "version": "1"}, "paths": {}}
    assert b"&lt;script&gt;" in Docs("x", document).find("/docs/x/").body


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "#/components/schemas/Case"}, "Case"),
        ({"type": "string", "enum": ["open", "closed"]}, "open | closed"),
        ({"type": "array", "items": {"type": "string"}}, "list of string"),
        ({"type": "integer", "minimum": 1, "maximum": 5}, "integer, minimum 1, maximum 5"),
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({"oneOf": [{"type": "string"}, {"type": "number"}]}, "string or number"),
        ({}, ""),
    ],
)
def test_a_schema_is_said_in_a_few_words(schema, words):
    assert says(schema) == words
