"""URLs of engines: servers, clusters, and primaries that Sentinels name."""

import pytest

from tollbook_schemas.errors import EngineError
from tollbook_services.engine_client import client_of
from tollbook_services.engine_url import parse_engine_url, with_replicas
from tollbook_services.passwords import with_password
from tollbook_services.shown import safe_url


@pytest.mark.parametrize(
    ("url", "kind", "nodes", "primary", "replicas"),
    [
        ("redis://h:1/2", "single", ("redis://h:1/2",), None, 0),
        ("unix:///run/s?password=x&replicas=1", "single", ("unix:///run/s?password=x",), None, 1),
        ("redis://h?replicas=0", "single", ("redis://h",), None, 0),
        ("redis+cluster://a:1,b", "cluster", ("redis://a:1", "redis://b:6379"), None, 0),
        (
            "rediss+cluster://u:p@a:1,[::1]:2?replicas=2&ssl_cert_reqs=none",
            "cluster",
            (
                "rediss://u:p@a:1?ssl_cert_reqs=none",
                "rediss://u:p@[::1]:2?ssl_cert_reqs=none",
            ),
            None,
            2,
        ),
        (
            "redis+sentinel://:p@a,b:2/ledger",
            "sentinel",
            ("redis://:p@a:26379", "redis://:p@b:2"),
            "ledger",
            0,
        ),
    ],
)
def test_a_url_names_nodes_primary_and_replicas(url, kind, nodes, primary, replicas):
    found = parse_engine_url(url)

    assert (found.kind, found.nodes) == (kind, nodes)
    assert (found.primary, found.replicas) == (primary, replicas)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("redis+cluster://a,,b", "a host is empty"),
        ("redis+cluster://a:1/0", "a cluster has no databases"),
        ("redis+sentinel://a:1", "the name by which Sentinels know the primary is missing"),
        ("http+cluster://a", "neither redis\\+cluster nor rediss\\+cluster"),
        ("redis://a?replicas=many", "replicas=many: a number from 0 to 9"),
        ("redis+cluster://a:port", "redis\\+cluster://a:port"),
        ("redis+flock://a", "redis\\+flock://a' is no engine"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused_with_what_would_be_right(url, why):
    with pytest.raises(EngineError, match=why) as refused:
        client_of(url)

    assert "redis+cluster://host:port,host:port" in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis+cluster://user:secret@a:1,b:2?replicas=1",
        "redis+sentinel://:secret@a:1,b:2/ledger",
        "rediss+cluster://:se/cret@a:1",
    ],
)
def test_the_password_of_a_cluster_is_never_shown(url):
    assert "cret" not in safe_url(url)
    assert "cret" not in repr(parse_engine_url("redis+cluster://user:secret@a:1"))


def test_a_password_from_a_file_is_for_all_nodes(tmp_path):
    file = tmp_path / "password"
    file.write_text("s3/cret\n")

    url = with_password("redis+cluster://a:1,b:2?replicas=1", file)

    assert parse_engine_url(url).nodes == ("redis://:s3%2Fcret@a:1", "redis://:s3%2Fcret@b:2")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("redis://a:1", "redis://a:1?replicas=2"),
        ("unix:///s?db=1", "unix:///s?db=1&replicas=2"),
        ("redis+cluster://a,b?replicas=1", "redis+cluster://a,b?replicas=1"),
    ],
)
def test_what_the_url_says_of_replicas_wins_over_the_setting(url, wanted):
    assert with_replicas(url, 2) == wanted
    assert with_replicas(url, 0) == url
