//! What can be bound to a statement, in a form that both engines store.

use std::borrow::Cow;

use sqlx::Arguments;
use sqlx::any::AnyArguments;
use sqlx::error::BoxDynError;

use super::Dialect;

/// A value, until it is known for whom.
pub(crate) enum Bound {
    Int(Option<i64>),
    Real(f64),
    Bytes(Vec<u8>),
    Text(Option<String>),
}

impl Bound {
    pub(super) fn add_to(
        self,
        values: &mut AnyArguments,
        dialect: Dialect,
    ) -> Result<(), BoxDynError> {
        match self {
            Self::Int(value) => values.add(value),
            Self::Real(value) => values.add(value),
            Self::Bytes(value) => values.add(value),
            Self::Text(None) => values.add(None::<String>),
            Self::Text(Some(text)) => values.add(storable(text, dialect)),
        }
    }
}

pub(crate) trait Value {
    fn bound(self) -> Bound;
}

macro_rules! as_it_is {
    ($($of:ty => $bound:expr),+) => {
        $(impl Value for $of {
            fn bound(self) -> Bound {
                $bound(self)
            }
        })+
    };
}

as_it_is!(
    Option<i64> => Bound::Int,
    f64 => Bound::Real,
    Vec<u8> => Bound::Bytes
);

impl Value for i64 {
    fn bound(self) -> Bound {
        Bound::Int(Some(self))
    }
}

impl Value for &[u8] {
    fn bound(self) -> Bound {
        Bound::Bytes(self.to_vec())
    }
}

macro_rules! text {
    ($($of:ty),+) => {
        $(impl Value for $of {
            fn bound(self) -> Bound {
                Bound::Text(Some(self.into()))
            }
        }

        impl Value for Option<$of> {
            fn bound(self) -> Bound {
                Bound::Text(self.map(Into::into))
            }
        })+
    };
}

text!(&str, &String, String);

/// SQLite keeps every text as it is.
fn storable(text: String, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => text,
        Dialect::Postgres => match without_nul(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(changed) => changed,
        },
    }
}

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
    fn sqlite_keeps_what_postgresql_cannot() {
        assert_eq!(storable("a\0b".to_owned(), Dialect::Sqlite), "a\0b");
        let kept = storable("a\0b".to_owned(), Dialect::Postgres);
        assert_eq!(kept, "a\u{fffd}b");
    }

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
