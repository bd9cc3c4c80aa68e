//! What must hold at the end of every test.

use std::path::Path;

use nightshift_core::port::Store;
use nightshift_core::port::replicas::Sender;

use crate::{ADMIN_KEY, API_KEY, CANARY, World};

impl World {
    /// Nothing is unsent, nobody was bothered with an error, no contract is broken, no stored row
    /// contradicts another, and no secret is anywhere it should not be.
    pub async fn leave(self) {
        assert_eq!(
            self.log.errors(),
            Vec::<String>::new(),
            "errors were logged"
        );
        self.leave_after_errors().await;
    }

    /// The same, for a test that makes something fail so that an operator must hear of it.
    pub async fn leave_after_errors(self) {
        self.settle().await;
        let store: &dyn Store = self.store.as_ref();
        let due = store
            .next_due(&Sender::alone(), self.clock.timestamp())
            .await;
        assert_eq!(due.expect("outbox"), None, "a message is unsent");
        self.leave_unsent().await;
    }

    /// The same, where messages cannot be sent any more.
    pub async fn leave_unsent(self) {
        self.settle().await;
        assert_eq!(
            self.slack.violations(),
            Vec::<String>::new(),
            "breaches of the platform's contract"
        );
        let broken = self.store.check_invariants().await.expect("invariants");
        assert_eq!(broken, Vec::<String>::new(), "broken invariants");
        assert_eq!(
            self.leaks().await,
            Vec::<String>::new(),
            "secrets came to light"
        );
    }

    /// Places where a secret of the configuration can be read.
    pub async fn leaks(&self) -> Vec<String> {
        let slack = self.slack.setup();
        let secrets = [
            CANARY,
            API_KEY,
            ADMIN_KEY,
            &slack.bot_token,
            &slack.signing_secret,
        ];
        let mut places = vec![("the log".to_owned(), self.log.text().into_bytes())];
        for call in self.slack.calls() {
            let name = format!("a call of {}", call.method);
            places.push((name, call.args.to_string().into_bytes()));
        }
        for event in self.events("").await {
            let data = format!("{event:?}").into_bytes();
            places.push((format!("event {}", event.seq.0), data));
        }
        files(&self.data_dir(), &mut places);
        let leaks = places.iter().flat_map(|(place, bytes)| {
            let found = secrets.iter().filter(|secret| holds(bytes, secret));
            found.map(move |secret| format!("{secret} in {place}"))
        });
        leaks.collect()
    }
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    let secret = secret.as_bytes();
    bytes.windows(secret.len()).any(|window| window == secret)
}

fn files(dir: &Path, places: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir)
        .expect("the data directory")
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            files(&path, places);
        } else {
            places.push((
                path.display().to_string(),
                std::fs::read(&path).expect("a file"),
            ));
        }
    }
}
