//! Finds the line of a key. A parsed value does not remember where it stood, and the typed
//! check runs on values (after variables are filled in), so the text is walked once more for
//! each problem: the parser puts its position into the error with which the walk stops.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::key::{KeyPath, Segment};
use super::problem::{On, Place};

/// The place of a key or of its value; where it does not stand in the text, of the nearest
/// mapping around it.
pub(crate) fn locate(text: &str, path: &KeyPath, on: On) -> Place {
    if text.is_empty() {
        return Place::Nowhere;
    }
    let walk = Walk { path: &path.0, on };
    let stop = walk.deserialize(serde_yaml::Deserializer::from_str(text));
    match stop.err().and_then(|error| error.location()) {
        Some(at) => Place::Line(at.line(), at.column()),
        None => Place::Nowhere,
    }
}

#[derive(Clone, Copy)]
struct Walk<'a> {
    path: &'a [Segment],
    on: On,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn here<T, E: Error>() -> Result<T, E> {
    Err(E::custom("here"))
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing more")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((Segment::Name(name), rest)) = self.path.split_first() else {
            return here();
        };
        let last = rest.is_empty() && self.on == On::Key;
        while let Some(found) = map.next_key_seed(Wanted { name, last })? {
            if found {
                let on = self.on;
                return map.next_value_seed(Walk { path: rest, on });
            }
            map.next_value::<IgnoredAny>()?;
        }
        here()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Some((Segment::Index(index), rest)) = self.path.split_first() else {
            return here();
        };
        for _ in 0..*index {
            list.next_element::<IgnoredAny>()?;
        }
        let on = self.on;
        list.next_element_seed(Walk { path: rest, on })?;
        here()
    }
}

/// Compares one key; stops at it when the key itself is looked for.
struct Wanted<'a> {
    name: &'a str,
    last: bool,
}

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Wanted<'_> {
    fn compare<E: Error>(&self, name: &str) -> Result<bool, E> {
        match name == self.name {
            true if self.last => here(),
            same => Ok(same),
        }
    }
}

impl Visitor<'_> for Wanted<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        self.compare(name)
    }

    fn visit_u64<E: Error>(self, name: u64) -> Result<bool, E> {
        self.compare(&name.to_string())
    }

    fn visit_i64<E: Error>(self, name: i64) -> Result<bool, E> {
        self.compare(&name.to_string())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E: Error>(self, name: bool) -> Result<bool, E> {
        self.compare(&name.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_value_are_found_where_they_stand() {
        let text = "a:\n  b: 1\n  c:\n    - x\n    - {d: [1, 2]}\n  7: e\n";
        let path = KeyPath::of("a.c").index(1).name("d").index(1);
        assert_eq!(locate(text, &path, On::Value), Place::Line(5, 15));
        let key = |path: &str| locate(text, &KeyPath::of(path), On::Key);
        assert_eq!(key("a.b"), Place::Line(2, 3));
        assert_eq!(key("a.7"), Place::Line(6, 3));
        assert_eq!(
            locate(text, &KeyPath::of("a.b"), On::Value),
            Place::Line(2, 6)
        );
        // What is not there is told at the mapping that should have it.
        assert_eq!(key("a.missing"), Place::Line(2, 3));
        assert_eq!(locate("", &KeyPath::of("a"), On::Key), Place::Nowhere);
    }
}
