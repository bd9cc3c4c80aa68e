//! Result files: on this server's disk, or kept where all servers find them.

use std::io;
use std::path::{Path, PathBuf};

use nightshift_core::authorise::Actor;
use nightshift_core::id::{Fence, TaskId};
use nightshift_core::port::store::Finish;
use nightshift_core::task::{ResultFile, Task};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use crate::insist::insist;
use crate::{App, Problem, Shared};

/// Read and kept at once.
const PART: usize = 256 * 1024;

/// A file that a task lists: what may be asked for.
#[derive(Debug, Clone)]
pub struct ListedFile {
    pub file: ResultFile,
    task: TaskId,
    fence: Fence,
}

impl App {
    /// A result file that the task lists.
    pub async fn file(
        &self,
        actor: &Actor,
        id: &TaskId,
        path: &str,
    ) -> Result<ListedFile, Problem> {
        let task = self.task(actor, id).await?;
        listed(&task, path).ok_or_else(|| Problem::NothingThere(format!("file {path} of {id}")))
    }

    /// The part of the file that begins at `offset`; an empty one is its end, `None` that it is
    /// gone.
    pub async fn file_part(
        &self,
        listed: &ListedFile,
        offset: u64,
    ) -> Result<Option<Vec<u8>>, Problem> {
        let at = self.results_of(&listed.task, listed.fence);
        match part_of(&at.join(&listed.file.path), offset).await {
            Ok(part) => return Ok(Some(part)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(task.id = %listed.task, %error, "A result file cannot be read.");
                return Ok(None);
            }
        }
        let Some(shared) = &self.ports.shared else {
            return Ok(None);
        };
        let path = &listed.file.path;
        let files = &shared.files;
        let part = files
            .read_file(&listed.task, listed.fence, path, offset)
            .await?;
        Ok(match part {
            None if offset > 0 => Some(Vec::new()),
            part => part,
        })
    }

    /// All of it; for small ones.
    pub(crate) async fn whole_file(&self, listed: &ListedFile) -> Result<Option<Vec<u8>>, Problem> {
        let mut whole = Vec::new();
        loop {
            match self.file_part(listed, whole.len() as u64).await? {
                None => return Ok(None),
                Some(part) if part.is_empty() => return Ok(Some(whole)),
                Some(part) => whole.extend(part),
            }
        }
    }

    /// Where this server's disk has the files of an attempt.
    fn results_of(&self, task: &TaskId, fence: Fence) -> PathBuf {
        self.settings
            .results_dir
            .join(task.as_str())
            .join(fence.0.to_string())
    }

    /// Keeps what an attempt left where all servers find it, before its end is told. What cannot be
    /// read here is told as it would be later: gone.
    pub(crate) async fn share_results(&self, finish: &Finish) {
        let Some(shared) = &self.ports.shared else {
            return;
        };
        let dir = self.results_of(&finish.task, finish.fence);
        for file in &finish.result.files {
            let at = dir.join(&file.path);
            if let Err(error) = keep(shared, finish, &file.path, &at).await
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(task.id = %finish.task, %error, "A result file could not be read to be kept.");
                return;
            }
        }
        // This copy is of no more use: nobody would remove it with the task. The task's own folder
        // goes unless another attempt has something in it.
        if let Err(error) = tokio::fs::remove_dir_all(&dir).await
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(task.id = %finish.task, %error, "Kept result files could not be removed from the disk.");
        }
        let folder = self.settings.results_dir.join(finish.task.as_str());
        tokio::fs::remove_dir(folder).await.ok();
    }
}

/// Only paths that the store lists are ever opened.
pub(crate) fn listed(task: &Task, path: &str) -> Option<ListedFile> {
    let files = &task.result.as_ref()?.files;
    let file = files.iter().find(|file| file.path == path)?.clone();
    Some(ListedFile {
        file,
        task: task.id.clone(),
        fence: task.attempt.as_ref()?.fence,
    })
}

async fn keep(shared: &Shared, finish: &Finish, path: &str, at: &Path) -> io::Result<()> {
    let mut offset = 0;
    loop {
        let part = part_of(at, offset).await?;
        if part.is_empty() && offset > 0 {
            return Ok(());
        }
        insist(|| {
            shared
                .files
                .keep_file(&finish.task, finish.fence, path, offset, &part)
        })
        .await;
        if part.len() < PART {
            return Ok(());
        }
        offset += part.len() as u64;
    }
}

/// A link has no business there: it is not followed.
async fn part_of(at: &Path, offset: u64) -> io::Result<Vec<u8>> {
    let found = tokio::fs::symlink_metadata(at).await?;
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    let mut file = tokio::fs::File::open(at).await?;
    file.seek(io::SeekFrom::Start(offset)).await?;
    let mut part = Vec::new();
    file.take(PART as u64).read_to_end(&mut part).await?;
    Ok(part)
}
