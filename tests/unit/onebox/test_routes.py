import pytest
from onebox.routes import service_of


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/", "intake"),
        ("/open311/v2/requests.json", "intake"),
        ("/open311/discovery.xml", "intake"),
        ("/api/intake/v1/import", "intake"),
        ("/docs/intake/", "intake"),
        ("/desk", "routing"),
        ("/desk/cases", "routing"),
        ("/api/routing/v1/cases/1/moves", "routing"),
        ("/media/v1/photos", "media"),
        ("/evaluate/secret", "feedback"),
        ("/api/feedback/v1/x", "feedback"),
        ("/panel/", "metrics"),
        ("/open-data/requests.csv", "metrics"),
        ("/api/metrics/v1/figures", "metrics"),
        ("/docs/metrics/", "metrics"),
    ],
)
def test_each_path_of_the_design_has_its_service(path, service):
    assert service_of(path) == service


def test_a_prefix_ends_where_a_path_segment_ends():
    assert service_of("/desktop") == "intake"
    assert service_of("/mediatheque/1") == "intake"
