from onebox.keep import Keep


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    path = tmp_path / "secrets.json"
    first = Keep(path).secret("session")
    assert Keep(path).secret("session") == first
    assert Keep(path).secret("other") != first
    assert len(first) == 64
    assert path.stat().st_mode & 0o077 == 0
