//! Reading a feed page by page, without skipping an event.
//!
//! A query is not atomic with respect to a transaction: of an append that is under way it may return a later event without
//! an earlier one. A page therefore ends before the first position that is missing, and the next page continues there.
//! Positions that stay missing are those of events that TTL has removed, in any order and not all at once. A feed without a
//! cursor begins behind them. No valid cursor is before them, because events are kept for longer; another one is refused.

use std::time::Duration;

use hb_domain::event::Event;
use hb_domain::feed::{
    EventTypes, FeedCursor, FeedQuery, Payload, RETENTION, Start, Subject, invalid_cursor, outdated_cursor,
};
use hb_domain::{Result, TenantId, Timestamp, json};

use super::Head;
use super::row::Appended;
use super::rows::{Read, Rows};
use super::subjects::Subjects;
use crate::{Context, Store};

/// The most events that one page examines for events of the requested types.
const MAX_EXAMINED: usize = 1_000;
/// The fewest events that a query reads for events of some types.
const MIN_FILTERED: usize = 100;
/// The most bytes of events in a response: 3 MiB less its envelope.
const MAX_RESPONSE: usize = 3 * 1024 * 1024 - 8 * 1024;
/// How long after its append an event may be visible without those before it, and by how much clocks may differ.
pub(crate) const SETTLING: Duration = Duration::from_secs(60);
/// How long after an append positions before it are missing for good.
pub(crate) const SETTLED: Duration = Duration::from_secs(300);

/// The feed of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Feed<'a> {
    pub(super) store: &'a Store,
    pub(super) context: &'a Context,
}

/// A page of a feed.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedPage {
    /// The events, the oldest first, with what they are about; see [`Payload`].
    pub events: Vec<(Event, Option<Subject>)>,
    /// Where the next page begins.
    pub next: FeedCursor,
    /// Whether more events may follow at once.
    pub has_more: bool,
}

/// The part of a page that is determined before the subjects are read.
struct Selection {
    events: Vec<Appended>,
    next: FeedCursor,
    has_more: bool,
}

impl Selection {
    const fn nothing(position: u64, at: Timestamp, has_more: bool) -> Self {
        Self { events: Vec::new(), next: FeedCursor { position, at }, has_more }
    }
}

impl<'a> Feed<'a> {
    pub(crate) const fn new(store: &'a Store, context: &'a Context) -> Self {
        Self { store, context }
    }

