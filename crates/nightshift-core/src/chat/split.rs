//! Cutting text to a platform's limits without breaking code fences.

use super::TextUnit;

impl TextUnit {
    pub fn len(self, text: &str) -> usize {
        match self {
            Self::Bytes => text.len(),
            Self::Chars => text.chars().count(),
            Self::Utf16 => text.encode_utf16().count(),
        }
    }

    fn len_of(self, c: char) -> usize {
        match self {
            Self::Bytes => c.len_utf8(),
            Self::Chars => 1,
            Self::Utf16 => c.len_utf16(),
        }
    }
}

const FENCE: &str = "```";

/// Cuts `text` into parts of at most `limit` units, at line ends where it can. A code fence that
/// is cut is closed at the end of the part and opened again, with its language, in the next.
///
/// Nothing but such fences is added and nothing is left out. `limit` must be at least 64: less
/// could not hold a reopened fence and a character.
pub fn split(text: &str, limit: usize, unit: TextUnit) -> Vec<String> {
    debug_assert!(
        limit >= 64,
        "invariant: a limit holds a fence and a character"
    );
    let mut parts = Parts {
        limit,
        unit,
        done: Vec::new(),
        part: String::new(),
        used: 0,
        fence: None,
    };
    for line in text.split_inclusive('\n') {
        parts.line(line);
    }
    parts.finish()
}

/// Cuts to one part of at most `limit` units; `true` when something was left out.
pub fn shorten(text: &str, limit: usize, unit: TextUnit) -> (String, bool) {
    if unit.len(text) <= limit {
        return (text.to_owned(), false);
    }
    let room = limit.saturating_sub(unit.len("…"));
    let mut used = 0;
    let mut short: String = text
        .chars()
        .take_while(|c| {
            used += unit.len_of(*c);
            used <= room
        })
        .collect();
    short.push('…');
    (short, true)
}

struct Parts {
    limit: usize,
    unit: TextUnit,
    done: Vec<String>,
    part: String,
    used: usize,
    /// The opening line of the fence we are in, without its line end.
    fence: Option<String>,
}

impl Parts {
    /// Room that must stay free to close an open fence.
    fn reserve(&self) -> usize {
        if self.fence.is_some() {
            FENCE.len() + 1
        } else {
            0
        }
    }

    fn room(&self) -> usize {
        self.limit.saturating_sub(self.used + self.reserve())
    }

    fn line(&mut self, line: &str) {
        let opens = line.trim_start().starts_with(FENCE);
        // A line that opens a fence must leave room for closing it again.
        let extra = if opens && self.fence.is_none() {
            FENCE.len() + 2
        } else {
            0
        };
        let fits = self.unit.len(line) + extra <= self.room();
        if !fits && !self.part.is_empty() {
            self.cut();
        }
        for c in line.chars() {
            if self.unit.len_of(c) > self.room() {
                self.cut();
            }
            self.part.push(c);
            self.used += self.unit.len_of(c);
        }
        if opens {
            self.fence = match self.fence {
                Some(_) => None,
                None => Some(reopening(line)),
            };
        }
    }

    fn cut(&mut self) {
        if self.fence.is_some() {
            if !self.part.ends_with('\n') {
                self.part.push('\n');
            }
            self.part.push_str(FENCE);
        }
        self.done.push(std::mem::take(&mut self.part));
        self.used = 0;
        if let Some(fence) = &self.fence {
            self.part = format!("{fence}\n");
            self.used = self.unit.len(&self.part);
        }
    }

    fn finish(mut self) -> Vec<String> {
        if self.fence.is_some() && self.used + FENCE.len() < self.limit {
            if !self.part.ends_with('\n') {
                self.part.push('\n');
            }
            self.part.push_str(FENCE);
        }
        if !self.part.is_empty() || self.done.is_empty() {
            self.done.push(self.part);
        }
        self.done
    }
}

/// The fence's opening line, shortened: a language name, not a sentence.
fn reopening(line: &str) -> String {
    line.trim()
        .chars()
        .take(20)
        .filter(char::is_ascii)
        .collect()
}

#[cfg(test)]
mod tests;
