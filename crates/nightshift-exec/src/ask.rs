//! A short question to a program: what it prints is the answer.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// Longer answers are no answers.
const LONGEST: u64 = 64 * 1024;
/// Of what it complains, so much is told.
const COMPLAINT: usize = 300;

/// Runs a program by its argv, never by a shell, with nothing on its standard input; the answer is
/// its standard output without the white space around it.
///
/// - An error is a sentence without the answer, which may be a secret.
pub async fn ask(
    argv: &[String],
    environment: &BTreeMap<String, String>,
    within: Duration,
) -> Result<String, String> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err("it names no program".to_owned());
    };
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = child.map_err(|error| format!("{program} cannot be started ({error})"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let answer = async {
        let (mut said, mut complained) = (String::new(), String::new());
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
            return Err(format!("{program} has no output"));
        };
        let (mut stdout, mut stderr) = (stdout.take(LONGEST), stderr.take(LONGEST));
        let (read, _) = tokio::join!(
            stdout.read_to_string(&mut said),
            stderr.read_to_string(&mut complained)
        );
        read.map_err(|error| format!("{program} says what is no text ({error})"))?;
        let ended = child.wait().await;
        let ended = ended.map_err(|error| format!("{program} was lost ({error})"))?;
        if !ended.success() {
            let line = complained.lines().last().unwrap_or_default();
            let line: String = line.chars().take(COMPLAINT).collect();
            return Err(format!("{program} ended with {ended}: {line}"));
        }
        let said = said.trim();
        if said.is_empty() {
            return Err(format!("{program} printed nothing"));
        }
        Ok(said.to_owned())
    };
    tokio::time::timeout(within, answer)
        .await
        .unwrap_or_else(|_| Err(format!("{program} did not answer within {within:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(argv: &[&str], within: Duration) -> Result<String, String> {
        let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
        let path = ("PATH".to_owned(), "/usr/bin:/bin".to_owned());
        ask(&argv, &BTreeMap::from([path]), within).await
    }

    const SOON: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn the_answer_is_what_is_printed_and_no_shell_reads_the_question() {
        let said = asked(&["echo", "$(id) ; a token"], SOON).await;
        assert_eq!(said.unwrap(), "$(id) ; a token");
    }

    #[tokio::test]
    async fn what_goes_wrong_is_a_sentence() {
        let wrong = asked(
            &["sh", "-c", "echo geheim; echo no access >&2; exit 3"],
            SOON,
        )
        .await;
        let why = wrong.unwrap_err();
        assert!(
            why.contains("no access") && !why.contains("geheim"),
            "{why}"
        );
        let why = asked(&["true"], SOON).await.unwrap_err();
        assert_eq!(why, "true printed nothing");
        let why = asked(&["/nowhere/token"], SOON).await.unwrap_err();
        assert!(why.contains("cannot be started"), "{why}");
        let slow = asked(&["sleep", "60"], Duration::from_millis(100)).await;
        assert!(slow.unwrap_err().contains("did not answer"));
        assert!(ask(&[], &BTreeMap::new(), SOON).await.is_err());
    }
}
