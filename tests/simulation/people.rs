//! What people do, and the deliveries it becomes: sent again until they are acknowledged, now and
//! then once more, never in order.

use nightshift_core::chat::{Conversation, Delivery, Gesture, Identity, Inbound};
use nightshift_core::id::ActionToken;
use sha2::{Digest, Sha256};

use crate::chance::Chance;
use crate::platform::{Message, Seen, WORKSPACE, name};

/// Account, and whether the configuration lets it ask for work; those who may decide act more often.
const PEOPLE: [(&str, bool); 8] = [
    ("U0ANA", true),
    ("U0BOB", true),
    ("U0CARL", true),
    ("U0CARL", true),
    ("U0DORA", true),
    ("U0DORA", true),
    ("U0VERA", false),
    ("U0EVE", false),
];

/// One thing that somebody did.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    pub(crate) who: &'static str,
    pub(crate) inbound: Inbound,
    /// The work that was asked for, by somebody who may.
    pub(crate) work: Option<String>,
    pub(crate) acknowledged: bool,
    pub(crate) under_way: bool,
    pub(crate) sends: u32,
}

impl Act {
    /// The delivery of the `index`th act. A repetition may come by another way, with another id
    /// of the platform, and still be the same gesture.
    pub(crate) fn delivery(&self, index: usize) -> Delivery {
        let way = self.sends % 5 / 4;
        let hash = Sha256::digest(format!("{index} by way {way}"));
        Delivery {
            keys: vec![format!("event-{index}-{way}"), format!("gesture-{index}")],
            body_hash: hash.into(),
            inbound: self.inbound.clone(),
        }
    }
}

pub(crate) fn act(chance: &mut Chance, seen: &mut Seen, number: usize) -> Act {
    let (who, may_ask) = PEOPLE[chance.below(PEOPLE.len())];
    let kind = chance.below(100);
    let message = chance.pick(&seen.messages).cloned();
    if kind >= 90 && !seen.forms.is_empty() {
        let at = chance.below(seen.forms.len());
        let form = seen.forms.swap_remove(at);
        let text = format!("better {number}");
        return by(who, room(chance), Gesture::Submit { form, text });
    }
    match message {
        Some(message) if kind >= 15 => on_a_message(chance, &message, who, number),
        _ => {
            let text = format!("work number {number}");
            let mut asked = by(who, room(chance), Gesture::Say { text: text.clone() });
            asked.work = may_ask.then_some(text);
            asked
        }
    }
}

fn on_a_message(chance: &mut Chance, message: &Message, who: &'static str, number: usize) -> Act {
    // Most look at what is there, some at an old window.
    let shown = if chance.below(4) == 0 {
        chance.pick(&message.shown).expect("shown")
    } else {
        message.now()
    };
    if let Some(action) = button(chance, &shown.buttons) {
        return by(who, message.at.clone(), Gesture::Press { action });
    }
    let task = shown.title.rsplit(' ').next().unwrap_or_default();
    let text = match chance.below(6) {
        0 => format!("approve {task}"),
        1 => format!("reject {task} no"),
        2 => format!("revise {task} differently {number}"),
        3 => format!("cancel {task}"),
        4 => format!("retry {task}"),
        _ => format!("status {task}"),
    };
    by(who, message.at.clone(), Gesture::Say { text })
}

/// Most press the one that starts the work.
fn button(chance: &mut Chance, buttons: &[(String, ActionToken)]) -> Option<ActionToken> {
    let approve = buttons.iter().find(|(label, _)| label.contains("Approve"));
    match approve {
        Some((_, action)) if chance.below(10) < 6 => Some(action.clone()),
        _ => chance.pick(buttons).map(|(_, action)| action.clone()),
    }
}

fn room(chance: &mut Chance) -> Conversation {
    Conversation {
        platform: name(),
        workspace: WORKSPACE.to_owned(),
        channel: format!("C{}", chance.below(2) + 1),
        thread: None,
    }
}

fn by(who: &'static str, at: Conversation, gesture: Gesture) -> Act {
    Act {
        who,
        inbound: Inbound {
            from: Identity {
                platform: name(),
                id: who.to_owned(),
            },
            display_name: None,
            at,
            gesture,
            reply_handle: Some("reply".to_owned()),
            form_handle: Some("form".to_owned()),
        },
        work: None,
        acknowledged: false,
        under_way: false,
        sends: 0,
    }
}
