//! The attempt's merged output: read in chunks, masked, counted, limited, and shown to the
//! reader of its stream.

pub(crate) mod ansi;
pub(crate) mod cut;

use std::io;
use std::time::Duration;

use nightshift_core::port::JobEvent;
use nightshift_core::secret::Scrubber;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::stream::Reading;
use cut::Cut;

const CHUNK: usize = 64 << 10;
/// How long a small piece waits for company before it is passed on.
const GATHER: Duration = Duration::from_millis(100);
/// When everything has ended, a pipe that stays silent this long is held by a stranger.
const SILENCE: Duration = Duration::from_millis(500);
/// Of a limited output this much of the end is kept; it is held in memory.
const TAIL: u64 = 4 << 20;

/// Passes output on until the pipe ends.
pub(crate) struct Pump {
    pub(crate) pipe: Receiver,
    pub(crate) scrubber: Scrubber,
    pub(crate) limit: u64,
    pub(crate) reading: Reading,
    pub(crate) events: mpsc::Sender<JobEvent>,
    /// Everything of the attempt has ended.
    pub(crate) ended: CancellationToken,
}

impl Pump {
    /// Trouble with the output never fails the attempt: what was read counts.
    pub(crate) async fn run(mut self) -> Reading {
        let mut cut = Cut::new(self.limit, (self.limit / 2).min(TAIL));
        let mut chunk = vec![0; CHUNK];
        let mut pending = Vec::new();
        let mut offset = 0;
        loop {
            let read = self.gather(&mut chunk).await;
            pending.extend_from_slice(&chunk[..read]);
            let clean = self.scrubber.stream(&mut pending, read == 0);
            let mut said = Vec::new();
            self.reading.bytes(&clean, &mut said);
            let mut shown = cut.push(&clean);
            if read == 0 {
                shown.extend(cut.end());
                self.reading.end(&mut said);
            }
            if !self.pass_on(&mut offset, shown, said).await || read == 0 {
                return self.reading;
            }
        }
    }

    /// Whether anybody still listens.
    async fn pass_on(&self, offset: &mut u64, shown: Vec<u8>, said: Vec<JobEvent>) -> bool {
        for piece in shown.chunks(CHUNK) {
            let event = JobEvent::Output {
                offset: *offset,
                bytes: piece.to_vec(),
            };
            *offset += piece.len() as u64;
            if self.events.send(event).await.is_err() {
                return false;
            }
        }
        for event in said {
            if self.events.send(event).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Reads at least one byte, and what follows closely; 0 at the end.
    async fn gather(&mut self, chunk: &mut [u8]) -> usize {
        let mut filled = tokio::select! {
            biased;
            read = self.pipe.read(chunk) => or_end(read),
            () = silence(&self.ended) => 0,
        };
        let until = Instant::now() + GATHER;
        while filled > 0 && filled < chunk.len() {
            match timeout_at(until, self.pipe.read(&mut chunk[filled..])).await {
                Ok(Ok(more)) if more > 0 => filled += more,
                _ => break,
            }
        }
        filled
    }
}

fn or_end(read: io::Result<usize>) -> usize {
    read.unwrap_or_else(|error| {
        tracing::warn!(error = %error, "cannot read an attempt's output");
        0
    })
}

async fn silence(ended: &CancellationToken) {
    ended.cancelled().await;
    sleep(SILENCE).await;
}
