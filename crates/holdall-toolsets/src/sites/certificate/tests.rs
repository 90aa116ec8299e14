//! One chain for each thing that can be wrong, and some that are wrong in several ways.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};

use super::{Condition, Judgement, Trust};

type Issuer = CertifiedIssuer<'static, KeyPair>;
type Day = (i32, u8, u8);

const FROM: Day = (2026, 1, 1);
const UNTIL: Day = (2027, 1, 1);
/// The day of all judgements.
const NOW: &str = "2026-06-15T12:00:00Z";

fn params(name: &str, names: &[&str], from: Day, until: Day) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(from.0, from.1, from.2);
    params.not_after = date_time_ymd(until.0, until.1, until.2);
    params.use_authority_key_identifier_extension = true;
    params
}

fn authority(name: &str, from: Day, until: Day) -> CertificateParams {
    let mut params = params(name, &[], from, until);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn root(name: &str) -> Issuer {
    CertifiedIssuer::self_signed(
        authority(name, (2020, 1, 1), (2040, 1, 1)),
        KeyPair::generate().unwrap(),
    )
    .unwrap()
}

fn below(issuer: &Issuer, name: &str, from: Day, until: Day) -> Issuer {
    CertifiedIssuer::signed_by(authority(name, from, until), KeyPair::generate().unwrap(), issuer).unwrap()
}

fn issued(issuer: &Issuer, params: &CertificateParams) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    params.signed_by(&key, issuer).unwrap().der().clone()
}

fn of(issuer: &Issuer) -> CertificateDer<'static> {
    issuer.der().clone()
}

fn judged(trusted: &[&CertificateDer<'static>], chain: &[CertificateDer<'static>], name: &str) -> Judgement {
    let mut roots = RootCertStore::empty();
    for one in trusted {
        roots.add((*one).clone()).unwrap();
    }
    let name = ServerName::try_from(name.to_owned()).unwrap();
    Trust::in_these(roots).judge(chain, &name, NOW.parse().unwrap(), 21)
}

/// The condition, and all problems.
fn said(judgement: &Judgement) -> String {
    format!(
        "{}: {}",
        judgement.condition.as_str(),
        judgement.problems.join("; ")
    )
}

#[test]
fn each_condition_is_told_from_the_others() {
    let (root, other) = (root("Test root"), root("Other root"));
    let between = below(&root, "Test intermediate", (2021, 1, 1), (2035, 1, 1));
    let site = |from, until| params("site.test", &["site.test", "www.site.test"], from, until);
    let good = issued(&between, &site(FROM, UNTIL));
    let chains = [
        ("site.test", vec![good.clone(), of(&between)], "healthy: "),
        (
            "www.site.test",
            vec![good.clone(), of(&between), of(&root)],
            "healthy: ",
        ),
        ("site.test", vec![issued(&root, &site(FROM, UNTIL))], "healthy: "),
        (
            "site.test",
            vec![issued(&between, &site(FROM, (2026, 6, 30))), of(&between)],
            "expiring: it expires in 14 days, on 2026-06-30",
        ),
        (
            "site.test",
            vec![issued(&between, &site(FROM, (2026, 6, 1))), of(&between)],
            "expired: it expired 14 days ago, on 2026-06-01",
        ),
        (
            "site.test",
            vec![issued(&between, &site((2026, 6, 17), UNTIL)), of(&between)],
            "not_yet_valid: it becomes valid in 1 day, on 2026-06-17",
        ),
        (
            "shop.test",
            vec![good.clone(), of(&between)],
            "wrong_name: it is not for `shop.test` but for `site.test`, `www.site.test`",
        ),
        (
            "site.test",
            vec![good.clone()],
            "incomplete_chain: the chain ends at `CN=site.test`: the certificate of its issuer `CN=Test intermediate` \
             was not sent and is not trusted here",
        ),
        (
            "site.test",
            vec![issued(&other, &site(FROM, UNTIL)), of(&other)],
            "unknown_authority: it leads to the authority `CN=Other root`, which is not trusted here",
        ),
    ];
    for (name, chain, expected) in chains {
        let judgement = judged(&[root.der()], &chain, name);
        assert_eq!(said(&judgement), expected);
        assert_eq!(judgement.verifies, judgement.condition >= Condition::Expiring);
        assert_eq!(judgement.sent, chain.len());
    }
}

#[test]
fn who_signs_for_itself_is_told_so() {
    let key = KeyPair::generate().unwrap();
    let own = params("site.test", &["site.test"], FROM, UNTIL)
        .self_signed(&key)
        .unwrap()
        .der()
        .clone();
    let mut authority = authority("site.test", FROM, UNTIL);
    authority.subject_alt_names = vec![rcgen::SanType::DnsName("site.test".try_into().unwrap())];
    let as_openssl_makes_them = authority.self_signed(&key).unwrap().der().clone();
    for certificate in [&own, &as_openssl_makes_them] {
        let judgement = judged(&[], std::slice::from_ref(certificate), "site.test");
        assert_eq!(
            said(&judgement),
            "self_signed: `CN=site.test` signed its certificate itself; no authority vouches for it"
        );
    }
    // Named by the operator, it is as good as any.
    let judgement = judged(&[&own], std::slice::from_ref(&own), "site.test");
    assert_eq!(said(&judgement), "healthy: ");
}

