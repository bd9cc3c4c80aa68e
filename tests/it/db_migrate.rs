//! An installation moves from its data directory to PostgreSQL, and goes on there.

use harness::process::{Fleet, Installation, Office, Ran};
use nightshift_fakes::postgres::Database;
use serde_json::json;

async fn moved(site: &Installation, url: &str) -> Ran {
    let from = site.data_dir().display().to_string();
    let words = ["db", "migrate", "--from", &from, "--to", url, "--json"];
    site.nightshift(&words).await
}

#[tokio::test]
async fn an_installation_goes_on_where_it_was_moved_to() {
    let mut office = Office::open().await;
    let script = "cat; echo kept >\"$NIGHTSHIFT_OUTPUT_DIR/out.txt\"";
    office.site.agent("probe", script);
    let server = office.start().await;
    let done = office.ask_for_plan(&server, "done before").await;
    office.approve(&server, &done).await;
    server.reaches(&done, &["completed"]).await;
    office.thread(&done).ends().await;
    let open = office.ask_for_plan(&server, "decided after").await;
    office.thread(&open).shows_the_truth(&server).await;
    let output = server.output(&done).await;
    let events = server.admin().get("/api/v1/events?limit=1000").await.json();
    let database = Database::empty();
    let url = database.url();

    let busy = moved(&office.site, &url).await;
    assert_eq!(busy.code, 1, "{busy:?}");
    assert!(busy.stderr.contains("another server uses"), "{busy:?}");
    let ended = server.terminate(std::time::Duration::from_secs(15)).await;
    assert_eq!(ended.code, Some(0));

    // Twice: until a server has started there it can be repeated.
    for repeated in [false, true] {
        let ran = moved(&office.site, &url).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        let said = ran.json();
        assert_eq!(said["tasks"], 2, "{said}");
        assert_eq!(
            (&said["files"], &said["file_bytes"]),
            (&json!(1), &json!(5))
        );
        assert_eq!(said["repeated"], repeated, "{said}");
    }

    let fleet = Fleet::around(office, &url, 2);
    let checked = async || {
        fleet.site(0).write_config();
        let checked = fleet.site(0).nightshift(&["db", "check"]).await;
        assert_eq!(checked.code, 0, "{checked:?}");
        assert!(checked.stdout.contains("is in order"), "{checked:?}");
    };
    checked().await;
    let servers = fleet.start().await;
    let again = moved(fleet.site(1), &url).await;
    assert_eq!(again.code, 1, "{again:?}");
    let office = &fleet.office;
    for server in &servers {
        assert_eq!(server.output(&done).await, output);
        let path = format!("/api/v1/tasks/{done}/files/out.txt");
        assert_eq!(server.admin().get(&path).await.body, b"kept\n");
        let seen = server.admin().get("/api/v1/events?limit=1000").await.json();
        let count = events["items"].as_array().unwrap().len();
        assert_eq!(
            seen["items"].as_array().unwrap()[..count],
            events["items"].as_array().unwrap()[..]
        );
    }
    // The card from before has its buttons still.
    office.approve(&servers[1], &open).await;
    servers[0].reaches(&open, &["completed"]).await;
    office.thread(&open).ends().await;
    office.thread(&open).shows_the_truth(&servers[0]).await;
    assert_eq!(office.thread(&open).cards().len(), 1);
    checked().await;
    office.close();
}

#[tokio::test]
async fn what_a_server_works_on_is_never_replaced() {
    let site = Installation::new();
    let server = site.start().await;
    server.submit(json!({"description": "mine"})).await;
    server.terminate(std::time::Duration::from_secs(15)).await;
    let database = Database::empty();
    let mut other = Installation::new();
    other.config["remote"]["storage"] = json!({"database": "postgres", "url": database.url()});
    let serving = other.start().await;
    let theirs = serving.submit(json!({"description": "theirs"})).await;
    let refused = moved(&site, &database.url()).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("a server has worked on this database"),
        "{refused:?}"
    );
    serving.reaches(&theirs, &["staged"]).await;
}

#[tokio::test]
async fn what_cannot_be_moved_is_said_and_nothing_is_changed() {
    let database = Database::empty();
    let site = Installation::new();
    let nothing = moved(&site, &database.url()).await;
    assert_eq!(nothing.code, 1, "{nothing:?}");
    assert!(
        nothing.stderr.contains("there is no database at"),
        "{nothing:?}"
    );
    let nowhere = site.nightshift(&["db", "migrate"]).await;
    assert_eq!(nowhere.code, 2, "{nowhere:?}");
    assert!(nowhere.stderr.contains("--to postgres://"), "{nowhere:?}");
    let server = site.start().await;
    server.terminate(std::time::Duration::from_secs(15)).await;
    let away = moved(&site, "postgres://me:geheim@127.0.0.1:9/ns").await;
    assert_eq!(away.code, 1, "{away:?}");
    assert!(away.stderr.contains("me@127.0.0.1:9/ns"), "{away:?}");
    assert!(!away.both().contains("geheim"), "{away:?}");
}
