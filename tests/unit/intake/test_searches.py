"""What the words of a search may mean."""

import pytest
from intake.domain import ids_begun


@pytest.mark.parametrize(
    ("words", "begun"),
    [
        ("SDR-7K3M9-QX2HT", {"SDR-7K3M9-QX2HT", "sdr-7k3m9-qx2ht"}),
        ("sdr-ABCDE", {"SDR-ABCDE"}),
        ("7k3m9 qx", {"SDR-7K3M9-QX", "7k3m9-qx", "7K3M9-QX"}),
        ("bache", {"SDR-BACHE"}),
        ("Case-17", {"SDR-CASE-17", "Case-17", "CASE-17", "case-17"}),
        ("SDR-12", set()),
        ("SDR", set()),
        ("12", set()),
    ],
)
def test_words_may_be_how_an_id_begins_with_the_letters_of_the_city_or_without(words, begun):
    assert set(ids_begun(words, "SDR")) == begun
