"""How much one user may ask for: the sliding window, requests at once, the queue."""

from concurrent.futures import ThreadPoolExecutor

from running_company import TOKEN_FORM, refusal, running_company


def test_above_the_requests_of_a_window_everything_is_a_429_until_time_has_passed():
    with running_company(requests_per_window=3) as company:
        assert [company.session.get(company.customers).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = company.session.get(company.customers)
        assert refusal(refused) == (
            429,
            "Application_TooManyRequests",
            "Too many requests reached. Actual (4). Maximum (3).",
        )
        assert refused.headers["Retry-After"] == "30"
        company.store.clock.advance(301)
        company.log_in()
        assert company.session.get(company.customers).status_code == 200


def test_the_window_slides():
    with running_company(requests_per_window=2) as company:
        company.session.get(company.customers)
        company.store.clock.advance(200)
        company.session.get(company.customers)
        company.store.clock.advance(150)
        assert [company.session.get(company.customers).status_code for _ in range(2)] == [200, 429]


def test_tokens_are_not_counted_and_users_are_counted_apart():
    with running_company(requests_per_window=1) as company:
        for _ in range(3):
            company.log_in()
        assert company.session.get(company.customers).status_code == 200
        assert company.session.get(company.customers).status_code == 429
        on_premises = f"{company.root}/BC/api/v2.0/companies"
        company.session.headers.pop("Authorization")
        assert company.session.get(on_premises, auth=("SANDBOX", "Sandbox.1")).status_code == 200


def test_a_429_may_come_without_any_advice():
    with running_company(requests_per_window=0, retry_after_on_429=None) as company:
        assert "Retry-After" not in company.session.get(company.customers).headers


def test_a_batch_counts_once_or_as_often_as_it_has_operations():
    for counts_once, statuses in ((True, [200, 200]), (False, [200, 429])):
        with running_company(requests_per_window=5, batch_counts_once=counts_once) as company:
            reads = [{"method": "GET", "url": company.relative}] * 3
            assert [company.batch(*reads).status_code for _ in range(2)] == statuses


def test_more_than_five_at_once_wait_for_each_other():
    with running_company(seconds_per_request=0.05) as company, ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda _: company.session.get(company.customers).status_code, range(12)))
    assert statuses == [200] * 12


def test_a_full_queue_is_a_429_and_a_long_wait_a_503():
    with running_company(
        concurrent_requests=1, queued_requests=1, queue_seconds=0.05, seconds_per_request=0.5
    ) as company:
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: company.session.get(company.customers), range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 429, 429, 503]
        (late,) = (answer for answer in answers if answer.status_code == 503)
        assert late.headers["Retry-After"] == "10"
        assert company.session.get(company.customers).status_code == 200


def test_the_secret_stands_in_no_answer():
    with running_company(requests_per_window=1) as company:
        for _ in range(2):
            assert TOKEN_FORM["client_secret"] not in company.session.get(company.customers).text
