//! What the outbox is expected to do: each conversation in its order, the newest revision of a
//! card, nothing before its time.

use std::collections::BTreeSet;

use crate::command::{Command, Place};
use crate::model::SECOND;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Card,
    Final,
    Lost,
    GivenUp,
    Say,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Pending,
    Sending,
    Over,
}

/// A task and the number of its plan.
type Card = (usize, u32);

#[derive(Debug, Clone)]
struct Row {
    place: usize,
    /// The order in its place: the change of a card goes behind what was queued since.
    seq: usize,
    kind: Kind,
    card: Option<Card>,
    task: Option<usize>,
    at: i64,
    stage: Stage,
    unsure: bool,
    tries: u32,
    /// The last claim was to change a message.
    edits: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox {
    rows: Vec<Row>,
    /// The last number of each place.
    places: Vec<usize>,
    thread: Option<usize>,
    operators: Option<usize>,
    /// Cards that are a message by now.
    posted: BTreeSet<Card>,
    claimed: Vec<usize>,
    /// The claim that the last command was about, by its number.
    pub(crate) meant: Option<usize>,
    blocked: i64,
}

impl Outbox {
    pub(crate) fn place(&mut self, place: Place) -> Option<usize> {
        match place {
            Place::Nowhere => None,
            Place::Own => Some(self.open()),
            Place::Thread => Some(self.thread()),
        }
    }

    fn open(&mut self) -> usize {
        self.places.push(0);
        self.places.len() - 1
    }

    fn thread(&mut self) -> usize {
        if let Some(place) = self.thread {
            return place;
        }
        let place = self.open();
        *self.thread.insert(place)
    }

    /// Those who look after the installation hear of what was given up.
    pub(crate) fn given_up(&mut self, task: usize, now: i64) {
        let place = self.operators.unwrap_or_else(|| self.open());
        self.operators = Some(place);
        self.push(place, Kind::GivenUp, None, Some(task), now);
    }

    pub(crate) fn tell(
        &mut self,
        place: Option<usize>,
        task: usize,
        plan_no: u32,
        kind: Kind,
        now: i64,
    ) {
        match (kind, place) {
            (Kind::Card, _) => self.card(place, task, plan_no, now),
            (_, Some(place)) => self.push(place, kind, None, Some(task), now),
            (_, None) => {}
        }
    }

    /// A revision that waits already shows the newest anyway.
    pub(crate) fn card(&mut self, place: Option<usize>, task: usize, plan_no: u32, show_at: i64) {
        let Some(place) = place else { return };
        let card = Some((task, plan_no));
        let waits = |row: &&mut Row| row.card == card && row.stage == Stage::Pending;
        if let Some(row) = self.rows.iter_mut().find(waits) {
            if row.tries == 0 {
                row.at = row.at.min(show_at);
            }
            if self.posted.contains(&(task, plan_no)) && row.seq < self.places[place] {
                self.places[place] += 1;
                row.seq = self.places[place];
            }
            return;
        }
        self.push(place, Kind::Card, card, Some(task), show_at);
    }

    fn push(&mut self, place: usize, kind: Kind, card: Option<Card>, task: Option<usize>, at: i64) {
        self.places[place] += 1;
        self.rows.push(Row {
            place,
            seq: self.places[place],
            kind,
            card,
            task,
            at,
            stage: Stage::Pending,
            unsure: false,
            tries: 0,
            edits: false,
        });
    }

    pub(crate) fn act(&mut self, command: &Command, now: i64) -> Vec<String> {
        self.meant = None;
        match command {
            Command::Say { .. } => {
                let place = self.thread();
                self.push(place, Kind::Say, None, None, now);
            }
            Command::Claim => return self.claim(now),
            Command::Sent { item, named } => self.sent(*item, *named, now),
            Command::Postpone {
                item,
                seconds,
                unsure,
            } => self.postpone(*item, now + i64::from(*seconds) * SECOND, *unsure),
            Command::GiveUp { item } => {
                if let Some(row) = self.unsettled(*item) {
                    self.rows[row].stage = Stage::Over;
                }
            }
            Command::Block { seconds } => {
                self.blocked = self.blocked.max(now + i64::from(*seconds) * SECOND);
            }
            _ => {}
        }
        Vec::new()
    }

    fn claim(&mut self, now: i64) -> Vec<String> {
        let due = (0..self.rows.len()).filter(|row| self.is_due(*row, now));
        let mut claimed = Vec::new();
        for index in due.collect::<Vec<_>>() {
            let edits = self.is_posted(index);
            let row = &mut self.rows[index];
            claimed.push(format!(
                "{:?} of {:?}, edits {edits}, unsure {}, tried {}",
                row.kind, row.task, row.unsure, row.tries
            ));
            row.stage = Stage::Sending;
            row.edits = edits;
            row.tries += 1;
            self.claimed.push(index);
        }
        claimed
    }

    fn is_due(&self, index: usize, now: i64) -> bool {
        let row = &self.rows[index];
        let earlier = |other: &Row| {
            other.place == row.place && other.seq < row.seq && other.stage != Stage::Over
        };
        // Nobody blocks the operators.
        let blocked = row.kind != Kind::GivenUp && self.blocked > now;
        row.stage == Stage::Pending && row.at <= now && !blocked && !self.rows.iter().any(earlier)
    }

    fn is_posted(&self, index: usize) -> bool {
        let card = self.rows[index].card;
        card.is_some_and(|card| self.posted.contains(&card))
    }

    /// The row of a claim, unless it was sent or given up before. Nobody speaks of a message that
    /// waits for its next turn.
    fn unsettled(&mut self, item: u8) -> Option<usize> {
        let claims = self.claimed.iter().enumerate().rev();
        let spoken_of = claims.filter(|(_, row)| self.rows[**row].stage != Stage::Pending);
        let (claim, row) = spoken_of.cycle().nth(usize::from(item))?;
        let row = *row;
        self.meant = Some(claim);
        (self.rows[row].stage == Stage::Sending).then_some(row)
    }

    fn sent(&mut self, item: u8, named: bool, now: i64) {
        let Some(index) = self.unsettled(item) else {
            return;
        };
        let row = &mut self.rows[index];
        row.stage = Stage::Over;
        let row = row.clone();
        let card = row.card;
        if let (Some(card), true) = (card, named) {
            self.posted.insert(card);
        }
        let (place, unsure, edits) = (row.place, row.unsure, row.edits);
        if let (Some((task, plan_no)), true, false) = (card, unsure, edits) {
            // It may have been found as it was at an earlier try.
            self.card(Some(place), task, plan_no, now);
        }
    }

    fn postpone(&mut self, item: u8, until: i64, unsure: bool) {
        let Some(index) = self.unsettled(item) else {
            return;
        };
        self.merge_newer(index);
        let row = &mut self.rows[index];
        row.stage = Stage::Pending;
        row.at = until;
        row.unsure |= unsure;
    }

    /// A revision that came while this one was on its way needs no message of its own.
    fn merge_newer(&mut self, index: usize) {
        let Some(card) = self.rows[index].card else {
            return;
        };
        for (other, row) in self.rows.iter_mut().enumerate() {
            if other != index && row.card == Some(card) && row.stage == Stage::Pending {
                row.stage = Stage::Over;
            }
        }
    }

    /// After a crash nobody knows whether what was on its way arrived.
    pub(crate) fn doubt(&mut self) {
        for index in 0..self.rows.len() {
            if self.rows[index].stage == Stage::Sending {
                self.merge_newer(index);
                self.rows[index].stage = Stage::Pending;
                self.rows[index].unsure = true;
            }
        }
    }
}