#[test]
fn one_mistake_does_not_hide_the_others() {
    let root = root("Test root");
    let between = below(&root, "Test intermediate", (2021, 1, 1), (2035, 1, 1));
    let certificate = issued(&between, &params("a.test", &["a.test"], FROM, (2026, 5, 1)));
    assert_eq!(
        said(&judged(&[root.der()], &[certificate], "b.test")),
        "expired: it expired 45 days ago, on 2026-05-01; the chain ends at `CN=a.test`: the certificate of its issuer \
         `CN=Test intermediate` was not sent and is not trusted here; it is not for `b.test` but for `a.test`"
    );
}

#[test]
fn an_authority_whose_time_is_over_is_named() {
    let root = root("Test root");
    let between = below(&root, "Old intermediate", (2021, 1, 1), (2026, 6, 1));
    let certificate = issued(&between, &params("a.test", &["a.test"], FROM, UNTIL));
    assert_eq!(
        said(&judged(&[root.der()], &[certificate, of(&between)], "a.test")),
        "invalid: the certificate of its authority `CN=Old intermediate` expired on 2026-06-01"
    );
}

#[test]
fn an_authority_that_is_younger_than_the_certificate_is_no_mistake() {
    let root = root("Test root");
    let between = below(&root, "Young intermediate", (2026, 6, 1), (2035, 1, 1));
    let certificate = issued(&between, &params("a.test", &["a.test"], FROM, (2026, 5, 1)));
    assert_eq!(
        said(&judged(&[root.der()], &[certificate, of(&between)], "a.test")),
        "expired: it expired 45 days ago, on 2026-05-01"
    );
}

#[test]
fn a_trusted_name_is_not_enough() {
    let (real, forged) = (root("Test root"), root("Test root"));
    let certificate = issued(&forged, &params("a.test", &["a.test"], FROM, UNTIL));
    let judgement = judged(&[real.der()], &[certificate], "a.test");
    assert!(!judgement.verifies);
    assert_eq!(judgement.condition, Condition::Invalid, "{judgement:?}");
}

#[test]
fn what_is_no_certificate_for_a_server_is_invalid() {
    let root = root("Test root");
    let mut for_clients = params("a.test", &["a.test"], FROM, UNTIL);
    for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = issued(&root, &for_clients);
    assert_eq!(
        said(&judged(&[root.der()], &[certificate], "a.test")),
        "invalid: it is not meant for servers"
    );
    for bytes in [
        &b""[..],
        b"garbage",
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        &[0x30; 4096],
    ] {
        let judgement = judged(&[root.der()], &[CertificateDer::from(bytes.to_vec())], "a.test");
        assert_eq!(said(&judgement), "invalid: the certificate cannot be read");
    }
    assert_eq!(judged(&[], &[], "a.test").condition, Condition::Invalid);
}

#[test]
fn no_cut_of_a_chain_panics() {
    let root = root("Test root");
    let certificate = issued(&root, &params("a.test", &["a.test"], FROM, UNTIL));
    for end in 0..certificate.len() {
        let cut = CertificateDer::from(certificate[..end].to_vec());
        assert!(!judged(&[root.der()], std::slice::from_ref(&cut), "a.test").verifies);
        judged(&[root.der()], &[certificate.clone(), cut], "a.test");
    }
    for place in 0..certificate.len() {
        let mut bent = certificate.to_vec();
        bent[place] ^= 0xff;
        assert!(
            !judged(&[root.der()], &[CertificateDer::from(bent)], "a.test").verifies,
            "{place}"
        );
    }
}

#[test]
fn addresses_have_certificates_too() {
    let root = root("Test root");
    let certificate = issued(
        &root,
        &params("a box", &["192.0.2.7", "2001:db8::7"], FROM, UNTIL),
    );
    for (name, condition) in [
        ("192.0.2.7", Condition::Healthy),
        ("2001:db8::7", Condition::Healthy),
        ("192.0.2.8", Condition::WrongName),
    ] {
        let judgement = judged(&[root.der()], std::slice::from_ref(&certificate), name);
        assert_eq!(judgement.condition, condition, "{judgement:?}");
    }
}

#[test]
fn what_a_certificate_says_stays_on_its_line_and_within_bounds() {
    let root = root("Evil\u{1b}[31m root\n\u{202e}");
    let names: Vec<String> = (0..500).map(|number| format!("site{number}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let certificate = issued(&root, &params(&"x".repeat(3000), &names, FROM, UNTIL));
    let judgement = judged(&[], &[certificate], "other.test");
    let read = judgement.certificate.clone().unwrap();
    assert_eq!(read.issuer, "CN=Evil\u{fffd}[31m root\u{fffd}\u{fffd}");
    assert_eq!((read.names.len(), read.names_total), (30, 500));
    assert_eq!(read.subject.chars().count(), 256);
    assert!(
        said(&judgement).contains("`site4.test` and 495 more"),
        "{}",
        said(&judgement)
    );
}

#[test]
fn certificates_without_an_end_are_good_for_ever() {
    let root = root("Test root");
    let certificate = issued(
        &root,
        &params("a.test", &["a.test"], (1970, 1, 1), (9999, 12, 31)),
    );
    let judgement = judged(&[root.der()], &[certificate], "a.test");
    assert_eq!(said(&judgement), "healthy: ");
}
