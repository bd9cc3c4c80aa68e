//! Files: ask for an address, send the bytes there, share them.
//! <https://docs.slack.dev/messaging/working-with-files#uploading_files>

use nightshift_core::card::Attachment;
use nightshift_core::chat::Conversation;
use nightshift_core::port::{ChatError, ChatKind};
use serde_json::json;

use super::{Client, UPLOAD_HOSTS, bad_status, text_at};
use crate::error::{Repeat, chat_error, unanswered};

/// Longest name of a file on the usual file systems.
const NAME: usize = 255;

impl Client {
    pub(crate) async fn upload(
        &self,
        to: &Conversation,
        file: &Attachment,
        comment: Option<String>,
    ) -> Result<(), ChatError> {
        if file.bytes.is_empty() {
            return Err(chat_error(ChatKind::Invalid, "the file is empty"));
        }
        let name = plain_name(&file.name);
        let channel = self.conversation_id(&to.channel).await?;
        let id = self.send_bytes(&name, &file.bytes).await?;
        let mut body = json!({
            "files": [{ "id": id, "title": name }],
            "channel_id": channel,
        });
        if let Some(thread) = &to.thread {
            body["thread_ts"] = json!(thread);
        }
        if let Some(comment) = comment {
            body["initial_comment"] = json!(comment);
        }
        // Until here nobody sees anything.
        self.call("files.completeUploadExternal", &body, Repeat::Visible)
            .await
            .map(drop)
    }

    /// Returns the id of the file, which nobody sees yet.
    async fn send_bytes(&self, name: &str, bytes: &[u8]) -> Result<String, ChatError> {
        let length = bytes.len().to_string();
        let form = [("filename", name), ("length", length.as_str())];
        let place = self.fill_in("files.getUploadURLExternal", &form).await?;
        let id = text_at(&place, "/file_id")?;
        let url = text_at(&place, "/upload_url")?;
        let url = self.named(&url, UPLOAD_HOSTS, "upload_url")?;
        let answer = self
            .http
            .post_bytes(&url, bytes.to_vec().into())
            .await
            .map_err(|error| unanswered(error, Repeat::Harmless))?;
        match answer.status {
            200 => Ok(id),
            // This address is asked without our token: its refusal says nothing about the token.
            401 | 403 => {
                let message = format!("HTTP {}", answer.status);
                Err(chat_error(ChatKind::NotAllowed, message))
            }
            _ => Err(bad_status(&answer, Repeat::Harmless)),
        }
    }
}

/// The last part of a path without anything that could be read as more than a name.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME)
        .collect();
    match clean.trim() {
        "" | "." | ".." => "file".to_owned(),
        clean => clean.to_owned(),
    }
}
