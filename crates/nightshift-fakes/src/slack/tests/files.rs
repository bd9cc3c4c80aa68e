//! The three-step upload.

use serde_json::json;

use super::app::{World, world};

async fn ticket(world: &World, length: &str) -> (String, String) {
    let args = [("filename", "a.txt"), ("length", length)];
    let answer = world.form("files.getUploadURLExternal", &args).await;
    let text = |key: &str| answer[key].as_str().unwrap().to_owned();
    (text("upload_url"), text("file_id"))
}

#[tokio::test]
async fn a_file_goes_into_the_thread_in_three_steps() {
    let world = world().await;
    let general = world.slack.channel("general");
    let ts = world.post_card().await;
    let (url, id) = ticket(&world, "5").await;
    let answer = world.put(&url, "application/octet-stream", b"hello").await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (200, "OK - 5")
    );
    let args = json!({
        "files": [{"id": id, "title": "Result"}],
        "channel_id": general.id,
        "thread_ts": ts,
        "initial_comment": "here",
    });
    let answer = world
        .call("files.completeUploadExternal", args.clone())
        .await;
    assert_eq!(answer["files"][0]["title"], "Result");
    let file = world.slack.files(&general).remove(0);
    assert_eq!(
        (file.name.as_str(), file.bytes.as_slice()),
        ("a.txt", &b"hello"[..])
    );
    assert_eq!(file.thread_ts.as_deref(), Some(ts.as_str()));
    assert_eq!(world.slack.thread(&general, &ts)[1].files, [id]);
    let again = world.call("files.completeUploadExternal", args).await;
    assert_eq!(again["error"], "file_not_found");
}

#[tokio::test]
async fn multipart_bodies_are_understood() {
    let world = world().await;
    let (url, _) = ticket(&world, "5").await;
    let body = b"--B\r\ncontent-disposition: form-data; name=\"f\"\r\n\r\nhello\r\n--B--\r\n";
    let answer = world
        .put(&url, "multipart/form-data; boundary=B", body)
        .await;
    assert_eq!(answer.body, "OK - 5");
}

#[tokio::test]
async fn the_length_has_to_be_true() {
    let world = world().await;
    let (url, id) = ticket(&world, "5").await;
    let answer = world.put(&url, "application/octet-stream", b"hell").await;
    assert_eq!(answer.status, 400);
    assert_eq!(world.slack.violations().len(), 1);
    let args = json!({"files": [{"id": id}]});
    let answer = world.call("files.completeUploadExternal", args).await;
    assert_eq!(answer["error"], "file_not_found");
}

#[tokio::test]
async fn the_ticket_is_a_form_only_method() {
    let world = world().await;
    let args = json!({"filename": "a.txt", "length": 5});
    let answer = world.call("files.getUploadURLExternal", args).await;
    assert_eq!(answer["error"], "invalid_arguments");
    assert_eq!(
        world.slack.violations(),
        ["files.getUploadURLExternal takes no JSON"]
    );
}
