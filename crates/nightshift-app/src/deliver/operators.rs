//! To those who look after the installation: where they are is known when a message is sent.

use std::time::Duration;

use nightshift_core::chat::Conversation;
use nightshift_core::port::StoreError;
use nightshift_core::port::store::OutboxItem;

use crate::App;

/// Until a platform has said in which workspace we are.
const UNKNOWN: Duration = Duration::from_secs(1);

/// What is known of the places of `remote.notify.alert`.
enum Places {
    Known(Vec<Conversation>),
    /// A platform has not answered yet.
    NotYet,
    /// None is named, or none of an enabled platform.
    None,
}

impl App {
    pub(super) async fn tell_operators(&self, item: &OutboxItem) -> Result<(), StoreError> {
        let now = self.now();
        let store = self.store();
        match self.operators() {
            Places::Known(places) => store.relay(item, &places, now).await,
            Places::NotYet => {
                let until = now.after(UNKNOWN);
                let why = "no platform of remote.notify.alert has answered yet";
                store.postpone(item, until, item.unsure, why).await
            }
            Places::None => {
                tracing::error!(
                    message.id = item.id,
                    "Somebody should look at a task, and remote.notify.alert names no channel of \
                     an enabled platform: see `nightshift queue failed`."
                );
                let why = "remote.notify.alert names no channel of an enabled platform";
                store.give_up(item, why, now).await
            }
        }
    }

    fn operators(&self) -> Places {
        let workspaces = self.workspaces.known();
        let mut places = Vec::new();
        for channel in &self.settings.alert {
            if self.platform(&channel.platform).is_none() {
                continue;
            }
            let known = workspaces
                .iter()
                .find(|(platform, _)| *platform == channel.platform);
            let Some((_, workspace)) = known else {
                return Places::NotYet;
            };
            places.push(Conversation {
                platform: channel.platform.clone(),
                workspace: workspace.clone(),
                channel: channel.id.clone(),
                thread: None,
            });
        }
        if places.is_empty() {
            Places::None
        } else {
            Places::Known(places)
        }
    }
}