    pub(super) const fn tenant(&self) -> &'a TenantId {
        self.context.tenant()
    }

    const fn rows(&self) -> Rows<'a> {
        Rows::new(self.store, self.context.tenant())
    }

    /// Reads the page of `query` with events of `types`, consistently.
    ///
    /// # Errors
    /// [`Error::Validation`](hb_domain::Error::Validation) for a cursor that is not of this feed, or behind which events are
    /// gone; the database's.
    pub async fn page(&self, query: &FeedQuery, types: EventTypes) -> Result<FeedPage> {
        let now = self.context.received_at();
        let selection = match query.start {
            Start::Latest => {
                let head = Head::read(self.store, self.tenant()).await?;
                Selection::nothing(head.map_or(0, |head| head.position), now, false)
            }
            // Nothing was examined before position 0, so the oldest event that is listed follows it.
            Start::Oldest | Start::After(FeedCursor { position: 0, .. }) => {
                self.select_oldest(query.limit, types, now).await?
            }
            Start::After(start) => self.select(start, None, query.limit, types, now).await?,
        };
        self.with_subjects(selection, now).await
    }

    /// The oldest event that is listed, and those that follow it without a gap.
    async fn select_oldest(&self, limit: usize, types: EventTypes, now: Timestamp) -> Result<Selection> {
        let retained = now.minus(RETENTION);
        let read = self.rows().read(1, read_limit(limit, types)).await?;
        let (mut old, mut first) = (0, read.0.first().map(|row| (row.position, row.appended_at)));
        let mut read = Some(read);
        if let Some((position, appended_at)) = first
            && appended_at < retained
        {
            (old, first) = self.rows().first_since(position, retained).await?;
            read = None;
        }
        match first {
            // The next event will be the oldest, so no position is passed.
            None => Ok(Selection::nothing(0, now, false)),
            Some((position, appended_at)) if position == old + 1 || appended_at < now.minus(SETTLING) => {
                let start = FeedCursor { position: position - 1, at: now };
                self.select(start, read, limit, types, now).await
            }
            // Its append may have earlier events that are not visible yet.
            Some(_) => Ok(Selection::nothing(0, now, true)),
        }
    }

    /// The events that follow `start` without a gap. `read` are those behind it, if they were read already.
    async fn select(
        &self,
        start: FeedCursor,
        mut read: Option<Read>,
        limit: usize,
        types: EventTypes,
        now: Timestamp,
    ) -> Result<Selection> {
        let (mut next, mut events, mut examined) = (start, Vec::new(), 0);
        // The event at the start is read again: it shows whether the cursor belongs to this feed.
        let (mut from, mut found) = (start.position.max(1), false);
        loop {
            let (rows, is_end) = match read.take() {
                Some(read) => read,
                None => self.rows().read(from, read_limit(limit - events.len(), types)).await?,
            };
            found |= !rows.is_empty();
            if !found {
                return self.select_nothing(start, now).await;
            }
            for row in rows {
                if row.position == start.position {
                    if row.appended_at > start.at.plus(SETTLING) {
                        return Err(invalid_cursor());
                    }
                    continue;
                }
                if row.position != next.position + 1 {
                    if examined == 0 && row.appended_at < now.minus(SETTLED) {
                        return Err(outdated_cursor());
                    }
                    return Ok(Selection { events, next, has_more: true });
                }
                if events.len() == limit || examined == MAX_EXAMINED {
                    return Ok(Selection { events, next, has_more: true });
                }
                examined += 1;
                next = FeedCursor::after(row.position, row.appended_at, now);
                if row.event.as_ref().is_some_and(|event| types.contains(event.occurrence.event_type())) {
                    events.push(row);
                }
            }
            if is_end {
                let next = FeedCursor { at: now, ..next };
                return Ok(Selection { events, next, has_more: false });
            }
            from = next.position + 1;
        }
    }

    /// The selection after a position at and behind which no event was found.
    async fn select_nothing(&self, start: FeedCursor, now: Timestamp) -> Result<Selection> {
        let head = Head::read(self.store, self.tenant()).await?;
        let end = head.map_or(0, |head| head.position);
        if end < start.position {
            return Err(invalid_cursor());
        }
        // An append that is under way may have moved the head before its events can be read.
        let has_more = end > start.position;
        let at = if has_more { start.at } else { now };
        Ok(Selection { events: Vec::new(), next: FeedCursor { at, ..start }, has_more })
    }

    /// Adds what the events are about, and ends the page where the response would become too large.
    async fn with_subjects(&self, selection: Selection, now: Timestamp) -> Result<FeedPage> {
        let Selection { events: rows, mut next, mut has_more } = selection;
        let events = rows.iter().filter_map(|row| row.event.as_ref());
        let subjects = Subjects::read(self.store, self.tenant(), events).await?;
        let (mut events, mut bytes, mut previous) = (Vec::with_capacity(rows.len()), 0, None);
        for Appended { position, event, appended_at, .. } in rows {
            let Some(event) = event else { continue };
            let subject = subjects.of(&event);
            bytes += json::length(&Payload::of(self.tenant(), &event, subject.as_ref(), now)) + 1;
            if let (Some(previous), true) = (previous, bytes > MAX_RESPONSE) {
                (next, has_more) = (previous, true);
                break;
            }
            previous = Some(FeedCursor::after(position, appended_at, now));
            events.push((event, subject));
        }
        Ok(FeedPage { events, next, has_more })
    }
}

/// How many events are read for `limit` events of `types`: also the one before them and the one behind them.
fn read_limit(limit: usize, types: EventTypes) -> usize {
    let least = if types == EventTypes::all() { 0 } else { MIN_FILTERED };
    (limit + 2).max(least)
}
