from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from servicekit import exposition


def exposed(role):
    registry = CollectorRegistry()
    Counter("seen", "Things seen", ["process", "why"], registry=registry).labels(
        role, 'a "b"\n\\, {c}'
    ).inc(2)
    Histogram("took_seconds", "Time", registry=registry, buckets=[1]).observe(0.5)
    return generate_latest(registry).decode()


def merged():
    texts = {("intake", "serve"): exposed("x"), ("intake", "relay"): exposed("y")}
    return list(
        text_string_to_metric_families(exposition.merge(("process", "role"), texts.items()))
    )


def test_each_family_stands_once_with_the_samples_of_every_process():
    families = {family.name: family for family in merged()}
    assert len(families) == len(merged())
    roles = {sample.labels["role"] for sample in families["took_seconds"].samples}
    assert roles == {"serve", "relay"}


def test_labels_of_the_samples_own_survive_and_a_clash_is_renamed():
    [seen] = [family for family in merged() if family.name == "seen"]
    first = seen.samples[0]
    assert first.labels == {
        "process": "intake",
        "role": "serve",
        "exported_process": "x",
        "why": 'a "b"\n\\, {c}',
    }
    assert first.value == 2


def test_nothing_to_merge_is_an_empty_text():
    assert exposition.merge(("process", "role"), []).strip() == ""
