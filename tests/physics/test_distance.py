"""Distance: what lies between two regions, how it adds to a client's own link, and who shares its bandwidth."""

import pytest

FAR = """
    duration: 1500ms
    regions: {us: {}, eu: {}}
    network: {latency: 1ms, between: {us/eu: PAIR}}
    clients:
      ann: {region: us, traffic: {rate: 0.6/s, arrivals: constant}, requests: SIZE, to: api}
      ben: {region: us, traffic: {rate: 0.6/s, arrivals: constant}, requests: SIZE, to: other}
    components:
      api: {kind: service, region: eu, workers: 10, work: 10ms}
      other: {kind: service, region: eu, workers: 10, work: 10ms}
    """


def far(pair, size="[{send: GET /}]", **replace):
    text = FAR.replace("PAIR", pair).replace("SIZE", size)
    for name, access in replace.items():
        text = text.replace(f"{name}: {{region: us,", f"{name}: {{region: us, network: {access},")
    return text


def test_a_clients_own_link_and_the_distance_add_up(play):
    """Ann has 30 ms to the border of her region and 40 ms from there; Ben, who says nothing, only the 40 ms."""
    story = play(far("40ms", ann="{latency: 30ms}"))
    assert story.ends == [0.15, 0.09]


def test_at_home_a_client_pays_its_own_link_alone(play):
    text = far("40ms", ann="{latency: 30ms}").replace(
        "api: {kind: service, region: eu", "api: {kind: service, region: us"
    )
    assert play(text).ends == [0.07, 0.09]


def test_a_link_that_only_loses_answers_adds_nothing(play):
    assert play(far("40ms", ann="{lose_response: 0%}")).ends == [0.09, 0.09]


def test_what_varies_on_both_legs_varies_on_each_by_itself(play):
    """30 ms +- 10 % and 40 ms +- 50 %: a round trip of 2 x (27 + 20) to 2 x (33 + 60) ms, 140 ms on average."""
    text = far("{latency: 40ms, jitter: 50%}", ann="{latency: 30ms, jitter: 10%}")
    rows = play(
        text.replace(
            "ann: {region: us, network: {latency: 30ms, jitter: 10%}, traffic: {rate: 0.6/s",
            "ann: {region: us, network: {latency: 30ms, jitter: 10%}, traffic: {rate: 2k/s",
        )
    ).result.requests
    network = rows["network"][(rows["outcome"] == 0) & (rows["client"] == 0)]
    assert 0.094 < network.min() < 0.105
    assert 0.175 < network.max() < 0.186
    assert network.std() == pytest.approx((2 * (0.006**2 + 0.04**2) / 12) ** 0.5, rel=0.1)
    assert network.mean() == pytest.approx(0.14, abs=4 * network.std() / len(network) ** 0.5)


UPLOAD = "[{send: POST /, size: 100KB}]"
DOWNLOAD = "[{send: GET /, response_size: 100KB}]"


def test_all_that_goes_from_one_region_to_another_shares_one_pipe(play):
    """100 kB take 100 ms at 8 Mbit/s: what Ben sends to another service at the same time comes after what Ann sends."""
    story = play(far("{latency: 40ms, bandwidth: 8Mbit/s}", UPLOAD))
    assert sorted(story.ends) == [0.19, 0.29]


def test_answers_share_the_pipe_of_the_other_direction(play):
    story = play(far("{latency: 40ms, bandwidth: 8Mbit/s}", DOWNLOAD))
    assert sorted(story.ends) == [0.19, 0.29]


def test_each_direction_of_a_pair_of_regions_has_a_pipe_of_its_own(play):
    """Ann uploads and Ben, from the other side, too: neither waits for the other."""
    text = far("{latency: 40ms, bandwidth: 8Mbit/s}", UPLOAD)
    text = text.replace("ben: {region: us", "ben: {region: eu").replace(
        "other: {kind: service, region: eu", "other: {kind: service, region: us"
    )
    assert play(text).ends == [0.19, 0.19]


def test_answers_to_one_side_queue_with_requests_from_the_other(play):
    """What Ann downloads and what Ben uploads both go from the eu to the us: the upload at 0 s, the answer at 50 ms."""
    text = far("{latency: 40ms, bandwidth: 8Mbit/s}", UPLOAD)
    text = text.replace(UPLOAD, DOWNLOAD, 1)
    text = text.replace("ben: {region: us", "ben: {region: eu").replace(
        "other: {kind: service, region: eu", "other: {kind: service, region: us"
    )
    ann, ben = play(text).ends
    assert ben == 0.19
    assert ann == pytest.approx(0.2 + 0.04)


def test_a_pair_of_other_regions_has_a_pipe_of_its_own(play):
    text = far("{latency: 40ms, bandwidth: 8Mbit/s}", UPLOAD)
    text = text.replace("{us: {}, eu: {}}", "{us: {}, eu: {}, asia: {}}").replace(
        "between: {", "between: {us/asia: {latency: 40ms, bandwidth: 8Mbit/s}, eu/asia: 40ms, "
    )
    text = text.replace("other: {kind: service, region: eu", "other: {kind: service, region: asia")
    assert play(text).ends == [0.19, 0.19]


def test_a_slow_link_at_home_comes_before_the_pipe_between_the_regions(play):
    """Ann's upload takes 800 ms to leave her, gets to the pipe at 870 ms, and waits for what Ben sent at 800 ms.

    Until then it is in nobody's way: each of Ben's takes the 190 ms that it would take alone.
    """
    text = far("{latency: 40ms, bandwidth: 8Mbit/s}", UPLOAD, ann="{latency: 30ms, bandwidth: 1Mbit/s}")
    text = text.replace("ben: {region: us, traffic: {rate: 0.6/s", "ben: {region: us, traffic: {rate: 5/s")
    rows = play(text).result.requests
    ann, ben = (rows["latency"][(rows["client"] == number) & (rows["arrived"] < 0.9)] for number in (0, 1))
    assert ann == pytest.approx([0.8 + 0.07 + 0.03 + 0.1 + 0.01 + 0.07])
    assert ben == pytest.approx([0.19] * 5)


def test_the_network_of_two_components_holds_in_each_region(play):
    """5 ms between gateway and api, in whichever region; across the border it is 40 ms."""
    text = """
        duration: 10s
        regions: {us: {}, eu: {}}
        network: {latency: 1ms, between: {us/eu: 40ms, gateway/api: 5ms}}
        clients: {ann: {region: us, traffic: {replay: ann.csv}, to: gateway}}
        components:
          gateway: {kind: gateway, regions: [us, eu], routes: [{match: "/**", to: api}]}
          api: {kind: service, regions: WHERE, workers: 10, work: 10ms}
        """
    assert play(text.replace("WHERE", "[us, eu]"), ann=[0]).ends == [0.022]
    assert play(text.replace("WHERE", "[eu]"), ann=[0]).ends == [0.092]
