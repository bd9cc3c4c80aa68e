use super::*;

const SAY: &str = r#"{"kind":"say","id":"m-000001","text":"run disk"}"#;

#[test]
fn a_session_is_read_back_and_survives_a_restart_with_the_same_key() {
    for person in ["guest-1", "o'brien; x=1", "+49 170", "müller"] {
        let session = door().issue(person);
        assert_eq!(session.person, person);
        assert!(
            session
                .cookie
                .bytes()
                .all(|b| b.is_ascii_hexdigit() || b == b'.'),
            "{person}"
        );
        assert_eq!(door().open(&session.cookie), Some(session));
    }
}

#[test]
fn a_forged_cookie_opens_nothing() {
    let door = door();
    let ana = door.issue("ana").cookie;
    let (_, signature) = ana.split_once('.').unwrap();
    let bob = hex::encode("bob");
    for forged in [
        format!("{bob}.{signature}"),
        format!("{bob}."),
        bob.clone(),
        format!("{bob}.zz"),
        format!("{ana}00"),
        ana[..ana.len() - 2].to_owned(),
        String::new(),
        WebDoor::new([8; 32]).issue("bob").cookie,
        format!("{bob}.{}", door.issue("bob").csrf),
    ] {
        assert_eq!(door.open(&forged), None, "{forged}");
    }
}

#[test]
fn the_token_is_bound_to_its_cookie() {
    let door = door();
    let (ana, bob) = (door.issue("ana"), door.issue("bob"));
    assert!(door.csrf_holds(&ana, &ana.csrf));
    for wrong in [
        bob.csrf.as_str(),
        "",
        "00",
        &ana.csrf[..62],
        ana.cookie.split_once('.').unwrap().1,
    ] {
        assert!(!door.csrf_holds(&ana, wrong), "{wrong}");
    }
}

#[test]
fn a_call_needs_both_the_cookie_and_its_token() {
    let door = door();
    let (ana, bob) = (door.issue("ana"), door.issue("bob"));
    assert_eq!(
        door.verify(&request(&ana, &ana.csrf, SAY)).as_deref(),
        Some("ana")
    );
    assert_eq!(door.verify(&request(&ana, &bob.csrf, SAY)), None);
    for missing in ["cookie", CSRF_HEADER] {
        let mut call = request(&ana, &ana.csrf, SAY);
        call.headers.retain(|(name, _)| name != missing);
        assert_eq!(door.verify(&call), None, "without {missing}");
    }
}

#[test]
fn of_two_servers_cookies_on_one_host_ours_is_found() {
    let door = door();
    let ana = door.issue("ana");
    let theirs = WebDoor::new([9; 32]).issue("somebody");
    let mut call = request(&ana, &ana.csrf, SAY);
    call.headers[0].1 = format!(
        "nightshift_page_8081={}; nightshift_page_8080={}",
        theirs.cookie, ana.cookie
    );
    assert_eq!(door.verify(&call).as_deref(), Some("ana"));
}

#[test]
fn the_key_is_never_printed() {
    assert_eq!(format!("{:?}", door()), "WebDoor(***)");
}
