//! The rules that a document alone would only wish for.

mod edges;
mod tree;

pub(crate) fn run() -> anyhow::Result<()> {
    println!("── tidy");
    let mut wrong = Vec::new();
    edges::check(&mut wrong)?;
    tree::check(&mut wrong)?;
    crate::diagram::check(&mut wrong)?;
    if wrong.is_empty() {
        return Ok(());
    }
    for problem in &wrong {
        eprintln!("tidy: {problem}");
    }
    anyhow::bail!("{} problems", wrong.len())
}
