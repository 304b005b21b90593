"""What a request waits for at a replicated database has names of its own."""

WORLD = """
    duration: 1s
    regions: {us: {}, eu: {}}
    network: {latency: 1ms, between: {us/eu: 40ms}}
    clients: {user: {region: eu, traffic: {replay: user.csv}, to: db}}
    components:
      db: {kind: database, primary: us, replicas: [eu], work: 10ms, replication: MODE, read_your_writes: true}
    """


def test_a_write_waits_for_replicas(tell):
    """40 ms there, 10 ms of work, 80 ms to the replica and back."""
    assert tell(WORLD.replace("MODE", "semi_sync"), user=[(0, "POST /")]).lines()[2:] == [
        ("    user → db@us", 0, 40),
        ("    db@us (ok)", 40, 130),
        ("      query", 40, 50),
        ("      wait for replicas", 50, 130),
        ("    db@us → user", 130, 170),
    ]


def test_a_reader_waits_for_its_own_writes(tell):
    """Committed after 50 ms, the write has been applied next door after 100 ms."""
    assert tell(WORLD.replace("MODE", "async"), user=[(0, "POST /"), 0.091]).lines(1)[2:] == [
        ("    user → db@eu", 91, 92),
        ("    wait for own writes", 92, 100),
        ("    db@eu (ok)", 100, 110),
        ("      query", 100, 110),
        ("    db@eu → user", 110, 111),
    ]
