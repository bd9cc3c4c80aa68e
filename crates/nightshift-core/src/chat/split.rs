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
        fresh: true,
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
    /// The fence we are in, as it is opened again in the next part.
    fence: Option<String>,
    /// The part holds nothing of the text yet.
    fresh: bool,
}

/// A line end and a fence: what closes a part that is cut inside a fence.
const CLOSING: usize = FENCE.len() + 1;

impl Parts {
    /// Room for text; inside a fence what closes it is kept free.
    fn room(&self) -> usize {
        let reserve = if self.fence.is_some() { CLOSING } else { 0 };
        self.limit.saturating_sub(self.used + reserve)
    }

    fn line(&mut self, line: &str) {
        // An opened fence needs room for closing it as well.
        let extra = if line.contains(FENCE) { CLOSING + 1 } else { 0 };
        if self.unit.len(line) + extra > self.room() && !self.fresh {
            self.cut();
        }
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix(FENCE) {
                self.mark(line, after);
                rest = after;
            } else {
                if self.unit.len_of(c) > self.room() {
                    self.cut();
                }
                self.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }

    /// A fence, in one piece: it closes the open one, or opens one.
    fn mark(&mut self, line: &str, after: &str) {
        if self.fence.take().is_some() {
            // What was kept free for closing is used for it now.
            FENCE.chars().for_each(|c| self.push(c));
            return;
        }
        if FENCE.len() + CLOSING + 1 > self.room() && !self.fresh {
            self.cut();
        }
        FENCE.chars().for_each(|c| self.push(c));
        let at_start = line.trim_start().len() == FENCE.len() + after.len();
        self.fence = Some(if at_start {
            reopening(after)
        } else {
            FENCE.to_owned()
        });
    }

    fn push(&mut self, c: char) {
        self.part.push(c);
        self.used += self.unit.len_of(c);
        self.fresh = false;
    }

    fn cut(&mut self) {
        if self.fence.is_some() {
            self.close();
        }
        self.done.push(std::mem::take(&mut self.part));
        if let Some(fence) = &self.fence {
            self.part = format!("{fence}\n");
        }
        self.used = self.unit.len(&self.part);
        self.fresh = true;
    }

    fn close(&mut self) {
        if !self.part.ends_with('\n') {
            self.part.push('\n');
        }
        self.part.push_str(FENCE);
    }

    fn finish(mut self) -> Vec<String> {
        if self.fence.is_some() {
            self.close();
        }
        if !self.part.is_empty() || self.done.is_empty() {
            self.done.push(self.part);
        }
        self.done
    }
}

/// The fence's opening line with its language: a name, not a sentence.
fn reopening(after: &str) -> String {
    let language: String = after.trim().chars().take(16).collect();
    let plain = language
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "+-#_.".contains(c));
    if plain {
        format!("{FENCE}{language}")
    } else {
        FENCE.to_owned()
    }
}

#[cfg(test)]
mod tests;
