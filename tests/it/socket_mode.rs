//! Without a public address: Slack over Socket Mode, by the built binary.

use harness::process::{Office, Server, eventually};
use nightshift_fakes::slack::Disconnect;

/// `transport: auto` takes the socket: there is an app token and no public address.
async fn connected() -> (Office, Server) {
    let mut office = Office::open().await;
    let token = office.slack.setup().app_token.clone();
    office
        .site
        .environment
        .insert("SLACK_APP_TOKEN".into(), token);
    let server = office.site.start().await;
    until_connected(&office, 1).await;
    (office, server)
}

async fn until_connected(office: &Office, count: usize) {
    eventually(&format!("{count} connections"), async || {
        (office.slack.connections() == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_task_goes_its_whole_way_over_the_socket() {
    let (office, server) = connected().await;
    let id = office.ask_for_plan(&server, "over the wire").await;
    office.approve(&server, &id).await;
    server.reaches(&id, &["completed"]).await;
    let last = office.thread(&id).ends().await;
    assert!(
        last.visible().contains("I did: over the wire"),
        "{}",
        last.visible()
    );
    office.thread(&id).shows_the_truth(&server).await;
    assert_eq!(office.starts(&id), 1);
    office.close();
}

/// Slack announces that it will close: the next connection stands before the old one ends.
#[tokio::test]
async fn a_warning_in_the_middle_of_a_task_loses_nothing() {
    let (office, server) = connected().await;
    let id = office.ask_for_plan(&server, "hold on").await;
    office.approve(&server, &id).await;
    office.runs(&server, &id, 1).await;
    office.slack.disconnect(Disconnect::Warning);
    until_connected(&office, 2).await;
    office.slack.close_warned();
    until_connected(&office, 1).await;
    let other = office.ask_for_plan(&server, "and another one").await;
    office.approve(&server, &other).await;
    office.site.signal("go");
    for id in [&id, &other] {
        server.reaches(id, &["completed"]).await;
        office.thread(id).ends().await;
        assert_eq!(office.starts(id), 1);
        assert_eq!(office.thread(id).finals().len(), 1);
    }
    office.close();
}

#[tokio::test]
async fn a_broken_connection_is_made_again() {
    let (office, server) = connected().await;
    for how in [Disconnect::Cut, Disconnect::RefreshRequested] {
        let tickets = || office.slack.calls_of("apps.connections.open").len();
        let before = tickets();
        office.slack.disconnect(how);
        eventually("it asks for another connection", async || {
            (tickets() > before).then_some(())
        })
        .await;
        until_connected(&office, 1).await;
    }
    let said = office
        .ana
        .mentions(&office.channel, "still there? --project demo")
        .await;
    assert!(said.acknowledged());
    office.task_with(&server, "still there?").await;
    office.close();
}

#[tokio::test]
async fn it_ends_at_once_when_told_to() {
    let (office, server) = connected().await;
    let ended = server.terminate(std::time::Duration::from_secs(3)).await;
    assert_eq!(ended.code, Some(0), "{}", office.site.said());
    until_connected(&office, 0).await;
}
