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
    List(List),
}

/// A JSON array, whose texts become values of their own.
#[derive(Debug, Clone)]
pub(crate) struct List(pub(crate) String);

impl List {
    pub(super) fn is_empty(&self) -> bool {
        self.0 == "[]"
    }
}

impl Value for List {
    fn bound(self) -> Bound {
        Bound::List(self)
    }
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
            Self::Text(Some(text)) => values.add(storable(text, dialect, without_nul)),
            Self::List(List(json)) => values.add(storable(json, dialect, without_escaped_nul)),
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

/// A text as it is stored: PostgreSQL keeps no NUL, so that is written in two characters; and so is
/// the sign that begins such a pair, on both engines.
fn storable(text: String, dialect: Dialect, without_nul: impl Fn(&str) -> Cow<'_, str>) -> String {
    let text = match marked(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(changed) => changed,
    };
    match dialect {
        Dialect::Sqlite => text,
        Dialect::Postgres => match without_nul(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(changed) => changed,
        },
    }
}

/// Begins a pair. A noncharacter, which no text has a use for.
const SIGN: char = '\u{fdd0}';
const AS_NUL: &str = "\u{fdd0}0";
const AS_SIGN: &str = "\u{fdd0}1";

/// The sign itself, as a pair.
pub(crate) fn marked(text: &str) -> Cow<'_, str> {
    if text.contains(SIGN) {
        Cow::Owned(text.replace(SIGN, AS_SIGN))
    } else {
        Cow::Borrowed(text)
    }
}

/// A text as it was before it was stored.
pub(crate) fn read_back(text: String) -> String {
    if text.contains(SIGN) {
        text.replace(AS_NUL, "\0").replace(AS_SIGN, "\u{fdd0}")
    } else {
        text
    }
}

/// NUL as a pair.
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', AS_NUL))
    } else {
        Cow::Borrowed(text)
    }
}

/// As JSON writes it.
const NUL: &str = "\\u0000";

/// The same in the texts of a list. A backslash before it makes it six plain characters.
fn without_escaped_nul(json: &str) -> Cow<'_, str> {
    if !json.contains(NUL) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    for part in json.split_inclusive(NUL) {
        let escapes = part.strip_suffix(NUL).map(|before| {
            let slashes = before.bytes().rev().take_while(|byte| *byte == b'\\');
            (before, slashes.count() % 2 == 0)
        });
        match escapes {
            Some((before, true)) => {
                out.push_str(before);
                out.push_str(AS_NUL);
            }
            _ => out.push_str(part),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: [&str; 7] = [
        "plain",
        "a\0b",
        "\u{fdd0}",
        "\u{fdd0}0 and \u{fdd0}1",
        "\0\u{fdd0}\0",
        "say \\u0000",
        "[\"\\u0000\", \"\0\"]",
    ];

    #[test]
    fn every_text_is_read_back_as_it_was() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            for text in NASTY {
                let stored = storable(text.to_owned(), dialect, without_nul);
                assert!(dialect == Dialect::Sqlite || !stored.contains('\0'));
                assert_eq!(read_back(stored), text, "{dialect:?}");
            }
        }
    }

    #[test]
    fn every_text_of_a_list_is_read_back_as_it_was() {
        let list = serde_json::json!(NASTY).to_string();
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            let stored = storable(list.clone(), dialect, without_escaped_nul);
            // The engine takes the texts out of the list.
            let stored: Vec<String> = serde_json::from_str(&stored).unwrap();
            assert!(dialect == Dialect::Sqlite || !stored.concat().contains('\0'));
            let read: Vec<String> = stored.into_iter().map(read_back).collect();
            assert_eq!(read, NASTY, "{dialect:?}");
        }
    }
}
