//! The syntax of `strace -f -y -xx`: one call a line, or in two parts when threads interleave.

use std::collections::HashMap;

/// What a line tells.
#[derive(Debug)]
pub(super) enum Line {
    /// A call begins; its arguments may still be incomplete.
    Begun { thread: u32, call: String },
    /// A call is done: all of its text.
    Done { thread: u32, call: String },
    /// A call began and was done before anything else happened.
    Whole { thread: u32, call: String },
    /// A signal, an end: nothing of ours.
    Other,
}

/// Puts the two parts of interleaved calls together.
#[derive(Default)]
pub(super) struct Reader {
    begun: HashMap<u32, String>,
}

impl Reader {
    pub(super) fn read(&mut self, line: &str) -> Line {
        let Some((thread, rest)) = line.split_once(' ') else {
            return Line::Other;
        };
        let Ok(thread) = thread.parse() else {
            return Line::Other;
        };
        let rest = rest.trim_start();
        if let Some(resumed) = rest.strip_prefix("<... ") {
            let tail = resumed.split_once(" resumed>").map_or("", |(_, tail)| tail);
            let head = self.begun.remove(&thread).unwrap_or_default();
            let call = head + tail;
            return Line::Done { thread, call };
        }
        if rest.starts_with("+++") || rest.starts_with("---") {
            return Line::Other;
        }
        if let Some(head) = rest.strip_suffix("<unfinished ...>") {
            let call = head.trim_end().to_owned();
            self.begun.insert(thread, call.clone());
            return Line::Begun { thread, call };
        }
        let call = rest.to_owned();
        Line::Whole { thread, call }
    }
}

/// The name of the call.
pub(super) fn name(call: &str) -> &str {
    call.split('(').next().unwrap_or_default()
}

/// What the call returned; `None` for an error, and where the thread was killed in it.
pub(super) fn result(call: &str) -> Option<u64> {
    let (_, result) = call.rsplit_once(" = ")?;
    let digits = result.split(['<', ' ']).next()?;
    digits.parse().ok()
}

/// What stands behind the call's first descriptor: a path, or `socket:[4711]`.
pub(super) fn target(call: &str) -> Option<String> {
    let arguments = call.split_once('(')?.1;
    let (descriptor, rest) = arguments.split_once('<')?;
    descriptor.parse::<u32>().ok()?;
    let (inside, _) = rest.split_once('>')?;
    if !inside.starts_with("\\x") {
        return Some(inside.to_owned());
    }
    String::from_utf8(unhex(inside)).ok()
}

/// All strings among the arguments, one behind the other. Panics when strace cut one.
pub(super) fn strings(call: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = call;
    while let Some((_, after)) = rest.split_once('"') {
        let (inside, after) = after.split_once('"').unwrap_or((after, ""));
        assert!(!after.starts_with("..."), "strace cut a string");
        bytes.extend(unhex(inside));
        rest = after;
    }
    bytes
}

/// The last argument of a done call, as a number.
pub(super) fn last_number(call: &str) -> Option<u64> {
    let (arguments, _) = call.rsplit_once(')')?;
    arguments.rsplit(", ").next()?.parse().ok()
}

/// `\x6f\x6b` → `ok`.
fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => byte - b'0',
        _ => (byte | 0x20).wrapping_sub(b'a') + 10,
    };
    let digits = text.as_bytes().chunks_exact(4);
    digits.map(|x| digit(x[2]) << 4 | digit(x[3])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_call_is_read() {
        let mut reader = Reader::default();
        let line = r#"26217 pwrite64(12<\x2f\x61>, "\x00\x6f\x6b", 3, 32) = 3"#;
        let Line::Whole {
            thread: 26217,
            call,
        } = reader.read(line)
        else {
            panic!("a whole call");
        };
        assert_eq!(name(&call), "pwrite64");
        assert_eq!(target(&call).as_deref(), Some("/a"));
        assert_eq!(strings(&call), b"\0ok");
        assert_eq!((last_number(&call), result(&call)), (Some(32), Some(3)));
    }

    #[test]
    fn the_parts_of_an_interleaved_call_are_put_together() {
        let mut reader = Reader::default();
        let begun = reader.read("7 recvfrom(19<socket:[13]>,  <unfinished ...>");
        assert!(matches!(begun, Line::Begun { thread: 7, .. }));
        assert!(matches!(reader.read("8 --- SIGTERM {} ---"), Line::Other));
        let line = r#"7 <... recvfrom resumed>"\x68\x69", 8192, 0, NULL, NULL) = 2"#;
        let Line::Done { thread: 7, call } = reader.read(line) else {
            panic!("the end of the call");
        };
        assert_eq!(target(&call).as_deref(), Some("socket:[13]"));
        assert_eq!(strings(&call), b"hi");
    }

    #[test]
    fn an_error_has_no_result() {
        assert_eq!(
            result("fsync(3<\\x2f>) = -1 EIO (Input/output error)"),
            None
        );
        assert_eq!(
            result("openat(AT_FDCWD<\\x2f>, \"\\x61\", 0) = 9<\\x61>"),
            Some(9)
        );
    }
}
