//! A start that cannot be: a sentence that repairs it, and nothing is changed.

use harness::process::{Fleet, Installation};
use nightshift_fakes::postgres::Database;
use serde_json::json;

fn on(url: &str) -> Installation {
    let mut site = Installation::new();
    site.config["remote"]["storage"] = json!({"database": "postgres", "url": url});
    site
}

async fn refused(site: &Installation, words: &[&str]) {
    let ran = site.refused().await;
    assert_eq!(ran.code, 1, "{ran:?}");
    for word in words {
        assert!(ran.stderr.contains(word), "{word}: {ran:?}");
    }
    assert!(!ran.both().contains("geheim"), "{ran:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_or_not_ours_is_named() {
    let url = "postgres://me:geheim@127.0.0.1:9/ns";
    let shown = ["remote.storage.url me@127.0.0.1:9/ns", "start the server"];
    refused(&on(url), &shown).await;
    let database = Database::empty();
    database.run("CREATE TABLE task (id BIGINT)");
    let words = ["another program", "name another database"];
    refused(&on(&database.url()), &words).await;
    assert_eq!(
        database.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
        "1"
    );
}

#[tokio::test]
async fn the_doctor_says_what_is_wrong_with_the_database() {
    let database = Database::empty();
    let site = on(&database.url());
    site.write_config();
    let well = site.nightshift(&["doctor"]).await;
    assert!(well.stdout.contains("✓ database: PostgreSQL"), "{well:?}");
    assert!(well.stdout.contains("empty"), "{well:?}");
    assert_eq!(
        database.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
        "0"
    );
    let site = on("postgres://me:geheim@127.0.0.1:9/ns");
    site.write_config();
    let ill = site.nightshift(&["doctor"]).await;
    assert_eq!(ill.code, 1, "{ill:?}");
    let words = "✕ database: remote.storage.url me@127.0.0.1:9/ns";
    assert!(ill.stdout.contains(words), "{ill:?}");
    assert!(!ill.both().contains("geheim"), "{ill:?}");
}

#[tokio::test]
async fn a_user_without_rights_and_a_newer_schema_are_refused() {
    let database = Database::empty();
    let role = format!("guest_of_it_{}", std::process::id());
    database.run(&format!("CREATE ROLE {role} LOGIN"));
    let site = on(&database.url_as(&role));
    refused(&site, &["GRANT ALL ON SCHEMA public"]).await;
    database.run(&format!("DROP ROLE {role}"));
    let site = on(&database.url());
    drop(site.start().await);
    database.run(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', true, '\\x00', 0)",
    );
    refused(&site, &["newer NightShift", "start that version"]).await;
}

#[tokio::test]
async fn a_password_comes_from_a_file_or_a_program_and_its_absence_is_said() {
    let database = Database::empty();
    let mut site = on(&database.url());
    site.config["remote"]["storage"]["password_file"] = json!("/nowhere/password");
    refused(&site, &["password_file /nowhere/password cannot be read"]).await;
    site.config["remote"]["storage"] = json!({"database": "postgres", "url": database.url(),
        "password_command": ["sh", "-c", "echo no access >&2; exit 7"]});
    refused(&site, &["password_command", "no access"]).await;
    site.config["remote"]["storage"]["password_command"] = json!(["echo", "a token"]);
    drop(site.start().await);
}

/// Two servers with one identity would take each other's work for their own.
#[tokio::test]
async fn a_copied_data_directory_ends_the_older_server() {
    let mut fleet = Fleet::of(2).await;
    let first = fleet.site(0).start().await;
    let copy = fleet.site(1).data_dir();
    std::fs::create_dir_all(&copy).unwrap();
    let id = fleet.site(0).data_dir().join("replica.id");
    std::fs::copy(id, copy.join("replica.id")).unwrap();
    fleet.site_mut(1).config["remote"]["storage"]["replica"] = json!("r0");
    let second = fleet.site(1).start().await;
    let ended = first.ended(std::time::Duration::from_secs(20)).await;
    assert_eq!(ended.code, Some(1));
    assert!(fleet.site(0).said().contains("replica.id"));
    drop(second);
}
