//! Result files, from the disk of one server to where all servers find them.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sqlx::{AnyConnection, Row};

use super::open;

/// As a server keeps them.
const PART: usize = 256 * 1024;

/// Tasks that list files, and the attempt that left them.
const LISTED: &str = "SELECT t.task_id, t.attempt_fence, x.result FROM task t \
    JOIN task_text x ON x.task_id = t.task_id WHERE x.result IS NOT NULL ORDER BY t.task_id";

const KEEP: &str = "INSERT INTO result_chunk (task_id, fence, path, off, data) \
    VALUES ($1, $2, $3, $4, $5)";

#[derive(Default)]
pub(super) struct Files {
    pub(super) count: u64,
    pub(super) bytes: u64,
}

#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    path: String,
}

/// One that is gone already is gone there, too.
pub(super) async fn copy(results: &Path, there: &mut AnyConnection) -> Result<Files, String> {
    let wrong = |error: sqlx::Error| error.to_string();
    let rows = sqlx::query(LISTED)
        .persistent(false)
        .fetch_all(&mut *there)
        .await
        .map_err(wrong)?;
    let mut files = Files::default();
    for row in &rows {
        let task: String = row.try_get("task_id").map_err(wrong)?;
        let fence: i64 = row.try_get("attempt_fence").map_err(wrong)?;
        let result: String = row.try_get("result").map_err(wrong)?;
        let Ok(result) = serde_json::from_str::<Stored>(&result) else {
            continue;
        };
        for Listed { path } in result.files {
            let at: PathBuf = results.join(&task).join(fence.to_string()).join(&path);
            let Ok(mut file) = open(&at) else {
                continue;
            };
            files.count += 1;
            let mut off = 0;
            loop {
                let mut part = Vec::new();
                let read = (&mut file).take(PART as u64).read_to_end(&mut part);
                let read = read.map_err(|error| format!("{}: {error}", at.display()))?;
                if read == 0 && off > 0 {
                    break;
                }
                sqlx::query(KEEP)
                    .bind(&*task)
                    .bind(fence)
                    .bind(&*path)
                    .bind(off)
                    .bind(part)
                    .execute(&mut *there)
                    .await
                    .map_err(wrong)?;
                off += read as i64;
                files.bytes += read as u64;
                if read < PART {
                    break;
                }
            }
        }
    }
    Ok(files)
}
