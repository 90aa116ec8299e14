use super::*;
use futures_util::FutureExt;

fn at(address: &str) -> IpAddr {
    address.parse().expect("an address")
}

fn limits(change: impl FnOnce(&mut LimitsConfig)) -> Limits {
    let mut config = LimitsConfig::none();
    change(&mut config);
    Limits::new(&config)
}

/// Status, kind and `Retry-After` of a refusal.
fn refused<T>(outcome: Result<T, Refusal>) -> Option<(u16, &'static str, String)> {
    let refusal = outcome.err()?;
    let (_, retry) = refusal.headers.iter().find(|(name, _)| name == RETRY_AFTER)?;
    let retry = retry.to_str().expect("digits").to_owned();
    Some((refusal.status.as_u16(), refusal.kind, retry))
}

#[tokio::test(start_paused = true)]
async fn addresses_are_counted_apart_and_networks_of_ipv6_together() {
    for (first, second, together) in [
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
    ] {
        let limits = limits(|config| config.requests_per_address = Some(Rate::per_minute(1)));
        assert!(limits.hear(at(first)).await.is_ok());
        assert_eq!(
            limits.hear(at(second)).await.is_err(),
            together,
            "{first} and {second}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_in_whole_seconds_and_true() {
    for (rate, expected) in [
        (Rate::per_second(1000).burst(1), "1"),
        (Rate::per_second(1), "1"),
        (Rate::every(Duration::from_millis(1001), 1), "2"),
        (Rate::per_minute(2).burst(1), "30"),
    ] {
        let limits = limits(|config| config.requests_per_address = Some(rate));
        assert!(limits.hear(at("192.0.2.1")).await.is_ok());
        let outcome = refused(limits.hear(at("192.0.2.1")).await);
        assert_eq!(
            outcome,
            Some((429, "too_many_requests", expected.to_owned())),
            "{rate:?}"
        );
        tokio::time::advance(Duration::from_secs(expected.parse().expect("a number"))).await;
        assert!(limits.hear(at("192.0.2.1")).await.is_ok(), "{rate:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn principals_are_counted_wherever_they_are_and_the_anonymous_where_they_are() {
    let limits = limits(|config| config.requests_per_principal = Some(Rate::per_minute(1)));
    let (ada, bob) = (Principal::new("ada", [""; 0]), Principal::new("bob", [""; 0]));
    let anonymous = Principal::anonymous();
    assert_eq!(anonymous.name(), ANONYMOUS);
    let (here, there) = (at("192.0.2.1"), at("192.0.2.2"));
    for (principal, address, allowed) in [
        (&ada, here, true),
        (&ada, there, false),
        (&bob, here, true),
        (&anonymous, here, true),
        (&anonymous, here, false),
        (&anonymous, there, true),
    ] {
        let outcome = limits.enter(Kind::Call, principal, address).await;
        assert_eq!(outcome.is_ok(), allowed, "{principal:?} at {address}");
    }
}

#[tokio::test(start_paused = true)]
async fn failed_logins_hold_up_their_address_alone() {
    let limits = limits(|config| config.failed_logins_per_address = Some(Rate::per_minute(3)));
    let (guesser, other) = (at("192.0.2.1"), at("192.0.2.2"));
    for _ in 0..3 {
        assert!(!limits.is_suspect(guesser).await);
        assert!(limits.login_failed(guesser).await.is_ok());
    }
    assert!(limits.is_suspect(guesser).await && !limits.is_suspect(other).await);
    let outcome = refused(limits.login_failed(guesser).await);
    assert_eq!(outcome, Some((429, "too_many_failed_logins", "20".to_owned())));
    assert!(limits.login_failed(other).await.is_ok());
    // Looking is not counted, and nothing else is slowed down.
    assert!(limits.hear(guesser).await.is_ok());
    assert!(limits.may_try_key(guesser).await.is_ok(), "no key was wrong");
    tokio::time::advance(Duration::from_secs(20)).await;
    for _ in 0..10 {
        assert!(!limits.is_suspect(guesser).await);
    }
    assert!(limits.login_failed(guesser).await.is_ok());
    assert!(limits.login_failed(guesser).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn wrong_keys_hold_up_keys_from_their_address() {
    let limits = limits(|config| config.failed_logins_per_address = Some(Rate::per_minute(3)));
    let (guesser, other) = (at("192.0.2.1"), at("192.0.2.2"));
    for _ in 0..3 {
        assert!(limits.may_try_key(guesser).await.is_ok());
        limits.key_was_wrong(guesser).await;
    }
    let outcome = refused(limits.may_try_key(guesser).await);
    assert_eq!(outcome, Some((429, "too_many_failed_logins", "20".to_owned())));
    assert!(limits.may_try_key(other).await.is_ok());
    tokio::time::advance(Duration::from_secs(20)).await;
    assert!(limits.may_try_key(guesser).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn without_a_place_it_is_told_whose_limit_it_is_and_streams_need_none() {
    let limits = limits(|config| {
        config.calls_max = 2;
        config.calls_per_principal_max = Some(1);
        config.wait_max = Duration::from_secs(3);
    });
    let [ada, bob, cleo] = ["ada", "bob", "cleo"].map(|name| Principal::new(name, [""; 0]));
    let here = at("192.0.2.1");
    let first = limits.enter(Kind::Call, &ada, here).await;
    let outcome = limits.enter(Kind::Call, &ada, here).await;
    let (message, hint) = outcome
        .as_ref()
        .err()
        .map(|refusal| (&refusal.message, &refusal.hint))
        .expect("one at once");
    assert!(
        message.contains("as one may have") && hint.contains("wait for some"),
        "{message}: {hint}"
    );
    let outcome = refused(outcome);
    assert_eq!(outcome, Some((429, "too_many_calls", "1".to_owned())));
    let _second = limits.enter(Kind::Call, &bob, here).await;
    let outcome = limits.enter(Kind::Call, &cleo, here).await;
    let (message, hint) = outcome
        .as_ref()
        .err()
        .map(|refusal| (&refusal.message, &refusal.hint))
        .expect("two at once");
    assert!(
        message.contains("the server has") && hint.contains("in a moment"),
        "{message}: {hint}"
    );
    let outcome = refused(outcome);
    assert_eq!(outcome, Some((503, "busy", "1".to_owned())));
    assert!(matches!(limits.enter(Kind::Stream, &ada, here).await, Ok(None)));
    drop(first);
    assert!(limits.enter(Kind::Call, &cleo, here).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn new_values_keep_what_was_counted() {
    let mut config = LimitsConfig::none();
    config.requests_per_address = Some(Rate::per_minute(1));
    config.calls_max = 1;
    let limits = Limits::new(&config);
    let here = at("192.0.2.1");
    assert!(limits.hear(here).await.is_ok());
    let permit = limits.enter(Kind::Call, &Principal::local(), here).await;
    config.calls_max = 2;
    config.waiting_max = 0;
    config.requests_per_address = Some(Rate::per_minute(2).burst(1));
    let limits = limits.changed(&config);
    let outcome = refused(limits.hear(here).await);
    assert_eq!(outcome.map(|(_, _, retry)| retry), Some("60".to_owned()));
    let second = limits.enter(Kind::Call, &Principal::local(), here).await;
    assert!(second.is_ok(), "there is room for two now");
    assert!(
        limits.enter(Kind::Call, &Principal::local(), here).await.is_err(),
        "the first still counts"
    );
    drop(permit);
}

#[test]
fn without_limits_nothing_waits_and_nothing_is_held() {
    let limits = Limits::new(&LimitsConfig::none());
    let here = at("192.0.2.1");
    for _ in 0..1000 {
        assert!(
            limits
                .hear(here)
                .now_or_never()
                .is_some_and(|outcome| outcome.is_ok())
        );
        limits
            .key_was_wrong(here)
            .now_or_never()
            .expect("it does not wait");
        assert!(
            limits
                .may_try_key(here)
                .now_or_never()
                .is_some_and(|outcome| outcome.is_ok())
        );
        assert!(
            limits
                .login_failed(here)
                .now_or_never()
                .is_some_and(|outcome| outcome.is_ok())
        );
        let permit = limits
            .enter(Kind::Call, &Principal::anonymous(), here)
            .now_or_never();
        assert!(matches!(permit, Some(Ok(None))));
    }
}
