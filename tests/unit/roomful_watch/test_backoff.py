from roomful_watch.backoff import Backoff


def test_waits_double_up_to_a_limit_and_are_cut_by_up_to_half() -> None:
    backoff = Backoff(first_seconds=1, longest_seconds=20)
    for full in (1, 2, 4, 8, 16, 20, 20, 20):
        assert full / 2 <= backoff.next_seconds() <= full


def test_two_clients_do_not_reconnect_together() -> None:
    assert len({Backoff().next_seconds() for _ in range(50)}) == 50


def test_a_server_that_accepts_and_fails_is_tried_eight_times_in_half_a_minute() -> None:
    for _ in range(200):
        backoff, waited, attempts = Backoff(), 0.0, 1
        while (waited := waited + backoff.next_seconds()) <= 30:
            attempts += 1
        assert attempts <= 8


def test_long_outages_do_not_overflow() -> None:
    backoff = Backoff()
    for _ in range(5000):
        assert backoff.next_seconds() <= 20


def test_reset_starts_over() -> None:
    backoff = Backoff(first_seconds=1)
    for _ in range(4):
        backoff.next_seconds()
    backoff.reset()
    assert backoff.next_seconds() <= 1
