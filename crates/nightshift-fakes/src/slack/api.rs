//! The Web API: who may call what, how fast, with which arguments; then the method itself.

mod args;
mod chat;
mod context;
mod conversations;
mod files;
mod people;
mod views;

use serde_json::{Map, Value, json};

use super::Shared;
use super::fault::Fault;
use super::method::{self, Method, Tier, Token};
use super::state::{Call, State};
use args::Arguments;
pub(crate) use args::Incoming;
use context::{Context, Failure};

/// Errors after which the token will not work again by itself.
const DEAD_TOKEN: &[&str] = &[
    "token_revoked",
    "token_expired",
    "invalid_auth",
    "account_inactive",
];

/// What goes back over the wire.
pub(crate) enum Reply {
    Json(Value),
    TooFast(i64),
    ServerError,
    /// The work is done or refused; the connection breaks without an answer.
    Cut,
    /// Done, and silence.
    Hang,
}

impl Shared {
    /// Handles one call of the Web API, and what it causes.
    pub(crate) fn call(self: &std::sync::Arc<Self>, incoming: Incoming) -> Reply {
        let (reply, events) = self.with(|state| self.dispatch(state, &incoming));
        if !self.look(|state| state.echo_off) {
            self.echo(events);
        }
        reply
    }

    fn dispatch(&self, state: &mut State, incoming: &Incoming) -> (Reply, Vec<Value>) {
        let now = self.now();
        let Some(method) = method::find(&incoming.method) else {
            state.violation(format!("unknown method {}", incoming.method));
            return (Reply::Json(Failure::word("unknown_method").body()), vec![]);
        };
        let arguments = args::read(incoming, method, state);
        let index = state.calls.len();
        state.calls.push(Call {
            method: method.name.to_owned(),
            args: Value::Object(arguments.map.clone()),
            at_ms: now,
            outcome: "ok".to_owned(),
        });
        let fault = state.faults.take(method.name);
        let (reply, events, outcome) = self.carry_out(state, incoming, method, arguments, fault);
        state.calls[index].outcome = outcome;
        (reply, events)
    }

    fn carry_out(
        &self,
        state: &mut State,
        incoming: &Incoming,
        method: &Method,
        arguments: Arguments,
        fault: Option<Fault>,
    ) -> (Reply, Vec<Value>, String) {
        let now = self.now();
        let scope = pace_scope(method, &arguments.map);
        if state.paces.ignores(&scope, now) {
            state.violation(format!(
                "{} called again before Retry-After was over",
                method.name
            ));
        }
        match &fault {
            Some(Fault::ServerError) => return (Reply::ServerError, vec![], "500".to_owned()),
            Some(Fault::DropConnection) => return (Reply::Cut, vec![], "dropped".to_owned()),
            Some(Fault::RateLimited(seconds)) => {
                let seconds = i64::from(*seconds);
                state.paces.told(&scope, now + seconds * 1000);
                return (Reply::TooFast(seconds), vec![], "ratelimited".to_owned());
            }
            Some(Fault::Error(word)) => {
                note_death(state, method, word);
                let body = Failure::word(word).body();
                return (Reply::Json(body), vec![], word.clone());
            }
            Some(Fault::AcceptThenDropConnection | Fault::AcceptThenHang) | None => {}
        }
        if let Err(failure) = self.check_token(incoming, method, state) {
            note_death(state, method, &failure.word);
            return (Reply::Json(failure.body()), vec![], failure.word);
        }
        if let Err(wait) = self.check_pace(method, &scope, state) {
            return (Reply::TooFast(wait), vec![], "ratelimited".to_owned());
        }
        let (body, events, outcome) = self.answer(state, method, &arguments);
        let reply = match fault {
            Some(Fault::AcceptThenDropConnection) => Reply::Cut,
            Some(Fault::AcceptThenHang) => Reply::Hang,
            _ => Reply::Json(body),
        };
        (reply, events, outcome)
    }

