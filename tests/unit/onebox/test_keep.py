from concurrent.futures import ThreadPoolExecutor

from onebox.keep import Keep


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    path = tmp_path / "secrets.json"
    first = Keep(path).secret("session")
    assert Keep(path).secret("session") == first
    assert Keep(path).secret("other") != first
    assert len(first) == 64
    assert path.stat().st_mode & 0o077 == 0


def test_secrets_asked_for_at_once_are_all_kept(tmp_path):
    path = tmp_path / "secrets.json"
    names = [str(number) for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        made = dict(zip(names, pool.map(lambda name: Keep(path).secret(name), names), strict=True))
    assert Keep(path).read() == made
