//! Structure out of bytes. The corpus stays readable: lines of text, then the body.

/// Bytes as text; what is no UTF-8 becomes U+FFFD.
pub fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// The first line, and what follows it.
pub fn line(data: &[u8]) -> (String, &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (text(&data[..end]), &data[end + 1..]),
        None => (text(data), &[]),
    }
}

/// `name: value` lines up to an empty one, and the body after it.
pub fn head(mut data: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut headers = Vec::new();
    while !data.is_empty() {
        let (first, rest) = line(data);
        data = rest;
        if first.is_empty() {
            break;
        }
        let (name, value) = first.split_once(':').unwrap_or((&first, ""));
        headers.push((name.trim().to_lowercase(), value.trim().to_owned()));
    }
    (headers, data)
}

/// The value of a header.
pub fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// Cuts `data` into pieces whose lengths `seed` chooses.
pub fn pieces(data: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = data;
    let mut next = usize::from(seed);
    while !rest.is_empty() {
        next = (next * 31 + 7) % 61;
        let (piece, after) = rest.split_at((next + 1).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}
