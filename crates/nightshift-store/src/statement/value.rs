//! What can be bound to a statement, in a form that both engines store.

use std::borrow::Cow;

use sqlx::Arguments;
use sqlx::any::AnyArguments;
use sqlx::error::BoxDynError;

pub(crate) trait Value {
    fn add_to(self, values: &mut AnyArguments) -> Result<(), BoxDynError>;
}

macro_rules! as_it_is {
    ($($of:ty),+) => {
        $(impl Value for $of {
            fn add_to(self, values: &mut AnyArguments) -> Result<(), BoxDynError> {
                values.add(self)
            }
        })+
    };
}

as_it_is!(i64, Option<i64>, f64, Vec<u8>);

impl Value for &[u8] {
    fn add_to(self, values: &mut AnyArguments) -> Result<(), BoxDynError> {
        values.add(self.to_vec())
    }
}

macro_rules! text {
    ($($of:ty),+) => {
        $(impl Value for $of {
            fn add_to(self, values: &mut AnyArguments) -> Result<(), BoxDynError> {
                values.add(without_nul(self.as_ref()).into_owned())
            }
        }

        impl Value for Option<$of> {
            fn add_to(self, values: &mut AnyArguments) -> Result<(), BoxDynError> {
                values.add(self.map(|text| without_nul(text.as_ref()).into_owned()))
            }
        })+
    };
}

text!(&str, &String, String);

/// PostgreSQL has no NUL in texts, and none in the lists that batches are.
fn without_nul(text: &str) -> Cow<'_, str> {
    let is_list = text.starts_with('[');
    if is_list && text.contains(NUL) {
        return Cow::Owned(without_escaped_nul(text));
    }
    if text.contains('\0') {
        return Cow::Owned(text.replace('\0', "\u{fffd}"));
    }
    Cow::Borrowed(text)
}

/// As JSON writes it.
const NUL: &str = "\\u0000";

/// A backslash before it makes it six plain characters.
fn without_escaped_nul(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for part in json.split_inclusive(NUL) {
        let escapes = part.strip_suffix(NUL).map(|before| {
            let slashes = before.bytes().rev().take_while(|byte| *byte == b'\\');
            (before, slashes.count() % 2 == 0)
        });
        match escapes {
            Some((before, true)) => {
                out.push_str(before);
                out.push_str("\\ufffd");
            }
            _ => out.push_str(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_becomes_the_sign_for_what_cannot_be_shown() {
        assert_eq!(without_nul("a\0b"), "a\u{fffd}b");
        let list = serde_json::json!(["a\0b", "a\\u0000b", "\\\0", "plain"]);
        let read: Vec<String> = serde_json::from_str(&without_nul(&list.to_string())).unwrap();
        assert_eq!(read, ["a\u{fffd}b", "a\\u0000b", "\\\u{fffd}", "plain"]);
    }

    #[test]
    fn what_is_no_list_is_stored_as_it_is() {
        for text in ["", "plain", "{\"a\":\"\\u0000\"}", "say \\u0000"] {
            assert_eq!(without_nul(text), text);
        }
    }
}
