//! Several servers on one PostgreSQL, with one configuration and a Slack.

use nightshift_fakes::postgres::Database;
use nightshift_fakes::slack::FakeSlack;
use serde_json::json;

use super::installation::Installation;
use super::office::Office;
use super::server::Server;

/// Servers that share everything but their data directories.
pub struct Fleet {
    /// The Slack, and the first server's installation.
    pub office: Office,
    others: Vec<Installation>,
    /// Gone after the servers.
    database: Option<Database>,
}

impl Fleet {
    /// `count` installations on an empty database.
    pub async fn of(count: usize) -> Self {
        Self::owning(Office::open().await, Database::empty(), count)
    }

    /// The same on a database that goes with the fleet.
    pub fn owning(office: Office, database: Database, count: usize) -> Self {
        let mut fleet = Self::around(office, &database.url(), count);
        fleet.database = Some(database);
        fleet
    }

    pub fn database(&self) -> &Database {
        self.database.as_ref().expect("a database of its own")
    }

    pub fn around(mut office: Office, url: &str, count: usize) -> Self {
        office.site.config["remote"]["storage"] = json!({"database": "postgres", "url": url});
        let mut fleet = Self {
            office,
            others: (1..count).map(|_| Installation::new()).collect(),
            database: None,
        };
        fleet.agree();
        fleet
    }

    /// Gives all the first one's configuration and variables; each keeps its data directory and has
    /// a name.
    pub fn agree(&mut self) {
        let site = &mut self.office.site;
        site.config["remote"]["storage"]["replica"] = json!("r0");
        for (n, other) in self.others.iter_mut().enumerate() {
            other.config = self.office.site.config.clone();
            other.config["remote"]["storage"]["replica"] = json!(format!("r{}", n + 1));
            other.environment.clone_from(&self.office.site.environment);
        }
    }

    pub fn site(&self, n: usize) -> &Installation {
        match n {
            0 => &self.office.site,
            n => &self.others[n - 1],
        }
    }

    pub fn site_mut(&mut self, n: usize) -> &mut Installation {
        match n {
            0 => &mut self.office.site,
            n => &mut self.others[n - 1],
        }
    }

    pub fn count(&self) -> usize {
        self.others.len() + 1
    }

    pub fn slack(&self) -> &FakeSlack {
        &self.office.slack
    }

    /// All of them, ready; Slack delivers to the first.
    pub async fn start(&self) -> Vec<Server> {
        let mut servers = Vec::new();
        for n in 0..self.count() {
            servers.push(self.site(n).start().await);
        }
        self.deliver_to(&servers[0]);
        servers
    }

    /// From now on Slack's deliveries go there.
    pub fn deliver_to(&self, server: &Server) {
        let slack = &self.office.slack;
        slack.connect(format!("{}/webhook/slack", server.url));
    }
}
