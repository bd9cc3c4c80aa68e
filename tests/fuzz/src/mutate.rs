//! Small changes to known inputs: flips, cuts, copies, words of the format, pieces of other inputs.
//! The same seed gives the same inputs.

/// Longest input that is made; the corpus may hold longer ones.
const LONGEST: usize = 8 << 10;

/// Bytes and texts that are edges of many formats.
const EDGES: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b"\x1b[",
    b"\x7f",
    b"\xff",
    b"\xc3",
    b"\xf0\x9f\xa6\x80",
    "\u{200b}\u{202e}\u{feff}".as_bytes(),
    b"\\u0000",
    b"\\ud800",
    b"-1",
    b"0",
    b"9223372036854775807",
    b"9223372036854775808",
    b"18446744073709551615",
    b"18446744073709551616",
    b"1e308",
    b"-0.0",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"\"",
    b"'",
    b"```",
    b"<!channel>",
    b"&amp;",
    b"%00",
    b"../",
];

/// A sequence of numbers from a seed (splitmix64): no library, so that it never changes.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`; 0 when there is nothing below.
    pub fn below(&mut self, end: usize) -> usize {
        (self.roll() % (end.max(1) as u64)) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> Option<&'a T> {
        from.get(self.below(from.len())).copied()
    }
}

/// One of `corpus` with one to six changes.
pub fn mutated(corpus: &[Vec<u8>], words: &[&str], dice: &mut Dice) -> Vec<u8> {
    let start = dice.below(corpus.len());
    let mut data = corpus.get(start).cloned().unwrap_or_default();
    for _ in 0..=dice.below(6) {
        change(&mut data, corpus, words, dice);
        data.truncate(LONGEST);
    }
    data
}

fn change(data: &mut Vec<u8>, corpus: &[Vec<u8>], words: &[&str], dice: &mut Dice) {
    let at = dice.below(data.len() + 1);
    match dice.below(9) {
        0 => {
            if let Some(byte) = data.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => {
            if let Some(byte) = data.get_mut(at) {
                *byte = dice.roll() as u8;
            }
        }
        2 => data.truncate(at),
        3 => {
            let end = at + dice.below((data.len() - at).min(32) + 1);
            data.drain(at..end);
        }
        4 => {
            let end = at + dice.below((data.len() - at).min(64) + 1);
            let piece = data[at..end].to_vec();
            insert(data, at, &piece.repeat(1 + dice.below(4)));
        }
        5 => {
            if let Some(edge) = dice.pick(EDGES) {
                insert(data, at, edge);
            }
        }
        6 => {
            if let Some(word) = dice.pick(words) {
                insert(data, at, word.as_bytes());
            }
        }
        7 => {
            if let Some(word) = dice.pick(words) {
                let end = at + word.len().min(data.len() - at);
                data.splice(at..end, word.bytes());
            }
        }
        _ => splice(data, corpus, dice),
    }
}

fn insert(data: &mut Vec<u8>, at: usize, piece: &[u8]) {
    data.splice(at..at, piece.iter().copied());
}

/// The head of this input, the tail of another.
fn splice(data: &mut Vec<u8>, corpus: &[Vec<u8>], dice: &mut Dice) {
    let other = dice.below(corpus.len());
    if let Some(other) = corpus.get(other) {
        let (at, from) = (dice.below(data.len() + 1), dice.below(other.len() + 1));
        data.truncate(at);
        data.extend_from_slice(&other[from..]);
    }
}
