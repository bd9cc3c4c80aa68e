//! What a key may hold, and what may be said about it: one table serves the check, the
//! suggestions, the environment's names, the schema and the masking of secrets.

use std::fmt;

use super::keys;

/// One key of the tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// One sentence, without its full stop.
    pub(crate) about: &'static str,
}

pub(crate) const fn key(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { name, kind, about }
}

/// What a key may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Text,
    /// Never quoted in a message, printed as `***`.
    Secret,
    Flag,
    /// A whole number, at least this.
    Whole(u64),
    Number,
    Span,
    Size,
    Path,
    /// An address under which others reach us.
    Url,
    /// An address that we call: https, or http on this machine.
    Endpoint,
    Listen,
    /// `slack:U123`.
    Identity,
    /// Text, number or flag, kept as text.
    Scalar,
    OneOf(&'static [&'static str]),
    List(&'static Kind),
    /// A list, or its only element.
    OneOrMore(&'static Kind),
    /// Names of the writer's choice.
    Map(&'static Kind),
    /// As `Map`, but the names are secrets.
    SecretNames(&'static Kind),
    Section(&'static [Key]),
    /// The short form, or a section.
    Short(&'static Kind, &'static [Key]),
}

impl Kind {
    /// Completes "expected …".
    pub(crate) fn expected(self) -> String {
        match self {
            Self::Text | Self::Scalar => "text".into(),
            Self::Secret => "text (a secret; in quotes)".into(),
            Self::Flag => "true or false".into(),
            Self::Whole(0) => "a whole number".into(),
            Self::Whole(least) => format!("a whole number from {least}"),
            Self::Number => "a number from 0".into(),
            Self::Span => "a duration such as 200ms, 30s, 5m, 24h or 14d".into(),
            Self::Size => "a size such as 64KiB, 256MiB or a number of bytes".into(),
            Self::Path => "a path that is absolute or begins with ~/".into(),
            Self::Url => "an address such as https://nightshift.example.com".into(),
            Self::Endpoint => "an https address (http only for this machine)".into(),
            Self::Listen => "an address and a port such as 127.0.0.1:8080".into(),
            Self::Identity => "a platform and an id such as slack:U12345678".into(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::List(_) => "a list".into(),
            Self::OneOrMore(item) => format!("{}, or a list of them", item.expected()),
            Self::Map(_) | Self::SecretNames(_) | Self::Section(_) => "a mapping of keys".into(),
            Self::Short(short, _) => format!("{}, or a mapping of keys", short.expected()),
        }
    }

    /// The kind one step below, by name or by place.
    pub(crate) fn below(self, segment: &Segment) -> Option<Self> {
        match (self, segment) {
            (Self::Section(keys) | Self::Short(_, keys), Segment::Name(name)) => {
                keys.iter().find(|key| key.name == name).map(|key| key.kind)
            }
            (Self::Map(kind) | Self::SecretNames(kind), Segment::Name(_))
            | (Self::List(kind) | Self::OneOrMore(kind), Segment::Index(_)) => Some(*kind),
            _ => None,
        }
    }
}

/// One step from the root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Segment {
    Name(String),
    Index(usize),
}

/// The way from the root to a key. Shown with everything masked that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct KeyPath(pub(crate) Vec<Segment>);

impl KeyPath {
    pub(crate) fn of(dotted: &str) -> Self {
        let names = dotted.split('.').filter(|name| !name.is_empty());
        Self(names.map(|name| Segment::Name(name.to_owned())).collect())
    }

    pub(crate) fn name(&self, name: &str) -> Self {
        self.with(Segment::Name(name.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    pub(crate) fn with(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    pub(crate) fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// What the table says of this key.
    pub(crate) fn about(&self) -> Option<&'static str> {
        let (last, above) = self.0.split_last()?;
        match (Self(above.to_vec()).kind()?, last) {
            (Kind::Section(keys) | Kind::Short(_, keys), Segment::Name(name)) => keys
                .iter()
                .find(|key| key.name == name)
                .map(|key| key.about),
            _ => None,
        }
    }

    /// What this key may hold, if it is known.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.0
            .iter()
            .try_fold(Kind::Section(keys::ROOT), |kind, segment| {
                kind.below(segment)
            })
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kind = Some(Kind::Section(keys::ROOT));
        for (at, segment) in self.0.iter().enumerate() {
            let below = kind.and_then(|kind| kind.below(segment));
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Name(name) => {
                    let secret = matches!(kind, Some(Kind::SecretNames(_)));
                    let shown = if secret || below.is_none() && !is_plain(name) {
                        "***"
                    } else {
                        name
                    };
                    write!(f, "{}{shown}", if at == 0 { "" } else { "." })?;
                }
            }
            kind = below;
        }
        Ok(())
    }
}

/// Whether an unknown name may be repeated in a message: words may, what could be a key or a
/// token that slipped out of its place may not.
pub(crate) fn is_plain(name: &str) -> bool {
    const LONGEST: usize = 40;
    const TOKENS: [&str; 5] = ["sk_", "sk-", "xox", "xapp", "gh"];
    let word = |c: char| c.is_ascii_lowercase() || matches!(c, '_' | '-');
    name.len() <= LONGEST
        && name.chars().all(word)
        && !TOKENS.iter().any(|token| name.starts_with(token))
}
