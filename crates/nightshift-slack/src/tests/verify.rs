use nightshift_core::port::{ChatPlatform, Received, Refused, WebhookRequest};
use nightshift_core::time::Timestamp;

use super::*;
use crate::verify::{SIGNATURE_HEADER, TIMESTAMP_HEADER, verify};

/// Published at docs.slack.dev/authentication/verifying-requests-from-slack.
const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
const STAMP: i64 = 1_531_420_618;

fn published(now: i64) -> WebhookRequest {
    WebhookRequest {
        headers: vec![
            (TIMESTAMP_HEADER.into(), STAMP.to_string()),
            (SIGNATURE_HEADER.into(), SIGNATURE.into()),
        ],
        body: BODY.into(),
        now: Timestamp::from_millis(now * 1000 + 999),
    }
}

fn holds(request: &WebhookRequest) -> bool {
    verify(&Secret::new(SIGNING_SECRET), request).is_ok()
}

#[test]
fn the_published_signature_holds_for_five_minutes_either_way() {
    for (offset, expected) in [
        (0, true),
        (300, true),
        (301, false),
        (-300, true),
        (-301, false),
    ] {
        assert_eq!(holds(&published(STAMP + offset)), expected, "{offset}");
    }
}

#[test]
fn whatever_is_changed_the_signature_no_longer_holds() {
    let set = |name: &str, value: &str| {
        let mut request = published(STAMP);
        for header in &mut request.headers {
            if header.0 == name {
                value.clone_into(&mut header.1);
            }
        }
        request
    };
    assert!(holds(&set(SIGNATURE_HEADER, SIGNATURE)));
    for signature in [
        "",
        "v0=",
        "v0=zz",
        &SIGNATURE[..SIGNATURE.len() - 2],
        &SIGNATURE.replace("v0=", "v1="),
        &SIGNATURE.replace("v0=", ""),
        &SIGNATURE.replace("v0=a2", "v0=a3"),
    ] {
        assert!(!holds(&set(SIGNATURE_HEADER, signature)), "{signature}");
    }
    for stamp in ["", "1531420619", "+1531420618", "1531420618.0", "x", "-1"] {
        assert!(!holds(&set(TIMESTAMP_HEADER, stamp)), "{stamp}");
    }
    let mut longer = published(STAMP);
    longer.body.push(b'x');
    assert!(!holds(&longer));
    for missing in 0..2 {
        let mut request = published(STAMP);
        request.headers.remove(missing);
        assert!(!holds(&request));
    }
}

#[test]
fn an_unsigned_call_is_refused_before_it_is_read() {
    let mut handshake = signed(
        "application/json",
        br#"{"type":"url_verification","challenge":"x"}"#,
    );
    handshake.headers.remove(2);
    let mut check = signed(
        "application/x-www-form-urlencoded",
        b"ssl_check=1&payload={}",
    );
    check.headers.remove(2);
    let mut garbage = signed("application/json", b"{");
    garbage.headers.remove(2);
    for request in [handshake, check, garbage] {
        assert_eq!(platform().receive(&request), Err(Refused::Unsigned));
    }
}

#[test]
fn without_a_signing_secret_no_call_is_accepted() {
    let mut config = config();
    config.signing_secret = None;
    let platform = SlackPlatform::new(&config, None).unwrap();
    let body = br#"{"type":"url_verification","challenge":"x"}"#;
    let stamp = NOW.to_string();
    let mut request = signed("application/json", body);
    request.headers[2].1 = crate::verify::sign("", &stamp, body);
    assert_eq!(platform.receive(&request), Err(Refused::Unsigned));
}

#[test]
fn the_challenge_goes_back_as_plain_text() {
    let received =
        receive_json(r#"{"type":"url_verification","token":"t","challenge":"3eZbrw1a"}"#);
    let Ok(Received::Handshake(reply)) = received else {
        panic!("{received:?}");
    };
    assert_eq!(
        (reply.content_type, reply.body.as_str()),
        ("text/plain", "3eZbrw1a")
    );
}