    fn answer(
        &self,
        state: &mut State,
        method: &Method,
        arguments: &Arguments,
    ) -> (Value, Vec<Value>, String) {
        let mut context = Context {
            state,
            bot: &self.bot,
            root: &self.root,
            now: self.now(),
            args: &arguments.map,
            events: Vec::new(),
            warnings: arguments.warnings.clone(),
        };
        match perform(method, arguments, &mut context) {
            Ok(mut body) => {
                body["ok"] = true.into();
                if !context.warnings.is_empty() {
                    body["warning"] = context.warnings.join(",").into();
                    body["response_metadata"]["warnings"] = json!(context.warnings);
                }
                (body, context.events, "ok".to_owned())
            }
            Err(failure) => (failure.body(), Vec::new(), failure.word),
        }
    }

    fn check_token(
        &self,
        incoming: &Incoming,
        method: &Method,
        state: &State,
    ) -> Result<(), Failure> {
        let Some(token) = incoming.bearer.as_deref() else {
            return Err(Failure::word("not_authed"));
        };
        let expected = match method.token {
            Token::Bot => &self.setup.bot_token,
            Token::App => &self.setup.app_token,
        };
        if token != expected {
            let other = token == self.setup.bot_token || token == self.setup.app_token;
            let word = if other {
                "not_allowed_token_type"
            } else {
                "invalid_auth"
            };
            return Err(Failure::word(word));
        }
        if state.revoked {
            return Err(Failure::word("token_revoked"));
        }
        Ok(())
    }

    fn check_pace(&self, method: &Method, scope: &str, state: &mut State) -> Result<(), i64> {
        let pace = self.setup.pace;
        if !pace.enforced {
            return Ok(());
        }
        let now = self.now();
        let verdict = match method.tier {
            Tier::Generous => Ok(()),
            Tier::PerMinute(calls) => state.paces.tier(scope, calls, now),
            Tier::PerChannel => state.paces.post(scope, pace, now),
        };
        verdict.map_err(|fast| fast.retry_after_s)
    }
}

/// Once told that the token is dead, an app may only probe.
fn note_death(state: &mut State, method: &Method, word: &str) {
    if !DEAD_TOKEN.contains(&word) {
        return;
    }
    if state.told_dead && method.name != "auth.test" {
        state.violation(format!("{} called with a token known as dead", method.name));
    }
    state.told_dead = true;
}

/// What a limit counts together: a method in a channel, or in the workspace.
fn pace_scope(method: &Method, args: &Map<String, Value>) -> String {
    match method.tier {
        Tier::PerChannel => {
            let channel = args.get("channel").and_then(Value::as_str);
            format!("{} {}", method.name, channel.unwrap_or_default())
        }
        _ => method.name.to_owned(),
    }
}

fn perform(
    method: &Method,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Value, Failure> {
    let missing: Vec<String> = method
        .required
        .iter()
        .filter(|key| !context.has(key))
        .map(|key| format!("[ERROR] missing required field: {key}"))
        .collect();
    if arguments.malformed || !missing.is_empty() {
        return Err(Failure::because("invalid_arguments", missing));
    }
    if let Some(scope) = method.scope {
        context.need_scope(scope)?;
    }
    match method.name {
        "auth.test" => Ok(people::auth_test(context)),
        "users.info" => people::info(context),
        "chat.postMessage" => chat::post(context),
        "chat.update" => chat::update(context),
        "chat.postEphemeral" => chat::post_ephemeral(context),
        "chat.delete" => chat::delete(context),
        "conversations.open" => conversations::open(context),
        "conversations.replies" => conversations::replies(context),
        "conversations.history" => conversations::history(context),
        "conversations.info" => conversations::info(context),
        "reactions.add" => conversations::react(context),
        "views.open" => views::open(context),
        "files.getUploadURLExternal" => files::ticket(context),
        "files.completeUploadExternal" => files::complete(context),
        "apps.connections.open" => Ok(people::open_socket(context)),
        _ => Err(Failure::word("unknown_method")),
    }
}
