//! The server's side of HTTP/1.1 connections: which request an answer belongs to.

use std::collections::{HashMap, VecDeque};

/// In every request of the load, before its number.
pub(super) const MARK: &str = "pc-";

/// The connections that the server was called on.
#[derive(Default)]
pub(super) struct Exchanges {
    open: HashMap<String, Exchange>,
}

#[derive(Default)]
struct Exchange {
    received: Vec<u8>,
    /// The numbers of whole requests, `None` for others than ours.
    asked: VecDeque<Option<u64>>,
}

impl Exchanges {
    pub(super) fn received(&mut self, socket: &str, bytes: &[u8]) {
        let exchange = self.open.entry(socket.to_owned()).or_default();
        exchange.received.extend(bytes);
        exchange.take_requests();
    }

    /// The request that these bytes acknowledge, if they begin a 2xx.
    pub(super) fn sends(&mut self, socket: &str, bytes: &[u8]) -> Option<u64> {
        let status = bytes.strip_prefix(b"HTTP/1.1 ")?;
        let asked = self.open.get_mut(socket)?.asked.pop_front()?;
        asked.filter(|_| status.starts_with(b"2"))
    }
}

impl Exchange {
    fn take_requests(&mut self) {
        while let Some(length) = whole_request(&self.received) {
            let request: Vec<u8> = self.received.drain(..length).collect();
            self.asked.push_back(number(&request));
        }
    }
}

/// The length of the first request, once it is there to its end.
fn whole_request(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let body = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(Some(0), |length| length.trim().parse().ok())?;
    (bytes.len() >= head + body).then_some(head + body)
}

/// The number behind the mark.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let at = text
        .windows(MARK.len())
        .position(|window| window == MARK.as_bytes())?;
    let digits = text[at + MARK.len()..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let digits: Vec<u8> = digits.copied().collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_belongs_to_the_oldest_whole_request_of_its_connection() {
        let mut exchanges = Exchanges::default();
        exchanges.received(
            "s1",
            b"POST /a HTTP/1.1\r\nContent-Length: 12\r\n\r\ntrigger=",
        );
        assert_eq!(exchanges.sends("s1", b"HTTP/1.1 200 OK\r\n"), None);
        exchanges.received("s1", b"pc-7");
        exchanges.received("s2", b"GET /readyz HTTP/1.1\r\n\r\n");
        assert_eq!(exchanges.sends("s2", b"HTTP/1.1 200 OK\r\n"), None);
        assert_eq!(exchanges.sends("s1", b"HTTP/1.1 202 Accepted\r\n"), Some(7));
        exchanges.received("s1", b"POST /a HTTP/1.1\r\ncontent-length: 4\r\n\r\npc-8");
        assert_eq!(exchanges.sends("s1", b"HTTP/1.1 503 \r\n"), None);
    }
}
