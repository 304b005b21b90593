"""Law 12: links have bandwidth when it is given, and then transfers queue on it."""

import pytest

LINK = """
    duration: 950ms
    network: {{latency: 10ms, bandwidth: {bandwidth}}}
    clients:
      user:
        traffic: {{rate: 20/s, arrivals: constant}}
        requests: [{{send: POST /upload, {sizes}}}]
        to: api
    components: {{api: {{kind: service, workers: 100, work: 0ms}}}}
    """


def done(story):
    """When each request that was answered was answered, s."""
    return [end for end, outcome in zip(story.ends, story.outcomes, strict=True) if outcome == "ok"]


def test_uploads_queue_on_the_link(play):
    """A new 100 kB every 50 ms, 100 ms each at 8 Mbit/s: the n-th has been sent at (n + 1) * 100 ms, 10 ms each way."""
    story = play(LINK.format(bandwidth="8Mbit/s", sizes="size: 100KB"))
    assert done(story) == pytest.approx([(n + 1) * 0.1 + 0.02 for n in range(9)], abs=1e-9)
    assert story.ledger(3) == {"network": pytest.approx(0.42 - 0.15)}


def test_answers_queue_on_the_way_back(play):
    story = play(LINK.format(bandwidth="8Mbit/s", sizes="response_size: 100KB"))
    assert done(story) == pytest.approx([0.01 + (n + 1) * 0.1 + 0.01 for n in range(9)], abs=1e-9)


def test_each_direction_transmits_by_itself(play):
    """While the second upload is on its way there the first answer is on its way back."""
    story = play(LINK.format(bandwidth="8Mbit/s", sizes="size: 100KB, response_size: 100KB"))
    assert done(story) == pytest.approx([(n + 1) * 0.1 + 0.01 + 0.1 + 0.01 for n in range(8)], abs=1e-9)


def test_a_link_that_is_fast_enough_does_not_queue(play):
    """At 80 Mbit/s each upload takes 10 ms and is gone before the next comes."""
    story = play(LINK.format(bandwidth="80Mbit/s", sizes="size: 100KB"))
    assert story.result.requests["latency"][:15] == pytest.approx(0.03, abs=1e-9)


def test_without_bandwidth_size_does_not_matter(play):
    text = LINK.format(bandwidth="8Mbit/s", sizes="size: 100MB, response_size: 100MB").replace(
        ", bandwidth: 8Mbit/s", ""
    )
    assert play(text).result.requests["latency"][:15] == pytest.approx(0.02, abs=1e-9)


def test_an_error_has_no_body_to_transfer(play):
    """A failed request brings back no 100 kB."""
    text = LINK.format(bandwidth="8Mbit/s", sizes="response_size: 100KB")
    story = play(f"{text}\n    events: [{{at: 0s, errors: api}}]")
    assert story.outcomes[:15] == ["upstream_error"] * 15
    assert story.result.requests["latency"][:15] == pytest.approx(0.02, abs=1e-9)


def test_links_of_different_callers_do_not_share(play):
    """Two clients have an access link each."""
    story = play(
        """
        duration: 1s
        network: {bandwidth: 8Mbit/s}
        clients:
          one: {traffic: {rate: 1/s, arrivals: constant}, requests: [{send: POST /, size: 100KB}], to: api}
          two: {traffic: {rate: 1/s, arrivals: constant}, requests: [{send: POST /, size: 100KB}], to: api}
        components: {api: {kind: service, workers: 100, work: 0ms}}
        """
    )
    assert story.ends == [0.1, 0.1]


def test_instances_of_one_service_share_the_callers_link(play):
    """A balancer adds no link of its own: two uploads to two instances queue on the same access link."""
    story = play(
        """
        duration: 1s
        network: {bandwidth: 8Mbit/s}
        clients: {user: {traffic: {rate: 20/s, arrivals: constant}, requests: [{send: POST /, size: 100KB}], to: api}}
        components: {api: {kind: service, instances: 2, workers: 100, work: 0ms}}
        """
    )
    assert done(story)[:3] == pytest.approx([0.1, 0.2, 0.3], abs=1e-9)
