//! A real PostgreSQL for tests: one cluster for all test processes, one database per test.
//!
//! Whoever comes first starts the cluster, on a private socket in a temporary folder. It ends by
//! itself soon after the last process that used it, however that one ended. With `DATABASE_URL`
//! the databases are made in the server that it names.

mod cluster;
mod own;
mod pooler;
mod psql;

use std::sync::atomic::{AtomicU32, Ordering};

use cluster::Cluster;
pub use own::OwnServer;
pub use pooler::Pooler;
pub use psql::run;

/// Numbers the databases of this process.
static MADE: AtomicU32 = AtomicU32::new(0);

/// An empty database of one test, gone when dropped.
#[derive(Debug)]
pub struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Database {
    /// An empty one. Blocks for some milliseconds, and about a second for the first.
    ///
    /// Panics with the next step where there is no PostgreSQL.
    pub fn empty() -> Self {
        Self::made("template0")
    }

    /// One with what `make` put into the database that it was given the URL of. That happens once
    /// for each `name`, which therefore must name the content.
    pub fn like(name: &str, make: impl FnOnce(&str)) -> Self {
        let cluster = Cluster::of_all_tests();
        let template = format!("nightshift_like_{name}");
        cluster.template(&template, make);
        Self::made(&template)
    }

    fn made(template: &str) -> Self {
        let cluster = Cluster::of_all_tests();
        let n = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("nightshift_test_{}_{n}", std::process::id());
        cluster.make(&name, template);
        Self { cluster, name }
    }

    /// For whoever owns the server: may do everything.
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// For another role, which must exist; a password is of no meaning in a cluster of ours.
    pub fn url_as(&self, role: &str) -> String {
        self.cluster.url_as(role, &self.name)
    }

    /// Runs statements as the owner of the server; what they print.
    pub fn run(&self, statements: &str) -> String {
        run(&self.url(), statements).unwrap_or_else(|error| panic!("PostgreSQL refused: {error}"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.cluster.drop_database(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::Database;

    #[test]
    fn each_test_has_a_database_of_its_own() {
        let (one, other) = (Database::empty(), Database::empty());
        one.run("CREATE TABLE mine (n BIGINT)");
        assert_eq!(
            other.run("SELECT count(*) FROM pg_tables WHERE tablename = 'mine'"),
            "0"
        );
    }

    #[test]
    fn a_template_is_filled_once() {
        let fill = |url: &str| {
            super::psql::run(url, "CREATE TABLE filled (n BIGINT)").unwrap();
        };
        let name = format!("filled_{}", std::process::id());
        let first = Database::like(&name, fill);
        let second = Database::like(&name, |_| panic!("it was filled before"));
        for one in [first, second] {
            assert_eq!(one.run("SELECT count(*) FROM filled"), "0");
        }
    }
}
