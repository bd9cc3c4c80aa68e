//! Head and tail of a stream that is longer than its limit, with a mark between.

use std::collections::VecDeque;

/// Lets the head pass, holds the tail back until the end.
#[derive(Debug)]
pub(crate) struct Cut {
    head_left: u64,
    tail_limit: usize,
    tail: VecDeque<u8>,
    dropped: u64,
}

impl Cut {
    /// Keeps `limit` bytes, `tail` of them from the end.
    pub(crate) fn new(limit: u64, tail: u64) -> Self {
        Self {
            head_left: limit - tail.min(limit),
            tail_limit: tail.min(limit) as usize,
            tail: VecDeque::new(),
            dropped: 0,
        }
    }

    /// What may be passed on now.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let head = bytes.len().min(self.head_left as usize);
        self.head_left -= head as u64;
        let (head, rest) = bytes.split_at(head);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(self.tail_limit);
        self.tail.drain(..over);
        self.dropped += over as u64;
        head.to_vec()
    }

    /// The mark, where something is missing, and the tail.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        if self.dropped > 0 {
            let mark = format!("\n[… {} bytes left out …]\n", self.dropped);
            rest.extend_from_slice(mark.as_bytes());
        }
        rest.extend(std::mem::take(&mut self.tail));
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(limit: u64, text: &str, step: usize) -> String {
        let mut cut = Cut::new(limit, limit / 2);
        let mut out = Vec::new();
        for piece in text.as_bytes().chunks(step) {
            out.extend(cut.push(piece));
        }
        out.extend(cut.end());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn up_to_the_limit_nothing_is_lost_and_beyond_head_and_tail_stay() {
        for step in [1, 3, 100] {
            assert_eq!(through(10, "0123456789", step), "0123456789");
            assert_eq!(
                through(10, "0123456789a", step),
                "01234\n[… 1 bytes left out …]\n6789a"
            );
        }
    }

    #[test]
    fn the_head_passes_at_once() {
        assert_eq!(Cut::new(10, 5).push(b"0123456"), b"01234");
    }
}
